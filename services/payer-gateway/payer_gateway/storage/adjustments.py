"""Provider adjustments (PLB), and what of them is still open per payer and provider."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from payer_gateway.domain.adjustments import Adjustment
from rcm.db import Tx

COLUMNS = """
    remittance_id, ordinal, payer_id, provider_npi, family, reason_code, reference, amount_cents,
    fiscal_period_on, trace_number, effective_on, submission_id, claim_id, settled_code, settled_at
"""


async def add(tx: Tx, tenant_id: UUID, found: Sequence[Adjustment]) -> None:
    if not found:
        return
    await tx.execute(
        """
        INSERT INTO provider_adjustment (
          tenant_id, remittance_id, ordinal, payer_id, provider_npi, family, reason_code, reference,
          amount_cents, fiscal_period_on, trace_number, effective_on, submission_id, claim_id)
        SELECT $1, * FROM unnest($2::uuid[], $3::int[], $4::text[], $5::text[], $6::text[],
                                 $7::text[], $8::text[], $9::bigint[], $10::date[], $11::text[],
                                 $12::date[], $13::uuid[], $14::uuid[])
        """,
        tenant_id,
        [each.remittance_id for each in found],
        [each.ordinal for each in found],
        [each.payer_id for each in found],
        [each.provider_npi for each in found],
        [each.family for each in found],
        [each.reason_code for each in found],
        [each.reference for each in found],
        [each.amount_cents for each in found],
        [each.fiscal_period_on for each in found],
        [each.trace_number for each in found],
        [each.effective_on for each in found],
        [each.submission_id for each in found],
        [each.claim_id for each in found],
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which adjustments a list shows; None leaves a condition out."""

    payer_id: str | None = None
    provider_npi: str | None = None
    reason_code: str | None = None
    trace_number: str | None = None
    family: str | None = None


async def list_page(
    tx: Tx, wanted: Wanted, *, after: tuple[UUID, int] | None, limit: int
) -> list[Adjustment]:
    """Newest remittance first."""
    rows = await tx.fetch(
        f"""
        SELECT {COLUMNS} FROM provider_adjustment
        WHERE tenant_id = $1 AND ($2::text IS NULL OR payer_id = $2)
          AND ($3::text IS NULL OR provider_npi = $3) AND ($4::text IS NULL OR reason_code = $4)
          AND ($5::text IS NULL OR trace_number = $5) AND ($6::text IS NULL OR family = $6)
          AND ($7::uuid IS NULL OR (remittance_id, -ordinal) < ($7, -$8::int))
        ORDER BY remittance_id DESC, ordinal LIMIT $9
        """,
        tx.tenant_id,
        wanted.payer_id,
        wanted.provider_npi,
        wanted.reason_code,
        wanted.trace_number,
        wanted.family,
        *(after or (None, None)),
        limit,
    )
    return [Adjustment(**dict(row)) for row in rows]


@dataclass(frozen=True, slots=True)
class OpenBalance:
    """What does not net out to zero yet: forwarded balances per payer and provider, recoveries
    per reference too. `open_since` is the effective date of what came last after a zero."""

    payer_id: str
    provider_npi: str
    family: str
    reference: str
    balance_cents: int
    adjustment_count: int
    open_since: date | None


# A balance is open since the first adjustment after it was last zero.
BALANCES = """
WITH live AS (
  SELECT *, CASE family WHEN 'recovery' THEN reference ELSE '' END AS place
  FROM provider_adjustment
  WHERE tenant_id = $1 AND family IN ('forward', 'recovery') AND settled_at IS NULL
    AND ($2::text IS NULL OR payer_id = $2) AND ($3::text IS NULL OR provider_npi = $3)
), running AS (
  SELECT *, sum(amount_cents) OVER steps AS balance,
         row_number() OVER steps AS step
  FROM live
  WINDOW steps AS (PARTITION BY payer_id, provider_npi, family, place
                   ORDER BY effective_on, remittance_id, ordinal)
), zero AS (
  SELECT payer_id, provider_npi, family, place, max(step) AS step FROM running
  WHERE balance = 0 GROUP BY payer_id, provider_npi, family, place
)
SELECT payer_id, provider_npi, family, place AS reference,
       sum(amount_cents)::bigint AS balance_cents, count(*)::int AS adjustment_count,
       min(effective_on) FILTER (WHERE running.step > coalesce(zero.step, 0)) AS open_since
FROM running LEFT JOIN zero USING (payer_id, provider_npi, family, place)
GROUP BY payer_id, provider_npi, family, place
"""


async def open_balances(
    tx: Tx,
    *,
    payer_id: str | None,
    provider_npi: str | None,
    open_before: date | None,
) -> list[OpenBalance]:
    """Those that are not zero, oldest first; with `open_before` only what is open since earlier."""
    rows = await tx.fetch(
        f"""
        SELECT * FROM ({BALANCES}) AS balance
        WHERE balance_cents <> 0 AND ($4::date IS NULL OR open_since < $4)
        ORDER BY open_since, payer_id, provider_npi, family, reference LIMIT 1000
        """,
        tx.tenant_id,
        payer_id,
        provider_npi,
        open_before,
    )
    return [OpenBalance(**dict(row)) for row in rows]


async def settle(
    tx: Tx, remittance_id: UUID, ordinal: int, *, code: str, at: datetime
) -> Adjustment | None:
    """A person says why an adjustment needs no more work; None when that was said before."""
    row = await tx.fetchrow(
        f"""
        UPDATE provider_adjustment SET settled_code = $4, settled_by = $5, settled_at = $6
        WHERE tenant_id = $1 AND remittance_id = $2 AND ordinal = $3 AND settled_at IS NULL
        RETURNING {COLUMNS}
        """,
        tx.tenant_id,
        remittance_id,
        ordinal,
        code,
        tx.actor,
        at,
    )
    return Adjustment(**dict(row)) if row else None


async def find(tx: Tx, remittance_id: UUID, ordinal: int) -> Adjustment | None:
    row = await tx.fetchrow(
        f"""
        SELECT {COLUMNS} FROM provider_adjustment
        WHERE tenant_id = $1 AND remittance_id = $2 AND ordinal = $3
        """,
        tx.tenant_id,
        remittance_id,
        ordinal,
    )
    return Adjustment(**dict(row)) if row else None
