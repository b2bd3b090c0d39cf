"""What arrives: claims in the field's words, reasons, fee schedules."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from claims_svc.domain.claim import Content
from rcm.contracts.bodies import (
    AddressBody,
    Body,
    CoverageBody,
    PatientBody,
    ProviderBody,
    persons_of,
)
from rcm.contracts.values import Diagnosis, Persons, ServiceLine
from rcm.money import PositiveCents


class DiagnosisBody(Diagnosis):
    model_config = ConfigDict(extra="forbid")


class LineBody(ServiceLine):
    """A service. Without `charge_amount_cents` the fee schedule prices it."""

    model_config = ConfigDict(extra="forbid")


class ClaimCreate(Body):
    """A claim posted as it is: from several encounters, or from none that this system knows."""

    external_id: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    encounter_ids: Annotated[tuple[UUID, ...], Field(max_length=20)] = ()
    patient: PatientBody
    coverages: Annotated[tuple[CoverageBody, ...], Field(max_length=3)] = ()
    date_of_service: date
    end_date_of_service: date | None = None
    place_of_service_code: Annotated[str, Field(pattern=r"^[0-9]{2}$")]
    billing_provider: ProviderBody
    rendering_provider: ProviderBody | None = None
    service_facility: ProviderBody | None = None
    diagnoses: Annotated[tuple[DiagnosisBody, ...], Field(min_length=1, max_length=12)]
    lines: Annotated[tuple[LineBody, ...], Field(min_length=1, max_length=50)]
    prior_authorization_number: Annotated[str, Field(max_length=50)] | None = None
    referral_number: Annotated[str, Field(max_length=50)] | None = None
    patient_authorized_release: bool = True
    benefits_assigned_to_provider: bool = True
    provider_accepts_assignment: bool = True
    pay_to_address: AddressBody | None = None
    hold_reason: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """Given, the claim is kept here until it is released."""

    @property
    def content(self) -> Content:
        """The part that names no patient."""
        return Content(
            date_of_service=self.date_of_service,
            end_date_of_service=self.end_date_of_service,
            place_of_service_code=self.place_of_service_code,
            billing_provider=self.billing_provider,
            rendering_provider=self.rendering_provider,
            service_facility=self.service_facility,
            coverages=tuple(found.coverage for found in self.coverages),
            diagnoses=self.diagnoses,
            lines=self.lines,
            prior_authorization_number=self.prior_authorization_number,
            referral_number=self.referral_number,
            patient_authorized_release=self.patient_authorized_release,
            benefits_assigned_to_provider=self.benefits_assigned_to_provider,
            provider_accepts_assignment=self.provider_accepts_assignment,
        )

    @property
    def persons(self) -> Persons:
        return persons_of(self.patient, self.coverages)


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
