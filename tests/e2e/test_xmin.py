"""A write is one transaction: its rows, its events, its audit record and its stored response carry
the same `xmin`, on every write endpoint that the OpenAPI documents name.

Relays and jobs stand still meanwhile, so that all lies there as it was written.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import uuid4

import asyncpg
import pytest
from e2e.world import WRITES, Operation, World, operations
from e2e.writes import Request, Things, Write, writes

OPERATIONS = [found for found in operations() if found.method in WRITES]
BOOKKEEPING = frozenset({"idempotency_key"})
AUDIT = frozenset({"audit_record"})
OUTBOX = frozenset({"outbox", "aggregate_sequence"})


@dataclass(frozen=True)
class Left:
    """What one transaction left in the database: tables with rows of it, and its events."""

    tables: frozenset[str]
    events: tuple[str, ...]


@pytest.fixture(scope="module")
async def prepared(world: World, things: Things) -> AsyncIterator[dict[str, Request]]:
    """A request for every write, and relays and jobs that stand still."""
    found = list(writes().values())
    requests = await asyncio.gather(*(write.prepare(world, things) for write in found))
    async with world.relays_paused(), world.jobs_paused():
        yield {write.operation: made for write, made in zip(found, requests, strict=True)}


def test_every_write_endpoint_has_its_case() -> None:
    assert {str(found) for found in OPERATIONS} == set(writes())


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
async def test_rows_and_events_of_a_write_share_their_transaction(
    world: World, prepared: dict[str, Request], operation: Operation
) -> None:
    left = await _written(world, operation, prepared[str(operation)])
    assert left == _wanted(writes()[str(operation)])


async def _written(world: World, operation: Operation, prepared: Request) -> Left:
    request, key = dict(prepared), uuid4().hex
    path = operation.at(**request.pop("at", {}))
    request["headers"] = {"Idempotency-Key": key} | request.get("headers", {})
    answer = await world.call(operation.service, operation.method, path, **request)
    assert answer.is_success, answer.text
    async with world.superuser(operation.service) as database:
        return await _left(database, key)


async def test_the_oracle_sees_an_event_of_another_transaction(
    world: World, prepared: dict[str, Request]
) -> None:
    """Control: an outbox row that was written by itself is not the write's."""
    operation, key = "coding-svc POST /encounters", uuid4().hex
    body = {**prepared[operation]["json"], "external_id": f"e-{key}"}
    answer = await world.call(
        "coding-svc", "POST", "/encounters", json=body, headers={"Idempotency-Key": key}
    )
    encounter_id = answer.raise_for_status().json()["encounter_id"]
    async with world.superuser("coding-svc") as database:
        assert await _left(database, key) == _wanted(writes()[operation])
        await database.execute(
            "UPDATE outbox SET headers = headers WHERE aggregate_id = $1", encounter_id
        )
        assert (await _left(database, key)).events == ()


def _wanted(write: Write) -> Left:
    tables = BOOKKEEPING | write.tables
    tables |= AUDIT if write.audited else frozenset()
    tables |= OUTBOX if write.events else frozenset()
    return Left(tables, write.events)


async def _left(database: asyncpg.Connection, key: str) -> Left:
    """Everything that the transaction wrote which stored the response under this key."""
    xid = await database.fetchval("SELECT xmin::text FROM idempotency_key WHERE key = $1", key)
    assert xid is not None, "no response was stored"
    tables = await database.fetch(
        """SELECT oid::regclass::text AS name FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
              AND NOT relispartition AND relname <> 'alembic_version'
              -- The sealer's queue: it may have been worked off already.
              AND relname <> 'audit_unsealed'"""
    )
    found = [
        table["name"]
        for table in tables
        if await database.fetchval(
            f"SELECT true FROM {table['name']} WHERE xmin::text = $1 LIMIT 1", xid
        )
    ]
    rows = await database.fetch("SELECT ce_type FROM outbox WHERE xmin::text = $1 ORDER BY id", xid)
    return Left(frozenset(found), tuple(row["ce_type"] for row in rows))
