"""A request is one transaction: committed before the response, or not at all."""

import asyncio
from typing import Annotated, Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import pytest
from fastapi import Depends, FastAPI

from rcm.db import Database
from rcm.ids import new_id
from rcm.service import health
from rcm.testing.databases import connected
from rcm.testing.oracle import one_transaction
from rcm.testing.service import ServiceUnderTest


async def seen_when_the_response_begins(app: Any, notes: ServiceUnderTest, text: str) -> int:
    """How many rows another connection sees at the first byte of the response."""
    seen: list[int] = []

    async def watching(scope: Any, receive: Any, send: Any) -> None:
        async def watch(message: Any) -> None:
            if message["type"] == "http.response.start":
                async with notes.transaction() as tx:
                    seen.append(
                        await tx.fetchval("SELECT count(*) FROM note WHERE body = $1", text)
                    )
            await send(message)

        await app(scope, receive, watch)

    headers = {"Authorization": f"Bearer {notes.token()}", "Idempotency-Key": str(new_id())}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(watching), base_url="http://x", headers=headers
    ) as client:
        assert (await client.post("/notes", json={"text": text})).is_success
    return seen[0]


async def test_the_commit_comes_before_the_response(notes: ServiceUnderTest) -> None:
    assert await seen_when_the_response_begins(notes.app, notes, "early bird") == 1


async def test_a_dependency_with_yield_would_commit_too_late(notes: ServiceUnderTest) -> None:
    """The control: the usual way to hold a transaction shows why the route does it instead."""
    app = FastAPI(telemetry={"tracing": False, "metrics": False, "logs": False})

    async def late() -> Any:
        async with notes.transaction() as tx:
            yield tx

    @app.post("/notes")
    async def post_note(body: dict[str, str], tx: Annotated[Any, Depends(late)]) -> None:
        await tx.execute(
            "INSERT INTO note (tenant_id, note_id, body) VALUES ($1, $2, $3)",
            tx.tenant_id,
            new_id(),
            body["text"],
        )

    assert await seen_when_the_response_begins(app, notes, "late bird") == 0


@pytest.mark.parametrize(
    ("sql", "status", "name"),
    [
        ("SELECT 1 / 0", 422, "value_not_storable"),
        ("SELECT 'x'::int", 422, "value_not_storable"),
        ("SELECT * FROM nowhere", 500, "internal_error"),
        (
            "INSERT INTO note SELECT tenant_id, note_id, body FROM note LIMIT 1",
            409,
            "already_exists",
        ),
        ("DO $$ BEGIN RAISE 'Maria Canary'; END $$", 500, "internal_error"),
        ("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$", 503, "database_busy"),
        ("DO $$ BEGIN RAISE SQLSTATE '53100'; END $$", 503, "database_busy"),
        ("DO $$ BEGIN RAISE SQLSTATE '57014'; END $$", 503, "database_busy"),
        ("SELECT pg_terminate_backend(pg_backend_pid())", 503, "database_unavailable"),
    ],
)
async def test_a_refused_statement_is_a_problem_without_values(
    notes: ServiceUnderTest, sql: str, status: int, name: str
) -> None:
    async with notes.client() as client:
        await client.post("/notes", json={"text": "there is one"})
        answer = await client.post("/sql", json={"sql": sql})
    assert (answer.status_code, answer.json()["error_name"]) == (status, name)
    assert "Canary" not in answer.text
    assert ("Retry-After" in answer.headers) == (status == 503)


async def test_a_serialization_failure_is_tried_again(notes: ServiceUnderTest) -> None:
    """The statement fails twice, then goes through: the client sees only the success."""
    async with connected(notes.urls.owner) as owner:
        await owner.execute(
            "CREATE SEQUENCE IF NOT EXISTS tries; GRANT ALL ON SEQUENCE tries TO public"
        )
    sql = """
        DO $$ BEGIN
          IF nextval('tries') % 3 <> 0 THEN RAISE SQLSTATE '40001'; END IF;
        END $$
    """
    async with notes.client() as client:
        answer = await client.post("/sql", json={"sql": sql})
        tries = await client.post("/sql", json={"sql": "SELECT last_value FROM tries"})
    assert (answer.status_code, tries.json()) == (200, {"found": "3"})


async def test_what_an_endpoint_raises_rolls_back(notes: ServiceUnderTest) -> None:
    async with notes.client() as client:
        answer = await client.post("/notes", json={"text": "forbidden"})
    assert answer.status_code == 500
    async with notes.transaction() as tx:
        rows = await tx.fetch("SELECT 1 FROM note WHERE body = 'forbidden'")
    assert rows == []


async def test_another_tenants_rows_are_not_there(notes: ServiceUnderTest) -> None:
    async with notes.client() as client, notes.client(tenant=notes.other_tenant) as other:
        made = await client.post("/notes", json={"text": "walled"})
        answer = await other.get(made.headers["location"])
        listed = await other.get("/notes", params={"prefix": "walled"})
    assert (answer.status_code, answer.json()["error_name"]) == (404, "note_not_found")
    assert listed.json()["items"] == []


async def test_writes_and_chosen_reads_are_audited(notes: ServiceUnderTest) -> None:
    async with notes.client(subject="biller-7") as client:
        made = await client.post("/notes", json={"text": "audited"})
        note_id = made.json()["note_id"]
        await client.get(f"/notes/{note_id}")
        await client.put(f"/notes/{note_id}", json={"text": "audited"}, headers={"If-Match": '"1"'})
        await client.delete(f"/notes/{note_id}")
        await client.get("/notes")
        await client.get("/whoami")
    async with notes.transaction() as tx:
        rows = await tx.fetch(
            "SELECT action, resource_id, details FROM audit_record WHERE actor = 'biller-7' "
            "ORDER BY recorded_at"
        )
    assert [row["action"] for row in rows] == ["create", "read", "update", "delete"]
    assert {row["resource_id"] for row in rows} == {note_id}
    assert rows[0]["details"]["request_id"] == made.headers["x-request-id"]


async def test_a_refused_write_leaves_no_audit_record(notes: ServiceUnderTest) -> None:
    async with notes.client(subject="biller-8") as client:
        await client.post("/notes", json={"text": "forbidden"})
    async with notes.transaction() as tx:
        rows = await tx.fetch("SELECT 1 FROM audit_record WHERE actor = 'biller-8'")
    assert rows == []


async def test_a_write_is_one_transaction_by_the_databases_own_word(
    notes: ServiceUnderTest,
) -> None:
    async with notes.client() as client, one_transaction(notes) as written:
        assert (await client.post("/notes", json={"text": "whole"})).is_success
    assert written.tables == {"note", "audit_record", "audit_unsealed", "idempotency_key"}


async def test_two_transactions_are_seen(notes: ServiceUnderTest) -> None:
    """The control of the oracle."""

    async def torn() -> None:
        async with notes.client() as client, one_transaction(notes):
            for _ in range(2):
                await client.post("/notes", json={"text": "torn"})

    with pytest.raises(AssertionError, match="several transactions"):
        await torn()


async def test_a_flood_of_probes_takes_one_connection(notes: ServiceUnderTest) -> None:
    """Or probes would take those that requests need."""
    database = Database(notes.urls.app, application_name="flooded", pool_size=8)
    probes = health.Health("api", database, notes.service.migrations)
    answers = await asyncio.gather(*(probes.ready() for _ in range(50)))
    assert all(good for good, _ in answers)
    async with connected(notes.admin_url) as superuser:
        opened = await superuser.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'flooded'"
        )
    await database.close()
    assert opened == 1


async def test_a_role_above_the_wall_is_never_ready(notes: ServiceUnderTest) -> None:
    """Row-level security does not hold a superuser, so no request may come to it."""
    address = urlsplit(notes.admin_url)._replace(path=urlsplit(notes.urls.app).path)
    database = Database(urlunsplit(address), application_name="superuser")
    good, found = await health.Health("api", database, notes.service.migrations).ready()
    await database.close()
    assert (good, found["database_writable"], found["tenants_walled"]) == (False, True, False)
