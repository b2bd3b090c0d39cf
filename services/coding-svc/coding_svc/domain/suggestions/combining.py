"""Combination codes: two conditions that the classification makes one (I.A.15, I.B.9)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from coding_svc.domain.notes.tables import lines, listed
from coding_svc.domain.suggestions.book import SuggestionBook
from coding_svc.domain.suggestions.suggestion import Ask, Reason, Suggestion

LINKED_BY_WORDS = 0.98
"""A combination is as sure as the weaker of the two that it is made of, less a little."""


@dataclass(frozen=True, slots=True)
class Combination:
    """A line of the table. `parts` are alternatives of beginnings; the first part is special: its
    fate is `keeps_first`, the last part's `keeps_last`; those between stay."""

    parts: tuple[tuple[str, ...], ...]
    code: str
    keeps_first: bool
    keeps_last: bool
    source: str


def combined(found: Sequence[Suggestion], codebook: SuggestionBook) -> list[Suggestion]:
    """Each rule at most once, in the table's order: a later one may use an earlier one's code."""
    current = list(found)
    for rule in _rules():
        parts = _parts(rule, current)
        if parts:
            current = _applied(rule, parts, current, codebook)
    return current


def _parts(rule: Combination, found: Sequence[Suggestion]) -> list[Suggestion]:
    """The strongest suggestion for each part; empty when one is missing."""
    chosen: list[Suggestion] = []
    for beginnings in rule.parts:
        fitting = [
            each for each in found if each.code.startswith(beginnings) and each not in chosen
        ]
        if not fitting:
            return []
        chosen.append(max(fitting, key=lambda each: each.score))
    return chosen


def _applied(
    rule: Combination,
    parts: Sequence[Suggestion],
    found: Sequence[Suggestion],
    codebook: SuggestionBook,
) -> list[Suggestion]:
    dropped = {
        *((parts[0].code,) if not rule.keeps_first else ()),
        *((parts[-1].code,) if not rule.keeps_last else ()),
    }
    kept = [each for each in found if each.code not in dropped]
    if any(each.code.startswith(rule.code) for each in kept):
        return [
            replace(each, reasons=(*each.reasons, Reason("combination", rule.source)))
            if each.code == rule.code
            else each
            for each in kept
        ]
    row = codebook.diagnoses.find(rule.code)
    if row is None or not row.is_billable:
        return list(found)
    replaced = " and ".join(sorted(dropped))
    reason = Reason(
        "combination", f"{rule.source}; instead of {replaced}" if dropped else rule.source
    )
    one = Suggestion(
        code=row.code,
        system="icd10cm",
        title=row.title,
        evidence=tuple(dict.fromkeys(span for each in parts for span in each.evidence[:2])),
        assertion=parts[0].assertion,
        method="combination",
        score=round(max(each.score for each in parts) * LINKED_BY_WORDS, 4),
        release=codebook.diagnoses.release,
        reasons=(reason,),
        asks=(Ask("link", "unless the note says that they are unrelated", tuple(sorted(dropped))),),
    )
    return [*kept, one]


@lru_cache(1)
def _rules() -> tuple[Combination, ...]:
    return tuple(_parsed())


def _parsed() -> Iterator[Combination]:
    for line in lines(__package__, "combinations.txt"):
        rule, first, last, source = (each.strip() for each in line.split("|"))
        left, _, code = rule.partition("=")
        parts = tuple(
            tuple(each.replace(".", "") for each in listed(part)) for part in left.split("+")
        )
        yield Combination(
            parts, code.strip().replace(".", ""), first == "keep", last == "keep", source
        )
