"""From a note to suggestions: read it, find what it names, complete the codes, weigh them, and let
the guidelines combine, order and drop."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date

from coding_svc.domain.codes import Diagnoses
from coding_svc.domain.notes import Note, Span, Status, read_note
from coding_svc.domain.notes.assertion import Reading
from coding_svc.domain.notes.sentences import Sentence
from coding_svc.domain.suggestions.book import Entry, SuggestionBook
from coding_svc.domain.suggestions.completion import (
    INITIAL,
    SEQUELA,
    SUBSEQUENT,
    Context,
    complete,
)
from coding_svc.domain.suggestions.evidence import Hit, gathered
from coding_svc.domain.suggestions.guidelines import apply_guidelines
from coding_svc.domain.suggestions.histories import code_of_history
from coding_svc.domain.suggestions.likeness import liked
from coding_svc.domain.suggestions.mentions import Mention, mentions_of
from coding_svc.domain.suggestions.sides import only_side, side_near, side_of
from coding_svc.domain.suggestions.suggestion import (
    OUTPATIENT,
    Reason,
    Suggestion,
    SuggestionSettings,
)
from coding_svc.domain.suggestions.weights import weight_of

INJURY = ("S", "T")
ENTRIES_MAX = 4
"""Codes that share a phrase; more than these are not even named as competing."""
_HEALING = frozenset({"healing", "healed", "postoperative", "postop", "postoperatively", "follow",
                      "followup", "removal", "rehab", "rehabilitation"})  # fmt: skip
_SEQUEL = frozenset({"sequela", "sequelae", "residual"})


def suggest(
    text: str,
    on: date,
    codebook: SuggestionBook,
    *,
    settings: SuggestionSettings = OUTPATIENT,
) -> list[Suggestion]:
    """The codes that a note speaks for on a date of service, the surest first.

    Raises `NoteUnreadable` for what is no note.
    """
    note = read_note(text)
    readings = [(sentence, note.reading(sentence)) for sentence in note.sentences]
    hits = list(_hits(note, readings, codebook, settings))
    hits += liked(note, readings, hits, codebook)
    found = gathered(hits, codebook, on=on, settings=settings)
    ruled = apply_guidelines(found, readings, codebook, settings)
    return [each for each in ruled if each.score >= settings.minimum_score][: settings.limit]


def _hits(
    note: Note,
    readings: Sequence[tuple[Sentence, Reading]],
    codebook: SuggestionBook,
    settings: SuggestionSettings,
) -> Iterator[Hit]:
    one_side = only_side(reading for _, reading in readings)
    encounter, is_told = _encounter_of(readings)
    for at, (sentence, reading) in enumerate(readings):
        around = _around(readings, at)
        for mention in mentions_of(reading, codebook.phrases):
            near, told_at = side_near(reading, mention.first, mention.last)
            context = Context(near or one_side, bool(near), around, encounter, is_told)
            for hit in _of_mention(
                codebook.diagnoses, sentence, reading, mention=mention, context=context
            ):
                yield _with_side(hit, reading, mention, told_at)
    del note, settings


def _of_mention(
    book: Diagnoses, sentence: Sentence, reading: Reading, *, mention: Mention, context: Context
) -> Iterator[Hit]:
    said = reading.of(mention.first, mention.last)
    status: Status = said.status
    entries = _ranked(book, mention.entries, context)
    reasons: tuple[Reason, ...] = ()
    history = code_of_history(entries[0].code, status)
    if history is not None:
        status, entries, reasons = history.status, (Entry(history.code, 0),), (history.reason,)
    weight = weight_of(sentence, mention.weight, entries[0].cost)
    spans = (mention.span, *((said.cue,) if said.cue and history else ()))
    for rank, entry in enumerate(entries[:ENTRIES_MAX]):
        for done in complete(book, entry.code, context):
            yield Hit(
                row=done.row,
                status=status,
                method=mention.source,
                score=weight if rank == 0 else weight * 0.5,
                spans=spans,
                is_heading=sentence.is_heading,
                section=sentence.section,
                rank=rank,
                reasons=(*reasons, *done.reasons),
                asks=done.asks,
            )


def _with_side(hit: Hit, reading: Reading, mention: Mention, told_at: int | None) -> Hit:
    """The word that told the side is evidence of a code that says it."""
    if told_at is None or side_of(hit.row.title) not in {"right", "left", "bilateral"}:
        return hit
    word, spans = reading.words[told_at].span, hit.spans
    if told_at == mention.first - 1:
        return replace(hit, spans=(Span(word.start, spans[0].end), *spans[1:]))
    return replace(hit, spans=(*spans, word))


def _ranked(book: Diagnoses, entries: Sequence[Entry], context: Context) -> tuple[Entry, ...]:
    """Codes of the side that is told come first, those of another last; and those of pregnancy and
    of the newborn yield to any other that has the words."""

    def order(entry: Entry) -> tuple[int, int, int]:
        return (
            _side_rank(book, entry.code, context),
            entry.cost + 3 * (entry.code[0] in "OP"),
            len(entry.code),
        )

    return tuple(sorted(entries, key=order)) if len(entries) > 1 else tuple(entries)


def _side_rank(book: Diagnoses, code: str, context: Context) -> int:
    row = book.find(code)
    own = side_of(row.title) if row else ""
    if own in {"right", "left", "bilateral"}:
        return (0 if own == context.side else 3) if context.side else 2
    has_sides = any(side_of(each.title) in {"right", "left"} for each in book.children(code))
    if context.is_side_near and context.side != "bilateral":
        return 0 if has_sides else 1
    return 1 if has_sides else 0


def _around(readings: Sequence[tuple[Sentence, Reading]], at: int) -> frozenset[str]:
    """The words of a sentence; of a heading, also those of what is said under it."""
    sentence, reading = readings[at]
    found = set(_stems(reading))
    if sentence.is_heading:
        for other, below in readings[at + 1 : at + 6]:
            if other.is_heading or other.section != sentence.section:
                break
            found |= _stems(below)
    return frozenset(found)


def _stems(reading: Reading) -> set[str]:
    return {stem for word in reading.words for stem in word.stems}


def _encounter_of(readings: Iterable[tuple[Sentence, Reading]]) -> tuple[str, bool]:
    """Active treatment unless the reason of the visit speaks of healing or of a sequela."""
    words = {
        word.text
        for sentence, reading in readings
        if sentence.section in {"chief_complaint", "assessment", "diagnoses"}
        for word in reading.words
    }
    if words & _SEQUEL:
        return SEQUELA, True
    if words & _HEALING:
        return SUBSEQUENT, False
    return INITIAL, False


__all__ = ["Span", "suggest"]
