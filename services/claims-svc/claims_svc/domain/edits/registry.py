"""The register of claim edits, and the scrub that runs all of them.

    @edit("P001")
    def has_a_line(subject: Subject) -> Iterator[Flaw]:
        '''837P 2400: a claim bills at least one service.'''
        if not subject.claim.content.lines:
            yield Flaw("no service line", "/lines")

An error holds the claim, a warning travels with it. A flaw never quotes a patient's value.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Literal

from claims_svc.domain.claim import Claim, Line
from claims_svc.domain.coordination import NOTHING_DECIDED, Decided
from rcm.contracts.values import Finding, PriorDecision

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Subject:
    """A claim with the facts that its edits may ask for. `claim.persons` is open."""

    claim: Claim
    today: date
    original: Claim | None = None
    """The claim that this one replaces or voids."""
    billed_elsewhere: frozenset[str] = frozenset()
    """Procedure codes that another live claim bills for the same patient, day and provider."""
    prior: tuple[PriorDecision, ...] = ()
    """What the payers before `claim.billed_rank` decided."""
    decided: Decided = NOTHING_DECIDED
    """Of a void claim: everything that payers decided on the original."""

    @property
    def lines(self) -> Iterator[tuple[int, Line]]:
        """The lines under their numbers."""
        return enumerate(self.claim.content.lines, 1)


@dataclass(frozen=True, slots=True)
class Flaw:
    """One place that breaks a rule."""

    message: str
    location: str | None = None
    line_number: int | None = None


Rule = Callable[[Subject], Iterator[Flaw]]


@dataclass(frozen=True, slots=True)
class Edit:
    """A registered rule; its docstring is its page in the reference."""

    code: str
    severity: Severity
    rule: Rule


_edits: dict[str, Edit] = {}


def edit(code: str, severity: Severity = "error") -> Callable[[Rule], Rule]:
    """Register a rule. Two rules with one code fail at import."""

    def register(rule: Rule) -> Rule:
        if code in _edits:
            raise TypeError(f"{code}: two edits have this code")
        _edits[code] = Edit(code, severity, rule)
        return rule

    return register


def edits() -> Mapping[str, Edit]:
    """Every edit by its code."""
    return MappingProxyType(_edits)


def scrub(subject: Subject) -> tuple[Finding, ...]:
    """Every finding of every edit, errors and warnings."""
    return tuple(
        Finding(
            code=known.code,
            severity=known.severity,
            message=flaw.message,
            line_number=flaw.line_number,
            location=flaw.location,
        )
        for known in _edits.values()
        for flaw in known.rule(subject)
    )


def blocks(findings: Iterable[Finding]) -> bool:
    """Whether any of these findings keeps the claim here."""
    return any(finding.severity == "error" for finding in findings)
