"""The queue of payments that no claim takes yet, with every cent of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from claims_svc.domain.decision import adjudication_id
from claims_svc.domain.unposted import Arrived, Unposted
from rcm.contracts.payer import ClaimPaymentReported
from rcm.db import Tx

# A CLP that was posted to some claim never waits again, whoever reports it under which number.
KEEP = """
INSERT INTO unposted_payment AS old (
  tenant_id, remittance_id, ordinal, adjudication_id, patient_control_number, payer_id,
  trace_number, payer_claim_number, claim_status_code, charge_cents, paid_cents, reason,
  seen_version, event_id, correlation_id, payment, status, found_at, tried_at)
SELECT new.*, 'open', $17, $17
  FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::uuid[], $5::text[], $6::text[],
              $7::text[], $8::text[], $9::text[], $10::bigint[], $11::bigint[], $12::text[],
              $13::integer[], $14::uuid[], $15::text[], $16::text[])
    AS new (tenant_id, remittance_id, ordinal, adjudication_id, patient_control_number, payer_id,
            trace_number, payer_claim_number, claim_status_code, charge_cents, paid_cents, reason,
            seen_version, event_id, correlation_id, payment)
 WHERE NOT EXISTS (
   SELECT FROM adjudication WHERE adjudication.tenant_id IS NOT DISTINCT FROM new.tenant_id
      AND adjudication.remittance_id = new.remittance_id AND adjudication.ordinal = new.ordinal)
ON CONFLICT (tenant_id, remittance_id, ordinal) DO UPDATE
   SET reason = excluded.reason, seen_version = excluded.seen_version,
       tried_at = excluded.tried_at, payment = excluded.payment,
       patient_control_number = excluded.patient_control_number
 WHERE old.status = 'open'
RETURNING old.payment
"""
RESOLVE = """
UPDATE unposted_payment AS old SET status = 'posted', claim_id = new.claim_id, resolved_at = $5
  FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::uuid[])
    AS new (tenant_id, remittance_id, ordinal, claim_id)
 WHERE old.tenant_id IS NOT DISTINCT FROM new.tenant_id AND old.status = 'open'
   AND old.remittance_id = new.remittance_id AND old.ordinal = new.ordinal
RETURNING old.payment
"""
# The claims of what waits are few and each is looked up on its own.
WITH_NEWS = """
SELECT waiting.payment, waiting.event_id, waiting.correlation_id
  FROM unposted_payment AS waiting
  JOIN claim ON claim.tenant_id = waiting.tenant_id
   AND claim.patient_control_number = waiting.patient_control_number
 WHERE waiting.tenant_id = ANY ($1) AND waiting.status = 'open'
   AND claim.version <> waiting.seen_version
 ORDER BY waiting.found_at, waiting.remittance_id, waiting.ordinal
 LIMIT $2
"""


async def keep_unposted(tx: Tx, waiting: Sequence[Unposted]) -> list[ClaimPaymentReported]:
    """Put payments into the queue, or note that they were tried again. Returns those that wait."""
    rows = [_row(each) for each in sorted(waiting, key=lambda each: each.arrived.key)]
    found = await tx.fetch(KEEP, *map(list, zip(*rows, strict=True)), waiting[0].found_at)
    return [ClaimPaymentReported.model_validate_json(row["payment"]) for row in found]


def _row(each: Unposted) -> tuple[object, ...]:
    payment = each.arrived.payment
    return (
        payment.tenant_id,
        payment.remittance_id,
        payment.ordinal,
        adjudication_id(payment),
        payment.patient_control_number,
        payment.payer_id,
        payment.trace_number,
        payment.payer_claim_number,
        payment.claim_status_code,
        payment.charge_cents,
        payment.paid_cents,
        each.reason,
        each.seen_version,
        each.arrived.event_id,
        each.arrived.correlation_id,
        payment.model_dump_json(),
    )


async def resolve_unposted(
    tx: Tx, posted: Sequence[tuple[ClaimPaymentReported, UUID]], *, at: datetime
) -> list[ClaimPaymentReported]:
    """These were posted to these claims. Returns those of them that had waited, as they came."""
    keys = sorted(
        (payment.tenant_id, payment.remittance_id, payment.ordinal, claim_id)
        for payment, claim_id in posted
    )
    rows = await tx.fetch(RESOLVE, *map(list, zip(*keys, strict=True)), at)
    return [ClaimPaymentReported.model_validate_json(row["payment"]) for row in rows]


async def posted_keys(
    tx: Tx, keys: Sequence[tuple[UUID, UUID, int]]
) -> set[tuple[UUID, UUID, int]]:
    """Those of these CLPs (tenant, remittance, ordinal) that were posted to some claim."""
    rows = await tx.fetch(
        """
        SELECT wanted.tenant_id, wanted.remittance_id, wanted.ordinal
          FROM unnest($1::uuid[], $2::uuid[], $3::integer[])
            AS wanted (tenant_id, remittance_id, ordinal)
         WHERE EXISTS (SELECT FROM adjudication AS done
                        WHERE done.tenant_id IS NOT DISTINCT FROM wanted.tenant_id
                          AND done.remittance_id = wanted.remittance_id
                          AND done.ordinal = wanted.ordinal)
        """,
        *map(list, zip(*keys, strict=True)),
    )
    return {(row["tenant_id"], row["remittance_id"], row["ordinal"]) for row in rows}


async def unposted_with_news(tx: Tx, *, limit: int) -> list[Arrived]:
    """What may be posted now, of all the transaction's tenants: its claim has moved."""
    rows = await tx.fetch(WITH_NEWS, list(tx.tenants), limit)
    return [
        Arrived(
            ClaimPaymentReported.model_validate_json(row["payment"]),
            row["event_id"],
            row["correlation_id"],
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class UnpostedFilter:
    """Which payments a list shows; None leaves a condition out."""

    status: str | None = "open"
    reason: str | None = None
    payer_id: str | None = None
    remittance_id: UUID | None = None


async def unposted_page(
    tx: Tx,
    wanted: UnpostedFilter,
    *,
    after: tuple[datetime, UUID, int] | None,
    limit: int,
) -> list[asyncpg.Record]:
    """Those that wait longest first."""
    return await tx.fetch(
        """
        SELECT remittance_id, ordinal, patient_control_number, payer_id, trace_number,
               payer_claim_number, claim_status_code, charge_cents, paid_cents, reason, status,
               claim_id, found_at, tried_at, resolved_at
          FROM unposted_payment
         WHERE tenant_id = $1 AND ($2::text IS NULL OR status = $2)
           AND ($3::text IS NULL OR reason = $3) AND ($4::text IS NULL OR payer_id = $4)
           AND ($5::uuid IS NULL OR remittance_id = $5)
           AND ($6::timestamptz IS NULL OR (found_at, remittance_id, ordinal) > ($6, $7, $8))
         ORDER BY found_at, remittance_id, ordinal LIMIT $9
        """,
        tx.tenant_id,
        wanted.status,
        wanted.reason,
        wanted.payer_id,
        wanted.remittance_id,
        *(after or (None, None, None)),
        limit,
    )


async def unposted_totals(tx: Tx) -> list[asyncpg.Record]:
    """What waits, by reason: how many, their charges, and the cents that came or were taken."""
    return await tx.fetch(
        """
        SELECT reason, count(*)::int AS payments, sum(charge_cents)::bigint AS charge_cents,
               sum(paid_cents)::bigint AS paid_cents, min(found_at) AS oldest_at
          FROM unposted_payment WHERE tenant_id = $1 AND status = 'open'
         GROUP BY reason ORDER BY reason
        """,
        tx.tenant_id,
    )
