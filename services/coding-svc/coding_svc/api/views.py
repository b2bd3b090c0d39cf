"""What leaves: encounters without persons, results of batches and checks."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from coding_svc.domain.encounter import Coding, Edge, Encounter, EncounterStatus
from rcm.contracts.values import Finding, Person, Persons


class EncounterView(BaseModel):
    """An encounter. `coding` names no patient; `/persons` does, to those who may see it."""

    encounter_id: UUID
    external_id: str
    patient_id: UUID
    status: EncounterStatus
    revision: int
    version: int
    coding: Coding
    findings: tuple[Finding, ...]
    created_at: datetime
    updated_at: datetime
    coded_at: datetime | None
    coded_by: str | None

    @classmethod
    def of(cls, encounter: Encounter) -> "EncounterView":
        fields = {name: getattr(encounter, name) for name in cls.model_fields}
        return cls.model_construct(**fields)


class PersonsView(BaseModel):
    """The patient and the members of the coverages, in the clear."""

    encounter_id: UUID
    patient: Person
    members: tuple[dict[str, object], ...]

    @classmethod
    def of(cls, encounter_id: UUID, persons: Persons) -> "PersonsView":
        members = tuple(member.model_dump(mode="json") for member in persons.members)
        return cls(encounter_id=encounter_id, patient=persons.patient, members=members)


class EdgeView(BaseModel):
    """One step of an encounter's history."""

    version: int
    from_status: EncounterStatus | None
    to_status: EncounterStatus
    revision: int
    actor: str
    reason: str
    at: datetime

    @classmethod
    def of(cls, edge: Edge) -> "EdgeView":
        return cls.model_construct(**{name: getattr(edge, name) for name in cls.model_fields})


class HistoryView(BaseModel):
    """Every step of an encounter, oldest first."""

    items: list[EdgeView]


class CheckView(BaseModel):
    """What finalizing would find; nothing was kept."""

    valid: bool
    findings: tuple[Finding, ...]


class PointerView(BaseModel):
    pointer: str
    reason: str


class BatchResult(BaseModel):
    """What became of one item. `created` has an id and a status; `conflict` names the encounter
    that has the external id already; `invalid` says where the item breaks the schema."""

    position: int
    result: Literal["created", "conflict", "invalid"]
    external_id: str | None = None
    encounter_id: UUID | None = None
    patient_id: UUID | None = None
    status: EncounterStatus | None = None
    revision: int | None = None
    findings: tuple[Finding, ...] = ()
    pointers: tuple[PointerView, ...] = ()


class BatchView(BaseModel):
    """One result per item, in the order of the items. The audit record names the batch."""

    batch_id: UUID
    created: int
    conflicts: int
    invalid: int
    items: list[BatchResult]
