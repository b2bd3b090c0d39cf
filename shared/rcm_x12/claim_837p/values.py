"""The values of an 837P: one `Batch` is one ST, and its claims stand flat in sending order.

Hierarchy is derived: neighbouring claims with an equal billing provider share a 2000A, neighbouring
claims with an equal subscriber and payer share a 2000B (`in_hierarchy` brings equals together).
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
    Location,
    OtherCoverage,
    Repricing,
    Transport,
)
from rcm_x12.values import (
    Address,
    Amount,
    Note,
    Procedure,
    QualifiedDate,
    Quantity,
    Reference,
)


@dataclass(frozen=True, slots=True)
class SpinalTreatment:
    """CR2: what a chiropractor treats."""

    condition_code: str
    description: str = ""
    more: str = ""


@dataclass(frozen=True, slots=True)
class Equipment:
    """SV5: durable medical equipment that can be rented or bought."""

    procedure_code: str
    days: Decimal
    rental_cents: int
    purchase_cents: int
    frequency_code: str
    """1 weekly, 4 monthly, 6 daily."""


@dataclass(frozen=True, slots=True)
class EquipmentNeed:
    """CR3: the certified need of equipment."""

    type_code: str
    """I initial, R renewal, S revised."""
    months: Decimal


@dataclass(frozen=True, slots=True)
class Measurement:
    """MEA: a test result that the payer asks for."""

    reference_code: str
    qualifier: str
    value: Decimal


@dataclass(frozen=True, slots=True)
class PurchasedService:
    """PS1: what was bought from another provider, and for how much."""

    provider_id: str
    charge_cents: int


@dataclass(frozen=True, slots=True)
class Answer:
    """FRM: one answer of a form."""

    question: str
    yes_no: str = ""
    text: str = field(default="", repr=False)
    on: date | None = None
    percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """2440: a form that the payer wants with the line."""

    code_list: str
    """AS, or UT for the Medicare forms."""
    code: str
    answers: tuple[Answer, ...]


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
    equipment: Equipment | None = None
    equipment_need: EquipmentNeed | None = None
    measurements: tuple[Measurement, ...] = ()
    contract: Contract | None = None
    fixed_format: tuple[str, ...] = field(default=(), repr=False)
    """K3."""
    purchased_service: PurchasedService | None = None
    repricing: Repricing | None = None
    forms: tuple[Form, ...] = ()


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
    currency_code: str = ""
    """CUR of 2000A, only when it is not the dollar."""
    pay_to_is_person: bool | None = None
    """2010AB NM102; as the billing provider when it is not said."""
    pay_to_plan: Payer | None = None
    """2010AC, only in subrogation: its tax id is a reference EI."""
    contract: Contract | None = None
    fixed_format: tuple[str, ...] = field(default=(), repr=False)
    """K3, only when a regulator asks for it."""
    spinal_treatment: SpinalTreatment | None = None
    repricing: Repricing | None = None


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
