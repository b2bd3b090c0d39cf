"""Partners as people keep them, routes, enrollments, companion guides: over REST and in effect."""

from typing import Any

import pytest

from rcm.contracts.payer import ClaimRejected, ClaimSubmitted

from .conftest import PARTNER, PAYER, Gateway, control_number, ready

NPI = "1234567893"


async def call(gateway: Gateway, method: str, path: str, **rest: Any) -> Any:
    async with gateway.under_test.client() as client:
        return await client.request(method, path, **rest)


async def made(gateway: Gateway, path: str, body: dict[str, Any]) -> Any:
    answer = await call(gateway, "POST", path, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


# --- partners ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"transport": "sftp"}, "/base_url"),
        ({"transport": "sftp", "base_url": "sftp://host"}, "/connection/host_key"),
        ({"base_url": "folder:a"}, "/base_url"),
        ({"transport": "folder", "base_url": "folder:a/../../b"}, "/connection"),
        ({"credentials": {"client_certificate": "x"}}, "/credentials"),
        ({"transport": "core_soap", "credentials": {"username": "u"}}, "/credentials"),
        ({"terms": {"time_zone": "Mars/Olympus"}}, "/terms/time_zone"),
        ({"terms": {"cut_offs": ["25:00"]}}, "/terms/cut_offs/0"),
        ({"connection": {"host_key": "trust me"}}, "/connection/host_key"),
    ],
)
async def test_a_partner_that_cannot_be_reached_is_refused_and_its_twin_agrees(
    gateway: Gateway, changes: dict[str, Any], place: str
) -> None:
    body = PARTNER | {"name": "Other"} | changes
    for path in ("/trading-partners", "/trading-partners:validate"):
        answer = await call(gateway, "POST", path, json=body)
        assert answer.status_code == 422, answer.text
        assert place in {each["pointer"] for each in answer.json()["pointers"]}


async def test_a_partner_is_changed_under_its_version_and_can_be_switched_off(
    gateway: Gateway,
) -> None:
    path = f"/trading-partners/{gateway.partner_id}"
    assert (await call(gateway, "PUT", path, json=PARTNER)).status_code == 428
    off = PARTNER | {"active": False}
    changed = await call(gateway, "PUT", path, json=off, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    late = await call(gateway, "PUT", path, json=PARTNER, headers={"If-Match": '"1"'})
    assert late.status_code == 412
    await gateway.queue(ready(gateway, 1))
    await gateway.send()
    assert await gateway.under_test.published(ClaimSubmitted) == []
    await call(gateway, "PUT", path, json=PARTNER, headers={"If-Match": '"2"'})
    await gateway.send()
    assert len(await gateway.under_test.published(ClaimSubmitted)) == 1


async def test_credentials_are_rotated_used_next_and_never_shown(gateway: Gateway) -> None:
    path = f"/trading-partners/{gateway.partner_id}"
    for secret in ("first-secret", "second-secret"):
        answer = await call(gateway, "PUT", f"{path}/credentials", json={"bearer_token": secret})
        assert answer.status_code == 204
        await gateway.under_test.run_job("collect_inbound")
    await gateway.queue(ready(gateway, 1))
    await gateway.send()
    assert gateway.partner.tokens == {"Bearer second-secret"}
    shown = await call(gateway, "GET", path)
    assert shown.json()["has_credentials"]
    assert "secret" not in shown.text
    async with gateway.under_test.transaction() as tx:
        kept = await tx.fetchval("SELECT credentials FROM trading_partner")
    assert b"secret" not in kept


async def test_a_connection_is_tried_step_by_step(gateway: Gateway) -> None:
    path = f"/trading-partners/{gateway.partner_id}:test"
    asked = await call(gateway, "POST", path)
    assert (asked.status_code, asked.json()["finished_at"]) == (202, None)
    await gateway.under_test.run_job("try_connections")
    found = (await call(gateway, "GET", asked.headers["Location"])).json()
    assert found["succeeded"] is True
    assert [step["found"] for step in found["steps"]] == ["The partner answers, and lists 0 files."]
    broken = PARTNER | {"connection": {"ca_certificate": "nonsense"}}
    await call(
        gateway, "PUT", f"/trading-partners/{gateway.partner_id}", json=broken,
        headers={"If-Match": "*"},
    )  # fmt: skip
    asked = await call(gateway, "POST", path)
    await gateway.under_test.run_job("try_connections")
    found = (await call(gateway, "GET", asked.headers["Location"])).json()
    assert found["succeeded"] is False
    assert "certificate cannot be used" in found["steps"][-1]["found"]


async def test_payers_are_found_by_part_of_a_name_or_the_start_of_an_id(gateway: Gateway) -> None:
    for payer_id, name in (("AET01", "Aetna Better Health"), ("BC100", "Blue Aetherial")):
        body = {"name": name, "partner_id": str(gateway.partner_id)}
        await call(gateway, "PUT", f"/payers/{payer_id}", json=body)
    for search, expected in (("aet", ["AET01", "BC100"]), ("bc1", ["BC100"]), ("%", [])):
        page = await gateway.get(f"/payers?search={search.replace('%', '%25')}")
        assert [each["payer_id"] for each in page["items"]] == expected


# --- routes ------------------------------------------------------------------------------------


async def second_partner(gateway: Gateway) -> str:
    body = PARTNER | {"name": "Second", "submitter_id": "SUB002"}
    return str((await made(gateway, "/trading-partners", body))["partner_id"])


async def test_a_route_takes_claims_to_another_partner_under_its_own_payer_id(
    gateway: Gateway,
) -> None:
    partner_id = await second_partner(gateway)
    route = {
        "payer_id": PAYER,
        "transaction_type": "837P",
        "partner_id": partner_id,
        "receiver_payer_id": "THEIR9",
        "effective_from": "2020-01-01",
    }
    found = await made(gateway, "/routes", route)
    await gateway.queue(ready(gateway, 1))
    await gateway.send()
    [(name, content)] = gateway.partner.taken.items()
    assert name.startswith("SUB002-")
    assert b"*PI*THEIR9" in content
    ended = route | {"effective_to": "2020-12-31"}
    path = f"/routes/{found['route_id']}"
    assert (
        await call(gateway, "PUT", path, json=ended, headers={"If-Match": '"1"'})
    ).status_code == 200
    await gateway.queue(ready(gateway, 2))
    await gateway.send()
    assert list(gateway.partner.taken)[1].startswith("SUB001-")
    assert (await call(gateway, "DELETE", path)).status_code == 204
    assert (await call(gateway, "GET", path)).status_code == 404


async def test_routes_that_meet_or_lead_nowhere_are_refused(gateway: Gateway) -> None:
    good = {
        "payer_id": PAYER,
        "transaction_type": "276",
        "partner_id": str(gateway.partner_id),
        "effective_from": "2026-01-01",
        "effective_to": "2026-06-30",
    }
    await made(gateway, "/routes", good)
    for changes, status in (
        ({"effective_from": "2026-06-30", "effective_to": None}, 409),
        ({"effective_from": "2026-07-01", "effective_to": "2026-06-30"}, 422),
        ({"payer_id": "NOBODY"}, 422),
        ({"partner_id": "00000000-0000-7000-8000-000000000000"}, 422),
    ):
        for path in ("/routes", "/routes:validate"):
            answer = await call(gateway, "POST", path, json=good | changes)
            assert answer.status_code == status, answer.text
    page = await gateway.get(f"/routes?payer_id={PAYER}")
    assert len(page["items"]) == 1


# --- enrollments -------------------------------------------------------------------------------


async def test_a_claim_whose_route_wants_an_enrollment_stays_until_it_is_live(
    gateway: Gateway,
) -> None:
    await made(
        gateway,
        "/routes",
        {
            "payer_id": PAYER,
            "transaction_type": "837P",
            "partner_id": str(gateway.partner_id),
            "requires_enrollment": True,
            "effective_from": "2020-01-01",
        },
    )
    claim = ready(gateway, 1)
    await gateway.queue(claim)
    await gateway.send()
    assert gateway.partner.taken == {}
    [rejected] = await gateway.under_test.published(ClaimRejected)
    assert (rejected.hop, rejected.findings[0].code) == ("gateway", "not_enrolled")
    npi = claim.event.billing_provider.npi
    found = await made(
        gateway, "/enrollments", {"npi": npi, "payer_id": PAYER, "transaction_type": "837P"}
    )
    await move(gateway, found["enrollment_id"], "submitted", "provisioning", "live")
    await gateway.queue(ready(gateway, 2))
    await gateway.send()
    [sent] = await gateway.under_test.published(ClaimSubmitted)
    assert sent.patient_control_number == control_number(2)
    await move(gateway, found["enrollment_id"], "canceled")
    await gateway.queue(ready(gateway, 3))
    await gateway.send()
    assert len(await gateway.under_test.published(ClaimSubmitted)) == 1


async def move(gateway: Gateway, enrollment_id: str, *statuses: str) -> None:
    for status in statuses:
        answer = await call(
            gateway, "POST", f"/enrollments/{enrollment_id}:move",
            json={"to_status": status, "reason_code": "as_asked"}, headers={"If-Match": "*"},
        )  # fmt: skip
        assert answer.status_code == 200, answer.text


async def test_an_enrollment_moves_along_its_table_and_remembers_each_step(
    gateway: Gateway,
) -> None:
    body = {"npi": NPI, "payer_id": PAYER, "transaction_type": "835"}
    assert (await call(gateway, "POST", "/enrollments:validate", json=body)).status_code == 200
    found = await made(gateway, "/enrollments", body)
    for path in ("/enrollments", "/enrollments:validate"):
        assert (await call(gateway, "POST", path, json=body)).status_code == 409
        wrong = body | {"npi": "1234567890"}
        assert (await call(gateway, "POST", path, json=wrong)).status_code == 422
    path = f"/enrollments/{found['enrollment_id']}"
    jump = await call(
        gateway, "POST", f"{path}:move", json={"to_status": "live"}, headers={"If-Match": "*"}
    )
    assert jump.json()["error_name"] == "enrollment_cannot_move"
    await move(gateway, found["enrollment_id"], "submitted", "provider_action_required")
    edges = (await gateway.get(f"{path}/history"))["items"]
    assert [(each["from_status"], each["to_status"]) for each in edges] == [
        (None, "draft"),
        ("draft", "submitted"),
        ("submitted", "provider_action_required"),
    ]
    page = await gateway.get(f"/enrollments?npi={NPI}&status=provider_action_required")
    assert [each["version"] for each in page["items"]] == [3]


# --- companion guides --------------------------------------------------------------------------

RULE = {
    "code": "P-01",
    "loop": "2300",
    "segment": "REF",
    "qualifier": "G1",
    "must": "be-present",
    "message": "this payer wants a prior authorization",
}


async def test_a_companion_rule_turns_a_claim_away_before_it_leaves(gateway: Gateway) -> None:
    guide = await made(
        gateway, "/companion-guides", {"name": "Payer", "payer_id": PAYER, "rules": [RULE]}
    )
    await gateway.queue(
        ready(gateway, 1, prior_authorization_number=None),
        ready(gateway, 2, prior_authorization_number="AUTH1"),
    )
    await gateway.send()
    [rejected] = await gateway.under_test.published(ClaimRejected)
    assert [(each.code, each.message) for each in rejected.findings] == [("P-01", RULE["message"])]
    [sent] = await gateway.under_test.published(ClaimSubmitted)
    assert sent.patient_control_number == control_number(2)
    path = f"/companion-guides/{guide['companion_id']}"
    off = {"name": "Payer", "payer_id": PAYER, "rules": [RULE], "active": False}
    changed = await call(gateway, "PUT", path, json=off, headers={"If-Match": '"1"'})
    assert changed.status_code == 200
    await gateway.queue(ready(gateway, 3, prior_authorization_number=None))
    await gateway.send()
    assert len(await gateway.under_test.published(ClaimSubmitted)) == 2
    assert (await call(gateway, "DELETE", path)).status_code == 204


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"payer_id": "NOBODY"}, "/payer_id"),
        ({"payer_id": None}, ""),
        ({"rules": [RULE | {"must": "be-nice"}]}, "/rules/0/must"),
        ({"rules": [RULE | {"somebody's name": 1}]}, "/rules"),
        ({"rules": [RULE, RULE]}, "/rules"),
    ],
)
async def test_rules_that_cannot_be_used_are_refused_and_their_twin_agrees(
    gateway: Gateway, changes: dict[str, Any], place: str
) -> None:
    body = {"name": "Payer", "payer_id": PAYER, "rules": [RULE]} | changes
    for path in ("/companion-guides", "/companion-guides:validate"):
        answer = await call(gateway, "POST", path, json=body)
        assert answer.status_code == 422
        assert place in {each["pointer"] for each in answer.json()["pointers"]}
        assert "somebody" not in answer.text


async def test_a_claim_that_breaks_its_guide_stays_with_its_findings(gateway: Gateway) -> None:
    await gateway.queue(ready(gateway, 1, charge_cents=1), ready(gateway, 2))
    await gateway.send()
    [rejected] = await gateway.under_test.published(ClaimRejected)
    assert rejected.hop == "gateway"
    assert all(each.severity == "error" for each in rejected.findings)
    [sent] = await gateway.under_test.published(ClaimSubmitted)
    assert sent.patient_control_number == control_number(2)
