"""Companion rules: what a payer or a partner asks beyond the guide, as data."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from payer_gateway.domain.companion import CompanionGuide
from rcm.db import Tx

COLUMNS = "tenant_id, companion_id, name, payer_id, partner_id, rules, active, version"


def _guide(row: asyncpg.Record) -> CompanionGuide:
    fields: dict[str, Any] = dict(row)
    return CompanionGuide(**(fields | {"rules": tuple(fields["rules"])}))


async def in_force(
    tx: Tx, tenant_id: UUID, *, partner_id: UUID, payer_ids: Sequence[str]
) -> list[CompanionGuide]:
    """The partner's own, and those of these payers."""
    rows = await tx.fetch(
        f"""
        SELECT {COLUMNS} FROM companion_guide
        WHERE tenant_id = $1 AND active AND (partner_id = $2 OR payer_id = ANY ($3))
        ORDER BY companion_id
        """,
        tenant_id,
        partner_id,
        list(payer_ids),
    )
    return [_guide(row) for row in rows]


async def find(tx: Tx, companion_id: UUID, *, lock: bool = False) -> CompanionGuide | None:
    row = await tx.fetchrow(
        f"SELECT {COLUMNS} FROM companion_guide WHERE tenant_id = $1 AND companion_id = $2"
        + (" FOR UPDATE" if lock else ""),
        tx.tenant_id,
        companion_id,
    )
    return _guide(row) if row else None


async def list_page(
    tx: Tx, *, payer_id: str | None, partner_id: UUID | None, after: UUID | None, limit: int
) -> list[CompanionGuide]:
    rows = await tx.fetch(
        f"""
        SELECT {COLUMNS} FROM companion_guide
        WHERE tenant_id = $1 AND ($2::text IS NULL OR payer_id = $2)
          AND ($3::uuid IS NULL OR partner_id = $3) AND ($4::uuid IS NULL OR companion_id > $4)
        ORDER BY companion_id LIMIT $5
        """,
        tx.tenant_id,
        payer_id,
        partner_id,
        after,
        limit,
    )
    return [_guide(row) for row in rows]


async def put(tx: Tx, guide: CompanionGuide, *, at: datetime) -> None:
    """Insert, or replace a row that is locked already."""
    await tx.execute(
        f"""
        INSERT INTO companion_guide ({COLUMNS}, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
        ON CONFLICT (tenant_id, companion_id) DO UPDATE
          SET name = $3, payer_id = $4, partner_id = $5, rules = $6, active = $7, version = $8,
              updated_at = $9
        """,
        guide.tenant_id,
        guide.companion_id,
        guide.name,
        guide.payer_id,
        guide.partner_id,
        json.dumps(list(guide.rules)),
        guide.active,
        guide.version,
        at,
    )


async def remove(tx: Tx, guide: CompanionGuide) -> None:
    await tx.execute(
        "DELETE FROM companion_guide WHERE tenant_id = $1 AND companion_id = $2",
        guide.tenant_id,
        guide.companion_id,
    )
