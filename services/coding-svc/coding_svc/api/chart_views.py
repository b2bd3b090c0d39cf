"""What leaves of charts and documents. Charts name nobody; a note's text has a door of its own."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from coding_svc.api.views import PointerView
from coding_svc.domain.codes import Setting
from coding_svc.domain.desk.chart import Chart, ChartEntry, Stage
from coding_svc.domain.desk.document import Document, DocumentVersion
from coding_svc.domain.encounter import CodedDiagnosis, CodedLine


class ChartView(BaseModel):
    """A chart: what is worked on, by whom, how it stands. Its encounter has what has left."""

    encounter_id: UUID
    version: int
    stage: Stage
    kind: str
    is_inpatient: bool
    setting: Setting
    contractor: str
    diagnoses: tuple[CodedDiagnosis, ...]
    lines: tuple[CodedLine, ...]
    team: str
    assigned_to: str
    boost_days: int
    rank: int
    """Its place in a worklist; the smallest comes first."""
    expected_cents: int
    last_day: date
    pend_reason: str
    pend_until: date | None
    is_reviewed: bool
    is_read: bool
    """Whether suggestions have been made from its newest documents."""
    released_by: str
    work_seconds: int
    received_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, chart: Chart) -> "ChartView":
        return cls.model_construct(**{name: getattr(chart, name) for name in cls.model_fields})


class ChartEntryView(BaseModel):
    """One step of a chart. `words` is what somebody wrote about it."""

    version: int
    action: str
    from_stage: Stage | None
    to_stage: Stage
    actor: str
    at: datetime
    details: dict[str, object]
    words: str
    work_seconds: int

    @classmethod
    def of(cls, entry: ChartEntry) -> "ChartEntryView":
        fields = {name: getattr(entry, name) for name in cls.model_fields}
        return cls.model_construct(**fields | {"details": dict(entry.details)})


class ChartHistoryView(BaseModel):
    """Every step of a chart, oldest first."""

    items: list[ChartEntryView]


class IntakeResult(BaseModel):
    """What became of one visit. `line` counts from 1 in a file, `position` from 0 in a list."""

    position: int
    result: Literal["received", "conflict", "invalid"]
    external_id: str | None = None
    encounter_id: UUID | None = None
    patient_id: UUID | None = None
    document_ids: list[UUID] = []
    pointers: list[PointerView] = []


class IntakeView(BaseModel):
    """One result per visit, in their order. The audit record names the batch."""

    batch_id: UUID
    received: int
    conflicts: int
    invalid: int
    items: list[IntakeResult]


class FhirIntakeView(IntakeView):
    """The same for a Bundle, with what of it was not taken and why."""

    left_out: list[PointerView]


class DocumentView(BaseModel):
    """A document without its text."""

    document_id: UUID
    encounter_id: UUID
    kind: str
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, document: Document) -> "DocumentView":
        return cls.model_construct(**{name: getattr(document, name) for name in cls.model_fields})


class DocumentsView(BaseModel):
    items: list[DocumentView]


class DocumentVersionView(BaseModel):
    """One version: who wrote it, when, how long it is."""

    version: int
    characters: int
    author_npi: str
    written_on: date | None
    received_at: datetime
    received_from: str

    @classmethod
    def of(cls, version: DocumentVersion) -> "DocumentVersionView":
        return cls.model_construct(**{name: getattr(version, name) for name in cls.model_fields})


class DocumentDetail(DocumentView):
    """A document with its versions, oldest first."""

    versions: list[DocumentVersionView]


class DocumentTextView(BaseModel):
    """A version's text in the clear; each reading is audited."""

    document_id: UUID
    version: int
    text: str
