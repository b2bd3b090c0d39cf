"""Payers by the ids that claims carry, and the partner that reaches each."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from payer_gateway.domain.partner import Payer
from rcm.db import Tx


async def put(tx: Tx, payers: Sequence[Payer], *, at: datetime) -> list[Payer]:
    """Insert or replace, all in one statement; the version counts the replacements."""
    rows = await tx.fetch(
        """
        INSERT INTO payer AS old (tenant_id, payer_id, name, partner_id, created_at, updated_at)
        SELECT $1, payer_id, name, partner_id, $5, $5
        FROM unnest($2::text[], $3::text[], $4::uuid[]) AS new (payer_id, name, partner_id)
        ON CONFLICT (tenant_id, payer_id) DO UPDATE
          SET name = EXCLUDED.name, partner_id = EXCLUDED.partner_id, updated_at = $5,
              version = old.version + 1
        RETURNING tenant_id, payer_id, name, partner_id, version
        """,
        tx.tenant_id,
        [each.payer_id for each in payers],
        [each.name for each in payers],
        [each.partner_id for each in payers],
        at,
    )
    return [Payer(**dict(row)) for row in rows]


async def find(tx: Tx, payer_id: str) -> Payer | None:
    row = await tx.fetchrow(
        """
        SELECT tenant_id, payer_id, name, partner_id, version FROM payer
        WHERE tenant_id = $1 AND payer_id = $2
        """,
        tx.tenant_id,
        payer_id,
    )
    return Payer(**dict(row)) if row else None


async def list_page(
    tx: Tx,
    *,
    partner_id: UUID | None = None,
    search: str | None = None,
    after: str | None = None,
    limit: int = 100,
) -> list[Payer]:
    rows = await tx.fetch(
        """
        SELECT tenant_id, payer_id, name, partner_id, version FROM payer
        WHERE tenant_id = $1 AND ($2::uuid IS NULL OR partner_id = $2)
          AND ($3::text IS NULL OR payer_id > $3)
          AND ($5::text IS NULL OR strpos(lower(name), lower($5)) > 0
               OR starts_with(lower(payer_id), lower($5)))
        ORDER BY payer_id LIMIT $4
        """,
        tx.tenant_id,
        partner_id,
        after,
        limit,
        search,
    )
    return [Payer(**dict(row)) for row in rows]


async def known_partners(tx: Tx, partner_ids: Sequence[UUID]) -> set[UUID]:
    rows = await tx.fetch(
        "SELECT partner_id FROM trading_partner WHERE tenant_id = $1 AND partner_id = ANY ($2)",
        tx.tenant_id,
        list(partner_ids),
    )
    return {row["partner_id"] for row in rows}


async def known(tx: Tx, tenant_id: UUID, payer_ids: Sequence[str]) -> set[str]:
    rows = await tx.fetch(
        "SELECT payer_id FROM payer WHERE tenant_id = $1 AND payer_id = ANY ($2)",
        tenant_id,
        list(payer_ids),
    )
    return {row["payer_id"] for row in rows}
