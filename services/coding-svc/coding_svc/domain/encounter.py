"""An encounter, its coding, and the one table of what may happen to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from rcm.contracts.values import (
    Address,
    Coverage,
    Finding,
    Institutional,
    Persons,
    PresentOnAdmission,
    Provider,
)

EncounterStatus = Literal["draft", "held", "coded", "voided"]

# `coded -> coded` is an amendment, `held -> held` and `draft -> draft` are new tries before the
# first coding. Nothing leaves `voided`.
TRANSITIONS: Mapping[EncounterStatus, frozenset[EncounterStatus]] = {
    "draft": frozenset({"draft", "held", "coded", "voided"}),
    "held": frozenset({"held", "coded", "voided"}),
    "coded": frozenset({"coded", "voided"}),
    "voided": frozenset(),
}


@dataclass(frozen=True, slots=True)
class CodedDiagnosis:
    """A diagnosis as it was entered, without its dot; `ABK` is the principal one."""

    code: str
    code_type: Literal["ABK", "ABF"]
    present_on_admission_indicator: PresentOnAdmission | None = None


@dataclass(frozen=True, slots=True)
class CodedLine:
    """A service as it was entered; its shape is judged when the encounter is finalized."""

    procedure_code: str
    date_of_service: date
    diagnosis_pointers: tuple[int, ...] = ()
    modifiers: tuple[str, ...] = ()
    quantity: Decimal = Decimal(1)
    units: Literal["UN", "MJ", "DA"] = "UN"
    charge_amount_cents: int | None = None
    end_date_of_service: date | None = None
    place_of_service_code: str | None = None
    revenue_code: str = ""
    """Of an institutional line, which may go without a procedure."""
    non_covered_amount_cents: int = 0


@dataclass(frozen=True, slots=True)
class Coding:
    """What one visit is billed for. Names no patient: persons are kept beside it, sealed. With
    `institutional` it becomes an institutional claim, which has no place of service."""

    date_of_service: date
    place_of_service_code: str
    billing_provider: Provider
    end_date_of_service: date | None = None
    rendering_provider: Provider | None = None
    service_facility: Provider | None = None
    coverages: tuple[Coverage, ...] = ()
    diagnoses: tuple[CodedDiagnosis, ...] = ()
    lines: tuple[CodedLine, ...] = ()
    prior_authorization_number: str | None = None
    referral_number: str | None = None
    patient_authorized_release: bool = True
    benefits_assigned_to_provider: bool = True
    provider_accepts_assignment: bool = True
    pay_to_address: Address | None = None
    institutional: Institutional | None = None


@dataclass(frozen=True, slots=True)
class Encounter:
    """One visit and its newest coding. `revision` counts the codings that left (0: none yet);
    `version` counts every change and is the ETag. `persons` is None when it was not opened."""

    tenant_id: UUID
    encounter_id: UUID
    external_id: str
    patient_id: UUID
    status: EncounterStatus
    revision: int
    version: int
    coding: Coding
    created_at: datetime
    updated_at: datetime
    findings: tuple[Finding, ...] = ()
    coded_at: datetime | None = None
    coded_by: str | None = None
    persons: Persons | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Edge:
    """One row of an encounter's history: what changed, by whom, why."""

    version: int
    from_status: EncounterStatus | None
    to_status: EncounterStatus
    revision: int
    actor: str
    reason: str
    at: datetime
