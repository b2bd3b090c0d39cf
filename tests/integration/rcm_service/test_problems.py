"""Every refusal is a problem document with a name, a place and a reason, and none of the input."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from rcm.ids import new_id
from rcm.testing.service import ServiceUnderTest
from rcm.testing.tokens import Issuer, principal

CANARY = "Maria Canary 123-45-6789"
NOTE = {"text": "fine"}
TYPE = {"Content-Type": "application/json"}
X12 = {"Content-Type": "application/EDI-X12; charset=us-ascii"}
DEEP = b'{"text":' + b"[" * 40 + b"]" * 40 + b"}"


REFUSALS: list[tuple[str, dict[str, Any], int, str, list[str]]] = [
    ("POST /notes", {"json": {}}, 422, "validation_failed", ["/text"]),
    ("POST /notes", {"json": {"text": 7}}, 422, "validation_failed", ["/text"]),
    ("POST /notes", {"json": NOTE | {"number": CANARY}}, 422, "validation_failed", ["/number"]),
    ("POST /notes", {"json": NOTE | {"kind": CANARY}}, 422, "validation_failed", ["/kind"]),
    ("POST /notes", {"json": NOTE | {"on": CANARY}}, 422, "validation_failed", ["/on"]),
    ("POST /notes", {"json": NOTE | {"lines": [{"a": 1}, {"b": CANARY}]}}, 422,
     "validation_failed", ["/lines/1/b"]),
    ("POST /notes", {"json": NOTE | {"lines": [{CANARY: CANARY}]}}, 422,
     "validation_failed", ["/lines/0/?"]),
    ("POST /notes", {"json": NOTE | {"sex": CANARY}}, 422, "validation_failed", ["/?"]),
    ("POST /notes", {"json": NOTE | {CANARY: 1}}, 422, "validation_failed", ["/?"]),
    ("POST /notes", {"json": NOTE | {"maria": 1}}, 422, "validation_failed", ["/?"]),
    ("POST /notes", {"json": NOTE | {"note_text": 1}}, 422, "validation_failed", ["/note_text"]),
    ("POST /notes", {"json": {"text": CANARY * 20}}, 422, "validation_failed", ["/text"]),
    ("POST /notes", {"json": CANARY}, 422, "validation_failed", [""]),
    ("POST /notes", {"json": {"text": f"{CANARY}\0"}}, 422, "nul_character", [""]),
    ("POST /notes", {"json": {"text": f"\\u0000 {CANARY}"}}, 201, "", []),
    ("POST /notes", {"content": b""}, 422, "validation_failed", [""]),
    ("POST /notes", {"content": CANARY, "headers": TYPE}, 400, "json_invalid", [""]),
    ("POST /notes", {"content": b'{"text": "\xff\xfe"}', "headers": TYPE}, 400, "json_invalid",
     [""]),
    ("POST /notes", {"content": b'{"text": "\\ud800"}', "headers": TYPE}, 400, "json_invalid",
     [""]),
    ("POST /notes", {"content": b'{"text": "x", "number": NaN}', "headers": TYPE}, 400,
     "json_invalid", [""]),
    ("POST /notes", {"content": DEEP, "headers": TYPE}, 400, "json_too_deep", [""]),
    ("POST /notes", {"content": b"[" * 100_000, "headers": TYPE}, 400, "json_invalid", [""]),
    ("POST /notes", {"content": b"a=1"}, 415, "unsupported_media_type", ["header.Content-Type"]),
    ("POST /notes", {"data": {"text": CANARY}}, 415, "unsupported_media_type",
     ["header.Content-Type"]),
    ("POST /notes", {"content": b"\x1f\x8b", "headers": TYPE | {"Content-Encoding": "gzip"}}, 415,
     "unsupported_content_encoding", ["header.Content-Encoding"]),
    ("GET /notes/Maria-Canary", {}, 422, "validation_failed", ["path.note_id"]),
    (f"GET /notes/{new_id()}", {}, 404, "note_not_found", []),
    ("GET /notes", {"params": {"limit": "0"}}, 422, "validation_failed", ["query.limit"]),
    ("GET /notes", {"params": {"limit": CANARY}}, 422, "validation_failed", ["query.limit"]),
    ("GET /notes", {"params": {"cursor": CANARY}}, 400, "cursor_invalid", ["query.cursor"]),
    ("GET /notes", {"params": {"prefix": "a\0b"}}, 400, "nul_character", []),
    ("GET /notes%00", {}, 400, "nul_character", []),
    ("GET /notes", {"params": {"prefix": "x" * 9000}}, 414, "query_too_long", []),
    ("GET /notes", {"headers": {"X-Long": "x" * 40_000}}, 431, "headers_too_large", []),
    ("GET /Maria-Canary", {}, 404, "not_found", []),
    ("GET /docs", {}, 404, "not_found", []),
    ("PATCH /notes", {"json": NOTE}, 405, "method_not_allowed", []),
    ("CANARY /notes", {"json": NOTE}, 405, "method_not_allowed", []),
    ("POST /files", {"content": b"x", "headers": {"Content-Length": "9" * 5000}}, 413,
     "body_too_large", []),
    ("POST /notes", {"content": b'{"text": "x"}', "headers": {"Content-Type": "image/svg+json"}},
     415, "unsupported_media_type", ["header.Content-Type"]),
    ("POST /files", {"json": [CANARY]}, 415, "unsupported_media_type", ["header.Content-Type"]),
    ("POST /files", {"content": b"ISA"}, 415, "unsupported_media_type", ["header.Content-Type"]),
    ("POST /files", {"content": b"ISA", "headers": {"Content-Type": "text/plain"}}, 415,
     "unsupported_media_type", ["header.Content-Type"]),
    ("GET /broken", {}, 500, "internal_error", []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("call", "options", "status", "name", "places"),
    REFUSALS,
    ids=lambda value: str(value)[:40] if not isinstance(value, dict) else None,
)
async def test_each_refusal_names_its_place_and_repeats_nothing(  # noqa: PLR0917 - a table's row
    notes: ServiceUnderTest,
    capsys: pytest.CaptureFixture[str],
    call: str,
    options: dict[str, Any],
    status: int,
    name: str,
    places: list[str],
) -> None:
    method, path = call.split(" ", 1)
    async with notes.client() as client:
        answer = await client.request(method, path, **options)
    assert answer.status_code == status, answer.text
    if status == 201:
        return
    document = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert document["error_name"] == name
    assert document["status"] == status
    assert document["type"] == f"urn:rcm:problem:{name}"
    assert document["request_id"] == answer.headers["x-request-id"]
    assert [found["pointer"] for found in document.get("pointers", [])] == places
    assert all(found["reason"] for found in document.get("pointers", []))
    told = answer.text + str(answer.headers) + "".join(capsys.readouterr())
    assert "Canary" not in told
    assert "6789" not in told


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    ("headers", "status", "name"),
    [
        (lambda _: {}, 401, "token_required"),
        (lambda _: {"Authorization": "Basic eDp5"}, 401, "token_required"),
        (lambda _: {"Authorization": "Bearer "}, 401, "token_required"),
        (lambda _: bearer("Maria.Canary.x"), 401, "token_malformed"),
        (lambda _: bearer("x" * 20_000), 401, "token_too_large"),
        (lambda n: bearer(n.issuer.mint(principal(n.tenant, "system/*.cruds"), lifetime_s=-99)),
         401, "token_expired"),
        (lambda n: bearer(Issuer().mint(principal(n.tenant, "system/*.cruds"))),
         401, "token_key_unknown"),
        (lambda n: bearer(n.token("Claim.cruds")), 403, "not_allowed"),
        (lambda n: bearer(n.token("Note.cud")), 403, "not_allowed"),
        (lambda n: bearer(n.token(tenant=new_id())), 403, "unknown_tenant"),
    ],
)  # fmt: skip
async def test_who_may_not_is_told_so(
    notes: ServiceUnderTest, headers: Any, status: int, name: str
) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(notes.app), base_url="http://x"
    ) as client:
        answer = await client.get("/notes", headers=headers(notes))
    assert (answer.status_code, answer.json()["error_name"]) == (status, name)
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)
    assert "Canary" not in answer.text


async def test_the_scheme_is_read_in_any_case(notes: ServiceUnderTest) -> None:
    async with notes.client() as client:
        answer = await client.get("/whoami", headers={"Authorization": f"bearer {notes.token()}"})
    assert answer.json() == {"subject": "test-system", "tenant": str(notes.tenant)}


async def test_an_invented_method_is_no_label_of_a_metric(notes: ServiceUnderTest) -> None:
    """Or each one would be a time series of its own, under a name that a caller chose."""
    async with notes.client() as client:
        await client.request("MARIA", "/notes")
        metrics = (await client.get("/metrics")).text
    assert 'method="_OTHER",route="/notes",status="405"' in metrics
    assert "MARIA" not in metrics


async def chunks(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * 100_000


@pytest.mark.parametrize("content", [b"x" * 5_000_001, chunks(60)], ids=["declared", "chunked"])
async def test_a_body_over_the_limit_is_refused(notes: ServiceUnderTest, content: Any) -> None:
    async with notes.client() as client:
        answer = await client.post("/files", content=content)
    assert (answer.status_code, answer.json()["error_name"]) == (413, "body_too_large")
    assert answer.headers["Connection"] == "close"


async def test_a_body_at_the_limit_is_taken(notes: ServiceUnderTest) -> None:
    async with notes.client() as client:
        answer = await client.post("/files", content=chunks(50), headers=X12)
    assert answer.json() == {"size_bytes": 5_000_000}


async def test_a_body_that_trickles_is_given_up(
    notes: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rcm.service.envelope._BODY_DEADLINE_S", 0.2)

    async def trickle() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x"
            await asyncio.sleep(0.05)

    async with notes.client() as client:
        answer = await client.post("/files", content=trickle())
    assert (answer.status_code, answer.json()["error_name"]) == (408, "body_too_slow")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("4bf92f3577b34da6a3ce929d0e0e4736", True),
        ("01a20983-ea1e-72e7-a451-53c42ad7873e", True),
        ("Maria-Canary-1980-01-02", False),
        ("123-45-6789", False),
        ("1980-01-02-123-45-6789", False),
        ("4111111111111111", False),
        ("x" * 200, False),
    ],
)
async def test_a_request_id_is_kept_only_when_it_can_be_logged(
    notes: ServiceUnderTest, given: str, *, kept: bool
) -> None:
    async with notes.client() as client:
        answer = await client.get("/whoami", headers={"X-Request-Id": given})
    assert (answer.headers["X-Request-Id"] == given) is kept


async def test_every_answer_has_the_safe_headers(notes: ServiceUnderTest) -> None:
    async with notes.client() as client:
        for path in ("/whoami", "/nope", "/broken", "/livez"):
            headers = (await client.get(path)).headers
            assert headers["Cache-Control"] == "no-store"
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert "default-src 'none'" in headers["Content-Security-Policy"]
            assert "server" not in headers
