"""A document of a chart: one text in versions, never changed, only followed by another."""

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class DocumentText:
    """A text as it came. `external_id` is the sender's own number of the document; a later text
    under the same number is its next version."""

    external_id: str = field(repr=False)
    kind: str
    text: str = field(repr=False)
    author_npi: str = ""
    written_on: date | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A document without its text."""

    document_id: UUID
    encounter_id: UUID
    kind: str
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class DocumentVersion:
    """One text of a document; `text` is None when it was not opened."""

    document_id: UUID
    version: int
    characters: int
    author_npi: str
    written_on: date | None
    received_at: datetime
    received_from: str
    text: str | None = field(default=None, repr=False)
