"""One key, one effect: the first response is given again, whatever happens on the way."""

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest

from rcm import idempotency
from rcm.db import Tx
from rcm.ids import new_id
from rcm.testing.service import ServiceUnderTest


async def count(notes: ServiceUnderTest, text: str, tenant: Any = None) -> int:
    async with notes.transaction(tenant or notes.tenant) as tx:
        return int(await tx.fetchval("SELECT count(*) FROM note WHERE body = $1", text))


async def test_the_first_response_is_given_again(notes: ServiceUnderTest) -> None:
    key = {"Idempotency-Key": str(new_id())}
    async with notes.client() as client:
        first = await client.post("/notes", json={"text": "once", "number": 1}, headers=key)
        again = await client.post(
            "/notes", content=b'{ "number":1,  "text":"once" }', headers=_json(key)
        )
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    for name in ("content-type", "location", "etag"):
        assert again.headers[name] == first.headers[name]
    assert await count(notes, "once") == 1


def _json(headers: dict[str, str]) -> dict[str, str]:
    return headers | {"Content-Type": "application/json"}


async def twenty_at_once(notes: ServiceUnderTest, text: str) -> list[httpx.Response]:
    key = {"Idempotency-Key": f'"{new_id()}"'}
    async with notes.client() as client:
        return await asyncio.gather(
            *(client.post("/notes", json={"text": text}, headers=key) for _ in range(20))
        )


async def test_twenty_at_once_have_one_effect(notes: ServiceUnderTest) -> None:
    answers = await twenty_at_once(notes, "parallel")
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {201, 409}
    assert statuses[201] >= 1
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["error_name"] == "idempotency_in_flight"
            assert answer.headers["Retry-After"] == "1"
    assert await count(notes, "parallel") == 1


async def test_without_the_mechanism_twenty_have_twenty_effects(
    notes: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above."""

    async def forgetful(*_: object, **__: object) -> None:
        return None

    monkeypatch.setattr(idempotency, "begin", forgetful)
    monkeypatch.setattr(idempotency, "finish", forgetful)
    await twenty_at_once(notes, "control")
    assert await count(notes, "control") == 20


async def test_the_primary_key_holds_where_the_lock_does_not(
    notes: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two servers that both believe to be first: one effect, the other one told to come again."""
    monkeypatch.setattr(
        idempotency.Request, "lock_id", lambda *_: int.from_bytes(new_id().bytes[8:], signed=True)
    )
    answers = await twenty_at_once(notes, "two servers")
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert await count(notes, "two servers") == 1


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/notes", {"text": "another"}),
        ("POST", "/notes?x=1", {"text": "reused"}),
        ("POST", "/sql", {"sql": "SELECT 1"}),
    ],
    ids=["body", "query", "path"],
)
async def test_a_key_belongs_to_one_request(
    notes: ServiceUnderTest, method: str, path: str, body: dict[str, str]
) -> None:
    key = {"Idempotency-Key": str(new_id())}
    async with notes.client() as client:
        assert (await client.post("/notes", json={"text": "reused"}, headers=key)).is_success
        answer = await client.request(method, path, json=body, headers=key)
    assert (answer.status_code, answer.json()["error_name"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize("other", [{"subject": "other-system"}, {"tenant": "other"}], ids=str)
async def test_a_key_is_the_callers_own(notes: ServiceUnderTest, other: dict[str, Any]) -> None:
    """The same key of another subject or tenant is another key, and shows nothing of the first."""
    key, text = {"Idempotency-Key": "fixed-key-0001"}, f"own {sorted(other)}"
    given = {"tenant": notes.other_tenant} if "tenant" in other else other
    async with notes.client() as mine, notes.client(**given) as theirs:
        first = await mine.post(
            "/notes", json={"text": text}, headers=key | {"Idempotency-Key": text.replace(" ", "-")}
        )
        second = await theirs.post(
            "/notes", json={"text": text}, headers=key | {"Idempotency-Key": text.replace(" ", "-")}
        )
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["note_id"] != second.json()["note_id"]


async def test_what_was_refused_is_not_remembered(notes: ServiceUnderTest) -> None:
    key = {"Idempotency-Key": str(new_id())}
    async with notes.client() as client:
        refused = await client.post("/notes", json={"text": "x", "number": 99}, headers=key)
        corrected = await client.post("/notes", json={"text": "x", "number": 9}, headers=key)
    assert (refused.status_code, corrected.status_code) == (422, 201)


async def test_a_crash_before_the_commit_leaves_nothing(
    notes: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The backend dies after effect and stored response, before COMMIT: 503, and the repetition
    under the same key does the work once."""
    finish = idempotency.finish

    async def finish_and_die(tx: Tx, *arguments: Any, **options: Any) -> None:
        await finish(tx, *arguments, **options)
        await tx.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    key = {"Idempotency-Key": str(new_id())}
    async with notes.client() as client:
        with monkeypatch.context() as patch:
            patch.setattr(idempotency, "finish", finish_and_die)
            crashed = await client.post("/notes", json={"text": "crash"}, headers=key)
        assert crashed.status_code == 503
        assert int(crashed.headers["Retry-After"]) >= 1
        assert await count(notes, "crash") == 0
        again = await client.post("/notes", json={"text": "crash"}, headers=key)
    assert again.status_code == 201
    assert "Idempotency-Replayed" not in again.headers
    assert await count(notes, "crash") == 1


async def test_a_response_lost_after_the_commit_is_given_again(notes: ServiceUnderTest) -> None:
    """The connection breaks as the response begins; the repetition gets the committed one."""
    key = {"Idempotency-Key": str(new_id())}

    async def cut(scope: Any, receive: Any, send: Any) -> None:
        async def broken(message: Any) -> None:
            raise ConnectionResetError

        await notes.app(scope, receive, broken)

    async with notes.client() as client:
        headers = dict(client.headers) | key
        transport = httpx.ASGITransport(cut)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as cutting:
            with pytest.raises(Exception):  # noqa: B017, PT011 - any form of a lost connection
                await cutting.post("/notes", json={"text": "lost"}, headers=headers)
        assert await count(notes, "lost") == 1
        again = await client.post("/notes", json={"text": "lost"}, headers=key)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert await count(notes, "lost") == 1


async def test_stored_responses_are_sealed(notes: ServiceUnderTest) -> None:
    async with notes.client() as client:
        await client.post("/notes", json={"text": "Maria Canary"})
    async with notes.transaction() as tx:
        rows = await tx.fetch("SELECT k::text AS shown, response_body FROM idempotency_key k")
    assert rows
    assert not any("Canary" in row["shown"] or b"Canary" in row["response_body"] for row in rows)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("", "idempotency_key_invalid"),
        ("two words", "idempotency_key_invalid"),
        ("k" * 256, "idempotency_key_invalid"),
    ],
)
async def test_a_malformed_key_is_refused(notes: ServiceUnderTest, key: str, name: str) -> None:
    async with notes.client() as client:
        answer = await client.post("/notes", json={"text": "x"}, headers={"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["error_name"]) == (400, name)


async def test_a_write_without_a_key_is_refused(notes: ServiceUnderTest) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(notes.app), base_url="http://x"
    ) as client:
        answer = await client.post(
            "/notes", json={"text": "x"}, headers={"Authorization": f"Bearer {notes.token()}"}
        )
    assert (answer.status_code, answer.json()["error_name"]) == (400, "idempotency_key_required")
    assert answer.json()["pointers"] == [
        {"pointer": "header.Idempotency-Key", "reason": "is required"}
    ]
