"""The audit tables' statements. All of them run under the app's role, which may add and read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import orjson

from rcm.db import Tx
from rcm.security.audit.chain import Block, StoredRecord


@dataclass(frozen=True, slots=True)
class NewRecord:
    """A row to add."""

    record_id: UUID
    action: str
    resource_type: str
    resource_id: str | int
    details: Mapping[str, str | int]


async def add_records(tx: Tx, tenant_id: UUID, rows: Sequence[NewRecord]) -> None:
    """Record and place in the sealer's queue in one statement: none is without the other."""
    await tx.execute(
        """
        WITH added AS (
            INSERT INTO audit_record
                (tenant_id, record_id, actor, action, resource_type, resource_id, details)
            SELECT $1, record_id, $2, action, resource_type, resource_id, details::jsonb
            FROM unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[])
                AS given (record_id, action, resource_type, resource_id, details)
            RETURNING tenant_id, record_id)
        INSERT INTO audit_unsealed (tenant_id, record_id) SELECT tenant_id, record_id FROM added
        """,
        tenant_id,
        tx.actor,
        [row.record_id for row in rows],
        [row.action for row in rows],
        [row.resource_type for row in rows],
        [str(row.resource_id) for row in rows],
        [orjson.dumps(dict(row.details)).decode() for row in rows],
    )


async def waiting_tenants(tx: Tx) -> list[UUID]:
    """Tenants of this transaction with records to seal or block heads to anchor."""
    rows = await tx.fetch(
        """
        SELECT tenant_id FROM unnest($1::uuid[]) AS served (tenant_id)
        WHERE EXISTS (SELECT FROM audit_unsealed u WHERE u.tenant_id = served.tenant_id)
           OR EXISTS (
                SELECT FROM (SELECT tenant_id, block_number FROM audit_block b
                             WHERE b.tenant_id = served.tenant_id
                             ORDER BY block_number DESC LIMIT 1) last
                WHERE NOT EXISTS (SELECT FROM audit_anchored a
                                  WHERE (a.tenant_id, a.block_number)
                                      = (last.tenant_id, last.block_number)))
        """,
        list(tx.tenants),
    )
    return [row["tenant_id"] for row in rows]


async def lock_chain(tx: Tx) -> bool:
    """Be the only sealer of this tenant until the transaction ends, or say that another one is."""
    return bool(
        await tx.fetchval(
            "SELECT pg_try_advisory_xact_lock(hashtextextended('rcm.audit ' || $1::text, 0))",
            str(tx.tenant_id),
        )
    )


async def last_block(tx: Tx) -> Block | None:
    row = await tx.fetchrow(
        "SELECT * FROM audit_block WHERE tenant_id = $1 ORDER BY block_number DESC LIMIT 1",
        tx.tenant_id,
    )
    return _block(row) if row else None


async def take_waiting(tx: Tx, limit: int) -> list[tuple[UUID, StoredRecord | None]]:
    """Take the oldest records out of the queue. None stands for a record that is gone already."""
    rows = await tx.fetch(
        """
        WITH taken AS (
            DELETE FROM audit_unsealed
            WHERE tenant_id = $1 AND record_id = ANY (ARRAY(
                SELECT record_id FROM audit_unsealed
                WHERE tenant_id = $1 ORDER BY record_id LIMIT $2))
            RETURNING record_id)
        SELECT taken.record_id AS taken_id, r.*
        FROM taken LEFT JOIN audit_record r ON r.tenant_id = $1 AND r.record_id = taken.record_id
        ORDER BY taken.record_id
        """,
        tx.tenant_id,
        limit,
    )
    return [(row["taken_id"], _record(row) if row["record_id"] else None) for row in rows]


async def add_block(tx: Tx, block: Block) -> None:
    await tx.execute(
        """
        INSERT INTO audit_block
            (tenant_id, block_number, first_seq, record_ids, record_hashes, previous_hash,
             block_hash, signing_key_id, signature, sealed_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        block.tenant_id,
        block.block_number,
        block.first_seq,
        list(block.record_ids),
        list(block.record_hashes),
        block.previous_hash,
        block.block_hash,
        block.signing_key_id,
        block.signature,
        block.sealed_at,
    )


async def unanchored(tx: Tx, limit: int) -> list[Block]:
    """Blocks whose heads are not yet known outside, oldest first."""
    rows = await tx.fetch(
        """
        SELECT * FROM audit_block b
        WHERE tenant_id = $1 AND block_number > coalesce((
            SELECT max(block_number) FROM audit_anchored WHERE tenant_id = $1), 0)
        ORDER BY block_number LIMIT $2
        """,
        tx.tenant_id,
        limit,
    )
    return [_block(row) for row in rows]


async def add_anchored(tx: Tx, block_numbers: Iterable[int]) -> None:
    await tx.execute(
        """
        INSERT INTO audit_anchored (tenant_id, block_number) SELECT $1, unnest($2::bigint[])
        ON CONFLICT DO NOTHING
        """,
        tx.tenant_id,
        list(block_numbers),
    )


async def blocks_after(tx: Tx, block_number: int, limit: int) -> list[Block]:
    rows = await tx.fetch(
        """
        SELECT * FROM audit_block WHERE tenant_id = $1 AND block_number > $2
        ORDER BY block_number LIMIT $3
        """,
        tx.tenant_id,
        block_number,
        limit,
    )
    return [_block(row) for row in rows]


async def records_of(tx: Tx, record_ids: Sequence[UUID]) -> dict[UUID, StoredRecord]:
    rows = await tx.fetch(
        "SELECT * FROM audit_record WHERE tenant_id = $1 AND record_id = ANY ($2)",
        tx.tenant_id,
        list(record_ids),
    )
    return {row["record_id"]: _record(row) for row in rows}


async def unbound(tx: Tx, limit: int) -> list[tuple[UUID, bool]]:
    """Records in no block, oldest first, and whether they are in the queue.

    EXCEPT hashes both sides whatever the planner knows about the tables; an anti-join without
    statistics was seen to compare each with each."""
    rows = await tx.fetch(
        """
        WITH loose AS MATERIALIZED (
            SELECT record_id FROM audit_record WHERE tenant_id = $1
            EXCEPT SELECT unnest(record_ids) FROM audit_block WHERE tenant_id = $1)
        SELECT record_id, u.record_id IS NOT NULL AS waiting
        FROM loose
        JOIN audit_record r USING (record_id)
        LEFT JOIN audit_unsealed u USING (tenant_id, record_id)
        WHERE r.tenant_id = $1
          AND (u.record_id IS NULL OR r.recorded_at < now() - interval '1 hour')
        ORDER BY record_id LIMIT $2
        """,
        tx.tenant_id,
        limit,
    )
    return [(row["record_id"], row["waiting"]) for row in rows]


async def anchored_numbers(tx: Tx) -> list[int]:
    """Blocks whose heads were given to every anchor."""
    rows = await tx.fetch(
        "SELECT block_number FROM audit_anchored WHERE tenant_id = $1 ORDER BY 1", tx.tenant_id
    )
    return [row["block_number"] for row in rows]


async def read_steadily(tx: Tx) -> None:
    """All that follows in this transaction sees one moment and changes nothing."""
    await tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def _record(row: asyncpg.Record) -> StoredRecord:
    return StoredRecord(
        row["record_id"],
        row["recorded_at"],
        row["actor"],
        row["action"],
        row["resource_type"],
        row["resource_id"],
        row["details"],  # SQLAlchemy's connections decode jsonb
    )


def _block(row: asyncpg.Record) -> Block:
    return Block(
        tenant_id=row["tenant_id"],
        block_number=row["block_number"],
        first_seq=row["first_seq"],
        record_ids=tuple(row["record_ids"]),
        record_hashes=tuple(digest or b"" for digest in row["record_hashes"]),
        previous_hash=row["previous_hash"],
        sealed_at=row["sealed_at"],
        block_hash=row["block_hash"],
        signing_key_id=row["signing_key_id"],
        signature=row["signature"],
    )
