"""Worklists and sums: what waits for somebody, and where the money is."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query

from claims_svc import storage
from claims_svc.api.routes import router
from claims_svc.api.views import DenialView, SummaryView
from rcm.service import Page, Paging, RequestTx


@router.get("/denials", scope="Claim.s", tags=["worklists"])
async def list_denials(
    tx: RequestTx,
    paging: Paging,
    *,
    category: Annotated[str | None, Query(max_length=60)] = None,
    payer_id: Annotated[str | None, Query(max_length=80)] = None,
    is_open: bool = True,
) -> Page[DenialView]:
    """Denials, those that wait longest first."""
    after = paging.after(datetime, UUID)
    wanted = storage.DenialFilter(category=category, payer_id=payer_id, is_open=is_open)
    rows = await storage.denial_page(tx, wanted, after=after, limit=paging.fetch)
    return Page[DenialView].of(
        rows,
        paging,
        key=lambda row: (row.denial.opened_at, row.denial.denial_id),
        view=DenialView.of,
    )


@router.get("/summary", scope="Claim.s", tags=["worklists"])
async def get_summary(
    tx: RequestTx,
    first: Annotated[date | None, Query(alias="from")] = None,
    last: Annotated[date | None, Query(alias="to")] = None,
) -> SummaryView:
    """Claims by status and outcome with their money, for services in these days."""
    rows = await storage.summary(tx, first, last)
    return SummaryView.of(first, last, [dict(row) for row in rows])
