"""Enrollments and their history."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from payer_gateway.domain.enrollment import Enrollment, EnrollmentEdge, EnrollmentStatus
from rcm.db import Tx
from rcm.ids import new_id

COLUMNS = "tenant_id, enrollment_id, npi, payer_id, transaction_type, status, version"


def _enrollment(row: asyncpg.Record) -> Enrollment:
    fields: dict[str, Any] = dict(row)
    fields["status"] = EnrollmentStatus(fields["status"])
    return Enrollment(**fields)


async def live(
    tx: Tx, tenant_id: UUID, kind: str, *, pairs: Sequence[tuple[str, str]]
) -> set[tuple[str, str]]:
    """Those of the pairs (NPI, payer) whose provider may send this kind."""
    rows = await tx.fetch(
        """
        SELECT npi, payer_id FROM enrollment
        JOIN unnest($3::text[], $4::text[]) AS asked (npi, payer_id) USING (npi, payer_id)
        WHERE tenant_id = $1 AND transaction_type = $2 AND status = 'live'
        """,
        tenant_id,
        kind,
        [npi for npi, _ in pairs],
        [payer_id for _, payer_id in pairs],
    )
    return {(row["npi"], row["payer_id"]) for row in rows}


async def find(tx: Tx, enrollment_id: UUID, *, lock: bool = False) -> Enrollment | None:
    row = await tx.fetchrow(
        f"SELECT {COLUMNS} FROM enrollment WHERE tenant_id = $1 AND enrollment_id = $2"
        + (" FOR UPDATE" if lock else ""),
        tx.tenant_id,
        enrollment_id,
    )
    return _enrollment(row) if row else None


async def add(tx: Tx, enrollment: Enrollment, *, at: datetime) -> bool:
    """False when the provider has one for this payer and kind already."""
    added = await tx.fetchval(
        """
        INSERT INTO enrollment (tenant_id, enrollment_id, npi, payer_id, transaction_type, status,
                                created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
        ON CONFLICT ON CONSTRAINT enrollment_once DO NOTHING RETURNING true
        """,
        enrollment.tenant_id,
        enrollment.enrollment_id,
        enrollment.npi,
        enrollment.payer_id,
        enrollment.transaction_type,
        enrollment.status,
        at,
    )
    return bool(added)


async def taken(tx: Tx, enrollment: Enrollment) -> bool:
    return bool(
        await tx.fetchval(
            """
            SELECT true FROM enrollment
            WHERE tenant_id = $1 AND npi = $2 AND payer_id = $3 AND transaction_type = $4
            """,
            enrollment.tenant_id,
            enrollment.npi,
            enrollment.payer_id,
            enrollment.transaction_type,
        )
    )


async def move(tx: Tx, enrollment: Enrollment, *, at: datetime) -> None:
    await tx.execute(
        """
        UPDATE enrollment SET status = $3, version = $4, updated_at = $5
        WHERE tenant_id = $1 AND enrollment_id = $2
        """,
        enrollment.tenant_id,
        enrollment.enrollment_id,
        enrollment.status,
        enrollment.version,
        at,
    )


async def remember(
    tx: Tx,
    enrollment: Enrollment,
    *,
    came_from: EnrollmentStatus | None,
    reason_code: str | None,
    at: datetime,
) -> None:
    await tx.execute(
        """
        INSERT INTO enrollment_history (tenant_id, history_id, enrollment_id, from_status,
                                        to_status, reason_code, changed_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        enrollment.tenant_id,
        new_id(),
        enrollment.enrollment_id,
        came_from,
        enrollment.status,
        reason_code,
        at,
    )


async def history(
    tx: Tx, enrollment_id: UUID, *, after: UUID | None, limit: int
) -> list[EnrollmentEdge]:
    """Oldest first."""
    rows = await tx.fetch(
        """
        SELECT history_id, enrollment_id, from_status, to_status, reason_code, changed_at
        FROM enrollment_history
        WHERE tenant_id = $1 AND enrollment_id = $2 AND ($3::uuid IS NULL OR history_id > $3)
        ORDER BY history_id LIMIT $4
        """,
        tx.tenant_id,
        enrollment_id,
        after,
        limit,
    )
    return [_edge(row) for row in rows]


def _edge(row: asyncpg.Record) -> EnrollmentEdge:
    fields: dict[str, Any] = dict(row)
    came_from = fields["from_status"]
    fields["from_status"] = EnrollmentStatus(came_from) if came_from else None
    fields["to_status"] = EnrollmentStatus(fields["to_status"])
    return EnrollmentEdge(**fields)


async def list_page(
    tx: Tx,
    *,
    npi: str | None,
    payer_id: str | None,
    status: str | None,
    after: UUID | None,
    limit: int,
) -> list[Enrollment]:
    rows = await tx.fetch(
        f"""
        SELECT {COLUMNS} FROM enrollment
        WHERE tenant_id = $1 AND ($2::text IS NULL OR npi = $2)
          AND ($3::text IS NULL OR payer_id = $3) AND ($4::text IS NULL OR status = $4)
          AND ($5::uuid IS NULL OR enrollment_id > $5)
        ORDER BY enrollment_id LIMIT $6
        """,
        tx.tenant_id,
        npi,
        payer_id,
        status,
        after,
        limit,
    )
    return [_enrollment(row) for row in rows]
