"""Charts over REST: the worklist, one chart, and the verbs of a coder. A chart has its encounter's
id."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Response

from coding_svc.api.chart_views import ChartEntryView, ChartHistoryView, ChartView
from coding_svc.api.desk_bodies import AssignBody, CodesBody, PendBody, ReasonBody, WordsBody
from coding_svc.api.documents import load_chart, refused
from coding_svc.api.register import router
from coding_svc.domain.changes import By
from coding_svc.domain.desk import verbs
from coding_svc.domain.desk.chart import Chart, Stage, StageRefused
from coding_svc.storage import charts, encounters
from coding_svc.storage.charts import Wanted
from rcm.db import Tx
from rcm.errors import NotFound, Pointer, Unprocessable
from rcm.service import Page, Paging, RequestClock, RequestTx, RequiredIfMatch, versioned

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


@router.post("/charts:next", scope="Coding.u", audit_id="encounter_id")
async def take_next(
    tx: RequestTx, clock: RequestClock, response: Response, team: str | None = None
) -> ChartView:
    """Take the first chart of the worklist that is nobody's else's; two who ask at once get two.
    404 `worklist_empty` when there is none."""
    chart = await charts.next_free(tx, team=team, actor=tx.actor)
    if chart is None:
        raise NotFound("worklist_empty", "Nothing waits to be coded.")
    return await keep(tx, verbs.take(chart, by=By(tx.actor, clock.now())), response)


@router.post("/charts/{chart_id}:take", scope="Coding.u", audit_id="chart_id")
async def take_chart(
    chart_id: UUID, tx: RequestTx, clock: RequestClock, if_match: RequiredIfMatch, *,
    response: Response,
) -> ChartView:  # fmt: skip
    """Begin to work on it."""
    chart = await editable(tx, chart_id, if_match)
    return await keep(tx, verbs.take(chart, by=By(tx.actor, clock.now())), response)


@router.post("/charts/{chart_id}:assign", scope="Coding.u", audit_id="chart_id")
async def assign_chart(
    chart_id: UUID, body: AssignBody, tx: RequestTx, clock: RequestClock, *,
    if_match: RequiredIfMatch, response: Response,
) -> ChartView:  # fmt: skip
    """Give it to a team or to somebody."""
    chart = await editable(tx, chart_id, if_match)
    by = By(tx.actor, clock.now())
    step = verbs.assign(chart, team=body.team, assigned_to=body.assigned_to, by=by)
    return await keep(tx, step, response)


@router.put("/charts/{chart_id}/codes", scope="Coding.u", audit_id="chart_id")
async def put_codes(
    chart_id: UUID, body: CodesBody, tx: RequestTx, clock: RequestClock, *,
    if_match: RequiredIfMatch, response: Response,
) -> ChartView:  # fmt: skip
    """Replace the codes that are worked on."""
    chart = await editable(tx, chart_id, if_match)
    step = verbs.code(chart, *body.coded, by=By(tx.actor, clock.now()))
    return await keep(tx, step, response)


@router.post("/charts/{chart_id}:pend", scope="Coding.u", audit_id="chart_id")
async def pend_chart(
    chart_id: UUID, body: PendBody, tx: RequestTx, clock: RequestClock, *,
    if_match: RequiredIfMatch, response: Response,
) -> ChartView:  # fmt: skip
    """Lay it aside with a reason. From `until` on the worklist shows it again; 422 `until_past`
    for a day that is over (in UTC)."""
    if body.until is not None and body.until < clock.today():
        reason = Pointer("/until", "is before today")
        raise Unprocessable("until_past", "A chart waits for a day to come.", (reason,))
    chart = await editable(tx, chart_id, if_match)
    by = By(tx.actor, clock.now())
    step = verbs.pend(chart, body.reason_code, body.until, words=body.words, by=by)
    return await keep(tx, step, response)


@router.post("/charts/{chart_id}:return", scope="Coding.u", audit_id="chart_id")
async def return_chart(
    chart_id: UUID, body: WordsBody, tx: RequestTx, clock: RequestClock, *,
    if_match: RequiredIfMatch, response: Response,
) -> ChartView:  # fmt: skip
    """What was laid aside goes on."""
    chart = await editable(tx, chart_id, if_match)
    step = verbs.give_back(chart, words=body.words, by=By(tx.actor, clock.now()))
    return await keep(tx, step, response)


@router.post("/charts/{chart_id}:reopen", scope="Coding.u", audit_id="chart_id")
async def reopen_chart(
    chart_id: UUID, body: ReasonBody, tx: RequestTx, clock: RequestClock, *,
    if_match: RequiredIfMatch, response: Response,
) -> ChartView:  # fmt: skip
    """Work again on codes that have left. They stand until the next `:finalize` sends a new
    revision, and claims made from them follow: rebuilt, or replaced at the payer."""
    encounter = await encounters.load(tx, chart_id, lock=True)
    chart = await editable(tx, chart_id, if_match)
    assert encounter is not None  # noqa: S101 - a chart has its encounter
    by = By(tx.actor, clock.now())
    step = verbs.reopen(chart, encounter.coding, words=body.reason, by=by)
    return await keep(tx, step, response)


async def editable(tx: Tx, chart_id: UUID, if_match: RequiredIfMatch) -> Chart:
    """A chart, locked, in the version that the caller saw."""
    chart = await load_chart(tx, chart_id, lock=True)
    if_match.require(chart.version)
    return chart


async def keep(tx: Tx, step: verbs.Outcome, response: Response) -> ChartView:
    """Save a step, or say why there is none."""
    if isinstance(step, StageRefused):
        raise refused(step)
    await charts.change(tx, step)
    versioned(response, step.chart.version)
    return ChartView.of(step.chart)
