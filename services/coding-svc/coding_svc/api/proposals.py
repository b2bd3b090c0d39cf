"""Suggestions on charts: read the documents, see what is suggested, take, change or refuse it."""

from datetime import datetime
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel

from coding_svc.api.chart_views import ChartView
from coding_svc.api.charts import editable, keep
from coding_svc.api.desk_bodies import DecisionBody
from coding_svc.api.documents import load_chart
from coding_svc.api.register import router
from coding_svc.api.suggestions import SuggestionView
from coding_svc.desk.reading import read_chart
from coding_svc.domain.changes import By
from coding_svc.domain.desk import verbs
from coding_svc.domain.desk.proposal import (
    Proposal,
    Status,
    codes_after,
    decide,
    decided,
)
from coding_svc.storage import suggestions
from rcm.errors import Conflict, NotFound, Pointer, Unprocessable
from rcm.events import publish
from rcm.service import RequestClock, RequestTx, RequiredIfMatch, ServiceResources


class ProposalView(SuggestionView):
    """A suggestion on a chart: which document it was read from, and what became of it."""

    suggestion_id: UUID
    document_id: UUID
    document_version: int
    is_complete: bool
    """Whether nothing is left to ask that would change the code."""
    status: Status
    decided_code: str
    reason_code: str
    decided_by: str
    decided_at: datetime | None

    @classmethod
    def shown(cls, each: Proposal) -> "ProposalView":
        """The view of one."""
        found = SuggestionView.of(each.suggestion).model_dump()
        return cls(
            **found,
            suggestion_id=each.suggestion_id,
            document_id=each.document_id,
            document_version=each.document_version,
            is_complete=each.suggestion.is_complete,
            status=each.status,
            decided_code=each.decided_code,
            reason_code=each.reason_code,
            decided_by=each.decided_by,
            decided_at=each.decided_at,
        )


class ProposalsView(BaseModel):
    """The surest first."""

    items: list[ProposalView]


class ReadView(BaseModel):
    """What came of a reading: how many suggestions, and whether a rule let the codes go;
    `withheld` says why not (`no_rule`, `asks:side`, `edit:...`)."""

    encounter_id: UUID
    suggestions: int
    stage: str
    released_by: str
    withheld: list[str]


@router.post("/charts/{chart_id}:read", scope="Coding.u", audit_id="chart_id")
async def read_documents(
    chart_id: UUID, tx: RequestTx, clock: RequestClock, catalogue: ServiceResources
) -> ReadView:
    """Read a chart's documents now rather than within seconds: suggestions are made, the chart
    goes to its team, and a release rule may let its codes go."""
    await load_chart(tx, chart_id)
    found = await read_chart(tx, catalogue, chart_id, now=clock.now())
    if found is None:
        raise NotFound("chart_unknown", "There is no such chart.")
    return ReadView(
        encounter_id=chart_id,
        suggestions=found.suggestions,
        stage=found.chart.stage,
        released_by=found.released_by,
        withheld=list(found.withheld),
    )


@router.get("/charts/{chart_id}/suggestions", scope="Coding.r")
async def get_proposals(chart_id: UUID, tx: RequestTx) -> ProposalsView:
    """What is suggested, from which characters of which document, and what became of it."""
    await load_chart(tx, chart_id)
    found = await suggestions.of_chart(tx, chart_id)
    return ProposalsView(items=[ProposalView.shown(each) for each in found])


@router.post(
    "/charts/{chart_id}/suggestions/{suggestion_id}:decide",
    scope="Coding.u",
    audit_id="suggestion_id",
)
async def decide_suggestion(
    chart_id: UUID, suggestion_id: UUID, body: DecisionBody, tx: RequestTx, *,
    clock: RequestClock, if_match: RequiredIfMatch, response: Response,
) -> ChartView:  # fmt: skip
    """Accept a suggestion, put another code in its place, or reject it. The chart's codes follow; a
    later decision replaces an earlier one."""
    if (body.decision == "edit") != (body.code is not None):
        raise Unprocessable(
            "code_mismatch", "A code is given with an edit, and only then.",
            (Pointer("/code", "is given with an edit, and only then"),),
        )  # fmt: skip
    chart = await editable(tx, chart_id, if_match)
    before = await suggestions.load(tx, suggestion_id, lock=True)
    if before is None or before.encounter_id != chart_id:
        raise NotFound("suggestion_unknown", "There is no such suggestion on this chart.")
    if before.status == "superseded":
        raise Conflict("suggestion_superseded", "A newer version of its document was read.")
    by = By(tx.actor, clock.now())
    reason = body.reason_code or ""
    after = decide(before, body.decision, code=body.code or "", reason=reason, by=by)
    codes = codes_after(chart, before, after, chart.last_day)
    details = {"suggestion_id": str(suggestion_id), "decision": after.status}
    step = verbs.note_decision(chart, details, by=by, diagnoses=codes.diagnoses, lines=codes.lines)
    view = await keep(tx, step, response)
    await suggestions.decide(tx, [after])
    await publish(tx, [decided(after)])
    return view
