"""The verbs of an encounter. Each takes values and answers with a `Change` (the encounter as it is
now, the row of its history, the events to publish) or with the reason why not."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from coding_svc.domain.encounter import (
    TRANSITIONS,
    CodedLine,
    Coding,
    Edge,
    Encounter,
    EncounterStatus,
)
from coding_svc.domain.stops import check
from rcm.contracts.base import Event, Sealed
from rcm.contracts.coding import (
    AnyEncounterCoded,
    CodingHeld,
    EncounterCoded,
    EncounterVoided,
    InstitutionalEncounterCoded,
)
from rcm.contracts.values import Diagnosis, Finding, InstitutionalLine, Persons, ServiceLine


@dataclass(frozen=True, slots=True)
class By:
    """Who asked for a change, and when."""

    actor: str
    now: datetime


@dataclass(frozen=True, slots=True)
class NewEncounter:
    """What arrived, with the ids that were given to it."""

    tenant_id: UUID
    encounter_id: UUID
    external_id: str
    patient_id: UUID
    coding: Coding
    persons: Persons


@dataclass(frozen=True, slots=True)
class Change:
    """One step of an encounter: to be saved and published together, or not at all."""

    encounter: Encounter
    edge: Edge
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class StatusRefused:
    """The encounter's status does not allow this verb."""

    status: EncounterStatus


@dataclass(frozen=True, slots=True)
class Stopped:
    """An amendment that breaks hard stops; the coding that left before still stands."""

    findings: tuple[Finding, ...]


def open_encounter(new: NewEncounter, *, finalize: bool, by: By) -> Change:
    """A new encounter: kept as a draft, or finalized at once."""
    draft = Encounter(
        tenant_id=new.tenant_id,
        encounter_id=new.encounter_id,
        external_id=new.external_id,
        patient_id=new.patient_id,
        status="draft",
        revision=0,
        version=1,
        coding=new.coding,
        created_at=by.now,
        updated_at=by.now,
        persons=new.persons,
    )
    if not finalize:
        return Change(draft, _edge(None, draft, by, "opened"))
    return _finalized(draft, None, by, "opened")


def finalize(encounter: Encounter, *, by: By) -> Change | StatusRefused:
    """Let the codes go, or hold them with every finding. Coded encounters are amended instead."""
    if encounter.status not in ("draft", "held"):
        return StatusRefused(encounter.status)
    return _finalized(_touched(encounter, by), encounter.status, by, "finalized")


def amend(
    encounter: Encounter, coding: Coding, persons: Persons, *, reason: str, by: By
) -> Change | StatusRefused | Stopped:
    """Replace the coding. After the first coding this is a new revision, which must be clean;
    before it, a new try that may be held again."""
    if encounter.status == "voided":
        return StatusRefused(encounter.status)
    amended = replace(_touched(encounter, by), coding=coding, persons=persons)
    if encounter.status == "coded":
        findings = check(coding, today=by.now.date())
        if findings:
            return Stopped(findings)
    return _finalized(amended, encounter.status, by, reason)


def void(encounter: Encounter, *, reason_code: str, by: By) -> Change | StatusRefused:
    """The visit did not happen or must not be billed. Final."""
    if "voided" not in TRANSITIONS[encounter.status]:
        return StatusRefused(encounter.status)
    voided = replace(_touched(encounter, by), status="voided", findings=())
    event = EncounterVoided(
        tenant_id=voided.tenant_id,
        encounter_id=voided.encounter_id,
        revision=max(1, voided.revision),
        voided_at=by.now,
        reason_code=reason_code,
    )
    return Change(voided, _edge(encounter.status, voided, by, reason_code), (event,))


def _touched(encounter: Encounter, by: By) -> Encounter:
    return replace(encounter, version=encounter.version + 1, updated_at=by.now)


def _finalized(encounter: Encounter, was: EncounterStatus | None, by: By, reason: str) -> Change:
    findings = check(encounter.coding, today=by.now.date())
    if findings:
        held = replace(encounter, status="held", findings=findings)
        event = CodingHeld(
            tenant_id=held.tenant_id,
            encounter_id=held.encounter_id,
            held_at=by.now,
            findings=findings,
        )
        return Change(held, _edge(was, held, by, reason), (event,))
    coded = replace(
        encounter,
        status="coded",
        revision=encounter.revision + 1,
        findings=(),
        coded_at=by.now,
        coded_by=by.actor,
    )
    return Change(coded, _edge(was, coded, by, reason), (_coded(coded, by),))


def _edge(was: EncounterStatus | None, encounter: Encounter, by: By, reason: str) -> Edge:
    return Edge(
        version=encounter.version,
        from_status=was,
        to_status=encounter.status,
        revision=encounter.revision,
        actor=by.actor,
        reason=reason,
        at=by.now,
    )


def _coded(encounter: Encounter, by: By) -> AnyEncounterCoded:
    """The event of a coding without findings: every field has passed its hard stop."""
    if encounter.persons is None:
        raise ValueError("the persons of an encounter are opened before its codes leave")
    coding = encounter.coding
    common: dict[str, Any] = {
        "tenant_id": encounter.tenant_id,
        "encounter_id": encounter.encounter_id,
        "revision": encounter.revision,
        "patient_id": encounter.patient_id,
        "coded_at": by.now,
        "coded_by": by.actor,
        "date_of_service": coding.date_of_service,
        "end_date_of_service": coding.end_date_of_service,
        "billing_provider": coding.billing_provider,
        "rendering_provider": coding.rendering_provider,
        "service_facility": coding.service_facility,
        "coverages": coding.coverages,
        "diagnoses": _diagnoses(coding),
        "prior_authorization_number": coding.prior_authorization_number,
        "referral_number": coding.referral_number,
        "patient_authorized_release": coding.patient_authorized_release,
        "benefits_assigned_to_provider": coding.benefits_assigned_to_provider,
        "provider_accepts_assignment": coding.provider_accepts_assignment,
        "pay_to_address": coding.pay_to_address,
        "person": Sealed(value=encounter.persons),
    }
    if coding.institutional is None:
        return EncounterCoded(
            **common, place_of_service_code=coding.place_of_service_code, lines=_lines(coding)
        )
    return InstitutionalEncounterCoded(
        **common, institutional=coding.institutional, lines=_revenue_lines(coding)
    )


def _diagnoses(coding: Coding) -> tuple[Diagnosis, ...]:
    return tuple(
        Diagnosis(
            code=found.code,
            code_type=found.code_type,
            present_on_admission_indicator=found.present_on_admission_indicator,
        )
        for found in coding.diagnoses
    )


def _lines(coding: Coding) -> tuple[ServiceLine, ...]:
    return tuple(
        ServiceLine.model_validate(
            _common(line)
            | {
                "diagnosis_pointers": line.diagnosis_pointers,
                "place_of_service_code": line.place_of_service_code,
            }
        )
        for line in coding.lines
    )


def _revenue_lines(coding: Coding) -> tuple[InstitutionalLine, ...]:
    return tuple(
        InstitutionalLine.model_validate(
            _common(line)
            | {
                "revenue_code": line.revenue_code,
                "non_covered_amount_cents": line.non_covered_amount_cents,
            }
        )
        for line in coding.lines
    )


def _common(line: CodedLine) -> dict[str, Any]:
    return {
        "procedure_code": line.procedure_code,
        "modifiers": line.modifiers,
        "quantity": line.quantity,
        "units": line.units,
        "charge_amount_cents": line.charge_amount_cents,
        "date_of_service": line.date_of_service,
        "end_date_of_service": line.end_date_of_service,
    }
