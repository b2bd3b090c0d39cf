"""A note of 5 MB or of junk, at every door that takes one: the exact problem, not a word of it
repeated, and nothing of its visit kept."""

import base64
import json
import os
import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fhir_world import bundle, place

from coding_svc.app import service
from coding_svc.codebook import starter
from rcm.ids import new_id
from rcm.testing.service import ServiceUnderTest, service_under_test

WORD = "Canarybird"
DAY = "2026-03-02"
# A sentence a line: without breaks a text is refused for that.
SENTENCE = f"{WORD} has hypertension.\n"
LONG = SENTENCE * 15_000
NEARLY_FIVE_MB = SENTENCE * 160_000
"""What the limit of a body, 5 MB, still lets through."""
FIVE_MB = SENTENCE * 180_000
BYTES = random.Random(20_260_302).randbytes(20_000)  # noqa: S311 - the same junk every time
JUNK = WORD + BYTES.replace(b"\0", b"\1").decode("latin-1")
WITH_NUL = WORD + BYTES.decode("latin-1")
TABLES = (
    "patient", "encounter", "encounter_history", "chart", "chart_history", "document",
    "document_version", "suggestion", "outbox", "event_log",
)  # fmt: skip


@pytest.fixture(scope="module")
async def coding(servers: Any) -> AsyncIterator[ServiceUnderTest]:
    starter.put(Path(os.environ["RCM_CODES_DIR"]))
    async with service_under_test(service, servers.postgres_admin_url) as found:
        yield found


@pytest.fixture(scope="module")
async def chart_id(coding: ServiceUnderTest) -> str:
    """A visit that waits for its notes."""
    async with coding.client() as client:
        answer = await client.post("/charts", json=visit(None))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["encounter_id"])


def visit(text: str | None) -> dict[str, Any]:
    """A visit without codes, with such a note."""
    address = {
        "line_1": "1 Canary Street", "city": "Springfield", "state": "IL", "postal_code": "62701",
    }  # fmt: skip
    return {
        "external_id": str(new_id()),
        "patient": {
            "external_id": str(new_id()), "last_name": "Example", "first_name": "Ada",
            "birth_date": "1980-05-17", "sex": "F", "address": address,
        },
        "date_of_service": DAY,
        "place_of_service_code": "11",
        "billing_provider": {"npi": "1234567893", "name": "Demo Clinic"},
        "documents": [] if text is None else [{"external_id": "d", "text": text}],
    }  # fmt: skip


def posted(path: str, body: object, kind: str = "application/json") -> dict[str, Any]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return {"url": path, "content": content, "headers": {"Content-Type": kind}}


def in_a_bundle(text: str) -> dict[str, Any]:
    data = base64.b64encode(text.encode()).decode()
    attachment = {"contentType": "text/plain", "data": data}
    found = bundle(note={"content": [{"attachment": attachment}]})
    return posted("/fhir", found, "application/fhir+json")


Door = Callable[[str, str], dict[str, Any]]
DOORS: dict[str, Door] = {
    "chart": lambda text, _: posted("/charts", visit(text)),
    "document": lambda text, chart_id: posted(
        f"/charts/{chart_id}/documents", {"external_id": "d", "text": text}
    ),
    "suggest": lambda text, _: posted("/notes:suggest", {"text": text, "date_of_service": DAY}),
    "level": lambda text, _: posted(
        "/visits:level", {"family": "office_established", "text": text, "date_of_service": DAY}
    ),
    "bundle": lambda text, _: in_a_bundle(text),
    "file of lines": lambda text, _: posted("/charts:import", visit(text), "application/x-ndjson"),
}
PLACES = {
    "chart": "/documents/0/text",
    "document": "/text",
    "suggest": "/text",
    "level": "/text",
    "bundle": f"{place('note')}/content/0/attachment/data",
    "file of lines": "/documents/0/text",
}
TOO_LONG = "has {} characters; at most 400000 are read as one note"
NAMES = {"chart": "documents_unreadable", "bundle": "bundle_refused"}


async def counted(coding: ServiceUnderTest) -> dict[str, int]:
    async with coding.transaction() as tx:
        return {name: await tx.fetchval(f"SELECT count(*) FROM {name}") for name in TABLES}


async def refused(coding: ServiceUnderTest, request: dict[str, Any]) -> httpx.Response:
    """The answer to what leaves no trace and is not repeated."""
    before = await counted(coding)
    async with coding.client() as client:
        answer = await client.post(**request)
    assert await counted(coding) == before
    assert WORD not in answer.text
    return answer


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("text", "error_name", "reason"),
    [
        (LONG, "note_too_long", TOO_LONG.format(len(LONG))),
        (JUNK, "note_not_text", "holds binary data: the first control character is at"),
    ],
    ids=["long", "junk"],
)
async def test_what_is_no_note_has_its_place_and_reason(
    coding: ServiceUnderTest, chart_id: str, door: str, *, text: str, error_name: str, reason: str
) -> None:
    answer = await refused(coding, DOORS[door](text, chart_id))
    found = answer.json()
    if door == "file of lines":
        # A bad line does not stop the others: the answer is about lines.
        assert (answer.status_code, found["received"], found["invalid"]) == (200, 0, 1)
        [found] = found["items"]
    else:
        assert answer.headers["content-type"] == "application/problem+json"
        assert (answer.status_code, found["error_name"]) == (422, NAMES.get(door, error_name))
    [pointer] = found["pointers"]
    assert pointer["pointer"] == PLACES[door]
    assert pointer["reason"].startswith(reason)


@pytest.mark.parametrize("door", DOORS)
async def test_a_note_of_five_megabytes_goes_no_further_than_the_door(
    coding: ServiceUnderTest, chart_id: str, door: str
) -> None:
    answer = await refused(coding, DOORS[door](FIVE_MB, chart_id))
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["error_name"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    "door", [door for door in DOORS if door not in {"bundle", "file of lines"}]
)
async def test_a_nul_character_is_told_by_its_column(
    coding: ServiceUnderTest, chart_id: str, door: str
) -> None:
    request = DOORS[door](WITH_NUL, chart_id)
    answer = await refused(coding, request)
    column = request["content"].index(b"\\u0000") + 1
    assert (answer.status_code, answer.json()["error_name"]) == (422, "nul_character")
    [pointer] = answer.json()["pointers"]
    assert pointer == {"pointer": "", "reason": f"holds a NUL character (line 1, column {column})"}


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/charts", "application/json"),
        ("/notes:suggest", "application/json"),
        ("/fhir", "application/fhir+json"),
    ],
)
@pytest.mark.parametrize("content", [BYTES, BYTES * 240], ids=["20 kB", "4.8 MB"])
async def test_bytes_that_are_no_json_are_told_so(
    coding: ServiceUnderTest, path: str, kind: str, content: bytes
) -> None:
    answer = await refused(coding, posted(path, content, kind))
    assert (answer.status_code, answer.json()["error_name"]) == (400, "json_invalid")
    assert answer.json()["pointers"][0]["reason"].startswith("is not JSON (line 1, column ")


async def test_a_good_line_beside_a_line_of_junk_is_kept(coding: ServiceUnderTest) -> None:
    """Control: what counts rows sees those that are made."""
    before = await counted(coding)
    good = json.dumps(visit("ASSESSMENT\n- Hypertension")).encode()
    lines = b"\n".join([json.dumps(visit(JUNK)).encode(), good, BYTES.replace(b"\n", b"")])
    async with coding.client() as client:
        answer = await client.post(**posted("/charts:import", lines, "application/x-ndjson"))
    results = [each["result"] for each in answer.json()["items"]]
    after = await counted(coding)
    assert results == ["invalid", "received", "invalid"]
    assert {name: after[name] - before[name] for name in ("patient", "chart", "document")} == {
        "patient": 1, "chart": 1, "document": 1,
    }  # fmt: skip
