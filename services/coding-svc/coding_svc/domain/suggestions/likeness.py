"""What no phrase names: a problem that heads an assessment in its own words is looked up whole."""

from collections.abc import Iterator, Sequence

from coding_svc.domain.notes import Note, Span
from coding_svc.domain.notes.assertion import Reading
from coding_svc.domain.notes.sentences import Sentence
from coding_svc.domain.suggestions.book import SuggestionBook
from coding_svc.domain.suggestions.evidence import Hit
from coding_svc.domain.suggestions.phrases import anatomy, empty_alone, nonessential

HEADED = frozenset({"assessment", "diagnoses", "chief_complaint"})
CANDIDATES = 5
LEAST = 0.62
"""Below, the likeness is as often wrong as right on the notes used for tuning."""
SHARE = 0.75
"""Of the weight of a phrase that was named: likeness is no more than that."""
PHRASES_MAX = 40


def liked(
    note: Note,
    readings: Sequence[tuple[Sentence, Reading]],
    hits: Sequence[Hit],
    codebook: SuggestionBook,
) -> Iterator[Hit]:
    """Codes like the headings that no mention covers."""
    covered = [span for hit in hits for span in hit.spans]
    asked = [
        (sentence, reading)
        for sentence, reading in readings
        if sentence.is_heading and sentence.section in HEADED
        and not any(_within(span, sentence.span) for span in covered)
        and _says_something(reading)
    ][:PHRASES_MAX]  # fmt: skip
    phrases = [note.text[each.span.start : each.span.end] for each, _ in asked]
    results = codebook.searcher.search(phrases, CANDIDATES) if phrases else ()
    for (sentence, reading), candidates in zip(asked, results, strict=True):
        status = reading.of(0, len(reading.words)).status
        for rank, each in enumerate(candidates):
            row = codebook.diagnoses.find(each.code)
            if row is None or (rank == 0 and each.score < LEAST):
                break
            yield Hit(
                row=row,
                status=status,
                method="semantic" if codebook.searcher.is_semantic else "search",
                score=SHARE * each.score,
                spans=(sentence.span,),
                is_heading=True,
                section=sentence.section,
                rank=rank,
            )


def _within(span: Span, outer: Span) -> bool:
    return outer.start <= span.start and span.end <= outer.end


def _says_something(reading: Reading) -> bool:
    stems = {stem for word in reading.words for stem in word.stems}
    return bool(stems - anatomy() - empty_alone() - nonessential())
