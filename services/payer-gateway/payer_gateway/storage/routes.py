"""Routes: payer and kind of transaction to partner."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from payer_gateway.domain.partner import TradingPartner
from payer_gateway.domain.route import Route, Routed
from payer_gateway.storage.links import ROUTE
from rcm.db import Tx

COLUMNS = """
    tenant_id, route_id, payer_id, transaction_type, partner_id, receiver_payer_id,
    requires_enrollment, effective_from, effective_to, version
"""


async def routed_to(tx: Tx, partner: TradingPartner, kind: str, *, on: date) -> list[Routed]:
    """The payers whose transactions of this kind the partner takes on that day."""
    rows = await tx.fetch(
        f"""
        SELECT payer.payer_id, coalesce(receiver_payer_id, payer.payer_id) AS receiver_payer_id,
               coalesce(requires_enrollment, false) AS requires_enrollment
        FROM payer {ROUTE.format(kind="$3", on="$4")}
        WHERE payer.tenant_id = $1 AND coalesce(route.partner_id, payer.partner_id) = $2
        """,
        partner.tenant_id,
        partner.partner_id,
        kind,
        on,
    )
    return [Routed(**dict(row)) for row in rows]


async def partner_for(tx: Tx, payer_id: str, kind: str, *, on: date) -> tuple[UUID, Routed] | None:
    """Who takes this kind for a payer that day, and under which terms; None for a stranger."""
    row = await tx.fetchrow(
        f"""
        SELECT coalesce(route.partner_id, payer.partner_id) AS partner_id, payer.payer_id,
               coalesce(receiver_payer_id, payer.payer_id) AS receiver_payer_id,
               coalesce(requires_enrollment, false) AS requires_enrollment
        FROM payer {ROUTE.format(kind="$3", on="$4")}
        WHERE payer.tenant_id = $1 AND payer.payer_id = $2
        """,
        tx.tenant_id,
        payer_id,
        kind,
        on,
    )
    if row is None:
        return None
    fields = dict(row)
    return fields.pop("partner_id"), Routed(**fields)


async def find(tx: Tx, route_id: UUID, *, lock: bool = False) -> Route | None:
    row = await tx.fetchrow(
        f"SELECT {COLUMNS} FROM route WHERE tenant_id = $1 AND route_id = $2"
        + (" FOR UPDATE" if lock else ""),
        tx.tenant_id,
        route_id,
    )
    return Route(**dict(row)) if row else None


async def lock_payer(tx: Tx, payer_id: str) -> bool:
    """One editor of a payer's routes at a time. False when there is no such payer."""
    return bool(
        await tx.fetchval(
            "SELECT true FROM payer WHERE tenant_id = $1 AND payer_id = $2 FOR UPDATE",
            tx.tenant_id,
            payer_id,
        )
    )


async def of_payer(tx: Tx, payer_id: str, transaction_type: str) -> list[Route]:
    rows = await tx.fetch(
        f"""
        SELECT {COLUMNS} FROM route
        WHERE tenant_id = $1 AND payer_id = $2 AND transaction_type = $3
        """,
        tx.tenant_id,
        payer_id,
        transaction_type,
    )
    return [Route(**dict(row)) for row in rows]


async def list_page(
    tx: Tx, *, payer_id: str | None, partner_id: UUID | None, after: UUID | None, limit: int
) -> Sequence[Route]:
    rows = await tx.fetch(
        f"""
        SELECT {COLUMNS} FROM route
        WHERE tenant_id = $1 AND ($2::text IS NULL OR payer_id = $2)
          AND ($3::uuid IS NULL OR partner_id = $3) AND ($4::uuid IS NULL OR route_id > $4)
        ORDER BY route_id LIMIT $5
        """,
        tx.tenant_id,
        payer_id,
        partner_id,
        after,
        limit,
    )
    return [Route(**dict(row)) for row in rows]


async def add(tx: Tx, route: Route, *, at: datetime) -> None:
    await tx.execute(
        f"""
        INSERT INTO route ({COLUMNS}, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
        """,
        *_values(route),
        route.version,
        at,
    )


async def replace(tx: Tx, route: Route, *, at: datetime) -> None:
    await tx.execute(
        """
        UPDATE route
        SET payer_id = $3, transaction_type = $4, partner_id = $5, receiver_payer_id = $6,
            requires_enrollment = $7, effective_from = $8, effective_to = $9, version = $10,
            updated_at = $11
        WHERE tenant_id = $1 AND route_id = $2
        """,
        *_values(route),
        route.version,
        at,
    )


async def remove(tx: Tx, route: Route) -> None:
    await tx.execute(
        "DELETE FROM route WHERE tenant_id = $1 AND route_id = $2", route.tenant_id, route.route_id
    )


def _values(route: Route) -> tuple[object, ...]:
    return (
        route.tenant_id,
        route.route_id,
        route.payer_id,
        route.transaction_type,
        route.partner_id,
        route.receiver_payer_id,
        route.requires_enrollment,
        route.effective_from,
        route.effective_to,
    )
