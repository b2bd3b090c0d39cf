"""Parts of a claim that both guides know: codes, attachments, drugs, contracts, other payers."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from rcm_x12.claim.parties import Payer, Person
from rcm_x12.values import (
    Address,
    Adjustment,
    InpatientRemarks,
    OutpatientRemarks,
    Procedure,
    Reference,
)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One HI composite, without the dot."""

    code: str
    code_type: str = "ABF"
    """ABK principal, ABF any other; in an 837I also ABJ admitting, APR reason for the visit and
    ABN external cause. BK, BF, BJ, PR and BN are the same of ICD-9."""
    present_on_admission: str = ""
    """837I: Y, N, U or W."""


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
class Contract:
    """CN1: under which contract the claim or line is priced."""

    type_code: str
    amount_cents: int | None = None
    percent: Decimal | None = None
    code: str = ""
    discount_percent: Decimal | None = None
    version: str = ""


@dataclass(frozen=True, slots=True)
class Repricing:
    """HCP: what somebody between provider and payer made of the price."""

    method_code: str
    allowed_cents: int | None = None
    savings_cents: int | None = None
    organization_id: str = ""
    rate: Decimal | None = None
    group_code: str = ""
    """Ambulatory patient group, or DRG of an inpatient stay."""
    group_cents: int | None = None
    revenue_code: str = ""
    """837I only."""
    procedure_qualifier: str = ""
    procedure_code: str = ""
    units: str = ""
    quantity: Decimal | None = None
    rejection_code: str = ""
    compliance_code: str = ""
    exception_code: str = ""


@dataclass(frozen=True, slots=True)
class Drug:
    """2410: LIN, CTP and the prescription."""

    ndc: str
    """Eleven digits."""
    quantity: Decimal
    unit: str
    """F2, GR, ME, ML or UN."""
    prescription: Reference | None = None
    qualifier: str = "N4"
    """LIN02; the 837P knows other numbers of supplies as well."""


@dataclass(frozen=True, slots=True)
class LineAdjudication:
    """2430: what another payer decided on this line."""

    payer_id: str
    """SVD01, equal to NM109 of that payer's 2330B."""
    paid_cents: int
    procedure: Procedure | None
    """Only an 837I may go without."""
    quantity: Decimal
    bundled_line: int | None = None
    adjustments: tuple[Adjustment, ...] = ()
    adjudicated_on: date | None = None
    remaining_liability_cents: int | None = None
    revenue_code: str = ""
    """SVD04, in an 837I always."""


@dataclass(frozen=True, slots=True)
class OtherPayerProvider:
    """2330C and following: by which numbers another payer knows a provider of the claim."""

    entity_code: str
    """NM101, as of the provider's own loop: DN, 82, 77, 71 ..."""
    references: tuple[Reference, ...]
    is_person: bool = True


@dataclass(frozen=True, slots=True)
class OtherCoverage:
    """2320 and 2330: another insurance of the patient, and what it paid if it has decided."""

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
    inpatient_remarks: InpatientRemarks | None = None
    """MIA, 837I only."""
    member_id_qualifier: str = "MI"
    references: tuple[Reference, ...] = field(default=(), repr=False)
    """REF of the other subscriber (2330A)."""
    providers: tuple[OtherPayerProvider, ...] = ()
