"""What no phrase names: a problem that heads an assessment in its own words is looked up whole."""

from collections.abc import Callable, Iterator, Sequence

from coding_svc.domain.notes import Note, Span, Status
from coding_svc.domain.notes.assertion import Reading
from coding_svc.domain.notes.sentences import Sentence
from coding_svc.domain.suggestions.book import Candidate, SuggestionBook
from coding_svc.domain.suggestions.completion import Context, complete
from coding_svc.domain.suggestions.evidence import Hit
from coding_svc.domain.suggestions.phrases import anatomy, empty_alone, nonessential

HEADED = frozenset({"assessment", "diagnoses", "chief_complaint"})
CANDIDATES = 5
LEAST = 0.62
"""Below, the likeness is as often wrong as right on the notes used for tuning."""
SHARE = 0.75
"""Of the weight of a phrase that was named: likeness is no more than that."""
COVERED = 0.5
RUNS_MAX, RUN_WORDS_MAX = 60, 7
NEAR, NEAR_LEAST, NEAR_SHARE, SECOND = 2, 0.6, 0.3, 0.7
"""Chosen on the even places of CodiEsp: the second nearest helps, and more weight hurts."""
PHRASES_MAX = 40


def liked(
    note: Note,
    readings: Sequence[tuple[Sentence, Reading]],
    hits: Sequence[Hit],
    codebook: SuggestionBook,
    *,
    contexts: Callable[[int, int, int], tuple[Context, int | None]],
) -> Iterator[Hit]:
    """Codes like the headings that no mention covers."""
    covered = [span for hit in hits for span in hit.spans]
    asked = [
        at
        for at, (sentence, reading) in enumerate(readings)
        if sentence.is_heading and sentence.section in HEADED
        and _says_something(reading)
        and not _is_covered(reading, [each for each in covered if _within(each, sentence.span)])
    ][:PHRASES_MAX]  # fmt: skip
    spans = [readings[at][0].span for at in asked]
    phrases = [note.text[span.start : span.end] for span in spans]
    results = codebook.searcher.search(phrases, CANDIDATES) if phrases else ()
    for at, candidates in zip(asked, results, strict=True):
        if not candidates or candidates[0].score < LEAST:
            continue
        sentence, reading = readings[at]
        whole = len(reading.words)
        context, _ = contexts(at, 0, whole)
        status = reading.of(0, whole).status
        yield from _of_candidates(
            codebook, sentence, status, candidates=candidates, context=context
        )


def prose_liked(
    note: Note,
    readings: Sequence[tuple[Sentence, Reading]],
    hits: Sequence[Hit],
    codebook: SuggestionBook,
    *,
    contexts: Callable[[int, int, int], tuple[Context, int | None]],
) -> Iterator[Hit]:
    """In a text without headings nothing tells what was assessed: each run of words that no mention
    holds is looked up by its meaning, and weighs little."""
    if not codebook.searcher.is_semantic:
        return
    covered = [span for hit in hits for span in hit.spans]
    runs = [
        (at, first, last)
        for at, (sentence, reading) in enumerate(readings)
        if sentence.section == "body"
        for first, last in _runs(reading, covered, codebook)
    ][:RUNS_MAX]
    spans = [
        Span(readings[at][1].words[first].span.start, readings[at][1].words[last - 1].span.end)
        for at, first, last in runs
    ]
    results = codebook.searcher.near([note.text[each.start : each.end] for each in spans], NEAR)
    for (at, first, last), span, candidates in zip(runs, spans, results, strict=True):
        context, _ = contexts(at, first, last)
        status = readings[at][1].of(first, last).status
        for rank, each in enumerate(candidates):
            if each.score < NEAR_LEAST:
                break
            for done in complete(codebook.diagnoses, each.code, context):
                yield Hit(
                    row=done.row,
                    status=status,
                    method="semantic",
                    score=NEAR_SHARE * each.score * SECOND**rank,
                    spans=(span,),
                    is_heading=False,
                    section="body",
                    reasons=done.reasons,
                    asks=done.asks,
                )


def _runs(
    reading: Reading, covered: Sequence[Span], codebook: SuggestionBook
) -> Iterator[tuple[int, int]]:
    """Two to seven words in a row that titles have and no mention holds."""
    begin: int | None = None
    for at in range(len(reading.words) + 1):
        word = reading.words[at] if at < len(reading.words) else None
        goes_on = (
            word is not None
            and at not in reading.breaks
            and any(codebook.phrases.knows(stem) for stem in word.stems)
            and not any(_within(word.span, span) for span in covered)
        )
        if goes_on and begin is None:
            begin = at
        elif not goes_on and begin is not None:
            if 2 <= at - begin <= RUN_WORDS_MAX and _names(reading, begin, at):
                yield begin, at
            begin = None


def _names(reading: Reading, first: int, last: int) -> bool:
    stems = {stem for word in reading.words[first:last] for stem in word.stems}
    return bool(stems - anatomy() - empty_alone() - nonessential())


def _of_candidates(
    codebook: SuggestionBook,
    sentence: Sentence,
    status: Status,
    *,
    candidates: Sequence[Candidate],
    context: Context,
) -> Iterator[Hit]:
    seen: set[str] = set()
    for each in candidates:
        for done in complete(codebook.diagnoses, _base(codebook, each.code), context):
            if done.row.code in seen:
                continue
            yield Hit(
                row=done.row,
                status=status,
                method="semantic" if codebook.searcher.is_semantic else "search",
                score=SHARE * each.score,
                spans=(sentence.span,),
                is_heading=True,
                section=sentence.section,
                rank=0 if not seen else len(seen),
                reasons=done.reasons,
                asks=done.asks,
            )
            seen.add(done.row.code)


def _base(codebook: SuggestionBook, code: str) -> str:
    """Of a code that only adds a 7th character, the code without: the note tells the encounter."""
    row = codebook.diagnoses.find(code)
    return row.parent if row and row.seventh_of and len(code) == 7 else code


def _is_covered(reading: Reading, covered: Sequence[Span]) -> bool:
    """Whether mentions hold most of the words that mean something."""
    meaning = [word for word in reading.words if word.stems]
    held = sum(any(_within(word.span, span) for span in covered) for word in meaning)
    return held >= len(meaning) * COVERED


def _within(span: Span, outer: Span) -> bool:
    return outer.start <= span.start and span.end <= outer.end


def _says_something(reading: Reading) -> bool:
    return _names(reading, 0, len(reading.words))
