"""271 and 277: what a payer says of a coverage or a claim that we asked about.

Neither moves money. An answer is matched by our trace number (TRN02); one that carries no trace (a
payer that turns the whole question away) by the reference that it gives back.
"""

from collections.abc import Sequence
from datetime import datetime

from payer_gateway.domain.claim_status import (
    FollowUp,
    StatusReport,
    follow_up,
    next_step,
    of_claim,
    respond_by,
)
from payer_gateway.domain.coverage_x12 import coverage_answers
from payer_gateway.domain.eligibility import EligibilityAnswer, retry_at
from payer_gateway.domain.inquiry import Failure, Inquiry, next_attempt
from payer_gateway.domain.interchange import FoundIn, Interchange
from payer_gateway.domain.remittance import findings_of
from payer_gateway.domain.status_x12 import claim_reports
from payer_gateway.handlers.register import caused
from payer_gateway.storage import eligibility, inquiries, status_inquiries
from rcm.contracts.payer import ClaimStatusReported
from rcm.contracts.values import Finding
from rcm.db import Tx
from rcm.events import publish
from rcm_x12 import eligibility_271, status_277
from rcm_x12.envelope import TransactionSet

PAYER_BUSY = "payer_busy"


async def take_271(
    tx: Tx,
    file: Interchange,
    found: TransactionSet[eligibility_271.Response],
    *,
    at: datetime,
) -> list[FoundIn]:
    """Every answered coverage of a 271, by trace number."""
    answers = coverage_answers(found.content)
    known = await inquiries.by_trace(tx, file.tenant_id, [trace for trace, _ in answers])
    strangers = 0
    for trace, answer in answers:
        inquiry = known.get(trace)
        if inquiry is None or inquiry.kind != "270":
            strangers += 1
            continue
        await _benefits(tx, file, inquiry, answer, at=at)
    return [*_noted(file, found), *_unmatched(file, "271", strangers)]


async def _benefits(
    tx: Tx, file: Interchange, inquiry: Inquiry, answer: EligibilityAnswer, *, at: datetime
) -> None:
    """An answer, unless the payer is only busy: then the question waits for its next turn."""
    again_at = retry_at(answer, inquiry.attempts, at=at)
    if again_at is None:
        await eligibility.record_answer(
            tx, inquiry, answer, interchange_id=file.interchange_id, at=at
        )
        return
    failure = Failure(PAYER_BUSY, answer.errors[0].reason)
    await inquiries.ask_anew(tx, inquiry, failure, at=again_at)
    await eligibility.note_errors(tx, inquiry, answer.error_codes, status=None)


async def take_277(
    tx: Tx,
    file: Interchange,
    found: TransactionSet[status_277.Response],
    *,
    at: datetime,
) -> list[FoundIn]:
    """Every answered claim of a 277, by trace number."""
    answers = claim_reports(found.content)
    known = await inquiries.by_trace(tx, file.tenant_id, [trace for trace, _ in answers])
    strangers = 0
    for trace, reports in answers:
        inquiry = known.get(trace)
        if inquiry is None or inquiry.kind != "276":
            strangers += 1
            continue
        await _status(tx, file, inquiry, reports, at=at)
    return [*_noted(file, found), *_unmatched(file, "277", strangers)]


async def _status(
    tx: Tx, file: Interchange, inquiry: Inquiry, found: Sequence[StatusReport], *, at: datetime
) -> None:
    asked = (await status_inquiries.asked_about(tx, inquiry.tenant_id, [inquiry.inquiry_id]))[
        inquiry.inquiry_id
    ].submission
    report = of_claim(
        found,
        control_number=asked.patient_control_number,
        payer_claim_number=asked.payer_claim_number,
    )
    if report is None or not report.status_codes:
        return
    again_at = next_attempt(inquiry.attempts, at=at) if report.may_pass else None
    if again_at is not None:
        failure = Failure(PAYER_BUSY, report.category)
        await inquiries.ask_anew(tx, inquiry, failure, at=again_at)
        return
    if not await inquiries.record_answer(
        tx, inquiry, interchange_id=file.interchange_id, answer=None, at=at
    ):
        return
    terms = await status_inquiries.terms_of(tx, inquiry.tenant_id, inquiry.payer_id)
    step, due_on = next_step(report), respond_by(report, terms, at=at)
    await status_inquiries.record_report(tx, inquiry, report, next_step=step, respond_by=due_on)
    plan: FollowUp = follow_up(report, terms, at=at)
    await status_inquiries.set_follow_up(
        tx,
        inquiry.tenant_id,
        asked.submission_id,
        plan,
        payer_claim_number=report.payer_claim_number,
    )
    event = ClaimStatusReported(
        tenant_id=inquiry.tenant_id,
        claim_id=asked.claim_id,
        status_codes=report.status_codes,
        payer_claim_number=report.payer_claim_number,
        reported_at=at,
        submission_id=asked.submission_id,
        inquiry_id=inquiry.inquiry_id,
        effective_on=report.effective_on,
        next_step=step,
        respond_by=due_on,
        paid_cents=report.paid_cents,
        check_number=report.check_number,
        check_on=report.check_on,
    )
    await publish(tx, [caused(asked, event)])


def _noted(file: Interchange, found: TransactionSet[object]) -> list[FoundIn]:
    return [FoundIn(file.interchange_id, each) for each in findings_of(found.findings)]


def _unmatched(file: Interchange, kind: str, count: int) -> list[FoundIn]:
    if not count:
        return []
    finding = Finding(
        code=f"{kind}.unmatched",
        severity="warning",
        message=f"{count} answers of it belong to no question of ours",
    )
    return [FoundIn(file.interchange_id, finding)]
