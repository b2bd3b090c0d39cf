"""A file that travelled, and what was found in it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from rcm.contracts.values import Finding

InterchangeStatus = Literal["written", "stored", "read", "duplicate", "unreadable"]


@dataclass(frozen=True, slots=True)
class Interchange:
    """One stored file. `unreadable` ones are kept whole and wait for a person."""

    tenant_id: UUID
    interchange_id: UUID
    direction: Literal["sent", "received"]
    partner_id: UUID | None
    file_name: str
    sha256: bytes
    size_bytes: int
    kind: str | None
    control_number: str | None
    status: InterchangeStatus
    duplicate_of: UUID | None
    stored_at: datetime
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class FoundIn:
    """A finding and the file, and if it has one the remittance and claim, that it stands in."""

    interchange_id: UUID
    finding: Finding
    remittance_id: UUID | None = None
    claim_ordinal: int | None = None
    finding_id: UUID | None = None
    level: Literal["file", "payment", "claim", "line"] = "file"
    stake_cents: int = 0
    """The cents that wait on it."""
    resolution_code: str | None = None
    resolved_at: datetime | None = None
    found_at: datetime | None = None
