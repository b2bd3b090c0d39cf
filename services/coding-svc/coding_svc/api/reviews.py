"""Reviews over REST: of second level, of samples, and the items of audits."""

from datetime import datetime
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel

from coding_svc.api.desk_bodies import JudgeBody, ResolveBody, WordsBody
from coding_svc.api.documents import load_chart
from coding_svc.api.register import router
from coding_svc.desk.leaving import Work, leave
from coding_svc.domain.changes import By
from coding_svc.domain.desk import review as domain
from coding_svc.domain.desk import verbs
from coding_svc.domain.desk.chart import ChartStep
from coding_svc.domain.desk.review import Review, ReviewFinding, ReviewRefused, ReviewStatus
from coding_svc.domain.encounter import Coding
from coding_svc.storage import charts, encounters
from coding_svc.storage import reviews as storage
from rcm.db import Tx
from rcm.errors import Conflict, NotFound, Pointer, Unprocessable
from rcm.service import Page, Paging, RequestClock, RequestTx, RequiredIfMatch, versioned


class ReviewView(BaseModel):
    """A review: which coding is read, why, and what was found."""

    review_id: UUID
    encounter_id: UUID
    revision: int
    audit_id: UUID | None
    version: int
    kind: str
    status: ReviewStatus
    reader: int
    rule: str
    stratum: str
    coder: str
    reviewer: str
    coding: Coding
    findings: tuple[ReviewFinding, ...]
    charge_cents: int
    paid_cents: int | None
    opened_at: datetime
    reviewed_at: datetime | None
    resolved_at: datetime | None

    @classmethod
    def of(cls, review: Review) -> "ReviewView":
        return cls.model_construct(**{name: getattr(review, name) for name in cls.model_fields})


class ReviewDetail(ReviewView):
    """With what reviewer and coder wrote to each other."""

    words: list[tuple[str, str]]


@router.get("/reviews", scope="CodingAudit.s")
async def list_reviews(
    tx: RequestTx,
    paging: Paging,
    *,
    status: ReviewStatus | None = None,
    audit_id: UUID | None = None,
    encounter_id: UUID | None = None,
) -> Page[ReviewView]:
    """Reviews in the order of their opening."""
    after = paging.after(UUID)
    rows = await storage.page(
        tx,
        status=status,
        audit_id=audit_id,
        encounter_id=encounter_id,
        after=after[0] if after else None,
        limit=paging.fetch,
    )
    return Page[ReviewView].of(
        rows, paging, key=lambda found: (found.review_id,), view=ReviewView.of
    )


@router.get("/reviews/{review_id}", scope="CodingAudit.r")
async def get_review(review_id: UUID, tx: RequestTx, response: Response) -> ReviewDetail:
    """One review with its words."""
    return _shown(await _load(tx, review_id), response)


@router.post("/reviews/{review_id}:judge", scope="CodingAudit.u", audit_id="review_id")
async def judge_review(
    review_id: UUID, body: JudgeBody, tx: RequestTx, clock: RequestClock, *,
    if_match: RequiredIfMatch, response: Response,
) -> ReviewDetail:  # fmt: skip
    """What the reader found; nobody reads their own coding (409 `own_coding`), nor an item of an
    audit twice (409 `same_reader`). On a second-level review agreement lets the codes leave, and
    findings send the chart back to its coder."""
    review = await _editable(tx, review_id, if_match)
    by = By(tx.actor, clock.now())
    findings = [each.finding for each in body.findings]
    others = await storage.readers(tx, review) if review.audit_id else frozenset[str]()
    judged = domain.judge(review, findings, body.words, by=by, others=others)
    shown = await _keep(tx, judged, response, paid_cents=body.paid_cents)
    if review.kind == "second_level":
        await _go_on(tx, review, by, is_agreed=not findings)
    return shown


@router.post("/reviews/{review_id}:rebut", scope="Coding.u", audit_id="review_id")
async def rebut_review(
    review_id: UUID, body: WordsBody, tx: RequestTx, clock: RequestClock, *,
    if_match: RequiredIfMatch, response: Response,
) -> ReviewDetail:  # fmt: skip
    """The coder does not accept the findings."""
    review = await _editable(tx, review_id, if_match)
    by = By(tx.actor, clock.now())
    return await _keep(tx, domain.rebut(review, body.words, by=by), response)


@router.post("/reviews/{review_id}:resolve", scope="CodingAudit.u", audit_id="review_id")
async def resolve_review(
    review_id: UUID, body: ResolveBody, tx: RequestTx, clock: RequestClock, *,
    if_match: RequiredIfMatch, response: Response,
) -> ReviewDetail:  # fmt: skip
    """The end of a rebuttal: which findings fall, while the others stand."""
    review = await _editable(tx, review_id, if_match)
    if any(at >= len(review.findings) for at in body.overturned):
        raise Unprocessable(
            "finding_unknown", "The review has no such finding.",
            (Pointer("/overturned", f"its findings are 0 to {len(review.findings) - 1}"),),
        )  # fmt: skip
    by = By(tx.actor, clock.now())
    return await _keep(tx, domain.resolve(review, body.overturned, body.words, by=by), response)


async def _go_on(tx: Tx, review: Review, by: By, *, is_agreed: bool) -> None:
    """What a second reader's word does to the chart."""
    encounter = await encounters.load(tx, review.encounter_id, lock=True, with_persons=True)
    chart = await load_chart(tx, review.encounter_id, lock=True)
    assert encounter is not None  # noqa: S101 - a chart has its encounter
    if chart.stage != "in_review":
        return
    if is_agreed:
        coded = By(review.coder, by.now)
        await leave(tx, Work.of(encounter, chart), coded=coded, by=by, released_by="reviewer")
        return
    step = verbs.send_back(chart, str(review.review_id), by=by)
    if isinstance(step, ChartStep):
        await charts.change(tx, step)


async def _editable(tx: Tx, review_id: UUID, if_match: RequiredIfMatch) -> Review:
    """Locked after its encounter, as everybody locks, in the version that the caller saw."""
    await encounters.load(tx, (await _load(tx, review_id)).encounter_id, lock=True)
    review = await _load(tx, review_id, lock=True)
    if_match.require(review.version)
    return review


async def _keep(
    tx: Tx, found: Review | ReviewRefused, response: Response, *, paid_cents: int | None = None
) -> ReviewDetail:
    if isinstance(found, ReviewRefused):
        raise Conflict(found.reason, "This review does not allow it.")
    kept = domain.paid(found, paid_cents)
    await storage.change(tx, kept)
    return _shown(kept, response)


async def _load(tx: Tx, review_id: UUID, *, lock: bool = False) -> Review:
    review = await storage.load(tx, review_id, lock=lock)
    if review is None:
        raise NotFound("review_unknown", "There is no such review.")
    return review


def _shown(review: Review, response: Response) -> ReviewDetail:
    versioned(response, review.version)
    fields = {name: getattr(review, name) for name in ReviewView.model_fields}
    return ReviewDetail.model_construct(**fields, words=list(review.words))
