"""Claims over REST against a real database: scopes, tenants, versions, one transaction each."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from claims_svc.app import service
from rcm.contracts.claims import (
    ClaimCreated,
    ClaimHeld,
    ClaimReady,
    ClaimStatusChanged,
    InstitutionalClaimReady,
)
from rcm.ids import new_id
from rcm.testing.claims import coded, paid_line, payment
from rcm.testing.databases import connected
from rcm.testing.service import ServiceUnderTest, service_under_test

NAME = "Canarybird"
BYTEA = re.compile(r"\\x((?:[0-9a-f]{2})+)")


@pytest.fixture
async def claims(servers: Any) -> AsyncIterator[ServiceUnderTest]:
    async with service_under_test(service, servers.postgres_admin_url) as found:
        yield found


def claim(**changes: object) -> dict[str, Any]:
    """A complete claim of one line, from no encounter."""
    address = {"line_1": "2 Main Street", "city": "Springfield", "state": "IL"}
    address["postal_code"] = "627010001"
    return {
        "external_id": "outside-1",
        "patient": {
            "external_id": "mrn-canary-77",
            "last_name": NAME,
            "first_name": "Ada",
            "birth_date": "1980-05-17",
            "sex": "F",
            "address": address | {"line_1": "1 Canary Street"},
        },
        "coverages": [
            {
                "rank": "primary",
                "payer_id": "P1",
                "payer_name": "First Health",
                "member_id": "WCANARY01",
            }
        ],
        "date_of_service": "2026-03-02",
        "place_of_service_code": "11",
        "billing_provider": {
            "npi": "1234567893",
            "name": "Demo Clinic",
            "tax_id": "123456789",
            "address": address,
        },
        "diagnoses": [{"code": "E119", "code_type": "ABK"}],
        "lines": [
            {
                "procedure_code": "99213",
                "charge_amount_cents": 12_500,
                "diagnosis_pointers": [0],
                "date_of_service": "2026-03-02",
            }
        ],
    } | changes


async def posted(claims: ServiceUnderTest, **changes: object) -> dict[str, Any]:
    async with claims.client() as client:
        response = await client.post("/claims", json=claim(**changes))
    assert response.status_code == 201, response.text
    return response.json()


async def test_a_claim_without_an_encounter_is_ready_and_published(
    claims: ServiceUnderTest,
) -> None:
    view = await posted(claims)
    [ready] = await claims.received(ClaimReady)
    assert (view["status"], view["money"]["insurance_balance_cents"]) == ("ready", 12_500)
    assert str(ready.event.claim_id) == view["claim_id"]
    assert ready.event.encounter_ids == ()
    assert ready.open(claims.keyring).patient.last_name == NAME
    async with claims.client() as client:
        books = (await client.get(f"/claims/{view['claim_id']}/ledger")).json()
    [entry] = books["items"]
    assert entry["kind"] == "claim.charged"
    assert [(p["debit"], p["credit"], p["cents"]) for p in entry["postings"]] == [
        ("AR_PAYER", "REVENUE", 12_500)
    ]


async def test_a_claim_that_breaks_an_edit_is_held_with_every_finding(
    claims: ServiceUnderTest,
) -> None:
    view = await posted(
        claims, coverages=[], billing_provider={"npi": "1234567890", "name": "Demo Clinic"}
    )
    assert view["status"] == "held"
    codes = {finding["code"] for finding in view["findings"]}
    assert codes == {"C001", "N001", "N002", "N003"}
    [held] = await claims.published(ClaimHeld)
    assert {finding.code for finding in held.findings} == codes


async def test_an_external_id_is_taken_once(claims: ServiceUnderTest) -> None:
    await posted(claims)
    async with claims.client() as client:
        again = await client.post("/claims", json=claim())
    assert (again.status_code, again.json()["error_name"]) == (409, "external_id_taken")


async def test_validate_prices_and_finds_and_keeps_nothing(claims: ServiceUnderTest) -> None:
    async with claims.client() as client:
        good = (await client.post("/claims:validate", json=claim())).json()
        bad = (await client.post("/claims:validate", json=claim(coverages=[]))).json()
        assert (await client.get("/claims")).json()["items"] == []
    assert (good["valid"], good["charge_cents"], good["findings"]) == (True, 12_500, [])
    assert [finding["code"] for finding in bad["findings"]] == ["C001"]


async def test_a_bad_body_is_refused_with_pointers_and_without_its_values(
    claims: ServiceUnderTest,
) -> None:
    body = claim(surprise=1, diagnoses=[{"code": NAME, "code_type": "ABK"}])
    async with claims.client() as client:
        response = await client.post("/claims", json=body)
    assert response.status_code == 422
    places = {found["pointer"] for found in response.json()["pointers"]}
    assert places >= {"/?", "/diagnoses/0/code"}
    assert NAME not in response.text


async def test_hold_release_and_void_move_a_claim_with_a_reason(claims: ServiceUnderTest) -> None:
    view = await posted(claims, hold_reason="waiting for notes")
    place = f"/claims/{view['claim_id']}"
    assert view["status"] == "held"
    async with claims.client() as client:
        assert (await client.post(f"{place}:hold", json={"reason": "still"})).status_code == 200
        released = await client.post(f"{place}:release", json={"reason": "notes came"})
        assert released.json()["status"] == "ready"
        refused = await client.post(f"{place}:hold", json={"reason": "too late"})
        assert (refused.status_code, refused.json()["error_name"]) == (409, "status_refuses")
        history = (await client.get(f"{place}/history")).json()["items"]
    assert [(edge["to_value"], edge["reason"]) for edge in history] == [
        ("held", ""),
        ("ready", "notes came"),
    ]


async def test_voiding_what_was_never_accepted_takes_its_charge_back(
    claims: ServiceUnderTest,
) -> None:
    view = await posted(claims, hold_reason="waiting")
    place = f"/claims/{view['claim_id']}"
    async with claims.client() as client:
        voided = await client.post(f"{place}:void", json={"reason": "posted by mistake"})
        assert (voided.status_code, voided.json()["status"]) == (200, "voided")
        again = await client.post(f"{place}:void", json={"reason": "again"})
        assert again.status_code == 409
        assert (await client.get("/summary")).json()["payer_owed_cents"] == 0
    [changed] = await claims.published(ClaimStatusChanged)
    assert (changed.from_status, changed.to_status) == ("held", "voided")


async def test_voiding_a_claim_that_is_on_its_way_makes_a_void_claim_that_waits(
    claims: ServiceUnderTest,
) -> None:
    view = await posted(claims)
    async with claims.client() as client:
        place = f"/claims/{view['claim_id']}"
        voided = (await client.post(f"{place}:void", json={"reason": "wrong patient"})).json()
        waiting = (await client.get(f"/claims/{voided['superseded_by']}")).json()
    assert (voided["status"], waiting["status"]) == ("ready", "held")
    assert waiting["frequency_code"] == "8"
    assert {finding["code"] for finding in waiting["findings"]} == {"L001", "L002"}


async def test_of_two_editors_one_is_told(claims: ServiceUnderTest) -> None:
    view = await posted(claims, hold_reason="waiting")
    place = f"/claims/{view['claim_id']}"
    async with claims.client() as client:
        seen = (await client.get(place)).headers["ETag"]
        body = {"reason": "fine now"}
        first = await client.post(f"{place}:release", json=body, headers={"If-Match": seen})
        assert first.status_code == 200
        late = await client.post(f"{place}:void", json=body, headers={"If-Match": seen})
    assert (late.status_code, late.json()["error_name"]) == (412, "version_outdated")


async def test_lists_filter_and_page_newest_first(claims: ServiceUnderTest) -> None:
    made = [
        (await posted(claims, external_id=f"c{n}", patient=_patient(n)))["claim_id"]
        for n in range(5)
    ]
    await posted(claims, external_id="held", hold_reason="x", patient=_patient(9))
    async with claims.client() as client:
        seen, params = [], {"limit": 2, "status": "ready"}
        while True:
            page = (await client.get("/claims", params=params)).json()
            seen += [item["claim_id"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            params = params | {"cursor": page["next_cursor"]}
        held = (await client.get("/claims", params={"status": "held"})).json()["items"]
        other = (await client.get("/claims", params={"payer_id": "P9"})).json()["items"]
        early = (await client.get("/claims", params={"service_to": "2026-03-01"})).json()["items"]
    assert seen == made[::-1]
    assert (len(held), other, early) == (1, [], [])


async def test_the_summary_adds_up_to_what_was_charged(claims: ServiceUnderTest) -> None:
    await claims.deliver(*(coded() for _ in range(2)))
    first, _ = await claims.published(ClaimReady)
    control = first.lines[0].line_control_number
    answer = paid_line(control, "99213", 12_500, 9_000, ("CO", "45", 2_000), ("PR", "3", 1_500))
    await claims.deliver(payment(first.patient_control_number, answer))
    async with claims.client() as client:
        found = (await client.get("/summary", params={"from": "2026-03-01"})).json()
        none = (await client.get("/summary", params={"to": "2026-03-01"})).json()
    assert {(line["status"], line["outcome"], line["claims"]) for line in found["items"]} == {
        ("closed", "paid", 1),
        ("ready", "none", 1),
    }
    assert (
        found["charged_cents"]
        == 25_000
        == (
            found["paid_cents"]
            + found["adjusted_cents"]
            + found["patient_owed_cents"]
            + found["payer_owed_cents"]
        )
    )
    assert (none["claims"], none["charged_cents"]) == (0, 0)


async def test_adjudications_show_each_decision_and_how_its_lines_were_matched(
    claims: ServiceUnderTest,
) -> None:
    await claims.deliver(coded())
    [ready] = await claims.published(ClaimReady)
    await claims.deliver(
        payment(ready.patient_control_number, paid_line(None, "99213", 12_500, 12_500))
    )
    async with claims.client() as client:
        place = f"/claims/{ready.claim_id}/adjudications"
        [decision] = (await client.get(place)).json()["items"]
    assert (decision["result"], decision["paid_cents"]) == ("paid", 12_500)
    assert decision["matches"] == [{"line_number": 1, "confidence": "exact"}]


async def test_rates_are_listed_and_replaced_as_a_day(claims: ServiceUnderTest) -> None:
    async with claims.client() as client:
        place = "/fee-schedules/default/2026-01-01"
        body = {
            "items": [{"procedure_code": code, "unit_cents": 100} for code in ("A0001", "B0001")]
        }
        assert (await client.put(place, json=body)).json()["rates"] == 2
        body = {"items": [{"procedure_code": "A0001", "modifier": "TC", "unit_cents": 50}]}
        assert (await client.put(place, json=body)).status_code == 200
        items = (await client.get("/fee-schedules")).json()["items"]
        twice = await client.put(place, json={"items": body["items"] * 2})
    assert [(rate["procedure_code"], rate["modifier"], rate["unit_cents"]) for rate in items] == [
        ("A0001", "TC", 50)
    ]
    assert (twice.status_code, twice.json()["error_name"]) == (422, "rate_repeated")


async def test_another_tenant_sees_and_changes_nothing(claims: ServiceUnderTest) -> None:
    view = await posted(claims)
    place = f"/claims/{view['claim_id']}"
    async with claims.client(tenant=claims.other_tenant) as other:
        for path in ("", "/history", "/ledger", "/adjudications", "/persons"):
            assert (await other.get(place + path)).status_code == 404
        for verb in ("hold", "release", "void"):
            response = await other.post(f"{place}:{verb}", json={"reason": "mine?"})
            assert response.status_code == 404
        assert (await other.get("/claims")).json()["items"] == []
        assert (await other.get("/summary")).json()["claims"] == 0
        assert (await other.get("/fee-schedules")).json()["items"] == []
        assert (await other.post("/claims", json=claim())).status_code == 201


@pytest.mark.parametrize(
    ("scope", "path"),
    [("Claim.r", "/persons"), ("Claim.r", "/ledger"), ("Ledger.r", ""), ("Claim.c", "/history")],
)
async def test_a_scope_opens_only_its_own_doors(
    claims: ServiceUnderTest, scope: str, path: str
) -> None:
    view = await posted(claims)
    async with claims.client(scope) as client:
        assert (await client.get(f"/claims/{view['claim_id']}{path}")).status_code == 403


async def test_persons_are_shown_to_those_who_may_see_them_and_the_reading_is_audited(
    claims: ServiceUnderTest,
) -> None:
    view = await posted(claims)
    async with claims.client("Patient.r") as client:
        shown = (await client.get(f"/claims/{view['claim_id']}/persons")).json()
    assert (shown["patient"]["last_name"], shown["members"][0]["member_id"]) == (NAME, "WCANARY01")
    async with claims.transaction() as tx:
        audited = await tx.fetchval(
            "SELECT count(*) FROM audit_record WHERE action = 'read' AND resource_id = $1",
            view["claim_id"],
        )
    assert audited == 1


async def test_no_table_and_no_answer_holds_a_person_in_the_clear(
    claims: ServiceUnderTest, servers: Any
) -> None:
    view = await posted(claims)
    assert NAME not in str(view)
    database = claims.urls.owner.rsplit("/", 1)[1]
    async with connected(servers.postgres_admin_url, database) as admin:
        tables = await admin.fetch(
            "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
            " WHERE relkind IN ('r', 'p') AND nspname = 'public'"
        )
        for table in tables:
            rows = await admin.fetch(f"SELECT t::text AS row FROM {table['relname']} AS t")
            text = " ".join(row["row"] for row in rows)
            raw = b" ".join(bytes.fromhex(found) for found in BYTEA.findall(text))
            for secret in (NAME, "mrn-canary-77", "WCANARY01", "1980-05-17", "Canary Street"):
                assert secret not in text, table["relname"]
                assert secret.encode() not in raw, table["relname"]


Write = Callable[[httpx.AsyncClient, str], Awaitable[httpx.Response]]
BECAUSE = {"reason": "test"}
WRITES: dict[str, Write] = {
    "hold": lambda client, place: client.post(f"{place}:hold", json=BECAUSE),
    "release": lambda client, place: client.post(f"{place}:release", json=BECAUSE),
    "void": lambda client, place: client.post(f"{place}:void", json=BECAUSE),
}


@pytest.mark.parametrize("verb", ["post", *WRITES])
async def test_row_history_books_and_events_are_one_transaction(
    claims: ServiceUnderTest, verb: str
) -> None:
    """The xmin of a claim's row is that of its history, its outbox rows, its books, its audit
    record and its stored response."""
    view = await posted(claims, **({} if verb == "post" else {"hold_reason": "waiting"}))
    if verb in WRITES:
        async with claims.client() as client:
            response = await WRITES[verb](client, f"/claims/{view['claim_id']}")
        assert response.status_code == 200, response.text
    claim_id = UUID(view["claim_id"])
    async with claims.transaction() as tx:
        row = await tx.fetchrow(
            "SELECT xmin::text, version FROM claim WHERE claim_id = $1", claim_id
        )
        assert row is not None
        found = {
            "outbox": await tx.fetchval(
                "SELECT xmin::text FROM outbox WHERE aggregate_id = $1 ORDER BY id DESC LIMIT 1",
                str(claim_id),
            ),
            "audit": await tx.fetchval(
                "SELECT xmin::text FROM audit_record ORDER BY record_id DESC LIMIT 1"
            ),
            "response": await tx.fetchval(
                "SELECT xmin::text FROM idempotency_key ORDER BY created_at DESC LIMIT 1"
            ),
        }
        if verb != "hold":
            found["history"] = await tx.fetchval(
                "SELECT xmin::text FROM claim_history WHERE claim_id = $1 AND version = $2",
                claim_id,
                row["version"],
            )
        if verb in ("post", "release"):
            found["books"] = await tx.fetchval("SELECT xmin::text FROM ledger_entry LIMIT 1")
    assert found == dict.fromkeys(found, row["xmin"])


async def test_the_same_key_gives_the_first_answer_and_one_claim(claims: ServiceUnderTest) -> None:
    key = {"Idempotency-Key": str(new_id())}
    async with claims.client() as client:
        first = await client.post("/claims", json=claim(), headers=key)
        again = await client.post("/claims", json=claim(), headers=key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert len(await claims.published(ClaimCreated)) == 1


def _patient(number: int) -> dict[str, Any]:
    return claim()["patient"] | {"external_id": f"mrn-{number}"}


BILL = {
    "type_of_bill": "111",
    "admission_date": "2026-03-02",
    "admission_time": "0930",
    "discharge_time": "1130",
    "admission_type_code": "1",
    "patient_status_code": "01",
    "admitting_diagnosis_code": "R079",
    "attending_provider": {"npi": "1000000004", "name": "Quinby", "first_name": "Alma"},
}


def bill(**changes: object) -> dict[str, Any]:
    """A day in hospital."""
    room = {"revenue_code": "0120", "units": "DA", "charge_amount_cents": 100_000}
    drugs = {"revenue_code": "0250", "charge_amount_cents": 20_000}
    day = {"date_of_service": "2026-03-02"}
    found = claim(institutional=BILL, lines=[room | day, drugs | day])
    found.pop("place_of_service_code")
    return found | changes


async def test_a_bill_is_ready_and_published_as_what_it_is(claims: ServiceUnderTest) -> None:
    async with claims.client() as client:
        made = await client.post("/claims", json=bill())
    assert made.status_code == 201, made.text
    view = made.json()
    assert (view["status"], view["claim_type"]) == ("ready", "institutional")
    assert view["content"]["institutional"]["type_of_bill"] == "111"
    assert [line["revenue_code"] for line in view["content"]["lines"]] == ["0120", "0250"]
    assert await claims.published(ClaimReady) == []
    [ready] = await claims.published(InstitutionalClaimReady)
    assert (ready.charge_cents, ready.institutional.patient_status_code) == (120_000, "01")
    assert [line.line_number for line in ready.lines] == [1, 2]


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        (claim(place_of_service_code=None), {"/place_of_service_code"}),
        (
            claim(lines=[{"procedure_code": "99213", "date_of_service": "2026-03-02"}]),
            {"/lines/0/diagnosis_pointers"},
        ),
        (
            claim(lines=[{"revenue_code": "0120", "date_of_service": "2026-03-02"}]),
            {
                "/lines/0/revenue_code",
                "/lines/0/procedure_code",
                "/lines/0/diagnosis_pointers",
            },
        ),
        (bill(place_of_service_code="21"), {"/place_of_service_code"}),
        (
            bill(lines=[{"procedure_code": "99213", "date_of_service": "2026-03-02"}]),
            {"/lines/0/revenue_code"},
        ),
        (bill(institutional=BILL | {"type_of_bill": "0111"}), {"/institutional/type_of_bill"}),
        (bill(institutional=BILL | {"typo": "x"}), {"/institutional/?"}),
    ],
)
async def test_a_claim_is_of_one_kind_from_head_to_foot(
    claims: ServiceUnderTest, body: dict[str, Any], pointers: set[str]
) -> None:
    async with claims.client() as client:
        refused = await client.post("/claims:validate", json=body)
    assert (refused.status_code, refused.json()["error_name"]) == (422, "validation_failed")
    assert {each["pointer"] for each in refused.json()["pointers"]} == pointers
