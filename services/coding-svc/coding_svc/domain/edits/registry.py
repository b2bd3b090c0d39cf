"""The register of edits: a code, what a breach costs, where the rule is written."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from coding_svc.domain.codes import ReleaseName
from coding_svc.domain.edits.case import Case

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Hit:
    """One breach. Never quotes what was written of a patient; codes are not patients."""

    message: str
    lines: tuple[int, ...] = ()
    """Line numbers from 1; the line that would be denied comes first."""
    diagnoses: tuple[int, ...] = ()
    """Positions from 1."""
    fix: str = ""
    release: ReleaseName | None = None
    severity: Severity | None = None
    """Where one breach of a rule weighs less or more than the rule's own severity."""


Rule = Callable[[Case], Iterator[Hit]]


@dataclass(frozen=True, slots=True)
class Edit:
    """One rule."""

    code: str
    severity: Severity
    source: str
    """The CMS or NCHS rule that it carries out."""
    rule: Rule
    carc: str = ""
    """The adjustment reason that a payer would deny with."""
    is_overridable: bool = False
    """A coder may override it with a reason that an auditor can read."""

    @property
    def summary(self) -> str:
        return (self.rule.__doc__ or "").strip().split("\n\n")[0]


@dataclass(frozen=True, slots=True)
class EditFinding:
    """A breach with all that its reader needs."""

    edit: str
    severity: Severity
    message: str
    lines: tuple[int, ...]
    diagnoses: tuple[int, ...]
    fix: str
    carc: str
    citation: str
    release: ReleaseName | None
    is_overridable: bool


_edits: dict[str, Edit] = {}
_in_order: list[Edit] = []


def edit(
    code: str,
    severity: Severity,
    *,
    source: str,
    carc: str = "",
    overridable: bool = False,
) -> Callable[[Rule], Rule]:
    """Register a rule. Two rules with one code fail at import."""

    def register(rule: Rule) -> Rule:
        if code in _edits:
            raise TypeError(f"{code}: two edits have this code")
        _edits[code] = Edit(code, severity, source, rule, carc, overridable)
        _in_order[:] = sorted(_edits.values(), key=lambda each: each.code)
        return rule

    return register


def edits() -> Mapping[str, Edit]:
    """Every edit by its code."""
    return MappingProxyType(_edits)


def check(case: Case, *, without: frozenset[str] = frozenset()) -> tuple[EditFinding, ...]:
    """Every breach, in the order of the edits' codes. `without` names edits that are off."""
    return tuple(
        _finding(each, hit)
        for each in _in_order
        if each.code not in without
        for hit in each.rule(case)
    )


def _finding(each: Edit, hit: Hit) -> EditFinding:
    return EditFinding(
        edit=each.code,
        severity=hit.severity or each.severity,
        message=hit.message,
        lines=hit.lines,
        diagnoses=hit.diagnoses,
        fix=hit.fix,
        carc=each.carc,
        citation=each.source,
        release=hit.release,
        is_overridable=each.is_overridable,
    )
