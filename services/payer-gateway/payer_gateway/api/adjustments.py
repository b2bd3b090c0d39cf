"""Provider adjustments (PLB), and which of them are still open."""

from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query

from payer_gateway.api.register import Body, View, found, router
from payer_gateway.domain.adjustments import Family, SettlementCode
from payer_gateway.storage import adjustments as storage
from rcm.errors import Conflict
from rcm.service import Page, Paging, RequestClock, RequestTx

PayerId = Annotated[str | None, Query(max_length=80)]
Npi = Annotated[str | None, Query(max_length=80)]


class AdjustmentView(View):
    """One PLB pair: positive takes money away. `claim_id` is the claim that its reference names."""

    remittance_id: UUID
    ordinal: int
    payer_id: str
    provider_npi: str
    family: Family
    reason_code: str
    reference: str
    amount_cents: int
    fiscal_period_on: date | None
    trace_number: str
    effective_on: date | None
    submission_id: UUID | None
    claim_id: UUID | None
    settled_code: SettlementCode | None
    settled_at: datetime | None


class BalanceView(View):
    """What does not net out to zero. Negative: the payer still has to take it back."""

    payer_id: str
    provider_npi: str
    family: Family
    reference: str
    balance_cents: int
    adjustment_count: int
    open_since: date | None


class BalancesView(View):
    items: list[BalanceView]
    balance_cents: int


class SettleBody(Body):
    reason_code: SettlementCode


@router.get("/provider-adjustments", scope="Remittance.s")
async def get_provider_adjustments(
    tx: RequestTx,
    paging: Paging,
    *,
    payer_id: PayerId = None,
    provider_npi: Npi = None,
    reason_code: Annotated[str | None, Query(max_length=2)] = None,
    trace_number: Annotated[str | None, Query(max_length=80)] = None,
    family: Annotated[Family | None, Query()] = None,
) -> Page[AdjustmentView]:
    """Every PLB pair of reported remittances, newest first."""
    wanted = storage.Wanted(payer_id, provider_npi, reason_code, trace_number, family)
    rows = await storage.list_page(tx, wanted, after=paging.after(UUID, int), limit=paging.fetch)
    return Page[AdjustmentView].of(
        rows,
        paging,
        key=lambda row: (row.remittance_id, row.ordinal),
        view=AdjustmentView.model_validate,
    )


@router.get("/provider-adjustments/balances", scope="Remittance.s")
async def get_open_balances(
    tx: RequestTx,
    clock: RequestClock,
    *,
    payer_id: PayerId = None,
    provider_npi: Npi = None,
    older_than_days: Annotated[int, Query(ge=0, le=3_650)] = 0,
) -> BalancesView:
    """Forwarded balances (FB) per payer and provider and recoveries (WO, 72) per reference that are
    not zero: work, once they are older than they should be. At most 1000, oldest first."""
    before = clock.now().date() - timedelta(days=older_than_days) if older_than_days else None
    rows = await storage.open_balances(
        tx, payer_id=payer_id, provider_npi=provider_npi, open_before=before
    )
    items = [BalanceView.model_validate(row) for row in rows]
    return BalancesView(items=items, balance_cents=sum(each.balance_cents for each in items))


@router.post(
    "/provider-adjustments/{remittance_id}/{ordinal}:settle",
    scope="Remittance.u",
    audit_id="remittance_id",
)
async def post_settle(
    remittance_id: UUID, ordinal: int, body: SettleBody, *, tx: RequestTx, clock: RequestClock
) -> AdjustmentView:
    """A person says why an adjustment needs no more work. No money moves."""
    found(await storage.find(tx, remittance_id, ordinal), "provider adjustment")
    settled = await storage.settle(
        tx, remittance_id, ordinal, code=body.reason_code, at=clock.now()
    )
    if settled is None:
        raise Conflict("adjustment_settled", "This adjustment is settled already.")
    return AdjustmentView.model_validate(settled)
