"""Fee schedules: rates that hold from a day on."""

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

import asyncpg

from claims_svc.domain.pricing import FeeSchedules, Rate
from rcm.db import Tx

RATES_FOR = """
SELECT fee.* FROM fee
 WHERE tenant_id = ANY ($1) AND procedure_code = ANY ($2) AND schedule = ANY ($3)
"""


async def schedules_for(
    tx: Tx, tenants: Iterable[UUID], codes: Iterable[str], schedules: Iterable[str]
) -> dict[UUID, FeeSchedules]:
    """Every rate that may price these codes, by tenant."""
    rows = await tx.fetch(RATES_FOR, list(set(tenants)), sorted(set(codes)), sorted(set(schedules)))
    found: dict[UUID, list[Rate]] = {}
    for row in rows:
        found.setdefault(row["tenant_id"], []).append(_rate(row))
    return {tenant: FeeSchedules(rates) for tenant, rates in found.items()}


async def replace_fees(tx: Tx, schedule: str, effective_from: date, rates: Sequence[Rate]) -> None:
    """The rates of a schedule that begin on this day become exactly these."""
    await tx.execute(
        "DELETE FROM fee WHERE tenant_id = $1 AND schedule = $2 AND effective_from = $3",
        tx.tenant_id,
        schedule,
        effective_from,
    )
    await tx.execute(
        """INSERT INTO fee (tenant_id, schedule, effective_from, procedure_code, modifier,
                            unit_cents)
           SELECT $1, $2, $3, * FROM unnest($4::text[], $5::text[], $6::bigint[])""",
        tx.tenant_id,
        schedule,
        effective_from,
        [rate.procedure_code for rate in rates],
        [rate.modifier for rate in rates],
        [rate.unit_cents for rate in rates],
    )


async def read_fees(
    tx: Tx, schedule: str | None, *, after: tuple[str, str, str, date] | None, limit: int
) -> list[Rate]:
    """Rates in the order of schedule, code, modifier and day."""
    place = after or (None, None, None, None)
    rows = await tx.fetch(
        """SELECT * FROM fee
            WHERE tenant_id = $1 AND ($2::text IS NULL OR schedule = $2)
              AND ($3::text IS NULL
                   OR (schedule, procedure_code, modifier, effective_from) > ($3, $4, $5, $6::date))
            ORDER BY schedule, procedure_code, modifier, effective_from LIMIT $7""",
        tx.tenant_id,
        schedule,
        *place,
        limit,
    )
    return [_rate(row) for row in rows]


def _rate(row: asyncpg.Record) -> Rate:
    return Rate(
        row["schedule"],
        row["procedure_code"],
        row["modifier"],
        row["effective_from"],
        row["unit_cents"],
    )
