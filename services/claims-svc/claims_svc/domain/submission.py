"""What the gateway reports about a claim on its way, and what that moves."""

from dataclasses import replace

from claims_svc.domain import announce, filing, reports
from claims_svc.domain.change import Change
from claims_svc.domain.claim import Cause, Claim, edges
from claims_svc.domain.lifecycle import SubmissionEvent, answered, may_move
from rcm.contracts.payer import (
    AcknowledgmentOverdue,
    ClaimAcknowledged,
    ClaimRejected,
    ClaimStatusReported,
    ClaimSubmitted,
)
from rcm.contracts.values import Finding

REJECTED_BY_HOP = "R001"
FILING_LIMIT_NEAR = "T102"


def follow_submission(claim: Claim, event: SubmissionEvent, cause: Cause) -> Change | None:
    """The claim after this report; None when it says nothing new. Answers to an earlier sending and
    answers that a later one has overtaken move nothing, but a payer's number is kept anyway."""
    if _is_of_an_earlier_sending(claim, event):
        return None
    known = _facts(claim, event, cause)
    wanted = answered(event)
    if wanted is not None and may_move(claim.status, wanted):
        known = replace(known, status=wanted)
    if known == claim:
        return None
    moved = replace(known, version=claim.version + 1, updated_at=cause.now)
    events = (announce.status_changed(claim, moved, cause),) if moved.status != claim.status else ()
    steps = (*edges(claim, moved, cause), *reports.silence(event, cause))
    return Change(moved, claim, steps, (), events)


def _is_of_an_earlier_sending(claim: Claim, event: SubmissionEvent) -> bool:
    """A released claim keeps the id of its last sending, whose late answers are about the past."""
    if isinstance(event, ClaimSubmitted) or event.submission_id is None:
        return False
    if claim.status in ("ready", "queued", "held"):
        return event.submission_id == claim.submission_id
    return claim.submission_id is not None and event.submission_id != claim.submission_id


def _facts(claim: Claim, event: SubmissionEvent, cause: Cause) -> Claim:
    match event:
        case ClaimSubmitted():
            return replace(claim, submission_id=event.submission_id)
        case ClaimAcknowledged():
            return replace(
                claim,
                payer_claim_number=_number(claim, event),
                submission_id=event.submission_id,
                findings=reports.without_alarm(claim.findings),
            )
        case ClaimStatusReported():
            codes = "; ".join(
                f"{code.category_code}:{code.status_code}" for code in event.status_codes
            )
            return replace(
                claim,
                payer_claim_number=_number(claim, event),
                reported_status=codes or None,
                findings=reports.on_report(claim, event),
            )
        case AcknowledgmentOverdue():
            return replace(claim, findings=reports.on_silence(claim, event))
        case ClaimRejected():
            return replace(
                claim,
                submission_id=event.submission_id,
                findings=_rejected(claim, event, cause),
            )


def _number(claim: Claim, event: ClaimAcknowledged | ClaimStatusReported) -> str | None:
    """The first payer's number: a later payer's stands in its decision."""
    if claim.is_passed_on:
        return claim.payer_claim_number
    return event.payer_claim_number or claim.payer_claim_number


def _rejected(claim: Claim, event: ClaimRejected, cause: Cause) -> tuple[Finding, ...]:
    """Why it was refused, and the alarm when the filing limit is near: a rejection does not stop
    that clock."""
    codes = ", ".join(f"{code.category_code}:{code.status_code}" for code in event.status_codes)
    reasons = event.findings or (
        Finding(
            code=REJECTED_BY_HOP, message=f"rejected by the {event.hop} ({codes or 'no code'})"
        ),
    )
    if not filing.is_near(claim.filing_deadline, cause.now.date()):
        return reasons
    alarm = Finding(
        code=FILING_LIMIT_NEAR, severity="warning", message="the payer's filing limit is near"
    )
    return (*reasons, alarm)
