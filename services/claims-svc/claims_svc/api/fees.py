"""Fee schedules over REST: set the rates of a day, read what holds."""

from datetime import date
from typing import Annotated

from fastapi import Path, Query

from claims_svc import storage
from claims_svc.api.bodies import FeeScheduleBody, RateBody
from claims_svc.api.routes import router
from claims_svc.api.views import FeeScheduleView, RateView
from claims_svc.domain.pricing import Rate
from rcm.errors import Pointer, Unprocessable
from rcm.service import Page, Paging, RequestTx

Schedule = Annotated[
    str, Path(min_length=1, max_length=80, description="A payer's id, or `default`.")
]


@router.put(
    "/fee-schedules/{schedule}/{effective_from}",
    scope="FeeSchedule.u",
    audit_id="schedule",
    tags=["fee schedules"],
)
async def put_fee_schedule(
    schedule: Schedule, effective_from: date, body: FeeScheduleBody, tx: RequestTx
) -> FeeScheduleView:
    """The rates of this schedule that begin on this day become exactly these. A rate holds until
    the next one of its code and modifier; claims that are built already keep their prices."""
    _refuse_repeats(body.items)
    rates = [
        Rate(schedule, item.procedure_code, item.modifier, effective_from, item.unit_cents)
        for item in body.items
    ]
    await storage.replace_fees(tx, schedule, effective_from, rates)
    return FeeScheduleView(schedule=schedule, effective_from=effective_from, rates=len(rates))


@router.get("/fee-schedules", scope="FeeSchedule.s", tags=["fee schedules"])
async def list_rates(
    tx: RequestTx,
    paging: Paging,
    schedule: Annotated[str | None, Query(max_length=80)] = None,
) -> Page[RateView]:
    """Rates in the order of schedule, code, modifier and day."""
    after = paging.after(str, str, str, date)
    rates = await storage.read_fees(tx, schedule, after=after, limit=paging.fetch)
    return Page[RateView].of(
        rates,
        paging,
        key=lambda rate: (
            rate.schedule,
            rate.procedure_code,
            rate.modifier,
            rate.effective_from,
        ),
        view=RateView.of,
    )


def _refuse_repeats(items: tuple[RateBody, ...]) -> None:
    seen: set[tuple[str, str]] = set()
    pointers = []
    for position, item in enumerate(items):
        key = (item.procedure_code, item.modifier)
        if key in seen:
            pointers.append(Pointer(f"/items/{position}", "repeats a code and modifier"))
        seen.add(key)
    if pointers:
        raise Unprocessable("rate_repeated", "A code is priced once a day.", tuple(pointers))
