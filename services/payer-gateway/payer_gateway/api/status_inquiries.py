"""Questions about claims (276) and the payers' reports (277); when to ask by itself.

A question is taken at once and answered a moment later (202, `Location`). A report moves no money:
only an 835 does.
"""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from payer_gateway.api.acknowledgments import StatusCodeView
from payer_gateway.api.inquiries import InquiryView, taker_of
from payer_gateway.api.payers import PayerId
from payer_gateway.api.register import Body, View, found, router
from payer_gateway.domain.claim_status import (
    ClaimStatusInquiry,
    FollowUpTerms,
    SentClaim,
    StatusReport,
    about,
)
from payer_gateway.domain.inquiry import InquiryStatus, Occasion, Taker
from payer_gateway.domain.lifecycle import SubmissionStatus
from payer_gateway.storage import payers
from payer_gateway.storage import status_inquiries as storage
from rcm.contracts.payer import NextStep
from rcm.db import Tx
from rcm.errors import Conflict, Pointer, Unprocessable
from rcm.ids import new_id
from rcm.service import IfMatch, Page, Paging, RequestClock, RequestTx, versioned

Days = Annotated[int, Field(ge=1, le=365)]


class StatusInquiryCreate(Body):
    """Ask about the newest sending of a claim, or about one that is named."""

    claim_id: UUID | None = None
    submission_id: UUID | None = None

    @model_validator(mode="after")
    def names_something(self) -> "StatusInquiryCreate":
        if self.claim_id is None and self.submission_id is None:
            raise PydanticCustomError("claim_missing", "needs a claim_id or a submission_id")
        return self


class LineReportView(View):
    line_control_number: str
    procedure_code: str
    charge_cents: int | None
    paid_cents: int | None
    status_codes: list[StatusCodeView]
    effective_on: date | None


class StatusReportView(View):
    """The payer's newest word. `paid_cents` helps to find the 835; nothing posts from it."""

    category_code: str
    category: str
    status_codes: list[StatusCodeView]
    is_final: bool
    effective_on: date | None
    charge_cents: int | None
    paid_cents: int | None
    finalized_on: date | None
    check_on: date | None
    check_number: str | None
    payer_claim_number: str | None
    lines: list[LineReportView]
    others_count: int
    """Claims that the payer found beside ours under the same particulars."""


class StatusInquiryView(InquiryView):
    claim_id: UUID
    submission_id: UUID
    patient_control_number: str
    next_step: NextStep | None
    respond_by: date | None
    """When the payer asks for information: the day by which it has to have it."""
    report: StatusReportView | None

    @classmethod
    def of(cls, asked: ClaimStatusInquiry) -> "StatusInquiryView":
        own = ("claim_id", "submission_id", "patient_control_number", "next_step", "respond_by")
        fields: dict[str, Any] = {name: getattr(asked, name) for name in own}
        report: StatusReport | None = asked.report
        return cls(
            **InquiryView.fields_of(asked.inquiry),
            **fields,
            report=StatusReportView.model_validate(report) if report else None,
        )


class ValidView(View):
    """Nothing stands in the way of asking."""

    is_valid: bool = True
    submission_id: UUID
    partner_id: UUID


class FollowUpBody(Body):
    """When claims of a payer are asked about by themselves."""

    after_days: Days | None = 14
    """So long after an acceptance without a word; null asks never."""
    every_days: Days = 7
    information_due_days: Days = 30
    """How long the payer waits for information that it asked for."""


class FollowUpView(View):
    payer_id: str
    after_days: int | None
    every_days: int
    information_due_days: int
    version: int

    @classmethod
    def of(cls, payer_id: str, terms: FollowUpTerms) -> "FollowUpView":
        names = ("after_days", "every_days", "information_due_days", "version")
        return cls(payer_id=payer_id, **{name: getattr(terms, name) for name in names})


@router.post(
    "/claim-status-inquiries",
    status_code=202,
    scope="ClaimStatusInquiry.c",
    audit_id="inquiry_id",
)
async def post_claim_status_inquiry(
    body: StatusInquiryCreate, tx: RequestTx, clock: RequestClock, response: Response
) -> StatusInquiryView:
    """Ask the payer about a claim now, whatever the follow-up has planned."""
    subject, taker = await _askable(tx, body, clock=clock)
    asked = about(subject, taker, Occasion(new_id(), "request", clock.now()))
    await storage.add(tx, [asked])
    response.headers["Location"] = f"/claim-status-inquiries/{asked.inquiry.inquiry_id}"
    response.headers["Retry-After"] = "1"
    return StatusInquiryView.of(asked)


@router.post("/claim-status-inquiries:validate", scope="ClaimStatusInquiry.c", audit=False)
async def post_claim_status_validate(
    body: StatusInquiryCreate, tx: RequestTx, clock: RequestClock
) -> ValidView:
    """The same checks, and nothing is asked."""
    subject, taker = await _askable(tx, body, clock=clock)
    return ValidView(submission_id=subject.submission_id, partner_id=taker.partner_id)


async def _askable(
    tx: Tx, body: StatusInquiryCreate, *, clock: RequestClock
) -> tuple[SentClaim, Taker]:
    """A sending that a payer can be asked about. Raises a problem that says why it cannot."""
    found_one = await storage.subject(tx, claim_id=body.claim_id, submission_id=body.submission_id)
    if found_one is None:
        place = "/claim_id" if body.submission_id is None else "/submission_id"
        raise Unprocessable(
            "claim_unknown", "No such claim has come here.", (Pointer(place, "is not known"),)
        )
    submission = found_one.submission
    if submission.sent_at is None:
        raise Conflict("claim_not_sent", "A payer can be asked about a claim that has left.")
    if found_one.claim is None or submission.status is SubmissionStatus.REMITTED:
        raise Conflict(
            "claim_remitted", "An 835 has answered this claim; its persons are let go of."
        )
    if found_one.has_open_inquiry:
        raise Conflict("inquiry_open", "The payer is being asked about this claim already.")
    taker = await taker_of(
        tx, submission.payer_id, "276", npi=submission.billing_npi, at=clock.now()
    )
    silent = SentClaim(
        submission.tenant_id,
        submission.submission_id,
        submission.claim_id,
        submission.patient_control_number,
        submission.payer_id,
    )
    return silent, taker


@router.get("/claim-status-inquiries", scope="ClaimStatusInquiry.s")
async def get_claim_status_inquiries(
    tx: RequestTx,
    paging: Paging,
    *,
    claim_id: Annotated[UUID | None, Query()] = None,
    status: Annotated[InquiryStatus | None, Query()] = None,
    next_step: Annotated[NextStep | None, Query()] = None,
) -> Page[StatusInquiryView]:
    """Newest first; of one claim, or by what a biller has to do next."""
    after = paging.after(UUID)
    rows = await storage.list_page(
        tx,
        claim_id=claim_id,
        status=status,
        next_step=next_step,
        after=after[0] if after else None,
        limit=paging.fetch,
    )
    return Page[StatusInquiryView].of(
        rows, paging, key=lambda row: (row.inquiry.inquiry_id,), view=StatusInquiryView.of
    )


@router.get("/claim-status-inquiries/{inquiry_id}", scope="ClaimStatusInquiry.r")
async def get_claim_status_inquiry(inquiry_id: UUID, tx: RequestTx) -> StatusInquiryView:
    return StatusInquiryView.of(
        found(await storage.find(tx, tx.tenant_id, inquiry_id), "claim status inquiry")
    )


@router.get("/payers/{payer_id}/follow-up", scope="Payer.r")
async def get_follow_up(payer_id: PayerId, tx: RequestTx, response: Response) -> FollowUpView:
    """The payer's terms, or the product's own (version 0)."""
    found(await payers.find(tx, payer_id), "payer")
    terms = await storage.terms_of(tx, tx.tenant_id, payer_id)
    versioned(response, terms.version)
    return FollowUpView.of(payer_id, terms)


@router.put("/payers/{payer_id}/follow-up", scope="Payer.u")
async def put_follow_up(
    payer_id: PayerId,
    body: FollowUpBody,
    *,
    tx: RequestTx,
    if_match: IfMatch,
    response: Response,
) -> FollowUpView:
    """When claims of this payer are asked about by themselves."""
    found(await payers.find(tx, payer_id), "payer")
    before = await storage.terms_of(tx, tx.tenant_id, payer_id, lock=True)
    if_match.require(before.version)
    terms = await storage.put_terms(tx, payer_id, FollowUpTerms(**body.model_dump()))
    versioned(response, terms.version)
    return FollowUpView.of(payer_id, terms)
