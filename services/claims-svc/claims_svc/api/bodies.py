"""What arrives: claims in the field's words, reasons, fee schedules."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, LiteralString, Self
from uuid import UUID

from pydantic import ConfigDict, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from claims_svc.domain.claim import Content, Line
from rcm.contracts.bodies import (
    AddressBody,
    Body,
    CoverageBody,
    InstitutionalBody,
    PatientBody,
    ProviderBody,
    persons_of,
)
from rcm.contracts.values import (
    Diagnosis,
    InstitutionalLine,
    Persons,
    Quantity,
    ServiceLine,
)
from rcm.money import PositiveCents


class DiagnosisBody(Diagnosis):
    model_config = ConfigDict(extra="forbid")


class LineBody(Body):
    """A service. Without `charge_amount_cents` the fee schedule prices it. A professional line has
    a procedure and pointers (0-based positions in `diagnoses`), one of an institutional claim a
    revenue code, and a procedure where the payer wants one."""

    procedure_code: Annotated[str, Field(pattern=r"^([0-9A-Z]{5})?$")] = ""
    revenue_code: Annotated[str, Field(pattern=r"^[0-9]{4}$")] | None = None
    modifiers: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[0-9A-Z]{2}$")], ...], Field(max_length=4)
    ] = ()
    quantity: Quantity = Decimal(1)
    units: Literal["UN", "MJ", "DA"] = "UN"
    charge_amount_cents: PositiveCents | None = None
    non_covered_amount_cents: PositiveCents = 0
    diagnosis_pointers: Annotated[
        tuple[Annotated[int, Field(ge=0, le=11)], ...], Field(max_length=4)
    ] = ()
    date_of_service: date
    end_date_of_service: date | None = None
    place_of_service_code: Annotated[str, Field(pattern=r"^[0-9]{2}$")] | None = None

    @property
    def line(self) -> Line:
        """The line as its own kind."""
        kind = ServiceLine if self.revenue_code is None else InstitutionalLine
        return kind.model_construct(**{name: getattr(self, name) for name in kind.model_fields})


class ClaimCreate(Body):
    """A claim posted as it is: from several encounters, or from none that this system knows.
    Professional, unless it says `institutional`."""

    external_id: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    encounter_ids: Annotated[tuple[UUID, ...], Field(max_length=20)] = ()
    patient: PatientBody
    coverages: Annotated[tuple[CoverageBody, ...], Field(max_length=3)] = ()
    date_of_service: date
    end_date_of_service: date | None = None
    place_of_service_code: Annotated[str, Field(pattern=r"^[0-9]{2}$")] | None = None
    """Of a professional claim; an institutional one has its type of bill."""
    billing_provider: ProviderBody
    rendering_provider: ProviderBody | None = None
    service_facility: ProviderBody | None = None
    diagnoses: Annotated[tuple[DiagnosisBody, ...], Field(min_length=1, max_length=25)]
    lines: Annotated[tuple[LineBody, ...], Field(min_length=1, max_length=999)]
    institutional: InstitutionalBody | None = None
    prior_authorization_number: Annotated[str, Field(max_length=50)] | None = None
    referral_number: Annotated[str, Field(max_length=50)] | None = None
    patient_authorized_release: bool = True
    benefits_assigned_to_provider: bool = True
    provider_accepts_assignment: bool = True
    pay_to_address: AddressBody | None = None
    hold_reason: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """Given, the claim is kept here until it is released."""

    @model_validator(mode="after")
    def _keeps_to_its_kind(self) -> Self:
        """A claim is professional or institutional from head to foot."""
        flaws = professional_flaws(self) if self.institutional is None else bill_flaws(self)
        if flaws:
            raise ValidationError.from_exception_data(
                "ClaimCreate",
                [
                    InitErrorDetails(type=PydanticCustomError("kind", reason), loc=place, input="")
                    for place, reason in flaws
                ],
            )
        return self

    @property
    def content(self) -> Content:
        """The part that names no patient."""
        return Content(
            date_of_service=self.date_of_service,
            end_date_of_service=self.end_date_of_service,
            place_of_service_code=self.place_of_service_code or "",
            billing_provider=self.billing_provider,
            rendering_provider=self.rendering_provider,
            service_facility=self.service_facility,
            coverages=tuple(found.coverage for found in self.coverages),
            diagnoses=self.diagnoses,
            lines=tuple(found.line for found in self.lines),
            prior_authorization_number=self.prior_authorization_number,
            referral_number=self.referral_number,
            patient_authorized_release=self.patient_authorized_release,
            benefits_assigned_to_provider=self.benefits_assigned_to_provider,
            provider_accepts_assignment=self.provider_accepts_assignment,
            institutional=self.institutional,
        )

    @property
    def persons(self) -> Persons:
        return persons_of(self.patient, self.coverages)


Flaw = tuple[tuple[str | int, ...], LiteralString]
"""A place in the body, and what is wrong there."""

# What an 837P holds; an 837I holds what the body does.
DIAGNOSES_MAX, LINES_MAX = 12, 50


def professional_flaws(body: ClaimCreate) -> list[Flaw]:
    """What keeps a body without `institutional` from being a professional claim."""
    found: list[Flaw] = []
    if body.place_of_service_code is None:
        found.append((("place_of_service_code",), "a professional claim needs it"))
    if len(body.diagnoses) > DIAGNOSES_MAX:
        found.append((("diagnoses",), "a professional claim has at most 12"))
    if len(body.lines) > LINES_MAX:
        found.append((("lines",), "a professional claim has at most 50"))
    for position, line in enumerate(body.lines):
        place = ("lines", position)
        if line.revenue_code is not None:
            found.append(((*place, "revenue_code"), "only an institutional claim has it"))
        if not line.procedure_code:
            found.append(((*place, "procedure_code"), "a professional line needs it"))
        if not line.diagnosis_pointers:
            found.append(((*place, "diagnosis_pointers"), "a professional line needs one to four"))
        if line.units == "DA":
            found.append(((*place, "units"), "a professional line has UN or MJ"))
    return found


def bill_flaws(body: ClaimCreate) -> list[Flaw]:
    """What keeps a body with `institutional` from being a bill."""
    found: list[Flaw] = []
    if body.place_of_service_code is not None:
        found.append((("place_of_service_code",), "an institutional claim has a type of bill"))
    for position, line in enumerate(body.lines):
        place = ("lines", position)
        if line.revenue_code is None:
            found.append(((*place, "revenue_code"), "an institutional line needs it"))
        if line.units == "MJ":
            found.append(((*place, "units"), "an institutional line has UN or DA"))
        if line.diagnosis_pointers:
            found.append(((*place, "diagnosis_pointers"), "an institutional line has none"))
    return found


class Because(Body):
    """Why a person does this to a claim; kept in its history. Names no patient."""

    reason: Annotated[str, Field(min_length=1, max_length=200)]


class RateBody(Body):
    """One price of a fee schedule. Without `unit_cents` the code is no longer priced."""

    procedure_code: Annotated[str, Field(pattern=r"^[0-9A-Z]{5}$")]
    modifier: Annotated[str, Field(pattern=r"^([0-9A-Z]{2})?$")] = ""
    unit_cents: PositiveCents | None


class FeeScheduleBody(Body):
    """The rates of one schedule that begin on one day."""

    items: Annotated[tuple[RateBody, ...], Field(max_length=20_000)]
