"""A query to a physician: written, sent, answered, closed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from coding_svc.domain.changes import By
from coding_svc.domain.desk.wording import Question, WordingFinding, breaches

QueryStatus = Literal["draft", "sent", "answered", "closed"]
QueryOutcome = Literal["", "agreed", "other_answer", "undetermined", "no_answer", "withdrawn"]

# A draft or a sent query may be closed without an answer (withdrawn, none came).
TRANSITIONS: Mapping[QueryStatus, frozenset[QueryStatus]] = {
    "draft": frozenset({"draft", "sent", "closed"}),
    "sent": frozenset({"answered", "closed"}),
    "answered": frozenset({"closed"}),
    "closed": frozenset(),
}
UNANSWERED: frozenset[QueryOutcome] = frozenset({"no_answer", "withdrawn"})


@dataclass(frozen=True, slots=True)
class Query:
    """`holds_chart` says whether the coding waits for the answer; the physician is not told."""

    tenant_id: UUID
    query_id: UUID
    encounter_id: UUID
    version: int
    status: QueryStatus
    template: str
    provider_npi: str
    question: Question = field(repr=False)
    written_by: str
    created_at: datetime
    holds_chart: bool = True
    answer: str = field(default="", repr=False)
    choice: int | None = field(default=None, repr=False)
    outcome: QueryOutcome = ""
    sent_at: datetime | None = None
    answered_at: datetime | None = None
    closed_at: datetime | None = None

    @property
    def turnaround_seconds(self) -> int | None:
        """From sending to the answer."""
        if self.sent_at is None or self.answered_at is None:
            return None
        return int((self.answered_at - self.sent_at).total_seconds())


@dataclass(frozen=True, slots=True)
class QueryRefused:
    """The query's status does not allow this."""

    status: QueryStatus


@dataclass(frozen=True, slots=True)
class NotCompliant:
    """The wording would give the answer away."""

    findings: tuple[WordingFinding, ...]


def rewrite(query: Query, question: Question, *, by: By) -> Query | QueryRefused:
    """Another wording of a draft."""
    del by
    if query.status != "draft":
        return QueryRefused(query.status)
    return replace(query, version=query.version + 1, question=question)


def send(query: Query, *, by: By) -> Query | QueryRefused | NotCompliant:
    """It goes to the physician, when its wording may."""
    if query.status != "draft":
        return QueryRefused(query.status)
    found = breaches(query.question)
    if found:
        return NotCompliant(tuple(found))
    return replace(query, version=query.version + 1, status="sent", sent_at=by.now)


def answer(query: Query, text: str, choice: int | None, *, by: By) -> Query | QueryRefused:
    """The physician's answer: one of the choices, words, or both."""
    if query.status != "sent":
        return QueryRefused(query.status)
    return replace(
        query, version=query.version + 1, status="answered", answered_at=by.now,
        answer=text, choice=choice,
    )  # fmt: skip


def close(query: Query, outcome: QueryOutcome, *, by: By) -> Query | QueryRefused:
    """What came of it. Without an answer it can only be withdrawn or have none."""
    if "closed" not in TRANSITIONS[query.status]:
        return QueryRefused(query.status)
    if (query.status == "answered") == (outcome in UNANSWERED):
        return QueryRefused(query.status)
    return replace(
        query, version=query.version + 1, status="closed", closed_at=by.now, outcome=outcome
    )
