"""Many mentions, one suggestion a code: the strongest leads, the others support it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from coding_svc.domain.codes import DiagnosisCode
from coding_svc.domain.notes import SectionKind, Span, Status
from coding_svc.domain.suggestions.book import SuggestionBook
from coding_svc.domain.suggestions.suggestion import (
    Ask,
    Competitor,
    Method,
    Reason,
    Suggestion,
    SuggestionSettings,
)
from coding_svc.domain.suggestions.weights import REPEATED

COMPETING_MAX = 6
SPANS_MAX = 8
CODED: frozenset[Status] = frozenset({"present"})
CODED_INPATIENT: frozenset[Status] = frozenset({"present", "uncertain"})
UNASSERTED = 0.55
"""Of the score, for what is shown though it is not asserted."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A code that one place of the note speaks for."""

    row: DiagnosisCode
    status: Status
    method: Method
    score: float
    spans: tuple[Span, ...]
    is_heading: bool
    section: SectionKind
    rank: int = 0
    """0 for the code that the words name best; the others only compete."""
    reasons: tuple[Reason, ...] = ()
    asks: tuple[Ask, ...] = ()


def gathered(
    hits: Iterable[Hit], codebook: SuggestionBook, *, on: date, settings: SuggestionSettings
) -> list[Suggestion]:
    """A suggestion a code, the surest first; codes that ended before the day are left out."""
    coded = CODED_INPATIENT if settings.is_inpatient else CODED
    leading: dict[str, list[Hit]] = {}
    rivals: dict[tuple[Span, ...], list[Hit]] = {}
    for hit in hits:
        if hit.row.valid_to and hit.row.valid_to < on:
            continue
        rivals.setdefault(hit.spans[:1], []).append(hit)
        if hit.rank == 0 and (hit.status in coded or settings.with_unasserted):
            leading.setdefault(hit.row.code, []).append(hit)
    found = [_one(each, rivals, codebook, coded) for each in leading.values()]
    return sorted(found, key=lambda each: (-each.score, each.code))


def _one(
    hits: Sequence[Hit],
    rivals: dict[tuple[Span, ...], list[Hit]],
    codebook: SuggestionBook,
    coded: frozenset[Status],
) -> Suggestion:
    asserted = [each for each in hits if each.status in coded]
    ranked = sorted(asserted or hits, key=lambda each: -each.score)
    best = ranked[0]
    more = min(3, len(ranked) - 1)
    score = best.score + (1 - best.score) * REPEATED * more
    against = {
        each.row.code: Competitor(each.row.code, each.row.title, round(each.score, 3))
        for each in rivals.get(best.spans[:1], ())
        if each.row.code != best.row.code
    }
    return Suggestion(
        code=best.row.code,
        system="icd10cm",
        title=best.row.title,
        evidence=tuple(dict.fromkeys(span for each in ranked for span in each.spans))[:SPANS_MAX],
        assertion=best.status,
        method=best.method,
        score=round(score if asserted else score * UNASSERTED, 4),
        release=codebook.diagnoses.release,
        competing=tuple(sorted(against.values(), key=lambda each: -each.score))[:COMPETING_MAX],
        reasons=best.reasons,
        asks=best.asks,
    )
