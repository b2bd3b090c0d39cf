"""The tenants' wall: without tenants nothing opens, and no role does more than its work needs."""

from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from rcm.db import StatementFailed
from rcm.ids import new_id
from rcm.security import audit

NORTH = UUID("7e57c0de-0000-4000-8000-000000000001")
SOUTH = UUID("7e57c0de-0000-4000-8000-000000000002")
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
BEHIND_THE_WALL = [
    "audit_record", "audit_unsealed", "audit_block", "audit_anchored", "idempotency_key",
]  # fmt: skip


async def key_for(kit, tenant_id, key="k"):
    async with kit.database.transaction((tenant_id,)) as tx:
        await tx.execute(
            """
            INSERT INTO idempotency_key (tenant_id, subject, key, operation, request_hash,
                                         response_status, response_headers, response_body)
            VALUES ($1, 's', $2, 'POST /x', '', 201, '{}', '')
            """,
            tenant_id,
            key,
        )


@pytest.mark.parametrize("table", BEHIND_THE_WALL)
async def test_without_tenants_every_table_raises(wall, table) -> None:
    """On a new connection and on one that served a tenant before."""
    for _ in range(2):
        with pytest.raises(StatementFailed) as refusal:
            async with wall.database.transaction() as tx:
                await tx.fetch(f"SELECT * FROM {table}")
        # Undefined parameter at first; after a reset it is an empty text that is no array.
        assert refusal.value.sqlstate in {"42704", "22P02"}
        async with wall.database.transaction((new_id(),)) as tx:
            assert await tx.fetch(f"SELECT * FROM {table}") == []


@pytest.mark.parametrize("table", BEHIND_THE_WALL)
async def test_another_tenants_rows_are_not_there(kit, chain, table) -> None:
    await key_for(kit, NORTH)
    async with kit.database.transaction((NORTH,)) as tx:
        await audit.record(tx, "read", "Claim", "c-1")
    await chain.sealer.run(kit.database, (NORTH,), NOW)
    async with kit.database.transaction((NORTH,)) as tx:
        await audit.record(tx, "read", "Claim", "c-2")
    count = f"SELECT count(*) FROM {table}"
    async with kit.database.transaction((NORTH,)) as tx:
        assert await tx.fetchval(count) > 0
    async with kit.database.transaction((SOUTH,)) as tx:
        assert await tx.fetchval(count) == 0
    async with kit.database.transaction((NORTH, SOUTH)) as tx:
        assert await tx.fetchval(count) > 0


async def test_the_control_a_superuser_sees_all(kit) -> None:
    """Which is why no service connects as one."""
    await key_for(kit, NORTH)
    await key_for(kit, SOUTH)
    assert await kit.superuser.fetchval("SELECT count(*) FROM idempotency_key") == 2


async def test_the_control_without_row_security_the_wall_is_open(kit) -> None:
    await key_for(kit, NORTH)
    await kit.superuser.execute("ALTER TABLE idempotency_key DISABLE ROW LEVEL SECURITY")
    async with kit.database.transaction((SOUTH,)) as tx:
        assert await tx.fetchval("SELECT count(*) FROM idempotency_key") == 1


async def test_a_row_cannot_be_written_for_another_tenant(kit) -> None:
    with pytest.raises(StatementFailed) as refusal:
        async with kit.database.transaction((NORTH,)) as tx:
            await audit.record(tx, "read", "Claim", "c-1", tenant_id=SOUTH)
    assert refusal.value.sqlstate == "42501"


async def test_a_row_cannot_be_moved_to_another_tenant(kit) -> None:
    """`tenant` is the one table here that the app may update at all."""
    with pytest.raises(StatementFailed) as refusal:
        async with kit.database.transaction((NORTH,)) as tx:
            await tx.execute(
                "UPDATE tenant SET tenant_id = $1 WHERE tenant_id = $2", new_id(), NORTH
            )
    assert refusal.value.sqlstate == "42501"


async def test_two_tenants_may_use_the_same_key(kit) -> None:
    await key_for(kit, NORTH)
    await key_for(kit, SOUTH)
    with pytest.raises(StatementFailed) as refusal:
        await key_for(kit, NORTH)
    assert refusal.value.sqlstate == "23505"
    assert NORTH.hex not in str(refusal.value).replace("-", "")


@pytest.mark.parametrize(
    "statement",
    [f"TRUNCATE {table}" for table in (*BEHIND_THE_WALL, "tenant")]
    + [f"DROP TABLE {table}" for table in (*BEHIND_THE_WALL, "tenant")]
    + [f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY" for table in BEHIND_THE_WALL]
    + [f"ALTER TABLE {table} DISABLE TRIGGER ALL" for table in BEHIND_THE_WALL]
    + [
        "UPDATE audit_record SET actor = 'x'",
        "DELETE FROM audit_record",
        "UPDATE audit_block SET block_number = 9",
        "DELETE FROM audit_block",
        "DELETE FROM audit_anchored",
        "UPDATE idempotency_key SET request_hash = ''",
        "DELETE FROM idempotency_key",
        "DELETE FROM tenant",
        "SET session_replication_role = replica",
        "SET ROLE test_security_owner",
        "CREATE TABLE public.mine (a int)",
    ],
)
async def test_the_app_may_not(wall, statement) -> None:
    with pytest.raises(StatementFailed) as refusal:
        async with wall.database.transaction((NORTH,)) as tx:
            await tx.execute(statement)
    assert refusal.value.sqlstate == "42501"


@pytest.mark.parametrize("table", [*BEHIND_THE_WALL, "tenant"])
async def test_the_relay_sees_nothing_of_this(wall, table) -> None:
    connection = await asyncpg.connect(wall.urls.relay)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch(f"SELECT * FROM {table}")
    finally:
        await connection.close()


async def test_even_the_owner_sees_no_tenants_rows(kit) -> None:
    await key_for(kit, NORTH)
    connection = await asyncpg.connect(kit.urls.owner)
    try:
        assert await connection.fetch("SELECT * FROM idempotency_key") == []
    finally:
        await connection.close()
