"""Values that several events share, in the field's own words (Candid and X12 837/835 names)."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from rcm.contracts.base import Value
from rcm.money import Cents, PositiveCents

Npi = Annotated[str, Field(pattern=r"^[0-9]{10}$")]
Quantity = Annotated[Decimal, Field(gt=0, le=Decimal("9999999.999"), decimal_places=3)]
"""Units or minutes; a decimal string on the wire, at most three decimals (SV104)."""
CoverageRank = Literal["primary", "secondary", "tertiary"]
Relationship = Literal["self", "spouse", "child", "other"]
ResponsibleParty = Literal["primary", "secondary", "tertiary", "patient", "none"]
AdjustmentGroup = Literal["CO", "PR", "OA", "PI"]
ClaimType = Literal["professional", "institutional"]
DiagnosisCode = Annotated[str, Field(pattern=r"^[A-Z]([0-9][0-9A-Z]|A[0-9])[0-9A-Z]{0,4}$")]
"""ICD-10-CM without its dot. Since April 2026 a second character may be an A (QA0)."""
PresentOnAdmission = Literal["Y", "N", "U", "W"]
BillCode = Annotated[str, Field(pattern=r"^[0-9A-Z]{2}$")]
"""A condition, occurrence, occurrence span or value code of the uniform bill."""
TimeOfDay = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3])[0-5][0-9]$")]
"""HHMM."""
ClaimOutcome = Literal["none", "paid", "partially_paid", "denied", "reversed"]


# Hospital, swing bed, hospice and nursing bills by facility and care, the first two digits.
INPATIENT_BILLS = frozenset({"11", "18", "21", "41", "65", "66", "86"})


class Address(Value):
    line_1: Annotated[str, Field(min_length=1, max_length=55)]
    line_2: Annotated[str, Field(max_length=55)] = ""
    city: Annotated[str, Field(min_length=2, max_length=30)]
    state: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    postal_code: Annotated[str, Field(pattern=r"^[0-9]{5}([0-9]{4})?$")]


class Person(Value):
    """Direct identifiers. Travels only inside a sealed block; hidden from repr."""

    last_name: Annotated[str, Field(min_length=1, max_length=60, repr=False)]
    first_name: Annotated[str, Field(max_length=35, repr=False)] = ""
    middle_name: Annotated[str, Field(max_length=25, repr=False)] = ""
    birth_date: Annotated[date, Field(repr=False)]
    sex: Annotated[Literal["M", "F", "U"], Field(repr=False)]
    address: Annotated[Address, Field(repr=False)]


class Member(Value):
    """Who holds a coverage: the member id as on the card; the person unless it is the patient."""

    rank: CoverageRank
    member_id: Annotated[str, Field(min_length=2, max_length=80, repr=False)]
    subscriber: Annotated[Person | None, Field(repr=False)] = None


class Persons(Value):
    """The person block of encounters and claims: the patient and the members of each coverage."""

    patient: Annotated[Person, Field(repr=False)]
    members: Annotated[tuple[Member, ...], Field(repr=False)] = ()


class Provider(Value):
    """An organisation, or a person when `first_name` is given. Providers are public (NPPES)."""

    npi: Npi
    name: Annotated[str, Field(min_length=1, max_length=60)]
    first_name: Annotated[str, Field(max_length=35)] = ""
    taxonomy_code: Annotated[str, Field(pattern=r"^[0-9A-Z]{10}$")] | None = None
    tax_id: Annotated[str, Field(pattern=r"^[0-9]{9}$")] | None = None
    address: Address | None = None


class Coverage(Value):
    """One insurance of the patient; its member is in the person block under the same `rank`."""

    rank: CoverageRank
    payer_id: Annotated[str, Field(min_length=2, max_length=80)]
    payer_name: Annotated[str, Field(min_length=1, max_length=60)]
    filing_code: Annotated[str, Field(pattern=r"^[0-9A-Z]{2}$")] = "CI"
    relationship: Relationship = "self"
    group_number: Annotated[str, Field(max_length=50)] | None = None
    insurance_type_code: Annotated[str, Field(pattern=r"^[0-9]{2}$")] | None = None
    """SBR05: why Medicare does not pay first."""


class Diagnosis(Value):
    """An ICD-10-CM code without its dot. The first one (ABK) is principal, the others are ABF."""

    code: DiagnosisCode
    code_type: Literal["ABK", "ABF"]
    present_on_admission_indicator: PresentOnAdmission | None = None
    """Only on an institutional bill: Y, N, U (unknown) or W (undetermined)."""


class ServiceLine(Value):
    """A coded service. `charge_amount_cents` is None until claims-svc prices it."""

    procedure_code: Annotated[str, Field(pattern=r"^[0-9A-Z]{5}$")]
    modifiers: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[0-9A-Z]{2}$")], ...], Field(max_length=4)
    ] = ()
    quantity: Quantity = Decimal(1)
    units: Literal["UN", "MJ"] = "UN"
    charge_amount_cents: PositiveCents | None = None
    diagnosis_pointers: Annotated[
        tuple[Annotated[int, Field(ge=0, le=11)], ...], Field(min_length=1, max_length=4)
    ]
    """0-based positions in the claim's diagnoses; the first is the line's primary reason."""
    date_of_service: date
    end_date_of_service: date | None = None
    place_of_service_code: Annotated[str, Field(pattern=r"^[0-9]{2}$")] | None = None


class ClaimLine(ServiceLine):
    """A priced line. `line_control_number` goes out as REF*6R and comes back in the 835."""

    line_number: Annotated[int, Field(ge=1, le=50)]
    line_control_number: Annotated[str, Field(min_length=1, max_length=30)]
    charge_amount_cents: PositiveCents


class InstitutionalLine(Value):
    """One revenue line of an institutional bill (837I SV2). A HCPCS code is given where the payer
    wants one; `date_of_service` of an inpatient line is the day on which it begins."""

    revenue_code: Annotated[str, Field(pattern=r"^[0-9]{4}$")]
    procedure_code: Annotated[str, Field(pattern=r"^([0-9A-Z]{5})?$")] = ""
    modifiers: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[0-9A-Z]{2}$")], ...], Field(max_length=4)
    ] = ()
    quantity: Quantity = Decimal(1)
    units: Literal["UN", "DA"] = "UN"
    charge_amount_cents: PositiveCents | None = None
    non_covered_amount_cents: PositiveCents = 0
    """The part of the charge that the bill itself says is not covered."""
    date_of_service: date
    end_date_of_service: date | None = None


class InstitutionalClaimLine(InstitutionalLine):
    """A priced revenue line under its number."""

    line_number: Annotated[int, Field(ge=1, le=999)]
    line_control_number: Annotated[str, Field(min_length=1, max_length=30)]
    charge_amount_cents: PositiveCents


class ExternalCause(Value):
    """Why an injury happened (HI*ABN), an ICD-10-CM code without its dot."""

    code: DiagnosisCode
    present_on_admission_indicator: PresentOnAdmission | None = None


class PerformedProcedure(Value):
    """An ICD-10-PCS procedure of a stay; the first one of a bill is the principal."""

    code: Annotated[str, Field(pattern=r"^[0-9A-Z]{7}$")]
    performed_on: date


class Occurrence(Value):
    """An event of the bill and its day (HI*BH)."""

    code: BillCode
    on: date


class OccurrenceSpan(Value):
    """An event of the bill that lasted (HI*BI)."""

    code: BillCode
    first_on: date
    last_on: date


class ValueCode(Value):
    """A value code with its amount (HI*BE). A count of days is written like money: 3 days are
    300."""

    code: BillCode
    amount_cents: PositiveCents


class Institutional(Value):
    """What only an institutional bill says (837I, UB-04). The statement covers the claim's
    `date_of_service` to its `end_date_of_service`."""

    type_of_bill: Annotated[str, Field(pattern=r"^[1-9][1-9][1-5]$")]
    """Form locator 4 without its leading zero: facility, care, and the frequency of the first
    bill (1 admit through discharge, 2 to 4 interim, 5 late charges)."""
    admission_date: date | None = None
    admission_time: TimeOfDay | None = None
    discharge_time: TimeOfDay | None = None
    admission_type_code: Annotated[str, Field(pattern=r"^[1-9]$")]
    """Required by the guide of every bill (CL101); 3 is elective."""
    admission_source_code: Annotated[str, Field(pattern=r"^[0-9A-Z]$")] | None = None
    patient_status_code: Annotated[str, Field(pattern=r"^[0-9]{2}$")]
    admitting_diagnosis_code: DiagnosisCode | None = None
    reason_for_visit_codes: Annotated[tuple[DiagnosisCode, ...], Field(max_length=3)] = ()
    external_causes: Annotated[tuple[ExternalCause, ...], Field(max_length=12)] = ()
    procedures: Annotated[tuple[PerformedProcedure, ...], Field(max_length=25)] = ()
    occurrences: Annotated[tuple[Occurrence, ...], Field(max_length=24)] = ()
    occurrence_spans: Annotated[tuple[OccurrenceSpan, ...], Field(max_length=24)] = ()
    value_codes: Annotated[tuple[ValueCode, ...], Field(max_length=24)] = ()
    condition_codes: Annotated[tuple[BillCode, ...], Field(max_length=24)] = ()
    drg_code: Annotated[str, Field(pattern=r"^[0-9]{3}$")] | None = None
    attending_provider: Provider | None = None
    operating_physician: Provider | None = None
    referring_provider: Provider | None = None

    @property
    def facility_code(self) -> str:
        """CLM05-1."""
        return self.type_of_bill[:2]

    @property
    def is_inpatient(self) -> bool:
        """Whether the patient lies in the house: lines without days of their own."""
        return self.facility_code in INPATIENT_BILLS


class Adjustment(Value):
    """One CAS triplet. A positive amount reduces the payment, a negative one raises it (X221A1)."""

    group_code: AdjustmentGroup
    reason_code: Annotated[str, Field(pattern=r"^[0-9A-Z]{1,5}$")]
    amount_cents: Cents
    quantity: Decimal | None = None


class LinePayment(Value):
    """One SVC loop (2110) of an 835. `paid_cents` (SVC03) is negative on a reversal."""

    line_control_number: str | None = None
    procedure_code: str
    """What the payer decided on; a revenue code where the line was billed without a procedure."""
    modifiers: tuple[str, ...] = ()
    date_of_service: date | None = None
    quantity: Decimal = Decimal(1)
    charge_cents: Cents
    paid_cents: Cents
    allowed_cents: Cents | None = None
    adjustments: tuple[Adjustment, ...] = ()
    remark_codes: tuple[str, ...] = ()


class PriorLine(Value):
    """What an earlier payer decided on one of our lines (loop 2430)."""

    line_number: Annotated[int, Field(ge=1, le=999)]
    procedure_code: str
    """The service as it was adjudicated, which need not be the one that was billed; a revenue code
    where the line was billed without a procedure."""
    modifiers: tuple[str, ...] = ()
    quantity: Decimal = Decimal(1)
    paid_cents: Cents
    adjustments: tuple[Adjustment, ...] = ()
    patient_cents: Cents | None = None
    """What it leaves to the patient; None where it is only known of the whole claim."""


class PriorDecision(Value):
    """What an earlier payer decided on a claim that now goes to the next one (loop 2320):
    charge = `paid_cents` + its adjustments of the claim and of all lines."""

    rank: CoverageRank
    payer_claim_number: str | None = None
    decided_on: date
    paid_cents: Cents
    adjustments: tuple[Adjustment, ...] = ()
    patient_cents: Cents | None = None
    """What it leaves to the patient, unless each line says so."""
    remark_codes: tuple[str, ...] = ()
    inpatient_adjudication: tuple[str, ...] = ()
    """MIA of a stay, element by element as the payer reported it."""
    lines: tuple[PriorLine, ...] = ()


class Finding(Value):
    """Why something is held or rejected. Never quotes a patient's value."""

    code: str
    severity: Literal["error", "warning", "info"] = "error"
    message: str
    line_number: int | None = None
    location: str | None = None


class ProviderAdjustment(Value):
    """One PLB pair: positive takes money away from the provider, negative adds (X221A1)."""

    provider_npi: str
    reason_code: Annotated[str, Field(pattern=r"^[0-9A-Z]{2}$")]
    reference: str = ""
    amount_cents: Cents
    fiscal_period_on: date | None = None


class ClaimReference(Value):
    """Another claim of the same lineage, by our id and the payer's number (CLP07)."""

    claim_id: UUID
    payer_claim_number: str
