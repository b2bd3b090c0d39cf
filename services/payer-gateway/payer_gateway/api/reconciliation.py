"""Both sides that wait for each other: remittances without money, money without a remittance."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query

from payer_gateway.api.deposits import DepositView
from payer_gateway.api.register import View, router
from payer_gateway.domain.deposits import Deposit, days_late
from payer_gateway.domain.deposits.calendar import subtract_business_days
from payer_gateway.domain.deposits.deposit import LATE_AFTER_DAYS
from payer_gateway.storage import deposits as storage
from payer_gateway.storage.deposits import Waiting
from rcm.service import Page, Paging, RequestClock, RequestTx

Days = Annotated[
    int,
    Query(ge=0, le=366, description="Business days that a transfer or remittance may still take."),
]


class WaitingRemittance(View):
    remittance_id: UUID
    payer_id: str
    payer_name: str
    trace_number: str
    payment_cents: int
    payment_method: str
    effective_on: date
    received_at: datetime
    days_late: int = 0
    """Business days beyond the three that a payer has."""


class WaitingDeposit(DepositView):
    days_late: int = 0


class StandingView(View):
    """What waits longer than it should, counted."""

    deposits: int
    deposit_cents: int
    mismatched: int
    difference_cents: int
    remittances: int
    remittance_cents: int
    as_of: date


@router.get("/reconciliation", scope="Deposit.s")
async def get_reconciliation(
    tx: RequestTx, clock: RequestClock, later_than_days: Days = LATE_AFTER_DAYS
) -> StandingView:
    """Both worklists in numbers, and the mismatches whatever their age."""
    today = clock.now().date()
    row = await storage.standing(tx, due_before=subtract_business_days(today, later_than_days))
    fields = {name: getattr(row, name) for name in StandingView.model_fields if name != "as_of"}
    return StandingView(**fields, as_of=today)


@router.get("/reconciliation/remittances-without-deposit", scope="Deposit.s")
async def get_remittances_without_deposit(
    tx: RequestTx, clock: RequestClock, paging: Paging, later_than_days: Days = LATE_AFTER_DAYS
) -> Page[WaitingRemittance]:
    """An 835 whose money the bank has not shown, those that wait longest first."""
    today = clock.now().date()

    def view(row: Waiting) -> WaitingRemittance:
        shown = WaitingRemittance.model_validate(row)
        return shown.model_copy(update={"days_late": days_late(row.effective_on, today)})

    rows = await storage.remittances_without_deposit(
        tx,
        due_before=subtract_business_days(today, later_than_days),
        after=paging.after(date, UUID),
        limit=paging.fetch,
    )
    return Page[WaitingRemittance].of(
        rows, paging, key=lambda row: (row.effective_on, row.remittance_id), view=view
    )


@router.get("/reconciliation/deposits-without-remittance", scope="Deposit.s")
async def get_deposits_without_remittance(
    tx: RequestTx, clock: RequestClock, paging: Paging, later_than_days: Days = LATE_AFTER_DAYS
) -> Page[WaitingDeposit]:
    """Money that no remittance explains, mismatches included, oldest first."""
    today = clock.now().date()

    def view(row: Deposit) -> WaitingDeposit:
        shown = WaitingDeposit.model_validate(row)
        return shown.model_copy(update={"days_late": days_late(row.deposited_on, today)})

    rows = await storage.deposits_without_remittance(
        tx,
        due_before=subtract_business_days(today, later_than_days),
        after=paging.after(date, UUID),
        limit=paging.fetch,
    )
    return Page[WaitingDeposit].of(
        rows, paging, key=lambda row: (row.deposited_on, row.deposit_id), view=view
    )
