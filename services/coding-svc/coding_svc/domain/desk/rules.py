"""What a tenant's rules decide: where a chart goes, who reads it again, what leaves by itself."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from coding_svc.domain.desk.criteria import Criteria, Facts, all_of
from coding_svc.domain.desk.proposal import Proposal
from coding_svc.domain.edits import EditFinding
from rcm.ids import derived_id

RuleKind = Literal["worklist", "review", "release"]
A_THOUSAND = 1_000


@dataclass(frozen=True, slots=True)
class Effect:
    """What follows from a rule; which part of it is read depends on its kind."""

    team: str = ""
    boost_days: int = 0
    share_permille: int = A_THOUSAND
    """A review: of a thousand charts that match, so many are reviewed."""
    min_score: float = 0.9
    """A release: every code that is taken was suggested at least this surely."""
    ignore_below: float = 0.0
    """A release: suggestions that are less sure than this do not stop it, and are not taken."""
    families: tuple[str, ...] = ()
    """A release: beginnings of the diagnoses that may leave without a person."""
    max_diagnoses: int = 4
    sample_permille: int = 100
    """A release: of a thousand charts that leave by the rule, so many are reviewed afterwards."""


@dataclass(frozen=True, slots=True)
class DeskRule:
    """One rule of a tenant, as data."""

    kind: RuleKind
    name: str
    position: int = 100
    is_active: bool = True
    criteria: Criteria = field(default_factory=Criteria)
    effect: Effect = field(default_factory=Effect)
    version: int = 1


@dataclass(frozen=True, slots=True)
class Release:
    """Codes that may leave without a person: by which rule, and whether somebody looks at them
    afterwards."""

    rule: str
    proposals: tuple[Proposal, ...]
    is_sampled: bool


@dataclass(frozen=True, slots=True)
class Withheld:
    """Why a chart waits for a coder, in words that are stable."""

    reasons: tuple[str, ...]


def routed(rules: Sequence[DeskRule], facts: Facts) -> Effect | None:
    """The effect of the first worklist rule that matches."""
    return next((each.effect for each in _active(rules, "worklist", facts)), None)


def review_rule(rules: Sequence[DeskRule], facts: Facts, encounter_id: UUID) -> DeskRule | None:
    """The first review rule that wants this chart before it leaves."""
    for rule in _active(rules, "review", facts):
        if drawn(encounter_id, f"review:{rule.name}", rule.effect.share_permille):
            return rule
    return None


def release(
    rules: Sequence[DeskRule], facts: Facts, proposals: Sequence[Proposal], encounter_id: UUID
) -> Release | Withheld:
    """What a release rule would let go. The edits judge it afterwards (`held_by`)."""
    matching = _active(rules, "release", facts)
    if not matching:
        return Withheld(("no_rule",))
    rule = matching[0]
    taken = [each for each in proposals if _is_asserted(each)]
    taken = [each for each in taken if each.suggestion.score >= rule.effect.ignore_below]
    reasons = tuple(_doubts(rule, facts, taken))
    if reasons:
        return Withheld(reasons)
    sampled = drawn(encounter_id, f"sample:{rule.name}", rule.effect.sample_permille)
    return Release(rule.name, tuple(taken), sampled)


def held_by(findings: Sequence[EditFinding]) -> tuple[str, ...]:
    """The edits that keep codes from leaving by themselves: errors and warnings alike, since nobody
    is there to weigh a warning."""
    return tuple(dict.fromkeys(f"edit:{each.edit}" for each in findings if each.severity != "info"))


def drawn(encounter_id: UUID, purpose: str, permille: int) -> bool:
    """Whether a chart is in a sample: by its own number, so the same chart always or never is."""
    return derived_id(encounter_id, purpose).int % A_THOUSAND < permille


def _doubts(rule: DeskRule, facts: Facts, taken: Sequence[Proposal]) -> list[str]:
    effect = rule.effect
    codes = [each.suggestion.code for each in taken if each.suggestion.system == "icd10cm"]
    open_asks = {
        f"asks:{ask.kind}"
        for each in taken
        if not each.suggestion.is_complete
        for ask in each.suggestion.asks
    }
    doubts = {
        "no_suggestion": not codes,
        "no_charges": not facts.lines,
        "unsure": any(each.suggestion.score < effect.min_score for each in taken),
        "too_many_diagnoses": len(codes) > effect.max_diagnoses,
        "family_not_released": bool(codes) and not all_of(codes, effect.families),
        "other_code_systems": any(each.suggestion.system != "icd10cm" for each in taken),
    }
    return [name for name, holds in doubts.items() if holds] + sorted(open_asks)


def _is_asserted(proposal: Proposal) -> bool:
    return proposal.status == "open" and proposal.suggestion.assertion in ("present", "historical")


def _active(rules: Sequence[DeskRule], kind: RuleKind, facts: Facts) -> list[DeskRule]:
    found = [each for each in rules if each.kind == kind and each.is_active]
    found = [each for each in found if each.criteria.match(facts)]
    return sorted(found, key=lambda each: (each.position, each.name))
