"""From a note to suggestions: read it, find what it names, complete the codes, weigh them, and let
the guidelines combine, order and drop."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date

from coding_svc.domain.codes import Diagnoses
from coding_svc.domain.notes import Span, read_note
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
from coding_svc.domain.suggestions.likeness import liked, prose_liked
from coding_svc.domain.suggestions.mentions import Mention, mentions_of
from coding_svc.domain.suggestions.services import services_of
from coding_svc.domain.suggestions.sides import only_side, side_near, side_of
from coding_svc.domain.suggestions.suggestion import (
    OUTPATIENT,
    Suggestion,
    SuggestionSettings,
)
from coding_svc.domain.suggestions.weights import VAGUE, is_vague, weight_of

Readings = Sequence[tuple[Sentence, Reading]]
Contexts = Callable[[int, int, int], tuple[Context, int | None]]
RIVAL = 0.5
"""Of the weight, for a code that has the same words but fits less."""
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
    contexts = _contexts(readings)
    hits = list(_hits(readings, codebook, contexts))
    hits += liked(note, readings, hits, codebook, contexts=contexts)
    hits += prose_liked(note, readings, hits, codebook, contexts=contexts)
    found = gathered(hits, codebook, on=on, settings=settings)
    ruled = apply_guidelines(found, readings, codebook, settings)
    services = services_of(readings, codebook)
    ruled = sorted([*ruled, *services], key=lambda each: (-each.score, each.code))
    return [each for each in ruled if each.score >= settings.minimum_score][: settings.limit]


def _contexts(readings: Readings) -> Contexts:
    """What surrounds the words of a sentence, and the word that told their side."""
    one_side = only_side(reading for _, reading in readings)
    encounter, is_told = _encounter_of(readings)

    def context(at: int, first: int, last: int) -> tuple[Context, int | None]:
        near, told_at = side_near(readings[at][1], first, last)
        around = _around(readings, at)
        return Context(near or one_side, bool(near), around, encounter, is_told), told_at

    return context


def _hits(readings: Readings, codebook: SuggestionBook, contexts: Contexts) -> Iterator[Hit]:
    for at, (sentence, reading) in enumerate(readings):
        for mention in mentions_of(reading, codebook.phrases):
            context, told_at = contexts(at, mention.first, mention.last)
            for hit in _of_mention(
                codebook.diagnoses, sentence, reading, mention=mention, context=context
            ):
                yield _with_side(hit, reading, mention, told_at)


def _of_mention(
    book: Diagnoses, sentence: Sentence, reading: Reading, *, mention: Mention, context: Context
) -> Iterator[Hit]:
    """What the words name; and of what is over or the family's, the code for that."""
    said = reading.of(mention.first, mention.last)
    entries = _ranked(book, mention.entries, context)
    row = book.find(entries[0].code)
    if row is None:
        return
    hit = Hit(
        row=row,
        status=said.status,
        method=mention.source,
        score=weight_of(sentence, mention.weight, entries[0].cost),
        spans=(mention.span,),
        is_heading=sentence.is_heading,
        section=sentence.section,
    )
    history = code_of_history(entries[0].code, said.status)
    if history is not None:
        spans = (mention.span, *((said.cue,) if said.cue else ()))
        coded = replace(hit, status=history.status, spans=spans, reasons=(history.reason,))
        yield from _completed(book, coded, (Entry(history.code, 0),), context)
    if history is None or history.code != entries[0].code:
        yield from _completed(book, hit, entries[:ENTRIES_MAX], context)


def _completed(
    book: Diagnoses, hit: Hit, entries: Sequence[Entry], context: Context
) -> Iterator[Hit]:
    for rank, entry in enumerate(entries):
        for done in complete(book, entry.code, context):
            weight = (1 if rank == 0 else RIVAL) * (VAGUE if is_vague(done.row.code) else 1)
            yield replace(
                hit,
                row=done.row,
                score=hit.score * weight,
                rank=rank,
                reasons=(*hit.reasons, *done.reasons),
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


def _around(readings: Readings, at: int) -> frozenset[str]:
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
