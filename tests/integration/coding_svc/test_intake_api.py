"""Visits without codes arrive in three forms; notes lie sealed and come in versions."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fhir_world import bundle, place

from coding_svc.app import service
from rcm.contracts.coding import CodingHeld, EncounterCoded
from rcm.testing.databases import connected
from rcm.testing.service import ServiceUnderTest, service_under_test

NOTE = "ASSESSMENT\n\nCanarybird has essential hypertension, well controlled.\n"
BYTEA = re.compile(r"\\x((?:[0-9a-f]{2})+)")
NDJSON = {"Content-Type": "application/x-ndjson"}


@pytest.fixture(scope="module")
async def coding(servers: Any) -> AsyncIterator[ServiceUnderTest]:
    async with service_under_test(service, servers.postgres_admin_url) as found:
        yield found


def chart(number: str, **changes: object) -> dict[str, Any]:
    """A visit without codes, with one note."""
    address = {"line_1": "1 Canary Street", "city": "Springfield", "state": "IL",
               "postal_code": "62701"}  # fmt: skip
    return {
        "external_id": number,
        "patient": {
            "external_id": f"mrn-{number}", "last_name": "Canarybird", "first_name": "Ada",
            "birth_date": "1980-05-17", "sex": "F", "address": address,
        },
        "date_of_service": "2026-03-02",
        "place_of_service_code": "11",
        "billing_provider": {"npi": "1234567893", "name": "Demo Clinic"},
        "documents": [{"external_id": "note-1", "text": NOTE}],
    } | changes  # fmt: skip


async def received(coding: ServiceUnderTest, number: str, **changes: object) -> dict[str, Any]:
    async with coding.client() as client:
        answer = await client.post("/charts", json=chart(number, **changes))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_visit_without_codes_waits_on_the_desk(coding: ServiceUnderTest) -> None:
    view = await received(coding, "waits")
    async with coding.client() as client:
        encounter = (await client.get(f"/encounters/{view['encounter_id']}")).json()
        page = (await client.get("/charts")).json()
    assert (view["stage"], view["version"], view["is_read"]) == ("to_code", 1, False)
    assert (encounter["status"], encounter["coding"]["diagnoses"]) == ("draft", [])
    assert view["encounter_id"] in {each["encounter_id"] for each in page["items"]}
    assert await coding.published(EncounterCoded) == []
    assert await coding.published(CodingHeld) == []


async def test_a_worklist_shows_first_what_is_worth_most_and_waited_longest(
    coding: ServiceUnderTest,
) -> None:
    visits = [
        ("newer", "2026-03-20", 0),
        ("older", "2026-03-01", 0),
        ("dear", "2026-03-20", 30_000),
    ]
    for name, day, dollars in visits:
        await received(
            coding, name, date_of_service=day, kind="ranked", expected_cents=dollars * 100
        )
    async with coding.client() as client:
        first = (await client.get("/charts?kind=ranked&limit=2")).json()
        cursor = first["next_cursor"]
        rest = (await client.get(f"/charts?kind=ranked&limit=2&cursor={cursor}")).json()
    shown = [(each["last_day"], each["expected_cents"]) for each in first["items"] + rest["items"]]
    assert shown == [("2026-03-20", 3_000_000), ("2026-03-01", 0), ("2026-03-20", 0)]


async def test_what_a_coder_has_in_hand_leaves_by_no_other_door(coding: ServiceUnderTest) -> None:
    view = await received(coding, "in-hand")
    path = f"/encounters/{view['encounter_id']}"
    async with coding.client() as client:
        finalized = await client.post(f"{path}:finalize")
        voided = await client.post(f"{path}:void", json={"reason_code": "entered_twice"})
        after = (await client.get(f"/charts/{view['encounter_id']}")).json()
    assert (finalized.status_code, finalized.json()["error_name"]) == (409, "on_the_desk")
    assert (voided.status_code, after["stage"]) == (200, "voided")


async def test_a_document_comes_in_versions(coding: ServiceUnderTest) -> None:
    view = await received(coding, "versions", documents=[])
    path = f"/charts/{view['encounter_id']}/documents"
    async with coding.client() as client:
        sent = [
            await client.post(path, json={"external_id": "d", "text": text})
            for text in (NOTE, NOTE, NOTE + "Addendum: type 2 diabetes.\n")
        ]
        document_id = sent[0].json()["document_id"]
        detail = (await client.get(f"/documents/{document_id}")).json()
        first = (await client.get(f"/documents/{document_id}/text?version=1")).json()
        newest = (await client.get(f"/documents/{document_id}/text")).json()
        none = await client.get(f"/documents/{document_id}/text?version=9")
        history = (await client.get(f"/charts/{view['encounter_id']}/history")).json()
    assert [(each.status_code, each.json()["version"]) for each in sent] == [
        (201, 1), (200, 1), (201, 2),
    ]  # fmt: skip
    assert [each["version"] for each in detail["versions"]] == [1, 2]
    assert (first["text"], newest["text"] == NOTE) == (NOTE, False)
    assert none.status_code == 404
    assert [each["action"] for each in history["items"]] == ["received", "documented", "documented"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("", "note_empty"),
        ("\x01\x02\x03\x04 junk", "note_not_text"),
        ("word " * 90_000, "note_too_long"),
        ("1234 5678", "note_without_words"),
    ],
    ids=["empty", "binary", "long", "numbers"],
)
async def test_what_is_no_note_is_refused(coding: ServiceUnderTest, text: str, name: str) -> None:
    view = await received(coding, f"bad-{name}", documents=[])
    async with coding.client() as client:
        answer = await client.post(
            f"/charts/{view['encounter_id']}/documents", json={"external_id": "d", "text": text}
        )
        whole = await client.post(
            "/charts",
            json=chart(f"whole-{name}", documents=[{"external_id": "d", "text": text}]),
        )
    assert (answer.status_code, answer.json()["error_name"]) == (422, name)
    assert whole.json()["pointers"][0]["pointer"] == "/documents/0/text"


async def test_a_file_of_lines_keeps_the_good_ones(coding: ServiceUnderTest) -> None:
    lines = [
        json.dumps(chart("line-1")),
        '{"Canarybird": ',
        json.dumps(chart("line-2", date_of_service="someday")),
        json.dumps(chart("line-1")),
        json.dumps(chart("line-3", documents=[{"external_id": "d", "text": "\x01\x02\x03"}])),
    ]
    async with coding.client() as client:
        answer = await client.post("/charts:import", content="\n".join(lines), headers=NDJSON)
    body = answer.json()
    assert answer.status_code == 200, answer.text
    assert [each["result"] for each in body["items"]] == [
        "received", "invalid", "invalid", "conflict", "invalid",
    ]  # fmt: skip
    assert body["items"][2]["pointers"][0]["pointer"] == "/date_of_service"
    assert body["items"][4]["pointers"][0]["pointer"] == "/documents/0/text"
    assert body["items"][3]["encounter_id"] == body["items"][0]["encounter_id"]
    assert "Canarybird" not in answer.text


async def test_a_bundle_is_received_whole_or_not_at_all(coding: ServiceUnderTest) -> None:
    fhir = {"Content-Type": "application/fhir+json"}
    broken = bundle(encounter={"subject": {"reference": "Patient/nobody"}})
    async with coding.client() as client:
        refused = await client.post("/fhir", content=json.dumps(broken), headers=fhir)
        answer = await client.post("/fhir", content=json.dumps(bundle()), headers=fhir)
        again = await client.post("/fhir", content=json.dumps(bundle()), headers=fhir)
    assert (refused.status_code, refused.json()["error_name"]) == (422, "bundle_refused")
    assert refused.json()["pointers"][0]["pointer"] == place("encounter") + "/subject/reference"
    [item] = answer.json()["items"]
    assert (item["result"], len(item["document_ids"])) == ("received", 1)
    assert [each["result"] for each in again.json()["items"]] == ["conflict"]
    async with coding.client() as client:
        made = (await client.get(f"/charts/{item['encounter_id']}")).json()
    assert (made["kind"], made["expected_cents"]) == ("office", 12_550)
    assert [line["procedure_code"] for line in made["lines"]] == ["99213", "36415"]


@pytest.mark.parametrize(
    ("path", "sent", "accepted"),
    [
        ("/charts", "application/x-ndjson", "application/json"),
        ("/charts:import", "application/json", "application/x-ndjson"),
        ("/charts:import", "text/plain", "application/x-ndjson"),
        ("/fhir", "application/x-ndjson", "application/fhir+json, application/json"),
    ],
)
async def test_a_body_of_another_kind_is_told_what_is_taken(
    coding: ServiceUnderTest, path: str, sent: str, accepted: str
) -> None:
    """A visit in a good line, so that only its name is wrong."""
    content = json.dumps(chart("of-another-kind"))
    async with coding.client() as client:
        answer = await client.post(path, content=content, headers={"Content-Type": sent})
    told = answer.json()
    assert (answer.status_code, told["error_name"]) == (415, "unsupported_media_type")
    assert [each["pointer"] for each in told["pointers"]] == ["header.Content-Type"]
    assert answer.headers["Accept"] == accepted


async def test_no_note_is_readable_in_the_database(coding: ServiceUnderTest) -> None:
    await received(coding, "sealed")
    async with connected(coding.admin_url, coding.urls.app.rsplit("/", 1)[1]) as database:
        rows = await database.fetch("SELECT v::text AS row FROM document_version v")
        clear = await database.fetchval("SELECT $1::bytea::text", b"Canarybird")
    assert rows
    found = [bytes.fromhex(each) for row in rows for each in BYTEA.findall(row["row"])]
    assert not any(b"Canarybird" in each for each in found)
    # Control: the search finds what is not sealed.
    assert b"Canarybird" in bytes.fromhex(BYTEA.findall(clear)[0])
