"""Trials of a connection: asked for by a person, made by a job, read by the person."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from payer_gateway.domain.connection_test import ConnectionTest, Step
from rcm.db import Tx

COLUMNS = "tenant_id, test_id, partner_id, requested_at, finished_at, succeeded, steps"


def _test(row: asyncpg.Record) -> ConnectionTest:
    fields: dict[str, Any] = dict(row)
    fields["steps"] = tuple(Step(**each) for each in fields["steps"])
    return ConnectionTest(**fields)


async def add(tx: Tx, test: ConnectionTest) -> None:
    await tx.execute(
        """
        INSERT INTO connection_test (tenant_id, test_id, partner_id, requested_at)
        VALUES ($1, $2, $3, $4)
        """,
        test.tenant_id,
        test.test_id,
        test.partner_id,
        test.requested_at,
    )


async def find(tx: Tx, partner_id: UUID, test_id: UUID) -> ConnectionTest | None:
    row = await tx.fetchrow(
        f"""
        SELECT {COLUMNS} FROM connection_test
        WHERE tenant_id = $1 AND partner_id = $2 AND test_id = $3
        """,
        tx.tenant_id,
        partner_id,
        test_id,
    )
    return _test(row) if row else None


async def unfinished(tx: Tx, *, limit: int) -> list[ConnectionTest]:
    """Oldest first, of all the transaction's tenants."""
    rows = await tx.fetch(
        f"""
        SELECT {COLUMNS} FROM connection_test
        WHERE tenant_id = ANY ($1) AND finished_at IS NULL ORDER BY test_id LIMIT $2
        """,
        list(tx.tenants),
        limit,
    )
    return [_test(row) for row in rows]


async def finish(tx: Tx, test: ConnectionTest, steps: Sequence[Step], *, at: datetime) -> None:
    await tx.execute(
        """
        UPDATE connection_test SET finished_at = $3, succeeded = $4, steps = $5
        WHERE tenant_id = $1 AND test_id = $2 AND finished_at IS NULL
        """,
        test.tenant_id,
        test.test_id,
        at,
        all(step.succeeded for step in steps),
        json.dumps([asdict(step) for step in steps]),
    )
