"""A review: one reading of one coding by somebody else than who coded it.

Before the codes leave (`second_level`), of what a rule let go (`sample`), or as an item of an
audit. All share one taxonomy of findings, so that their figures can be laid side by side.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from coding_svc.domain.changes import By
from coding_svc.domain.encounter import Coding

ReviewKind = Literal["second_level", "sample", "audit"]
ReviewStatus = Literal["open", "agreed", "disagreed", "rebutted", "resolved"]
FindingKind = Literal[
    "wrong", "missed", "unsupported", "sequencing", "specificity", "modifier", "poa",
    "discharge_status", "units", "em_level", "pcs_axis",
]  # fmt: skip
RootCause = Literal["coder", "documentation", "system", "cdi"]
Change = Literal["changed", "added", "deleted"]
# What each kind does to the list of codes, which is what the accuracy of codes counts.
CHANGES: dict[FindingKind, Change] = {
    "wrong": "changed", "missed": "added", "unsupported": "deleted", "sequencing": "changed",
    "specificity": "changed", "modifier": "changed", "poa": "changed",
    "discharge_status": "changed", "units": "changed", "em_level": "changed",
    "pcs_axis": "changed",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReviewFinding:
    """One error. `impact_cents` is what it changed of the payment: above 0 was overpaid."""

    kind: FindingKind
    severity: Literal["minor", "major"]
    root_cause: RootCause
    code: str = ""
    should_be: str = ""
    impact_cents: int = 0
    is_upheld: bool = True
    """False once a rebuttal against it was accepted."""

    @property
    def change(self) -> Change:
        return CHANGES[self.kind]


@dataclass(frozen=True, slots=True)
class Review:
    """`coding` is what was read, `words` what reviewer and coder wrote to each other."""

    tenant_id: UUID
    review_id: UUID
    encounter_id: UUID
    revision: int
    kind: ReviewKind
    coder: str
    provider_npi: str
    payer_id: str
    coding: Coding
    opened_at: datetime
    version: int = 1
    status: ReviewStatus = "open"
    audit_id: UUID | None = None
    reader: int = 1
    rule: str = ""
    stratum: str = ""
    weight: float = 1.0
    findings: tuple[ReviewFinding, ...] = ()
    charge_cents: int = 0
    paid_cents: int | None = None
    reviewer: str = ""
    words: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    reviewed_at: datetime | None = None
    resolved_at: datetime | None = None

    @property
    def upheld(self) -> tuple[ReviewFinding, ...]:
        """The errors that stand."""
        return tuple(each for each in self.findings if each.is_upheld)

    @property
    def is_read(self) -> bool:
        return self.status != "open"


@dataclass(frozen=True, slots=True)
class ReviewRefused:
    """`reason` is stable: the status does not allow it, or the person may not."""

    reason: str


def judge(
    review: Review, findings: Sequence[ReviewFinding], words: str, *, by: By,
    others: frozenset[str] = frozenset(),
) -> Review | ReviewRefused:  # fmt: skip
    """What the reader found; nothing found is agreement. `others` have read this coding for the
    same audit: how readers agree says nothing when they are one."""
    if review.status != "open":
        return ReviewRefused(f"review_{review.status}")
    if by.actor == review.coder:
        return ReviewRefused("own_coding")
    if by.actor in others:
        return ReviewRefused("same_reader")
    return replace(
        review,
        version=review.version + 1,
        status="disagreed" if findings else "agreed",
        findings=tuple(findings),
        reviewer=by.actor,
        reviewed_at=by.now,
        words=_said(review, "reviewer", words),
    )


def rebut(review: Review, words: str, *, by: By) -> Review | ReviewRefused:
    """The coder does not accept the findings, and says why."""
    del by
    if review.status != "disagreed":
        return ReviewRefused(f"review_{review.status}")
    return replace(
        review,
        version=review.version + 1,
        status="rebutted",
        words=_said(review, "coder", words),
    )


def resolve(review: Review, overturned: frozenset[int], words: str, *, by: By
            ) -> Review | ReviewRefused:  # fmt: skip
    """The end of a rebuttal: which findings fall (by position), while the others stand."""
    if review.status != "rebutted":
        return ReviewRefused(f"review_{review.status}")
    if by.actor == review.coder:
        return ReviewRefused("own_coding")
    findings = tuple(
        replace(each, is_upheld=at not in overturned) for at, each in enumerate(review.findings)
    )
    return replace(
        review,
        version=review.version + 1,
        status="resolved",
        findings=findings,
        resolved_at=by.now,
        words=_said(review, "resolution", words),
    )


def _said(review: Review, who: str, words: str) -> tuple[tuple[str, str], ...]:
    return (*review.words, (who, words)) if words else review.words


def paid(review: Review, cents: int | None) -> Review:
    """The review with what a payer paid for the coding, where that is known."""
    return review if cents is None else replace(review, paid_cents=cents)
