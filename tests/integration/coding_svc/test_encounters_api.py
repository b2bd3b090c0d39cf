"""Encounters over REST against a real database: one effect, one transaction, nothing readable."""

import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from coding_svc.app import service
from rcm.contracts.coding import (
    CodingHeld,
    EncounterCoded,
    EncounterVoided,
    InstitutionalEncounterCoded,
)
from rcm.testing.databases import connected
from rcm.testing.service import ServiceUnderTest, service_under_test

NAME = "Canarybird"
BYTEA = re.compile(r"\\x((?:[0-9a-f]{2})+)")


@pytest.fixture
async def coding(servers: Any) -> AsyncIterator[ServiceUnderTest]:
    async with service_under_test(service, servers.postgres_admin_url) as found:
        yield found


def encounter(**changes: object) -> dict[str, Any]:
    """A complete visit with two lines."""
    line = {
        "procedure_code": "99213",
        "modifiers": ["25"],
        "diagnosis_pointers": [0, 1],
        "date_of_service": "2026-03-02",
    }
    return {
        "external_id": "visit-1",
        "patient": {
            "external_id": "mrn-canary-77",
            "last_name": NAME,
            "first_name": "Ada",
            "birth_date": "1980-05-17",
            "sex": "F",
            "address": {
                "line_1": "1 Canary Street",
                "city": "Springfield",
                "state": "IL",
                "postal_code": "62701",
            },
        },
        "coverages": [
            {
                "rank": "primary",
                "payer_id": "DEMO1",
                "payer_name": "Demo Health",
                "member_id": "WCANARY01",
            }
        ],
        "date_of_service": "2026-03-02",
        "place_of_service_code": "11",
        "billing_provider": {
            "npi": "1234567893",
            "name": "Demo Clinic",
            "tax_id": "123456789",
            "address": {
                "line_1": "2 Main Street",
                "city": "Springfield",
                "state": "IL",
                "postal_code": "627010001",
            },
        },
        "diagnoses": [
            {"code": "E11.9", "code_type": "ABK"},
            {"code": "I10", "code_type": "ABF"},
        ],
        "lines": [line, line | {"procedure_code": "36415", "modifiers": []}],
    } | changes


def amendment(**changes: object) -> dict[str, Any]:
    body = encounter(**changes) | {"reason": "another code"}
    body.pop("external_id")
    body.pop("patient")
    return body


async def posted(coding: ServiceUnderTest, **changes: object) -> dict[str, Any]:
    async with coding.client() as client:
        response = await client.post("/encounters", json=encounter(**changes))
    assert response.status_code == 201, response.text
    return response.json()


async def test_a_clean_encounter_is_coded_and_published(coding: ServiceUnderTest) -> None:
    view = await posted(coding)
    [event] = await coding.received(EncounterCoded)
    assert (view["status"], view["revision"], view["findings"]) == ("coded", 1, [])
    assert str(event.event.encounter_id) == view["encounter_id"]
    assert [line.procedure_code for line in event.event.lines] == ["99213", "36415"]
    assert [code.code for code in event.event.diagnoses] == ["E119", "I10"]
    persons = event.open(coding.keyring)
    assert persons.patient.last_name == NAME
    assert persons.members[0].member_id == "WCANARY01"


async def test_a_draft_is_kept_and_nobody_hears_of_it(coding: ServiceUnderTest) -> None:
    view = await posted(coding, finalize=False)
    assert (view["status"], view["revision"]) == ("draft", 0)
    assert await coding.published(EncounterCoded) == []


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"diagnoses": []}, {"C101", "C107"}),
        ({"lines": []}, {"C102"}),
        ({"diagnoses": [{"code": "nonsense", "code_type": "ABK"}]}, {"C103", "C107"}),
        ({"billing_provider": {"npi": "1234567890", "name": "Demo Clinic"}}, {"C110"}),
        ({"date_of_service": "2999-01-01"}, {"C108", "C109"}),
    ],
)
async def test_hard_stops_hold_an_encounter_with_every_finding(
    coding: ServiceUnderTest, changes: dict[str, Any], codes: set[str]
) -> None:
    view = await posted(coding, **changes)
    assert view["status"] == "held"
    assert {finding["code"] for finding in view["findings"]} == codes
    [held] = await coding.published(CodingHeld)
    assert {finding.code for finding in held.findings} == codes
    assert await coding.published(EncounterCoded) == []


async def test_an_external_id_is_taken_once(coding: ServiceUnderTest) -> None:
    await posted(coding)
    async with coding.client() as client:
        again = await client.post("/encounters", json=encounter())
    assert again.status_code == 409
    assert again.json()["error_name"] == "external_id_taken"
    assert len(await coding.published(EncounterCoded)) == 1


async def test_another_tenant_has_its_own_external_ids_and_sees_nothing(
    coding: ServiceUnderTest,
) -> None:
    view = await posted(coding)
    async with coding.client(tenant=coding.other_tenant) as other:
        assert (await other.get(f"/encounters/{view['encounter_id']}")).status_code == 404
        assert (await other.get("/encounters")).json()["items"] == []
        assert (await other.post("/encounters", json=encounter())).status_code == 201


async def test_the_same_outside_number_is_the_same_patient(coding: ServiceUnderTest) -> None:
    first = await posted(coding)
    second = await posted(coding, external_id="visit-2")
    assert first["patient_id"] == second["patient_id"]


async def test_validate_finds_the_same_and_keeps_nothing(coding: ServiceUnderTest) -> None:
    async with coding.client() as client:
        found = (await client.post("/encounters:validate", json=encounter(lines=[]))).json()
        assert (await client.get("/encounters")).json()["items"] == []
    assert not found["valid"]
    assert [finding["code"] for finding in found["findings"]] == ["C102"]


async def test_a_held_encounter_is_amended_and_leaves_as_revision_one(
    coding: ServiceUnderTest,
) -> None:
    held = await posted(coding, diagnoses=[])
    async with coding.client() as client:
        place = f"/encounters/{held['encounter_id']}/amendments"
        done = await client.post(place, json=amendment())
    assert done.status_code == 201, done.text
    assert (done.json()["status"], done.json()["revision"]) == ("coded", 1)
    [event] = await coding.received(EncounterCoded)
    assert event.open(coding.keyring).patient.last_name == NAME


async def test_an_amendment_of_a_coded_encounter_is_its_next_revision(
    coding: ServiceUnderTest,
) -> None:
    view = await posted(coding)
    async with coding.client() as client:
        place = f"/encounters/{view['encounter_id']}/amendments"
        stopped = await client.post(place, json=amendment(lines=[]))
        assert (stopped.status_code, stopped.json()["error_name"]) == (422, "hard_stops")
        done = await client.post(place, json=amendment(place_of_service_code="22"))
        history = await client.get(f"/encounters/{view['encounter_id']}/history")
    assert done.json()["revision"] == 2
    events = await coding.published(EncounterCoded)
    assert [(event.revision, event.place_of_service_code) for event in events] == [
        (1, "11"),
        (2, "22"),
    ]
    edges = [(edge["from_status"], edge["to_status"]) for edge in history.json()["items"]]
    assert edges == [(None, "coded"), ("coded", "coded")]


async def test_a_voided_encounter_is_final(coding: ServiceUnderTest) -> None:
    view = await posted(coding)
    place = f"/encounters/{view['encounter_id']}"
    async with coding.client() as client:
        voided = await client.post(f"{place}:void", json={"reason_code": "wrong_patient"})
        assert (voided.status_code, voided.json()["status"]) == (200, "voided")
        again = await client.post(f"{place}/amendments", json=amendment())
        assert (again.status_code, again.json()["error_name"]) == (409, "status_refuses")
    [event] = await coding.published(EncounterVoided)
    assert (event.revision, event.reason_code) == (1, "wrong_patient")


async def test_of_two_editors_one_is_told(coding: ServiceUnderTest) -> None:
    view = await posted(coding, finalize=False)
    place = f"/encounters/{view['encounter_id']}:finalize"
    async with coding.client() as client:
        seen = (await client.get(f"/encounters/{view['encounter_id']}")).headers["ETag"]
        assert (await client.post(place, headers={"If-Match": seen})).status_code == 200
        late = await client.post(place, headers={"If-Match": seen})
    assert (late.status_code, late.json()["error_name"]) == (412, "version_outdated")


async def test_a_batch_gives_each_item_its_own_result(coding: ServiceUnderTest) -> None:
    await posted(coding, external_id="taken")
    items = [
        encounter(external_id="new-1"),
        encounter(external_id="taken"),
        encounter(external_id="held", lines=[]),
        encounter(external_id="broken") | {"surprise": 1},
        encounter(external_id="new-1"),
    ]
    async with coding.client() as client:
        response = await client.post("/encounters:batch", json={"items": items})
    found = response.json()
    assert response.status_code == 200, response.text
    assert [item["result"] for item in found["items"]] == [
        "created",
        "conflict",
        "created",
        "invalid",
        "conflict",
    ]
    assert found["items"][2]["status"] == "held"
    assert found["items"][3]["pointers"] == [{"pointer": "/?", "reason": "is not a known field"}]
    assert found["items"][4]["encounter_id"] == found["items"][0]["encounter_id"]
    assert len(await coding.published(EncounterCoded)) == 2


async def test_pages_follow_each_other_without_gap_or_repeat(coding: ServiceUnderTest) -> None:
    made = [(await posted(coding, external_id=f"v{n}"))["encounter_id"] for n in range(5)]
    seen: list[str] = []
    async with coding.client() as client:
        page = (await client.get("/encounters", params={"limit": 2})).json()
        seen += [item["encounter_id"] for item in page["items"]]
        while page["next_cursor"]:
            params = {"limit": 2, "cursor": page["next_cursor"]}
            page = (await client.get("/encounters", params=params)).json()
            seen += [item["encounter_id"] for item in page["items"]]
    assert seen == made


async def test_persons_are_shown_to_those_who_may_see_them_and_the_reading_is_audited(
    coding: ServiceUnderTest,
) -> None:
    view = await posted(coding)
    place = f"/encounters/{view['encounter_id']}/persons"
    async with coding.client("Encounter.cruds") as client:
        assert (await client.get(place)).status_code == 403
    async with coding.client("Patient.r") as client:
        shown = await client.get(place)
    assert shown.json()["patient"]["last_name"] == NAME
    async with coding.transaction() as tx:
        audited = await tx.fetchval(
            "SELECT count(*) FROM audit_record WHERE action = 'read' AND resource_id = $1",
            view["encounter_id"],
        )
    assert audited == 1


async def test_no_table_holds_a_person_in_the_clear(coding: ServiceUnderTest, servers: Any) -> None:
    await posted(coding)
    database = coding.urls.owner.rsplit("/", 1)[1]
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


@pytest.mark.parametrize("verb", ["open", "batch", "finalize", "amend", "void"])
async def test_row_history_and_events_are_one_transaction(
    coding: ServiceUnderTest, verb: str
) -> None:
    """The xmin of the encounter's row is that of its newest history row and of its outbox rows."""
    if verb == "batch":
        async with coding.client() as client:
            body = {"items": [encounter()]}
            view = (await client.post("/encounters:batch", json=body)).json()["items"][0]
    else:
        view = await posted(coding, finalize=verb != "finalize")
    place = f"/encounters/{view['encounter_id']}"
    async with coding.client() as client:
        if verb == "finalize":
            await client.post(f"{place}:finalize")
        elif verb == "amend":
            await client.post(f"{place}/amendments", json=amendment())
        elif verb == "void":
            await client.post(f"{place}:void", json={"reason_code": "not_billable"})
    async with coding.transaction() as tx:
        row = await tx.fetchrow(
            "SELECT xmin::text, version FROM encounter WHERE encounter_id = $1",
            UUID(view["encounter_id"]),
        )
        assert row is not None
        history = await tx.fetchval(
            "SELECT xmin::text FROM encounter_history WHERE encounter_id = $1 AND version = $2",
            UUID(view["encounter_id"]),
            row["version"],
        )
        event = await tx.fetchval(
            "SELECT xmin::text FROM outbox WHERE aggregate_id = $1 ORDER BY id DESC LIMIT 1",
            view["encounter_id"],
        )
    assert row["xmin"] == history == event


async def test_an_institutional_encounter_leaves_as_its_own_event(coding: ServiceUnderTest) -> None:
    bill = {"type_of_bill": "131", "admission_type_code": "3", "patient_status_code": "01"}
    day = encounter()["date_of_service"]
    line = {"revenue_code": "0510", "procedure_code": "99213", "date_of_service": day}
    view = await posted(coding, institutional=bill, lines=[line], place_of_service_code="")
    assert (view["status"], view["findings"]) == ("coded", [])
    assert view["coding"]["institutional"]["type_of_bill"] == "131"
    assert await coding.published(EncounterCoded) == []
    [event] = await coding.published(InstitutionalEncounterCoded)
    assert [line.revenue_code for line in event.lines] == ["0510"]
