"""Events of claims-svc: the life of a claim from its making to its last cent."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from rcm.contracts.base import Event, Sealed, Topic, Value
from rcm.contracts.values import (
    Adjustment,
    ClaimLine,
    ClaimOutcome,
    ClaimReference,
    Coverage,
    Diagnosis,
    Finding,
    Institutional,
    InstitutionalClaimLine,
    LinePayment,
    Persons,
    PriorDecision,
    Provider,
    ResponsibleParty,
)
from rcm.money import Cents, PositiveCents

CLAIMS = Topic("claims.claim.v1", "claims-svc", "Every edge in the life of a claim.")

ClaimStatus = Literal[
    "draft",
    "scrubbing",
    "held",
    "ready",
    "queued",
    "submitted",
    "file_rejected",
    "clearinghouse_accepted",
    "clearinghouse_rejected",
    "payer_accepted",
    "payer_rejected",
    "pended",
    "adjudicated",
    "closed",
    "voided",
]


class ClaimCreated(Event, topic=CLAIMS, key="claim_id"):
    """A claim exists: built from encounters, or posted as it is."""

    claim_id: UUID
    encounter_ids: tuple[UUID, ...] = ()
    patient_id: UUID
    payer_id: str | None
    patient_control_number: str
    charge_cents: PositiveCents
    date_of_service: date
    created_at: datetime


class ClaimHeld(Event, topic=CLAIMS, key="claim_id"):
    """A claim that must not be sent, and every reason for it."""

    claim_id: UUID
    findings: tuple[Finding, ...]
    held_at: datetime


class ClaimReady(Event, topic=CLAIMS, key="claim_id"):
    """The whole claim, ready to send: also replacements (frequency 7) and voids (8)."""

    claim_id: UUID
    encounter_ids: tuple[UUID, ...] = ()
    patient_id: UUID
    patient_control_number: Annotated[str, Field(min_length=1, max_length=20)]
    """CLM01: our join key in 277CA, 277 and 835; carries no identity."""
    frequency_code: Literal["1", "7", "8"] = "1"
    replaces: ClaimReference | None = None
    coverage: Coverage
    """The payer this claim goes to; its member is in the person block under the same rank."""
    other_coverages: tuple[Coverage, ...] = ()
    prior_decisions: tuple[PriorDecision, ...] = ()
    """What the payers before this one decided, by the ranks of `other_coverages`."""
    charge_cents: PositiveCents
    date_of_service: date
    place_of_service_code: Annotated[str, Field(pattern=r"^[0-9]{2}$")]
    billing_provider: Provider
    rendering_provider: Provider | None = None
    service_facility: Provider | None = None
    diagnoses: Annotated[tuple[Diagnosis, ...], Field(min_length=1, max_length=12)]
    lines: Annotated[tuple[ClaimLine, ...], Field(min_length=1, max_length=50)]
    prior_authorization_number: str | None = None
    referral_number: str | None = None
    patient_authorized_release: bool = True
    benefits_assigned_to_provider: bool = True
    provider_accepts_assignment: bool = True
    ready_at: datetime
    person: Sealed[Persons]


class InstitutionalClaimReady(Event, topic=CLAIMS, key="claim_id"):
    """The whole institutional claim (837I), ready to send: also replacements and voids.

    A type of its own, so that no reader that knows professional claims only takes it for one.
    """

    claim_id: UUID
    encounter_ids: tuple[UUID, ...] = ()
    patient_id: UUID
    patient_control_number: Annotated[str, Field(min_length=1, max_length=20)]
    frequency_code: Literal["1", "7", "8"] = "1"
    """7 and 8 take the place of the last digit of the type of bill; 1 leaves it as it is."""
    replaces: ClaimReference | None = None
    coverage: Coverage
    other_coverages: tuple[Coverage, ...] = ()
    prior_decisions: tuple[PriorDecision, ...] = ()
    """What the payers before this one decided, by the ranks of `other_coverages`."""
    charge_cents: PositiveCents
    date_of_service: date
    end_date_of_service: date
    billing_provider: Provider
    rendering_provider: Provider | None = None
    service_facility: Provider | None = None
    diagnoses: Annotated[tuple[Diagnosis, ...], Field(min_length=1, max_length=25)]
    lines: Annotated[tuple[InstitutionalClaimLine, ...], Field(min_length=1, max_length=999)]
    institutional: Institutional
    prior_authorization_number: str | None = None
    referral_number: str | None = None
    patient_authorized_release: bool = True
    benefits_assigned_to_provider: bool = True
    provider_accepts_assignment: bool = True
    ready_at: datetime
    person: Sealed[Persons]


AnyClaimReady = ClaimReady | InstitutionalClaimReady


class ClaimStatusChanged(Event, topic=CLAIMS, key="claim_id"):
    """One edge of the lifecycle (`revenue-cycle` states), with the event that caused it."""

    claim_id: UUID
    from_status: ClaimStatus
    to_status: ClaimStatus
    cause_event_id: UUID | None = None
    changed_at: datetime


class ClaimMoney(Value):
    """Where a claim's charge stands after an adjudication. The five parts add up to `charge_cents`:
    paid + contractual + other adjustment + patient responsibility + insurance balance."""

    charge_cents: Cents
    paid_cents: Cents
    contractual_cents: Cents
    other_adjustment_cents: Cents
    patient_responsibility_cents: Cents
    insurance_balance_cents: Cents
    """Still open with a payer: denied and workable, or waiting for the next payer."""


class ClaimAdjudicated(Event, topic=CLAIMS, key="claim_id"):
    """A payer's decision, matched, balanced and posted to the ledger.

    patient-billing-svc bills exactly `patient_due_cents`: the patient's whole share of this claim
    after this decision (not a difference), and zero while another payer comes next.
    """

    claim_id: UUID
    patient_id: UUID
    patient_control_number: str
    adjudication_id: UUID
    remittance_id: UUID
    payer_id: str
    payer_claim_number: str | None = None
    claim_status_code: str
    """CLP02; never by itself a denial."""
    outcome: ClaimOutcome
    responsible_party: ResponsibleParty
    money: ClaimMoney
    deductible_cents: Cents = 0
    coinsurance_cents: Cents = 0
    copay_cents: Cents = 0
    other_patient_cents: Cents = 0
    patient_due_cents: PositiveCents
    date_of_service: date
    claim_adjustments: tuple[Adjustment, ...] = ()
    lines: tuple[LinePayment, ...] = ()
    effective_on: date
    adjudicated_at: datetime
    person: Sealed[Persons]


class ClaimReversed(Event, topic=CLAIMS, key="claim_id"):
    """A payer took an adjudication back (CLP02 22); a correction usually follows.

    `money`, `outcome` and `responsible_party` say where that leaves the claim: other payers'
    decisions still stand.
    """

    claim_id: UUID
    patient_id: UUID
    adjudication_id: UUID
    reversed_adjudication_id: UUID | None
    remittance_id: UUID
    payer_id: str
    paid_cents: Cents
    patient_due_cents: PositiveCents
    money: ClaimMoney | None = None
    outcome: ClaimOutcome = "reversed"
    responsible_party: ResponsibleParty = "primary"
    effective_on: date
    reversed_at: datetime


class DenialOpened(Event, topic=CLAIMS, key="claim_id"):
    """Money that a payer refused and that someone must work."""

    claim_id: UUID
    denial_id: UUID
    payer_id: str
    line_number: int | None = None
    denied_cents: PositiveCents
    group_code: str
    reason_code: str
    remark_codes: tuple[str, ...] = ()
    category: str
    opened_at: datetime


class DenialResolved(Event, topic=CLAIMS, key="claim_id"):
    """A denial has come to its end, and how."""

    claim_id: UUID
    denial_id: UUID
    resolution: str
    resolved_at: datetime


class ClaimClosed(Event, topic=CLAIMS, key="claim_id"):
    """No payer owes anything more on this claim."""

    claim_id: UUID
    outcome: ClaimOutcome
    closed_at: datetime
