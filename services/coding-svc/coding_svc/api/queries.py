"""Queries to physicians: templates, drafts, compliant wording, sending, answers, outcomes."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel

from coding_svc.api.desk_bodies import AnswerBody, CloseBody, QueryCreate, QuestionBody
from coding_svc.api.documents import load_chart
from coding_svc.api.register import router
from coding_svc.domain.changes import By
from coding_svc.domain.desk import query as domain
from coding_svc.domain.desk import verbs
from coding_svc.domain.desk.chart import ChartStep
from coding_svc.domain.desk.query import NotCompliant, Query, QueryRefused, QueryStatus
from coding_svc.domain.desk.templates import templates
from coding_svc.domain.desk.wording import Question, breaches
from coding_svc.storage import charts
from coding_svc.storage import queries as storage
from rcm.db import Tx
from rcm.errors import Conflict, NotFound, Pointer, Unprocessable
from rcm.ids import new_id
from rcm.service import Page, Paging, RequestClock, RequestTx, RequiredIfMatch, versioned


class TemplateView(BaseModel):
    """A template of a query."""

    template: str
    title: str
    question: str
    options: list[str]
    may_be_yes_no: bool


class TemplatesView(BaseModel):
    items: list[TemplateView]


class WordingView(BaseModel):
    """Whether a query may be sent as it is worded; each finding with its place."""

    compliant: bool
    findings: list[dict[str, str]]


class QueryView(BaseModel):
    """A query without its words."""

    query_id: UUID
    encounter_id: UUID
    version: int
    status: QueryStatus
    template: str
    provider_npi: str
    outcome: str
    written_by: str
    created_at: datetime
    sent_at: datetime | None
    answered_at: datetime | None
    closed_at: datetime | None
    turnaround_seconds: int | None

    @classmethod
    def of(cls, query: Query) -> "QueryView":
        return cls.model_construct(**{name: getattr(query, name) for name in cls.model_fields})


class QueryDetail(QueryView):
    """A query with its words."""

    question: str
    indicators: str
    options: list[str]
    answer: str
    choice: int | None

    @classmethod
    def of(cls, query: Query) -> "QueryDetail":
        words = asdict(query.question)
        words.pop("may_be_yes_no")
        fields = {name: getattr(query, name) for name in QueryView.model_fields}
        return cls(**fields, **words, answer=query.answer, choice=query.choice)


@router.get("/query-templates", scope="Query.s")
async def get_templates(tx: RequestTx) -> TemplatesView:
    """The templates that ship with the system."""
    del tx
    return TemplatesView(
        items=[
            TemplateView(
                template=each.code,
                title=each.title,
                question=each.question,
                options=list(each.options),
                may_be_yes_no=each.may_be_yes_no,
            )
            for each in templates().values()
        ]
    )


@router.post("/queries:check", scope="Query.r", audit=False)
async def check_wording(body: QuestionBody, tx: RequestTx) -> WordingView:
    """Whether a query may be sent as it is worded. Keeps nothing."""
    del tx
    found = breaches(_asked(body))
    return WordingView(compliant=not found, findings=[asdict(each) for each in found])


@router.post("/charts/{chart_id}/queries", status_code=201, scope="Query.c", audit_id="query_id")
async def post_query(
    chart_id: UUID, body: QueryCreate, tx: RequestTx, clock: RequestClock, *, response: Response
) -> QueryDetail:
    """Write a draft."""
    await load_chart(tx, chart_id)
    query = Query(
        tenant_id=tx.tenant_id,
        query_id=new_id(),
        encounter_id=chart_id,
        version=1,
        status="draft",
        template=body.template,
        provider_npi=body.provider_npi,
        question=_asked(body),
        written_by=tx.actor,
        created_at=clock.now(),
        holds_chart=body.holds_chart,
    )
    await storage.save(tx, query, was=None)
    response.headers["Location"] = f"/queries/{query.query_id}"
    return _shown(query, response)


@router.get("/queries", scope="Query.s")
async def list_queries(
    tx: RequestTx,
    paging: Paging,
    status: QueryStatus | None = None,
    encounter_id: UUID | None = None,
) -> Page[QueryView]:
    """Queries in the order of their making, without their words."""
    after = paging.after(UUID)
    rows = await storage.page(
        tx,
        status=status,
        encounter_id=encounter_id,
        after=after[0] if after else None,
        limit=paging.fetch,
    )
    return Page[QueryView].of(rows, paging, key=lambda found: (found.query_id,), view=QueryView.of)


@router.get("/queries/{query_id}", scope="Query.r", audit_read=True, audit_id="query_id")
async def get_query(query_id: UUID, tx: RequestTx, response: Response) -> QueryDetail:
    """A query with its words; each reading is audited."""
    return _shown(await _load(tx, query_id), response)


@router.put("/queries/{query_id}", scope="Query.u", audit_id="query_id")
async def put_query(
    query_id: UUID, body: QuestionBody, tx: RequestTx, clock: RequestClock, *,
    if_match: RequiredIfMatch, response: Response,
) -> QueryDetail:  # fmt: skip
    """Word a draft anew."""
    query = await _load(tx, query_id, lock=True)
    if_match.require(query.version)
    by = By(tx.actor, clock.now())
    return await _keep(tx, query, domain.rewrite(query, _asked(body), by=by), response)


@router.post("/queries/{query_id}:send", scope="Query.u", audit_id="query_id")
async def send_query(
    query_id: UUID, tx: RequestTx, clock: RequestClock, if_match: RequiredIfMatch, *,
    response: Response,
) -> QueryDetail:  # fmt: skip
    """Send it to the physician; 422 `wording_not_compliant` names each place that would give the
    answer away. A chart that is to wait for the answer is `queried` until it comes."""
    query = await _load(tx, query_id, lock=True)
    if_match.require(query.version)
    by = By(tx.actor, clock.now())
    sent = domain.send(query, by=by)
    shown = await _keep(tx, query, sent, response)
    if query.holds_chart:
        chart = await load_chart(tx, query.encounter_id, lock=True)
        step = verbs.wait_for_answer(chart, str(query_id), by=by)
        if isinstance(step, ChartStep):
            await charts.change(tx, step)
    return shown


@router.post("/queries/{query_id}:answer", scope="Query.u", audit_id="query_id")
async def answer_query(
    query_id: UUID, body: AnswerBody, tx: RequestTx, clock: RequestClock, *,
    if_match: RequiredIfMatch, response: Response,
) -> QueryDetail:  # fmt: skip
    """The physician's answer. The chart goes on when no other query of it is open."""
    query = await _load(tx, query_id, lock=True)
    if_match.require(query.version)
    if body.choice is None and not body.text.strip():
        raise Unprocessable("answer_empty", "An answer is a choice, words, or both.")
    if body.choice is not None and body.choice >= len(query.question.options):
        raise Unprocessable(
            "choice_unknown", "There is no such choice.", (Pointer("/choice", "is no choice"),)
        )
    by = By(tx.actor, clock.now())
    answered = domain.answer(query, body.text, body.choice, by=by)
    shown = await _keep(tx, query, answered, response)
    await _go_on(tx, query, by)
    return shown


@router.post("/queries/{query_id}:close", scope="Query.u", audit_id="query_id")
async def close_query(
    query_id: UUID, body: CloseBody, tx: RequestTx, clock: RequestClock, *,
    if_match: RequiredIfMatch, response: Response,
) -> QueryDetail:  # fmt: skip
    """What came of it: an answered query has an outcome, an unanswered one is `withdrawn` or had
    `no_answer`, and its chart goes on."""
    query = await _load(tx, query_id, lock=True)
    if_match.require(query.version)
    by = By(tx.actor, clock.now())
    shown = await _keep(tx, query, domain.close(query, body.outcome, by=by), response)
    if query.status == "sent":
        await _go_on(tx, query, by)
    return shown


async def _go_on(tx: Tx, query: Query, by: By) -> None:
    """Tell the chart, unless it waits for another answer still."""
    chart = await load_chart(tx, query.encounter_id, lock=True)
    if query.holds_chart and await storage.awaited(tx, query.encounter_id):
        return
    step = verbs.note_answer(chart, str(query.query_id), by=by)
    if isinstance(step, ChartStep):
        await charts.change(tx, step)


async def _keep(
    tx: Tx, was: Query, found: Query | QueryRefused | NotCompliant, response: Response
) -> QueryDetail:
    match found:
        case QueryRefused(status):
            raise Conflict("status_refuses", f"A query that is {status} does not allow this.")
        case NotCompliant(findings):
            pointers = tuple(Pointer(each.place, each.message) for each in findings)
            raise Unprocessable("wording_not_compliant", "It may not be sent so.", pointers)
        case Query():
            await storage.save(tx, found, was=was.status)
            return _shown(found, response)


async def _load(tx: Tx, query_id: UUID, *, lock: bool = False) -> Query:
    query = await storage.load(tx, query_id, lock=lock)
    if query is None:
        raise NotFound("query_unknown", "There is no such query.")
    return query


def _asked(body: QuestionBody) -> Question:
    template = templates().get(body.template)
    if template is None:
        raise Unprocessable(
            "template_unknown", "There is no such template.",
            (Pointer("/template", "is no template"),),
        )  # fmt: skip
    return body.asked(template.asked(body.indicators))


def _shown(query: Query, response: Response) -> QueryDetail:
    versioned(response, query.version)
    return QueryDetail.of(query)
