"""Payments, and the patient's money on each claim."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from patient_billing_svc.domain.account import Allocation
from patient_billing_svc.domain.payment import Method, Payment
from rcm.db import Tx
from rcm.ids import new_id


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """A payment as it was recorded."""

    payment_id: UUID
    account_id: UUID
    method: Method
    external_reference: str | None
    paid_cents: int
    applied_cents: int
    unapplied_cents: int
    received_on: date
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Placed:
    """Money that went on a claim, or came off it when negative."""

    tenant_id: UUID
    account_id: UUID
    allocation: Allocation
    payment_id: UUID | None = None


COLUMNS = """
    payment_id, account_id, method, external_reference, paid_cents, applied_cents,
    unapplied_cents, received_on, recorded_at
"""


async def add(tx: Tx, payment: Payment, *, at: datetime) -> None:
    """Raises `StatementFailed` (payment_reference) for a reference that is there already."""
    await tx.execute(
        """
        INSERT INTO payment (
          tenant_id, payment_id, account_id, method, external_reference, paid_cents, applied_cents,
          unapplied_cents, received_on, recorded_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        tx.tenant_id,
        payment.payment_id,
        payment.account_id,
        payment.method,
        payment.external_reference,
        payment.paid_cents,
        payment.applied_cents,
        payment.unapplied_cents,
        payment.received_on,
        at,
    )


async def place(tx: Tx, placed: Sequence[Placed], *, at: datetime) -> None:
    """Keep which claim took how much; one statement for any number."""
    if not placed:
        return
    await tx.execute(
        """
        INSERT INTO allocation (tenant_id, allocation_id, account_id, claim_id, payment_id, cents,
                                allocated_at)
        SELECT tenant_id, allocation_id, account_id, claim_id, payment_id, cents, $7
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::bigint[])
          AS new (tenant_id, allocation_id, account_id, claim_id, payment_id, cents)
        """,
        [each.tenant_id for each in placed],
        [new_id() for _ in placed],
        [each.account_id for each in placed],
        [each.allocation.claim_id for each in placed],
        [each.payment_id for each in placed],
        [each.allocation.cents for each in placed],
        at,
    )


async def find(tx: Tx, payment_id: UUID) -> PaymentRow | None:
    row = await tx.fetchrow(
        f"SELECT {COLUMNS} FROM payment WHERE tenant_id = $1 AND payment_id = $2",
        tx.tenant_id,
        payment_id,
    )
    return PaymentRow(**dict(row)) if row else None


async def by_reference(tx: Tx, method: Method, external_reference: str) -> PaymentRow | None:
    row = await tx.fetchrow(
        f"""
        SELECT {COLUMNS} FROM payment
        WHERE tenant_id = $1 AND method = $2 AND external_reference = $3
        """,
        tx.tenant_id,
        method,
        external_reference,
    )
    return PaymentRow(**dict(row)) if row else None


async def list_page(
    tx: Tx, *, account_id: UUID | None, after: tuple[datetime, UUID] | None, limit: int
) -> list[PaymentRow]:
    """Newest first, by the time of recording: the id of a payment with an outside reference is
    derived from it and has no time in it."""
    rows = await tx.fetch(
        f"""
        SELECT {COLUMNS} FROM payment
        WHERE tenant_id = $1 AND ($2::uuid IS NULL OR account_id = $2)
          AND ($3::timestamptz IS NULL OR (recorded_at, payment_id) < ($3, $4::uuid))
        ORDER BY recorded_at DESC, payment_id DESC LIMIT $5
        """,
        tx.tenant_id,
        account_id,
        *(after or (None, None)),
        limit,
    )
    return [PaymentRow(**dict(row)) for row in rows]


async def allocations_of(tx: Tx, payment_id: UUID) -> list[Allocation]:
    rows = await tx.fetch(
        """
        SELECT claim_id, cents FROM allocation WHERE tenant_id = $1 AND payment_id = $2
        ORDER BY allocation_id
        """,
        tx.tenant_id,
        payment_id,
    )
    return [Allocation(**dict(row)) for row in rows]
