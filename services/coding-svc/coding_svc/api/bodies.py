"""What arrives: encounters in the field's words. Unknown fields are refused, so a typo is seen."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, WrapValidator

from coding_svc.domain.encounter import CodedDiagnosis, CodedLine, Coding
from rcm.contracts.bodies import (
    AddressBody,
    Body,
    CoverageBody,
    InstitutionalBody,
    PatientBody,
    ProviderBody,
    persons_of,
)
from rcm.contracts.values import Member, Persons, PresentOnAdmission
from rcm.money import PositiveCents


def undotted(value: object) -> object:
    return value.replace(".", "").upper() if isinstance(value, str) else value


class DiagnosisBody(Body):
    """ICD-10-CM, with or without its dot. Its shape is judged when the encounter is finalized."""

    code: Annotated[str, BeforeValidator(undotted), Field(min_length=1, max_length=10)]
    code_type: Literal["ABK", "ABF"]
    present_on_admission_indicator: PresentOnAdmission | None = None


class LineBody(Body):
    """A service. Without `charge_amount_cents` the fee schedule prices it. A line of an
    institutional bill has a revenue code, and a procedure where the payer wants one."""

    procedure_code: Annotated[str, Field(max_length=10)] = ""
    revenue_code: Annotated[str, Field(max_length=4)] = ""
    modifiers: Annotated[tuple[str, ...], Field(max_length=8)] = ()
    quantity: Annotated[Decimal, Field(gt=0, le=Decimal("9999999.999"), decimal_places=3)] = (
        Decimal(1)
    )
    units: Literal["UN", "MJ", "DA"] = "UN"
    charge_amount_cents: PositiveCents | None = None
    non_covered_amount_cents: PositiveCents = 0
    diagnosis_pointers: Annotated[tuple[int, ...], Field(max_length=12)] = ()
    """0-based positions in `diagnoses`; the first is the line's primary reason."""
    date_of_service: date
    end_date_of_service: date | None = None
    place_of_service_code: Annotated[str, Field(max_length=2)] | None = None


class CodingBody(Body):
    """The coding of one visit."""

    coverages: Annotated[tuple[CoverageBody, ...], Field(max_length=3)] = ()
    date_of_service: date
    end_date_of_service: date | None = None
    place_of_service_code: Annotated[str, Field(max_length=2)] = ""
    """Of a professional claim; an institutional one has its type of bill."""
    billing_provider: ProviderBody
    rendering_provider: ProviderBody | None = None
    service_facility: ProviderBody | None = None
    diagnoses: Annotated[tuple[DiagnosisBody, ...], Field(max_length=50)] = ()
    lines: Annotated[tuple[LineBody, ...], Field(max_length=999)] = ()
    institutional: InstitutionalBody | None = None
    prior_authorization_number: Annotated[str, Field(max_length=50)] | None = None
    referral_number: Annotated[str, Field(max_length=50)] | None = None
    patient_authorized_release: bool = True
    benefits_assigned_to_provider: bool = True
    provider_accepts_assignment: bool = True
    pay_to_address: AddressBody | None = None

    @property
    def coding(self) -> Coding:
        """The part that names no patient."""
        return Coding(
            date_of_service=self.date_of_service,
            end_date_of_service=self.end_date_of_service,
            place_of_service_code=self.place_of_service_code,
            billing_provider=self.billing_provider,
            rendering_provider=self.rendering_provider,
            service_facility=self.service_facility,
            coverages=tuple(found.coverage for found in self.coverages),
            diagnoses=tuple(
                CodedDiagnosis(found.code, found.code_type, found.present_on_admission_indicator)
                for found in self.diagnoses
            ),
            lines=tuple(line_of(found) for found in self.lines),
            prior_authorization_number=self.prior_authorization_number,
            referral_number=self.referral_number,
            patient_authorized_release=self.patient_authorized_release,
            benefits_assigned_to_provider=self.benefits_assigned_to_provider,
            provider_accepts_assignment=self.provider_accepts_assignment,
            pay_to_address=self.pay_to_address,
            institutional=self.institutional,
        )

    @property
    def members(self) -> tuple[Member, ...]:
        return tuple(found.member for found in self.coverages)


class EncounterCreate(CodingBody):
    """A visit with its codes. `external_id` is the sender's own and unique for the tenant."""

    external_id: Annotated[str, Field(min_length=1, max_length=80)]
    patient: PatientBody
    finalize: bool = True
    """False keeps a draft; otherwise the codes leave at once, or are held with findings."""

    @property
    def persons(self) -> Persons:
        return persons_of(self.patient, self.coverages)


class AmendmentCreate(CodingBody):
    """The whole coding as it should be, and why. Without `patient` the person stays as known."""

    reason: Annotated[str, Field(min_length=1, max_length=200)]
    patient: PatientBody | None = None


class VoidCreate(Body):
    """Why the encounter must not be billed."""

    reason_code: Annotated[str, Field(pattern=r"^[a-z][a-z_]{1,39}$")]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A batch item that breaks the schema: pydantic's errors, to be told without the input."""

    errors: tuple[dict[str, Any], ...]


def _or_unreadable(value: object, read: Callable[[object], object]) -> object:
    try:
        return read(value)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        return Unreadable(tuple(dict(one) for one in found))


BatchItem = Annotated[EncounterCreate, WrapValidator(_or_unreadable)]
"""One item that fails alone."""


class EncounterBatch(Body):
    """Up to 500 encounters, each with its own result; one transaction saves all good ones."""

    items: Annotated[tuple[BatchItem, ...], Field(min_length=1, max_length=500)]


def line_of(body: LineBody) -> CodedLine:
    """The domain's line."""
    return CodedLine(
        procedure_code=body.procedure_code,
        date_of_service=body.date_of_service,
        diagnosis_pointers=body.diagnosis_pointers,
        modifiers=body.modifiers,
        quantity=body.quantity,
        units=body.units,
        charge_amount_cents=body.charge_amount_cents,
        end_date_of_service=body.end_date_of_service,
        place_of_service_code=body.place_of_service_code,
        revenue_code=body.revenue_code,
        non_covered_amount_cents=body.non_covered_amount_cents,
    )
