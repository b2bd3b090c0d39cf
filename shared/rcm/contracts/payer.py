"""Events of payer-gateway: what was sent to payers and what they answered."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from rcm.contracts.base import Event, Topic, Value
from rcm.contracts.values import Adjustment, Finding, LinePayment, ProviderAdjustment
from rcm.money import Cents, PositiveCents

SUBMISSIONS = Topic(
    "payer.submission.v1", "payer-gateway", "What became of each claim on its way to the payer."
)
REMITTANCES = Topic(
    "payer.remittance.v1", "payer-gateway", "What payers paid, one event per remittance and claim."
)

Hop = Literal["gateway", "interchange", "group", "clearinghouse", "payer"]
"""Who speaks: `gateway` is ours, when a claim cannot be written and so has never left."""
Acknowledgment = Literal["TA1", "999", "277CA"]
PaymentMatch = Literal["control_number", "payer_claim_number", "manual", "none"]
"""How sure it is which claim a CLP is about: our number (CLP01), the payer's (CLP07), a person."""


NextStep = Literal[
    "wait",
    "send_information",
    "correct_claim",
    "find_claim",
    "ask_again",
    "expect_payment",
    "expect_denial",
]
"""What a payer's report on a claim asks of a biller; the last two wait for the 835."""


class StatusCode(Value):
    """One STC01 composite of a 277 or 277CA."""

    category_code: str
    status_code: str
    entity_code: str | None = None


class ClaimSubmitted(Event, topic=SUBMISSIONS, key="claim_id"):
    """The claim has left: the partner took the file that holds it."""

    claim_id: UUID
    submission_id: UUID
    patient_control_number: str
    payer_id: str
    transmission_id: UUID
    interchange_control_number: Annotated[str, Field(pattern=r"^[0-9]{9}$")]
    group_control_number: str
    transaction_set_control_number: str
    batch_reference: str
    """BHT03; comes back in 277CA 2200B TRN02."""
    charge_cents: PositiveCents
    submitted_at: datetime


class ClaimAcknowledged(Event, topic=SUBMISSIONS, key="claim_id"):
    """A hop took the claim. A 999 accept is no claim accept; a clearinghouse is not the payer."""

    claim_id: UUID
    submission_id: UUID
    hop: Hop
    acknowledgment: Acknowledgment
    status_codes: tuple[StatusCode, ...] = ()
    payer_claim_number: str | None = None
    acknowledged_at: datetime


class ClaimRejected(Event, topic=SUBMISSIONS, key="claim_id"):
    """A hop refused the claim; it was never adjudicated, so it is resent as frequency 1."""

    claim_id: UUID
    submission_id: UUID
    hop: Hop
    acknowledgment: Acknowledgment | None = None
    """None when the gateway itself could not write the claim."""
    status_codes: tuple[StatusCode, ...] = ()
    findings: tuple[Finding, ...] = ()
    rejected_at: datetime


class ClaimStatusReported(Event, topic=SUBMISSIONS, key="claim_id"):
    """A 277 answer. It moves no money: only an 835 does."""

    claim_id: UUID
    status_codes: tuple[StatusCode, ...]
    payer_claim_number: str | None = None
    reported_at: datetime
    submission_id: UUID | None = None
    inquiry_id: UUID | None = None
    effective_on: date | None = None
    """STC02 of the newest status."""
    next_step: NextStep = "wait"
    respond_by: date | None = None
    """When the payer asked for information, the day by which it has to have it."""
    paid_cents: Cents | None = None
    """What the payer says that it paid or will pay: to look for the 835, never to post."""
    check_number: str | None = None
    check_on: date | None = None


class AcknowledgmentOverdue(Event, topic=SUBMISSIONS, key="claim_id"):
    """A hop has been silent longer than agreed: an alarm, not a reason to resend blindly."""

    claim_id: UUID
    submission_id: UUID
    hop: Hop
    due_at: datetime


class RemittanceReceived(Event, topic=REMITTANCES, key="remittance_id"):
    """One ST of an 835 that balances at all three levels: its totals and provider adjustments."""

    remittance_id: UUID
    payer_id: str
    payer_name: str
    trace_number: str
    originating_company_id: str
    payment_cents: PositiveCents
    payment_method: str
    effective_on: date
    claim_count: int
    claim_paid_cents: Cents
    provider_adjustments: tuple[ProviderAdjustment, ...] = ()
    received_at: datetime


class ClaimPaymentReported(Event, topic=REMITTANCES, key="patient_control_number"):
    """One CLP of a balanced remittance, as the payer reported it."""

    remittance_id: UUID
    ordinal: Annotated[int, Field(ge=1)]
    """Position of the CLP in its remittance: (remittance, ordinal) posts once."""
    patient_control_number: str
    payer_id: str
    trace_number: str
    claim_status_code: str
    charge_cents: Cents
    paid_cents: Cents
    patient_responsibility_cents: Cents | None = None
    payer_claim_number: str | None = None
    filing_code: str | None = None
    adjustments: tuple[Adjustment, ...] = ()
    lines: tuple[LinePayment, ...] = ()
    remark_codes: tuple[str, ...] = ()
    inpatient_adjudication: tuple[str, ...] = ()
    """MIA of a stay, element by element as it came; its remark codes are in `remark_codes` too."""
    crossover_payer_id: str | None = None
    effective_on: date
    reported_at: datetime
    matched_by: PaymentMatch = "control_number"
    """By which rung the gateway found the claim; `none` when only its number is known."""
    reported_control_number: str | None = None
    """CLP01 as it came, where another rung than it found the claim."""


class RemittanceHeld(Event, topic=REMITTANCES, key="remittance_id"):
    """A remittance that must not post, with its cents counted and every finding."""

    remittance_id: UUID
    payer_id: str | None
    trace_number: str | None
    payment_cents: Cents | None
    findings: tuple[Finding, ...]
    held_at: datetime


class DepositMatched(Event, topic=REMITTANCES, key="remittance_id"):
    """The bank has seen this remittance's money: trace and amount agree."""

    remittance_id: UUID
    deposit_id: UUID
    match_id: UUID
    """Names this match: what undoes it says the same."""
    payer_id: str
    trace_number: str
    deposited_cents: PositiveCents
    deposited_on: date
    matched_at: datetime


class DepositUnmatched(Event, topic=REMITTANCES, key="remittance_id"):
    """A match was a mistake: the remittance waits for its money again."""

    remittance_id: UUID
    deposit_id: UUID
    match_id: UUID
    payer_id: str
    trace_number: str
    deposited_cents: PositiveCents
    deposited_on: date
    unmatched_at: datetime
