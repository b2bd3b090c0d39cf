"""Codes that the tabular list puts in an order: code first, use additional code."""

from collections.abc import Sequence
from dataclasses import replace

from coding_svc.domain.codes import Diagnoses, Note
from coding_svc.domain.suggestions.suggestion import Ask, Reason, Suggestion

CHOICES_MAX = 6
ADDITIONAL_MAX = 2
"""Of a code: some ask for seven, most of which no visit can tell."""
BEFORE_SCORE = 1e-4


def paired(found: Sequence[Suggestion], book: Diagnoses) -> list[Suggestion]:
    """Each suggestion with what its notes demand: an etiology before it, a code beside it."""
    return [_first(_additional(each, found, book), found, book) for each in found]


def _first(each: Suggestion, found: Sequence[Suggestion], book: Diagnoses) -> Suggestion:
    row = book.find(each.code)
    for note in book.notes(each.code, "code_first"):
        if not note.patterns:
            continue
        leaders = [other for other in found if other.code != each.code and note.names(other.code)]
        if leaders:
            leader = max(leaders, key=lambda other: other.score)
            reason = Reason("code_first", f"{leader.code} comes before it (note at {note.holder})")
            # Listed after its etiology, whatever its own words weigh.
            score = min(each.score, leader.score - BEFORE_SCORE)
            return replace(each, score=round(score, 4), reasons=(*each.reasons, reason))
        if row and row.is_manifestation:
            ask = Ask("first", f"which etiology (note at {note.holder})", _named(note))
            return replace(each, asks=(*each.asks, ask))
    return each


def _additional(each: Suggestion, found: Sequence[Suggestion], book: Diagnoses) -> Suggestion:
    reasons, asks = list(each.reasons), list(each.asks)
    for note in book.notes(each.code, "use_additional"):
        if not note.patterns or note.holder.startswith(("block", "chapter")):
            continue
        beside = [
            other.code for other in found if other.code != each.code and note.names(other.code)
        ]
        if beside:
            reasons.append(
                Reason("use_additional", f"with {', '.join(beside)} (note at {note.holder})")
            )
        elif sum(ask.kind == "additional" for ask in asks) < ADDITIONAL_MAX:
            asks.append(
                Ask(
                    "additional",
                    f"a code beside it, if known (note at {note.holder})",
                    _named(note),
                )
            )
    return replace(each, reasons=tuple(reasons), asks=tuple(asks))


def _named(note: Note) -> tuple[str, ...]:
    """The codes or beginnings of codes that a note names."""
    return tuple(
        each.low if each.low == each.high else f"{each.low}-{each.high}"
        for each in note.patterns[:CHOICES_MAX]
    )
