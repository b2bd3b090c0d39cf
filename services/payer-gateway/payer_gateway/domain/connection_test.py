"""What came of trying a connection out."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was tried, and what it showed, in words."""

    name: str
    succeeded: bool
    found: str


@dataclass(frozen=True, slots=True)
class ConnectionTest:
    tenant_id: UUID
    test_id: UUID
    partner_id: UUID
    requested_at: datetime
    finished_at: datetime | None = None
    succeeded: bool | None = None
    steps: tuple[Step, ...] = ()
