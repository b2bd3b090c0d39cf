"""Events of coding-svc: what was documented is now coded."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from rcm.contracts.base import Event, Sealed, Topic
from rcm.contracts.values import (
    Address,
    Coverage,
    Diagnosis,
    Finding,
    Institutional,
    InstitutionalLine,
    Persons,
    Provider,
    ServiceLine,
)

ENCOUNTERS = Topic(
    "coding.encounter.v1", "coding-svc", "An encounter's codes, and the code sets behind them."
)


class EncounterCoded(Event, topic=ENCOUNTERS, key="encounter_id"):
    """An encounter's codes are final. `revision` above 1 amends an earlier coding."""

    encounter_id: UUID
    revision: Annotated[int, Field(ge=1)] = 1
    patient_id: UUID
    coded_at: datetime
    coded_by: str
    date_of_service: date
    end_date_of_service: date | None = None
    place_of_service_code: Annotated[str, Field(pattern=r"^[0-9]{2}$")]
    billing_provider: Provider
    rendering_provider: Provider | None = None
    service_facility: Provider | None = None
    coverages: Annotated[tuple[Coverage, ...], Field(max_length=3)] = ()
    diagnoses: Annotated[tuple[Diagnosis, ...], Field(min_length=1, max_length=12)]
    lines: Annotated[tuple[ServiceLine, ...], Field(min_length=1, max_length=50)]
    prior_authorization_number: Annotated[str, Field(max_length=50)] | None = None
    referral_number: Annotated[str, Field(max_length=50)] | None = None
    patient_authorized_release: bool = True
    benefits_assigned_to_provider: bool = True
    provider_accepts_assignment: bool = True
    pay_to_address: Address | None = None
    person: Sealed[Persons]


class InstitutionalEncounterCoded(Event, topic=ENCOUNTERS, key="encounter_id"):
    """An encounter's codes for an institutional bill are final. A type of its own, as the claim
    that it becomes."""

    encounter_id: UUID
    revision: Annotated[int, Field(ge=1)] = 1
    patient_id: UUID
    coded_at: datetime
    coded_by: str
    date_of_service: date
    end_date_of_service: date | None = None
    billing_provider: Provider
    rendering_provider: Provider | None = None
    service_facility: Provider | None = None
    coverages: Annotated[tuple[Coverage, ...], Field(max_length=3)] = ()
    diagnoses: Annotated[tuple[Diagnosis, ...], Field(min_length=1, max_length=25)]
    lines: Annotated[tuple[InstitutionalLine, ...], Field(min_length=1, max_length=999)]
    institutional: Institutional
    prior_authorization_number: Annotated[str, Field(max_length=50)] | None = None
    referral_number: Annotated[str, Field(max_length=50)] | None = None
    patient_authorized_release: bool = True
    benefits_assigned_to_provider: bool = True
    provider_accepts_assignment: bool = True
    pay_to_address: Address | None = None
    person: Sealed[Persons]


AnyEncounterCoded = EncounterCoded | InstitutionalEncounterCoded


class EncounterVoided(Event, topic=ENCOUNTERS, key="encounter_id"):
    """The encounter did not happen or must not be billed; claims made from it are voided."""

    encounter_id: UUID
    revision: Annotated[int, Field(ge=1)]
    voided_at: datetime
    reason_code: str


class CodingHeld(Event, topic=ENCOUNTERS, key="encounter_id"):
    """An encounter that cannot be coded yet, and why."""

    encounter_id: UUID
    held_at: datetime
    findings: tuple[Finding, ...]


class SuggestionDecided(Event, topic=ENCOUNTERS, key="encounter_id"):
    """A suggested code was accepted, replaced by another one, or rejected."""

    encounter_id: UUID
    suggestion_id: UUID
    decided_at: datetime
    decided_by: str
    decision: Literal["accepted", "edited", "rejected"]
    system: str
    code: str
    decided_code: str | None = None
    reason_code: str | None = None
    method: str
    score_permille: Annotated[int, Field(ge=0, le=1000)]
    release_kind: str
    release: str


class CodeSetActivated(Event, topic=ENCOUNTERS, key="release_id"):
    """A release of a code set is in force from a date of service on."""

    release_id: UUID
    kind: str
    release: str
    effective_from: date
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    activated_at: datetime
