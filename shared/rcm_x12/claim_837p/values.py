"""The values of an 837P: one `Batch` is one ST, and its claims stand flat in sending order.

Hierarchy is derived: neighbouring claims with an equal billing provider share a 2000A, neighbouring
claims with an equal subscriber and payer share a 2000B (`in_hierarchy` brings equals together).
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from rcm_x12.claim_837p.parties import Dependent, Organization, Payer, Person, Provider, Subscriber
from rcm_x12.values import (
    Address,
    Adjustment,
    Amount,
    Note,
    OutpatientRemarks,
    Procedure,
    QualifiedDate,
    Quantity,
    Reference,
)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One HI composite, without the dot."""

    code: str
    code_type: str = "ABF"
    """ABK principal (always first), ABF any other."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """PWK: paper or electronic material that belongs to the claim."""

    report_type: str
    transmission: str
    control_number: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """CRC: a category, whether its conditions apply, and up to five condition codes."""

    category: str
    applies: bool
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Transport:
    """CR1: an ambulance ride."""

    reason_code: str
    distance_miles: Decimal
    patient_weight_pounds: Decimal | None = None
    round_trip_purpose: str = ""
    stretcher_purpose: str = ""


@dataclass(frozen=True, slots=True)
class Location:
    """2310E/F, 2420G/H: where an ambulance picked the patient up or set them down."""

    address: Address = field(repr=False)
    name: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Drug:
    """2410: LIN, CTP and the prescription."""

    ndc: str
    """Eleven digits."""
    quantity: Decimal
    unit: str
    """F2, GR, ME, ML or UN."""
    prescription: Reference | None = None


@dataclass(frozen=True, slots=True)
class LineAdjudication:
    """2430: what another payer decided on this line."""

    payer_id: str
    """SVD01, equal to NM109 of that payer's 2330B."""
    paid_cents: int
    procedure: Procedure
    quantity: Decimal
    bundled_line: int | None = None
    adjustments: tuple[Adjustment, ...] = ()
    adjudicated_on: date | None = None
    remaining_liability_cents: int | None = None


@dataclass(frozen=True, slots=True)
class OtherCoverage:
    """2320 and 2330A-B: another insurance of the patient, and what it paid if it has decided."""

    rank: str
    relationship_code: str
    """SBR02 of the other subscriber, 18 when it is the patient."""
    person: Person = field(repr=False)
    member_id: str = field(repr=False)
    payer: Payer
    filing_code: str = "CI"
    group_number: str = ""
    group_name: str = ""
    insurance_type_code: str = ""
    adjustments: tuple[Adjustment, ...] = ()
    paid_cents: int | None = None
    """AMT*D."""
    non_covered_cents: int | None = None
    """AMT*A8."""
    remaining_liability_cents: int | None = None
    """AMT*EAF; information, not part of the proof."""
    benefits_assigned: str = "Y"
    patient_signature_source: str = ""
    release_code: str = "Y"
    remarks: OutpatientRemarks | None = None
    adjudicated_on: date | None = None
    """DTP*573, here or on the lines, never both."""


@dataclass(frozen=True, slots=True)
class Line:
    """2400: one service. Its number (LX) is its place in the claim."""

    procedure: Procedure
    charge_cents: int
    quantity: Decimal
    diagnosis_pointers: tuple[int, ...]
    """One to four places in the claim's diagnoses, from 1; the first is the primary reason."""
    service_from: date
    service_to: date | None = None
    control_number: str = ""
    """REF*6R: our line id, at most 30 characters; comes back in the 835."""
    units: str = "UN"
    """UN, or MJ for minutes of anesthesia."""
    place_of_service_code: str = ""
    """Only where it differs from the claim's."""
    is_emergency: bool = False
    is_epsdt: bool = False
    is_family_planning: bool = False
    is_copay_exempt: bool = False
    prior_authorization_number: str = ""
    referral_number: str = ""
    references: tuple[Reference, ...] = ()
    dates: tuple[QualifiedDate, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    transport: Transport | None = None
    conditions: tuple[Condition, ...] = ()
    quantities: tuple[Quantity, ...] = ()
    amounts: tuple[Amount, ...] = ()
    """AMT*T sales tax, AMT*F4 postage."""
    notes: tuple[Note, ...] = ()
    drug: Drug | None = None
    rendering_provider: Provider | None = None
    purchased_service_provider: Provider | None = None
    service_facility: Provider | None = None
    supervising_provider: Provider | None = None
    ordering_provider: Provider | None = None
    referring_provider: Provider | None = None
    primary_care_provider: Provider | None = None
    pick_up: Location | None = None
    drop_off: Location | None = None
    adjudications: tuple[LineAdjudication, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """2300 with everything above and below it. `charge_cents` must equal the sum of its lines."""

    control_number: str
    """CLM01, at most 20 characters, never reused: our join key in 277CA, 277 and 835."""
    charge_cents: int
    place_of_service_code: str
    billing_provider: Provider
    subscriber: Subscriber
    payer: Payer
    diagnoses: tuple[Diagnosis, ...]
    lines: tuple[Line, ...]
    dependent: Dependent | None = None
    """The patient when it is not the subscriber."""
    frequency_code: str = "1"
    """CLM05-3: 1 original, 7 replacement, 8 void."""
    original_claim_number: str = ""
    """REF*F8: the payer's number, required with frequency 7 and 8."""
    provider_signature_on_file: bool = True
    assignment_code: str = "A"
    """CLM07: A assigned, B lab only, C not assigned."""
    benefits_assigned: str = "Y"
    """CLM08: Y, N or W."""
    release_code: str = "Y"
    """CLM09: Y, or I for informed consent."""
    patient_signature_source: str = ""
    """CLM10: P when signed by somebody for the patient."""
    related_causes: tuple[str, ...] = ()
    """CLM11: AA auto accident, EM employment, OA other accident."""
    accident_state: str = ""
    accident_country: str = ""
    special_program_code: str = ""
    delay_reason_code: str = ""
    prior_authorization_number: str = ""
    referral_number: str = ""
    clia_number: str = ""
    medical_record_number: str = field(default="", repr=False)
    clearinghouse_trace_number: str = ""
    references: tuple[Reference, ...] = ()
    dates: tuple[QualifiedDate, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    patient_paid_cents: int = 0
    """AMT*F5; zero is not sent."""
    note: Note | None = None
    transport: Transport | None = None
    conditions: tuple[Condition, ...] = ()
    anesthesia_procedures: tuple[str, ...] = ()
    condition_codes: tuple[str, ...] = ()
    pay_to_address: Address | None = None
    """2010AB, only when payments go elsewhere."""
    referring_provider: Provider | None = None
    primary_care_provider: Provider | None = None
    rendering_provider: Provider | None = None
    """2310B, only when unlike the billing provider."""
    service_facility: Provider | None = None
    supervising_provider: Provider | None = None
    pick_up: Location | None = None
    drop_off: Location | None = None
    other_coverages: tuple[OtherCoverage, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """One ST of an 837P: at most 5,000 claims from one submitter to one receiver."""

    reference: str
    """BHT03, at most 30 characters, unique; comes back in 277CA 2200B TRN02."""
    created_at: datetime
    submitter: Organization
    receiver: Organization
    claims: tuple[Claim, ...]
    purpose_code: str = "00"
    """BHT02: 00 original, 18 a batch sent again because the first was never taken."""
    type_code: str = "CH"
    """BHT06: CH chargeable, RP encounter, 31 subrogation."""
