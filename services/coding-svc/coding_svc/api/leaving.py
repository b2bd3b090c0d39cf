"""Codes leave a chart: checked, overridden with a reason, reviewed where a rule wants it."""

from uuid import UUID

from fastapi import Response
from pydantic import BaseModel

from coding_svc.api.chart_views import ChartView
from coding_svc.api.charts import keep
from coding_svc.api.checking import EditFindingView
from coding_svc.api.desk_bodies import FinalizeBody
from coding_svc.api.documents import load_chart
from coding_svc.api.register import router
from coding_svc.desk.leaving import Judged, Work, judged, leave, open_review
from coding_svc.domain.changes import By
from coding_svc.domain.desk import verbs
from coding_svc.domain.desk.rules import review_rule
from coding_svc.domain.edits import edits
from coding_svc.storage import encounters, overrides, rules
from rcm.contracts.values import Finding
from rcm.db import Tx
from rcm.errors import Conflict, Pointer, Unprocessable
from rcm.service import RequestClock, RequestTx, RequiredIfMatch, ServiceResources, versioned


class ChartCheckView(BaseModel):
    """Whether the codes may leave as they are. `stops` are of their shape and nobody overrides
    them; `findings` are of the edits."""

    may_leave: bool
    stops: list[Finding]
    findings: list[EditFindingView]


class OverridesView(BaseModel):
    """Reasons by edit, of the codes that left last."""

    encounter_id: UUID
    revision: int
    reasons: dict[str, str]


@router.get("/charts/{chart_id}/check", scope="Coding.r")
async def check_chart(
    chart_id: UUID, tx: RequestTx, clock: RequestClock, catalogue: ServiceResources
) -> ChartCheckView:
    """What `:finalize` would find."""
    work = await _work(tx, chart_id)
    found = await judged(tx, catalogue, work, by=By(tx.actor, clock.now()))
    return ChartCheckView(
        may_leave=not found.stops and not found.blocking(frozenset()),
        stops=list(found.stops),
        findings=[EditFindingView.of(each) for each in found.findings],
    )


@router.post("/charts/{chart_id}:finalize", scope="Coding.u", audit_id="chart_id")
async def finalize_chart(
    chart_id: UUID, body: FinalizeBody, tx: RequestTx, clock: RequestClock, *,
    catalogue: ServiceResources, if_match: RequiredIfMatch, response: Response,
) -> ChartView:  # fmt: skip
    """Let the codes leave as the encounter's next revision, or send them to a second reader where a
    review rule wants one. 422 `hard_stops` names everything that forbids it."""
    work = await _work(tx, chart_id)
    if_match.require(work.chart.version)
    if work.chart.stage != "to_code":
        raise Conflict("stage_refuses", f"A chart that is {work.chart.stage} does not leave.")
    by = By(tx.actor, clock.now())
    _require_overridable(body)
    _require_clean(await judged(tx, catalogue, work, by=by), frozenset(body.reasons))
    await overrides.add(tx, chart_id, work.encounter.revision + 1, body.reasons, now=by.now)
    rule = None
    if not work.chart.is_reviewed:
        rule = review_rule(await rules.all_of(tx), work.facts(tx.actor), chart_id)
    if rule is not None:
        review = await open_review(tx, work, "second_level", rule=rule.name, coder=tx.actor, by=by)
        step = verbs.send_to_review(work.chart, str(review.review_id), rule.name, by=by)
        return await keep(tx, step, response)
    left = await leave(tx, work, coded=by, by=by, released_by="coder")
    versioned(response, left.version)
    return ChartView.of(left)


@router.get("/charts/{chart_id}/overrides", scope="Coding.r")
async def get_overrides(
    chart_id: UUID, tx: RequestTx, revision: int | None = None
) -> OverridesView:
    """Which edits were overridden for a revision, the newest unless one is named, and why."""
    work = await _work(tx, chart_id)
    wanted = revision or work.encounter.revision
    reasons = await overrides.of_revision(tx, chart_id, wanted)
    return OverridesView(encounter_id=chart_id, revision=wanted, reasons=reasons)


async def _work(tx: Tx, chart_id: UUID) -> Work:
    """The encounter first: everybody locks in one order."""
    encounter = await encounters.load(tx, chart_id, lock=True, with_persons=True)
    chart = await load_chart(tx, chart_id, lock=True)
    assert encounter is not None  # noqa: S101 - a chart has its encounter
    return Work.of(encounter, chart)


def _require_overridable(body: FinalizeBody) -> None:
    pointers = tuple(
        Pointer(f"/overrides/{at}/edit", "may not be overridden")
        for at, each in enumerate(body.overrides)
        if each.edit not in edits() or not edits()[each.edit].is_overridable
    )
    if pointers:
        raise Unprocessable("not_overridable", "These edits may not be overridden.", pointers)


def _require_clean(found: Judged, overridden: frozenset[str]) -> None:
    pointers = [
        Pointer(stop.location or "", f"{stop.code}: {stop.message}") for stop in found.stops
    ]
    for each in found.blocking(overridden):
        places = [f"/lines/{number - 1}" for number in each.lines[:1]]
        places = places or [f"/diagnoses/{number - 1}" for number in each.diagnoses[:1]]
        pointers.append(Pointer((places or [""])[0], f"{each.edit}: {each.message}"))
    if pointers:
        raise Unprocessable("hard_stops", "The codes may not leave.", tuple(pointers))
