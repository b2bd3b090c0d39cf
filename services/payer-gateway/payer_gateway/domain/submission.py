"""One attempt to bring a claim to its payer, and why one that cannot be sent stays."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from payer_gateway.domain.lifecycle import SubmissionStatus
from payer_gateway.domain.outbound import Refusal
from rcm.contracts import values
from rcm.contracts.payer import ClaimRejected


@dataclass(frozen=True, slots=True)
class Submission:
    """One attempt to bring one claim to its payer."""

    tenant_id: UUID
    submission_id: UUID
    claim_id: UUID
    source_event_id: UUID
    correlation_id: str
    patient_control_number: str
    payer_id: str
    billing_npi: str
    frequency_code: str
    charge_cents: int
    status: SubmissionStatus
    transmission_id: UUID | None
    set_control_number: str | None
    batch_reference: str | None
    payer_claim_number: str | None
    reason: str | None
    queued_at: datetime
    sent_at: datetime | None
    changed_at: datetime
    overdue_hop: str | None = None


@dataclass(frozen=True, slots=True)
class Queued:
    """A submission that waits to be written: the event as it came, its person block sealed."""

    submission_id: UUID
    source_event_id: UUID
    payer_id: str
    billing_npi: str
    claim: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file a submission stands."""

    submission_id: UUID
    set_control_number: str
    batch_reference: str


def not_enrolled(kind: str) -> Refusal:
    """Why a claim stays when its route wants an enrollment that is not live."""
    message = f"the billing provider is not enrolled with this payer for {kind}"
    return Refusal((values.Finding(code="not_enrolled", message=message, location="2010AA NM109"),))


def unsendable(submission: Submission, refusal: Refusal, at: datetime) -> ClaimRejected:
    """A claim that must not be sent has not left: we are the hop that rejects it."""
    return ClaimRejected(
        tenant_id=submission.tenant_id,
        claim_id=submission.claim_id,
        submission_id=submission.submission_id,
        hop="gateway",
        findings=refusal.findings,
        rejected_at=at,
    )
