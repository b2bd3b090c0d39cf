"""The values of an 837I: one `Batch` is one ST, and its claims stand flat in sending order.

Hierarchy is derived as in the professional claim: neighbours with an equal billing provider share
a 2000A, neighbours with an equal subscriber and payer share a 2000B.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from rcm_x12.claim.parties import Dependent, Organization, Payer, Provider, Subscriber
from rcm_x12.claim.values import (
    Attachment,
    Condition,
    Contract,
    Diagnosis,
    Drug,
    LineAdjudication,
    OtherCoverage,
    Repricing,
)
from rcm_x12.values import Address, Amount, Note, Procedure, QualifiedDate, Reference


@dataclass(frozen=True, slots=True)
class PerformedProcedure:
    """HI*BBR and HI*BBQ: what was done in the house, and when."""

    code: str
    performed_on: date
    code_type: str = "BBQ"
    """BBR principal, BBQ any other; BR and BQ are the same of ICD-9, CAH advanced billing."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """HI*BH: an event of the bill and its day."""

    code: str
    on: date


@dataclass(frozen=True, slots=True)
class OccurrenceSpan:
    """HI*BI: an event that lasted."""

    code: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class ValueCode:
    """HI*BE. Most are money; a number of days is written like money too (3 days are 300)."""

    code: str
    cents: int


@dataclass(frozen=True, slots=True)
class Line:
    """2400: one service. Its number (LX) is its place in the claim."""

    revenue_code: str
    """Four digits."""
    charge_cents: int
    quantity: Decimal
    procedure: Procedure | None = None
    units: str = "UN"
    """UN, or DA for days."""
    non_covered_cents: int | None = None
    service_from: date | None = None
    """Lines of an outpatient bill have dates."""
    service_to: date | None = None
    control_number: str = ""
    """REF*6R: our line id, at most 30 characters; comes back in the 835."""
    references: tuple[Reference, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    amounts: tuple[Amount, ...] = ()
    """AMT*GT service tax, AMT*N8 facility tax."""
    notes: tuple[Note, ...] = ()
    repricing: Repricing | None = None
    drug: Drug | None = None
    operating_physician: Provider | None = None
    other_operating_physician: Provider | None = None
    rendering_provider: Provider | None = None
    referring_provider: Provider | None = None
    adjudications: tuple[LineAdjudication, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """2300 with everything above and below it. `charge_cents` must equal the sum of its lines."""

    control_number: str
    """CLM01, at most 20 characters, never reused: our join key in 277CA, 277 and 835."""
    charge_cents: int
    type_of_bill: str
    """Three characters: facility, care, frequency (NUBC form locator 4 without its zero)."""
    billing_provider: Provider
    subscriber: Subscriber
    payer: Payer
    statement_from: date
    statement_to: date
    """DTP*434, always a range."""
    diagnoses: tuple[Diagnosis, ...]
    """ABK first; then in any order ABJ, APR, ABN and ABF."""
    lines: tuple[Line, ...]
    dependent: Dependent | None = None
    """The patient when it is not the subscriber."""
    original_claim_number: str = ""
    """REF*F8: the payer's number, required with frequency 7 and 8."""
    assignment_code: str = "A"
    benefits_assigned: str = "Y"
    release_code: str = "Y"
    delay_reason_code: str = ""
    admission: QualifiedDate | None = None
    """DTP*435: day, and hour (HHMM) of an inpatient bill."""
    discharge_time: str = ""
    """DTP*096, HHMM."""
    dates: tuple[QualifiedDate, ...] = ()
    """Other dates: 050 when the repricer received the claim."""
    admission_type_code: str = ""
    """CL101."""
    admission_source_code: str = ""
    patient_status_code: str = ""
    """CL103."""
    attachments: tuple[Attachment, ...] = ()
    contract: Contract | None = None
    patient_due_cents: int | None = None
    """AMT*F3: what the patient is expected to owe."""
    prior_authorization_number: str = ""
    referral_number: str = ""
    medical_record_number: str = field(default="", repr=False)
    clearinghouse_trace_number: str = ""
    references: tuple[Reference, ...] = ()
    fixed_format: tuple[str, ...] = field(default=(), repr=False)
    """K3, only when a regulator asks for it."""
    notes: tuple[Note, ...] = ()
    conditions: tuple[Condition, ...] = ()
    drg_code: str = ""
    procedures: tuple[PerformedProcedure, ...] = ()
    occurrence_spans: tuple[OccurrenceSpan, ...] = ()
    occurrences: tuple[Occurrence, ...] = ()
    value_codes: tuple[ValueCode, ...] = ()
    condition_codes: tuple[str, ...] = ()
    treatment_codes: tuple[str, ...] = ()
    repricing: Repricing | None = None
    attending_provider: Provider | None = None
    operating_physician: Provider | None = None
    other_operating_physician: Provider | None = None
    rendering_provider: Provider | None = None
    """Only when unlike the attending."""
    service_facility: Provider | None = None
    referring_provider: Provider | None = None
    other_coverages: tuple[OtherCoverage, ...] = ()
    pay_to_address: Address | None = None
    """2010AB, only when payments go elsewhere."""
    pay_to_is_person: bool | None = None
    """2010AB NM102; as the billing provider when it is not said."""
    pay_to_plan: Payer | None = None
    """2010AC, only in subrogation: its tax id is a reference EI."""
    currency_code: str = ""

    @property
    def facility_code(self) -> str:
        """CLM05-1."""
        return self.type_of_bill[:-1]

    @property
    def frequency_code(self) -> str:
        """CLM05-3: 1 admit through discharge, 2-4 interim, 7 replacement, 8 void."""
        return self.type_of_bill[-1:]


@dataclass(frozen=True, slots=True)
class Batch:
    """One ST of an 837I: at most 5,000 claims from one submitter to one receiver."""

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
