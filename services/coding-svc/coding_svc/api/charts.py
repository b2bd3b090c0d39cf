"""Charts over REST: the worklist, one chart, its history. A chart has its encounter's id."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Response

from coding_svc.api.chart_views import ChartEntryView, ChartHistoryView, ChartView
from coding_svc.api.documents import load_chart
from coding_svc.api.register import router
from coding_svc.domain.desk.chart import Stage
from coding_svc.storage import charts
from coding_svc.storage.charts import Wanted
from rcm.service import Page, Paging, RequestClock, RequestTx, versioned

ME = "me"


@router.get("/charts", scope="Coding.s")
async def list_charts(
    tx: RequestTx,
    paging: Paging,
    clock: RequestClock,
    *,
    stage: Annotated[list[Stage] | None, Query()] = None,
    team: str | None = None,
    assigned_to: str | None = None,
    kind: str | None = None,
    due: Literal["today"] | None = None,
) -> Page[ChartView]:
    """A worklist: what waited longest and is worth most comes first. Without `stage` it shows what
    can be coded now: charts to code and, since they are due, pended charts whose day has come.
    `assigned_to=me` shows the caller's own."""
    wanted = Wanted(
        stages=tuple(stage) if stage else ("to_code",),
        team=team,
        assigned_to=tx.actor if assigned_to == ME else assigned_to,
        kind=kind,
        due_on=clock.today() if due or not stage else None,
    )
    after = paging.after(int, UUID)
    rows = await charts.worklist(tx, wanted, after=after, limit=paging.fetch)
    return Page[ChartView].of(
        rows, paging, key=lambda found: (found.rank, found.encounter_id), view=ChartView.of
    )


@router.get("/charts/{chart_id}", scope="Coding.r")
async def get_chart(chart_id: UUID, tx: RequestTx, response: Response) -> ChartView:
    """One chart; its ETag is what changes of it ask for."""
    chart = await load_chart(tx, chart_id)
    versioned(response, chart.version)
    return ChartView.of(chart)


@router.get("/charts/{chart_id}/history", scope="Coding.r")
async def get_chart_history(chart_id: UUID, tx: RequestTx) -> ChartHistoryView:
    """Every step of a chart, with who made it."""
    await load_chart(tx, chart_id)
    entries = await charts.history(tx, chart_id)
    return ChartHistoryView(items=[ChartEntryView.of(each) for each in entries])
