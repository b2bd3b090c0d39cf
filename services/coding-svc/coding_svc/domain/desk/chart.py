"""A chart: an encounter on its way over the coder's desk, and the one table of what may happen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from coding_svc.domain.codes import Setting
from coding_svc.domain.encounter import CodedDiagnosis, CodedLine

Stage = Literal["to_code", "pended", "queried", "in_review", "done", "voided"]
Action = Literal[
    "received", "taken", "assigned", "coded", "pended", "returned", "queried", "answered",
    "suggestion_decided", "sent_to_review", "sent_back", "finalized", "reopened", "voided",
    "documented",
]  # fmt: skip

# A pended or queried chart comes back before it goes out; a reviewer lets it go or sends it back.
# `done -> to_code` is an amendment. Nothing leaves `voided`.
TRANSITIONS: Mapping[Stage, frozenset[Stage]] = {
    "to_code": frozenset({"to_code", "pended", "queried", "in_review", "done", "voided"}),
    "pended": frozenset({"pended", "to_code", "voided"}),
    "queried": frozenset({"queried", "to_code", "voided"}),
    "in_review": frozenset({"in_review", "to_code", "done", "voided"}),
    "done": frozenset({"done", "to_code", "voided"}),
    "voided": frozenset(),
}
CENTS_A_DAY = 100_000
"""A thousand dollars that wait weigh as much as one more day of waiting."""
SESSION_SECONDS_MAX = 4 * 3600
"""A chart that was left open overnight was not worked on overnight."""


@dataclass(frozen=True, slots=True)
class Chart:
    """What is worked on, by whom, and how it stands. `version` counts every change and is the
    ETag. `diagnoses` and `lines` are the work; what has left is the encounter's."""

    tenant_id: UUID
    encounter_id: UUID
    version: int
    stage: Stage
    kind: str
    last_day: date
    received_at: datetime
    updated_at: datetime
    is_inpatient: bool = False
    setting: Setting = "practitioner"
    contractor: str = ""
    diagnoses: tuple[CodedDiagnosis, ...] = ()
    lines: tuple[CodedLine, ...] = ()
    team: str = ""
    assigned_to: str = ""
    boost_days: int = 0
    expected_cents: int = 0
    pend_reason: str = ""
    pend_until: date | None = None
    is_reviewed: bool = False
    is_read: bool = True
    released_by: str = ""
    begun_at: datetime | None = None
    work_seconds: int = 0

    @property
    def rank(self) -> int:
        """Where it stands in a worklist: the day that its waiting is counted from. What is worth
        more counts from an earlier day, so two charts keep their order as both grow older."""
        earlier = self.boost_days + self.expected_cents // CENTS_A_DAY
        return self.last_day.toordinal() - earlier


@dataclass(frozen=True, slots=True)
class ChartEntry:
    """One row of a chart's history. `details` hold codes and ids, `words` what somebody wrote."""

    version: int
    action: Action
    from_stage: Stage | None
    to_stage: Stage
    actor: str
    at: datetime
    details: Mapping[str, object] = field(default_factory=dict)
    words: str = field(default="", repr=False)
    work_seconds: int = 0


@dataclass(frozen=True, slots=True)
class ChartStep:
    """A chart as it is now, and the row of its history: saved together or not at all."""

    chart: Chart
    entry: ChartEntry


@dataclass(frozen=True, slots=True)
class StageRefused:
    """The chart's stage does not allow this."""

    stage: Stage
