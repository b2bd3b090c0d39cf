"""Every write of the public APIs: a request that succeeds, and what its transaction leaves behind.

The table is complete by test: an operation of the OpenAPI documents that is not here fails.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from e2e import clinic, desk, money
from e2e.world import World

from rcm.testing.service import eventually

Request = dict[str, Any]
"""`path` values by name under `at`, and what httpx takes: `json`, `content`, `headers`."""

UNROUTED = {"payer_id": "NOWHERE", "payer_name": "Payer without a partner"}
X12 = money.X12


@dataclass(frozen=True)
class Things:
    """One of each kind, all of the first tenant, by the name of its id in paths."""

    ids: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.ids[name]


@dataclass(frozen=True)
class Write:
    """One operation. `tables` are those of the service itself; `events` in their order."""

    operation: str
    prepare: Callable[[World, Things], Awaitable[Request]]
    tables: frozenset[str] = frozenset()
    events: tuple[str, ...] = ()
    audited: bool = True


Prepare = Callable[[World, Things], Awaitable[Request]]
"""Makes a request that will succeed."""

_writes: dict[str, Write] = {}


def writes() -> Mapping[str, Write]:
    """All of them by operation."""
    return _writes


def register(
    operation: str, *, tables: str = "", events: str = "", audited: bool = True
) -> Callable[[Prepare], Prepare]:
    """Enter an operation into the table, with the function that prepares a request for it."""

    def enter(prepare: Prepare) -> Prepare:
        tables_of, events_of = frozenset(tables.split()), tuple(events.split())
        _writes[operation] = Write(operation, prepare, tables_of, events_of, audited)
        return prepare

    return enter


async def things(world: World) -> Things:
    """A paid visit with a deductible, its files, its account, a payment and a statement; and one
    that was denied."""
    denied = clinic.coverage(member_id="W770079T20")
    refused = await world.post("coding-svc", "/encounters", clinic.encounter(coverages=[denied]))
    member = clinic.coverage(member_id="W770077T02")
    made = await world.post("coding-svc", "/encounters", clinic.encounter(coverages=[member]))
    claim = await world.resting_claim(made["encounter_id"], status=("closed",))
    await world.resting_claim(refused["encounter_id"], status=("adjudicated",))
    claim_id = claim["claim_id"]
    [submission] = (await world.get("payer-gateway", "/submissions", claim_id=claim_id))["items"]
    sent = await world.get("payer-gateway", f"/transmissions/{submission['transmission_id']}")
    [decision] = (await world.get("claims-svc", f"/claims/{claim_id}/adjudications"))["items"]
    account_id = await account_of(world, made["patient_id"])
    payment = {"account_id": account_id, "paid_cents": 1_000, "method": "cash"}
    paid = await world.post("patient-billing-svc", "/payments", payment)
    statement = await world.post("patient-billing-svc", "/statements", {"account_id": account_id})
    routing = await routing_of(world, sent["partner_id"])
    charted = await desk.things(world)
    return Things(
        {
            "encounter_id": made["encounter_id"],
            "claim_id": claim_id,
            "interchange_id": sent["interchange_id"],
            "partner_id": sent["partner_id"],
            "payer_id": claim["payer_id"],
            "remittance_id": decision["remittance_id"],
            "transmission_id": sent["transmission_id"],
            "account_id": account_id,
            "payment_id": paid["payment_id"],
            "statement_id": statement["statement_id"],
        }
        | routing
        | charted
        | await questions_of(world, claim["payer_id"], sent["transmission_id"])
        | await money.waiting(world)
    )


async def routing_of(world: World, partner_id: str) -> dict[str, str]:
    """A route, an enrollment and a test of a connection."""
    known = Things({"partner_id": partner_id})
    route = await world.post("payer-gateway", "/routes", await _route(world, known))
    enrolled = await world.post("payer-gateway", "/enrollments", await _enrollment(world, known))
    guide = await world.post("payer-gateway", "/companion-guides", _companion(known))
    tested = await world.post("payer-gateway", f"/trading-partners/{partner_id}:test")
    return {
        "route_id": route["route_id"],
        "enrollment_id": enrolled["enrollment_id"],
        "companion_id": guide["companion_id"],
        "test_id": tested["test_id"],
    }


async def questions_of(world: World, payer_id: str, transmission_id: str) -> dict[str, str]:
    """An acknowledgment, and a question of each kind to the payer."""
    answers = await world.get("payer-gateway", "/acknowledgments", transmission_id=transmission_id)
    check = await world.post("payer-gateway", "/eligibility-checks", eligibility_question(payer_id))
    asked = {"claim_id": await _refused_claim(world)}
    inquiry = await world.post("payer-gateway", "/claim-status-inquiries", asked)
    return {
        "acknowledgment_id": answers["items"][0]["acknowledgment_id"],
        "check_id": check["inquiry_id"],
        "inquiry_id": inquiry["inquiry_id"],
    }


async def account_of(world: World, patient_id: str) -> str:
    """The patient's account, once a payer's decision has opened it."""

    async def opened() -> str:
        page = await world.get("patient-billing-svc", "/accounts", patient_id=patient_id)
        assert page["items"], "the patient has no account"
        return str(page["items"][0]["account_id"])

    return await eventually(opened)


async def _encounter(world: World, **changes: Any) -> str:
    made = await world.post("coding-svc", "/encounters", _unrouted(clinic.encounter, **changes))
    return str(made["encounter_id"])


async def _claim(world: World, **changes: Any) -> str:
    """A claim that no partner takes away."""
    made = await world.post("claims-svc", "/claims", _unrouted(clinic.claim, **changes))
    return str(made["claim_id"])


def _unrouted(build: Callable[..., Request], **changes: Any) -> Request:
    return build(coverages=[clinic.coverage(**UNROUTED)], **changes)


BECAUSE = {"reason": "as the test asks"}


@register(
    "coding-svc POST /encounters",
    tables="patient encounter encounter_revision encounter_history",
    events="EncounterCoded",
)
async def _post_encounter(world: World, known: Things) -> Request:
    return {"json": _unrouted(clinic.encounter)}


@register(
    "coding-svc POST /encounters:batch",
    tables="patient encounter encounter_revision encounter_history",
    events="EncounterCoded EncounterCoded",
)
async def _post_encounters(world: World, known: Things) -> Request:
    return {"json": {"items": [_unrouted(clinic.encounter) for _ in range(2)]}}


@register("coding-svc POST /encounters:validate", audited=False)
async def _validate_encounter(world: World, known: Things) -> Request:
    return {"json": _unrouted(clinic.encounter)}


@register("coding-svc POST /edits:check", audited=False)
async def _check_coding(world: World, known: Things) -> Request:
    return {"json": {"coding": _unrouted(clinic.coding)}}


@register("coding-svc POST /edits:checkBatch", audited=False)
async def _check_codings(world: World, known: Things) -> Request:
    return {"json": {"items": [{"coding": _unrouted(clinic.coding)}]}}


@register("coding-svc POST /notes:suggest", audited=False)
async def _suggest_codes(world: World, known: Things) -> Request:
    return {"json": {"text": "ASSESSMENT\n- Migraine", "date_of_service": "2026-05-14"}}


@register("coding-svc POST /discharges:group", audited=False)
async def _group_discharge(world: World, known: Things) -> Request:
    stay = {"discharged_on": "2026-05-14", "age_years": 70, "principal": {"code": "I50.23"}}
    return {"json": stay}


@register("coding-svc POST /hccs:capture", audited=False)
async def _capture_hccs(world: World, known: Things) -> Request:
    person = {"age_years": 70, "sex": "F"}
    return {"json": {"diagnosis_codes": ["E11.9"], "beneficiary": person}}


@register("coding-svc POST /visits:level", audited=False)
async def _level_visit(world: World, known: Things) -> Request:
    return {"json": {"family": "office_established", "elements": {"minutes": 25}}}


@register("coding-svc POST /prices:reckon", audited=False)
async def _reckon_prices(world: World, known: Things) -> Request:
    line = {"procedure_code": "99213", "date_of_service": "2026-05-14"}
    return {"json": {"place_of_service_code": "11", "lines": [line]}}


@register(
    "coding-svc POST /encounters/{encounter_id}:finalize",
    tables="encounter encounter_revision encounter_history",
    events="EncounterCoded",
)
async def _finalize_encounter(world: World, known: Things) -> Request:
    return {"at": {"encounter_id": await _encounter(world, finalize=False)}}


@register(
    "coding-svc POST /encounters/{encounter_id}/amendments",
    tables="encounter encounter_revision encounter_history",
    events="EncounterCoded",
)
async def _amend_encounter(world: World, known: Things) -> Request:
    body = _unrouted(clinic.coding, lines=[clinic.line("99214")]) | BECAUSE
    return {"at": {"encounter_id": await _encounter(world)}, "json": body}


@register(
    "coding-svc POST /encounters/{encounter_id}:void",
    tables="encounter encounter_history",
    events="EncounterVoided",
)
async def _void_encounter(world: World, known: Things) -> Request:
    at = {"encounter_id": await _encounter(world)}
    return {"at": at, "json": {"reason_code": "entered_twice"}}


@register(
    "claims-svc POST /claims",
    tables="claim claim_history ledger_account ledger_balance ledger_entry ledger_posting",
    events="ClaimCreated ClaimReady",
)
async def _post_claim(world: World, known: Things) -> Request:
    return {"json": _unrouted(clinic.claim)}


@register("claims-svc POST /claims:validate", audited=False)
async def _validate_claim(world: World, known: Things) -> Request:
    return {"json": _unrouted(clinic.claim)}


@register("claims-svc PUT /fee-schedules/{schedule}/{effective_from}", tables="fee")
async def _put_fees(world: World, known: Things) -> Request:
    body = {"items": [{"procedure_code": "99499", "unit_cents": 100}]}
    return {"at": {"schedule": "NOBODY", "effective_from": "2021-01-01"}, "json": body}


@register("claims-svc POST /claims/{claim_id}:hold", tables="claim", events="ClaimHeld")
async def _hold_claim(world: World, known: Things) -> Request:
    unpriced = await _claim(world, lines=[clinic.line("99499")])
    return {"at": {"claim_id": unpriced}, "json": BECAUSE}


@register(
    "claims-svc POST /claims/{claim_id}:release",
    tables="claim claim_history ledger_account ledger_balance ledger_entry ledger_posting",
    events="ClaimReady",
)
async def _release_claim(world: World, known: Things) -> Request:
    return {"at": {"claim_id": await _claim(world, hold_reason="wait")}, "json": BECAUSE}


@register(
    "claims-svc POST /claims/{claim_id}:void",
    tables="claim claim_history ledger_entry ledger_posting ledger_balance",
    events="ClaimStatusChanged",
)
async def _void_claim(world: World, known: Things) -> Request:
    """One whose charge is booked already."""
    return {"at": {"claim_id": await _refused_claim(world)}, "json": BECAUSE}


async def _refused_claim(world: World) -> str:
    """A claim that has been sent, and whose payer knows no such subscriber."""
    stranger = clinic.coverage(member_id="W770078T30")
    made = await world.post("claims-svc", "/claims", clinic.claim(coverages=[stranger]))

    async def rejected() -> bool:
        found = await world.get("claims-svc", f"/claims/{made['claim_id']}")
        return bool(found["status"] == "payer_rejected")

    await eventually(rejected, timeout_s=60)
    return str(made["claim_id"])


@register("payer-gateway POST /trading-partners", tables="trading_partner partner_link")
async def _post_partner(world: World, known: Things) -> Request:
    body = partner("Partner of the write table", world, bearer_token="secret", active=False)
    return {"json": body}


@register("payer-gateway POST /trading-partners:validate", audited=False)
async def _validate_partner(world: World, known: Things) -> Request:
    return {"json": partner("Partner that is only checked", world, active=False)}


@register("payer-gateway PUT /trading-partners/{partner_id}", tables="trading_partner")
async def _put_partner(world: World, known: Things) -> Request:
    body = partner("Partner that is changed", world, active=False)
    made = await world.post("payer-gateway", "/trading-partners", body)
    return {"at": {"partner_id": made["partner_id"]}, "json": body, "headers": {"If-Match": "*"}}


@register("payer-gateway PUT /trading-partners/{partner_id}/credentials", tables="trading_partner")
async def _put_credentials(world: World, known: Things) -> Request:
    body = partner("Partner with a new token", world, active=False)
    made = await world.post("payer-gateway", "/trading-partners", body)
    return {"at": {"partner_id": made["partner_id"]}, "json": {"bearer_token": "another secret"}}


@register("payer-gateway POST /trading-partners/{partner_id}:test", tables="connection_test")
async def _test_partner(world: World, known: Things) -> Request:
    return {"at": {"partner_id": known["partner_id"]}}


@register("payer-gateway POST /routes", tables="route")
async def _post_route(world: World, known: Things) -> Request:
    return {"json": await _route(world, known)}


@register("payer-gateway POST /routes:validate", audited=False)
async def _validate_route(world: World, known: Things) -> Request:
    return {"json": await _route(world, known)}


@register("payer-gateway PUT /routes/{route_id}", tables="route")
async def _put_route(world: World, known: Things) -> Request:
    body = await _route(world, known)
    made = await world.post("payer-gateway", "/routes", body)
    return {"at": {"route_id": made["route_id"]}, "json": body, "headers": {"If-Match": "*"}}


@register("payer-gateway DELETE /routes/{route_id}")
async def _delete_route(world: World, known: Things) -> Request:
    made = await world.post("payer-gateway", "/routes", await _route(world, known))
    return {"at": {"route_id": made["route_id"]}}


@register("payer-gateway POST /enrollments", tables="enrollment enrollment_history")
async def _post_enrollment(world: World, known: Things) -> Request:
    return {"json": await _enrollment(world, known)}


@register("payer-gateway POST /enrollments:validate", audited=False)
async def _validate_enrollment(world: World, known: Things) -> Request:
    return {"json": await _enrollment(world, known)}


@register(
    "payer-gateway POST /enrollments/{enrollment_id}:move", tables="enrollment enrollment_history"
)
async def _move_enrollment(world: World, known: Things) -> Request:
    made = await world.post("payer-gateway", "/enrollments", await _enrollment(world, known))
    at = {"enrollment_id": made["enrollment_id"]}
    return {"at": at, "json": {"to_status": "submitted"}, "headers": {"If-Match": "*"}}


@register("payer-gateway POST /companion-guides", tables="companion_guide")
async def _post_companion(world: World, known: Things) -> Request:
    return {"json": _companion(known)}


@register("payer-gateway POST /companion-guides:validate", audited=False)
async def _validate_companion(world: World, known: Things) -> Request:
    return {"json": _companion(known)}


@register("payer-gateway PUT /companion-guides/{companion_id}", tables="companion_guide")
async def _put_companion(world: World, known: Things) -> Request:
    made = await world.post("payer-gateway", "/companion-guides", _companion(known))
    at = {"companion_id": made["companion_id"]}
    return {"at": at, "json": _companion(known), "headers": {"If-Match": "*"}}


@register("payer-gateway DELETE /companion-guides/{companion_id}")
async def _delete_companion(world: World, known: Things) -> Request:
    made = await world.post("payer-gateway", "/companion-guides", _companion(known))
    return {"at": {"companion_id": made["companion_id"]}}


def _companion(known: Things) -> Request:
    """Rules that are not in force, so that they turn no other test's claims away."""
    rule = {"code": "W-01", "loop": "2300", "segment": "PWK", "must": "be-absent"}
    rules = [rule | {"message": "attachments go through the portal"}]
    return {"name": "Guide", "partner_id": known["partner_id"], "rules": rules, "active": False}


async def _route(world: World, known: Things) -> Request:
    """For a payer of its own, so that it meets no other."""
    return {
        "payer_id": await _payer(world, known),
        "transaction_type": "276",
        "partner_id": known["partner_id"],
        "effective_from": "2026-01-01",
    }


async def _enrollment(world: World, known: Things) -> Request:
    payer_id = await _payer(world, known)
    return {"npi": "1234567893", "payer_id": payer_id, "transaction_type": "835"}


async def _payer(world: World, known: Things) -> str:
    payer_id = f"OWN{uuid4().hex[:8]}"
    body = {"name": "Payer of its own", "partner_id": known["partner_id"]}
    await world.put("payer-gateway", f"/payers/{payer_id}", body)
    return payer_id


@register("payer-gateway POST /payers:validate", audited=False)
async def _validate_payers(world: World, known: Things) -> Request:
    row = {"payer_id": "WRITES3", "name": "One payer", "partner_id": known["partner_id"]}
    return {"json": {"payers": [row]}}


@register("payer-gateway PUT /payers", tables="payer")
async def _put_payers(world: World, known: Things) -> Request:
    row = {"payer_id": "WRITES1", "name": "One payer", "partner_id": known["partner_id"]}
    return {"json": {"payers": [row]}}


@register("payer-gateway PUT /payers/{payer_id}", tables="payer")
async def _put_payer(world: World, known: Things) -> Request:
    body = {"name": "Another payer", "partner_id": known["partner_id"]}
    return {"at": {"payer_id": "WRITES2"}, "json": body}


@register("payer-gateway PUT /payers/{payer_id}/follow-up", tables="follow_up_term")
async def _put_follow_up(world: World, known: Things) -> Request:
    return {"at": {"payer_id": known["payer_id"]}, "json": {"after_days": 21}}


@register("payer-gateway POST /eligibility-checks", tables="inquiry eligibility_check")
async def _check_eligibility(world: World, known: Things) -> Request:
    return {"json": eligibility_question(known["payer_id"])}


@register("payer-gateway POST /eligibility-checks:validate", audited=False)
async def _validate_eligibility(world: World, known: Things) -> Request:
    return {"json": eligibility_question(known["payer_id"])}


def eligibility_question(payer_id: str, **changes: Any) -> Request:
    """Is this person covered on that day?"""
    return {
        "payer_id": payer_id,
        "provider": {"npi": "1234567893", "name": "Lindenfeld Family Clinic"},
        "service_date": "2026-03-02",
        "member_id": "W770077T02",
        "subscriber": {"last_name": "Muster", "first_name": "Erika", "birth_date": "1980-02-03"},
    } | changes


@register("payer-gateway POST /claim-status-inquiries", tables="inquiry claim_status_inquiry")
async def _ask_about_claim(world: World, known: Things) -> Request:
    return {"json": {"claim_id": await _refused_claim(world)}}


@register("payer-gateway POST /claim-status-inquiries:validate", audited=False)
async def _validate_inquiry(world: World, known: Things) -> Request:
    return {"json": {"claim_id": await _refused_claim(world)}}


@register("payer-gateway POST /interchanges/{interchange_id}:reread", tables="interchange")
async def _reread(world: World, known: Things) -> Request:
    content = f"ISA*unreadable {uuid4()}".encode()
    answer = await world.call(
        "payer-gateway", "POST", "/interchanges", content=content, headers=X12
    )
    interchange_id = answer.raise_for_status().json()["interchange_id"]

    async def unreadable() -> bool:
        found = await world.get("payer-gateway", f"/interchanges/{interchange_id}")
        return bool(found["status"] == "unreadable")

    await eventually(unreadable)
    return {"at": {"interchange_id": interchange_id}}


@register("payer-gateway POST /transmissions:flush", tables="partner_link")
async def _flush(world: World, known: Things) -> Request:
    return {}


@register("payer-gateway POST /transmissions/{transmission_id}:resend", tables="submission")
async def _resend(world: World, known: Things) -> Request:
    """A file that its partner refused at the door. What was sent again is refused again."""
    routed = await world.call("payer-gateway", "GET", "/payers/REFUSING")
    partner_id = routed.json()["partner_id"] if routed.is_success else await _refusing(world)

    async def refused() -> str:
        page = await world.get(
            "payer-gateway", "/transmissions", partner_id=partner_id, status="refused"
        )
        assert page["items"], "no file was refused"
        transmission_id = page["items"][0]["transmission_id"]
        held = await world.get("payer-gateway", "/submissions", transmission_id=transmission_id)
        assert held["items"], "its claims are on their way again"
        return str(transmission_id)

    return {"at": {"transmission_id": await eventually(refused)}}


@register(
    "payer-gateway POST /transmissions/{transmission_id}:reissue",
    tables="transmission interchange interchange_chunk submission control_number",
)
async def _reissue(world: World, known: Things) -> Request:
    """A file that its partner took and never says a word about."""
    name = f"SILENT{uuid4().hex[:8].upper()}"
    body = partner("Partner that is silent", world, terms={"send_after_s": 0})
    body["base_url"] = world.outside.silent_partner_url
    made = await world.post("payer-gateway", "/trading-partners", body)
    payer = {"name": "Silent payer", "partner_id": made["partner_id"]}
    await world.put("payer-gateway", f"/payers/{name}", payer)
    covered = clinic.coverage(payer_id=name, payer_name="Silent payer")
    await world.post("claims-svc", "/claims", clinic.claim(coverages=[covered]))

    async def sent() -> str:
        page = await world.get(
            "payer-gateway", "/transmissions", partner_id=made["partner_id"], status="sent"
        )
        assert page["items"], "no file was sent"
        return str(page["items"][0]["transmission_id"])

    return {"at": {"transmission_id": await eventually(sent)}}


async def _refusing(world: World) -> str:
    """A partner that refuses everything, and a claim for it."""
    body = partner("Partner that refuses", world, terms={"send_after_s": 0})
    made = await world.post("payer-gateway", "/trading-partners", body)
    payer = {"name": "Refusing payer", "partner_id": made["partner_id"]}
    await world.put("payer-gateway", "/payers/REFUSING", payer)
    covered = clinic.coverage(payer_id="REFUSING", payer_name="Refusing payer")
    await world.post("claims-svc", "/claims", clinic.claim(coverages=[covered]))
    return str(made["partner_id"])


@register(
    "patient-billing-svc POST /payments",
    tables="account claim_charge payment allocation ledger_balance ledger_entry ledger_posting",
    events="PatientPaymentReceived PatientBalanceChanged",
)
async def _post_payment(world: World, known: Things) -> Request:
    body = {"account_id": known["account_id"], "paid_cents": 500, "method": "cash"}
    return {"json": body}


@register("patient-billing-svc POST /statements", tables="statement", events="StatementIssued")
async def _post_statement(world: World, known: Things) -> Request:
    return {"json": {"account_id": known["account_id"]}}


def partner(name: str, world: World, **changes: Any) -> Request:
    """A trading partner that refuses whatever it is sent."""
    return {
        "name": f"{name} {uuid4().hex[:8]}",
        "submitter_id": "LINDENX",
        "submitter_name": "Lindenfeld Family Clinic",
        "submitter_contact": "Billing office",
        "submitter_phone": "2175550100",
        "receiver_id": "NOBODY",
        "receiver_name": "Nobody",
        "base_url": world.outside.refusing_partner_url,
    } | changes
