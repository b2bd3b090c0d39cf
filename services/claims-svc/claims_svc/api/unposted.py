"""Payments that no claim takes yet: the queue, and its cents."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel

from claims_svc import storage
from claims_svc.api.routes import router
from rcm.service import Page, Paging, RequestTx


class UnpostedView(BaseModel):
    """One CLP of a remittance. `paid_cents` stand in the payer's unapplied money meanwhile."""

    remittance_id: UUID
    ordinal: int
    patient_control_number: str
    payer_id: str
    trace_number: str
    payer_claim_number: str | None
    claim_status_code: str
    charge_cents: int
    paid_cents: int
    reason: str
    status: Literal["open", "posted"]
    claim_id: UUID | None
    found_at: datetime
    tried_at: datetime
    resolved_at: datetime | None


class UnpostedTotal(BaseModel):
    reason: str
    payments: int
    charge_cents: int
    paid_cents: int
    oldest_at: datetime


class UnpostedTotals(BaseModel):
    """What waits, by reason and in all."""

    items: list[UnpostedTotal]
    payments: int
    paid_cents: int


@router.get("/unposted-payments", scope="Claim.s", tags=["worklists"])
async def list_unposted_payments(
    tx: RequestTx,
    paging: Paging,
    *,
    status: Annotated[Literal["open", "posted"] | None, Query()] = "open",
    reason: Annotated[str | None, Query(max_length=60)] = None,
    payer_id: Annotated[str | None, Query(max_length=80)] = None,
    remittance_id: Annotated[UUID | None, Query()] = None,
) -> Page[UnpostedView]:
    """What payers paid or took back on claims that cannot take it, those that wait longest first.

    `claim_unknown`: match it in the gateway. Every other reason ends by itself when the claim
    moves: a reversal makes room, an original is posted.
    """
    wanted = storage.UnpostedFilter(status, reason, payer_id, remittance_id)
    rows = await storage.unposted_page(
        tx, wanted, after=paging.after(datetime, UUID, int), limit=paging.fetch
    )
    return Page[UnpostedView].of(
        rows,
        paging,
        key=lambda row: (row["found_at"], row["remittance_id"], row["ordinal"]),
        view=lambda row: UnpostedView(**dict(row)),
    )


@router.get("/unposted-payments/totals", scope="Claim.s", tags=["worklists"])
async def get_unposted_totals(tx: RequestTx) -> UnpostedTotals:
    """How many payments wait, and how many cents."""
    items = [UnpostedTotal(**dict(row)) for row in await storage.unposted_totals(tx)]
    return UnpostedTotals(
        items=items,
        payments=sum(each.payments for each in items),
        paid_cents=sum(each.paid_cents for each in items),
    )
