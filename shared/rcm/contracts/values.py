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
ClaimOutcome = Literal["none", "paid", "partially_paid", "denied", "reversed"]


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


class Diagnosis(Value):
    """An ICD-10-CM code without its dot. The first one (ABK) is principal, the others are ABF."""

    code: Annotated[str, Field(pattern=r"^[A-Z][0-9][0-9A-Z]{1,5}$")]
    code_type: Literal["ABK", "ABF"]


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
    modifiers: tuple[str, ...] = ()
    date_of_service: date | None = None
    quantity: Decimal = Decimal(1)
    charge_cents: Cents
    paid_cents: Cents
    allowed_cents: Cents | None = None
    adjustments: tuple[Adjustment, ...] = ()
    remark_codes: tuple[str, ...] = ()


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
