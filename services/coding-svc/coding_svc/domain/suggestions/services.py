"""Services that a note says were done: HCPCS Level II, and the tenant's list by its own words."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from coding_svc.domain.notes import Span
from coding_svc.domain.notes.assertion import Reading
from coding_svc.domain.notes.sentences import Sentence
from coding_svc.domain.notes.tables import lines
from coding_svc.domain.suggestions.book import Candidate, ServiceSearcher, SuggestionBook
from coding_svc.domain.suggestions.suggestion import Competitor, Reason, Suggestion, System

SECTIONS = frozenset({"procedure", "assessment", "plan", "results", "body"})
CANDIDATES = 4
SHARE = 0.8
"""Of the likeness: what was done is told less plainly than what was found."""
SENTENCES_MAX = 60


def services_of(
    readings: Sequence[tuple[Sentence, Reading]], codebook: SuggestionBook
) -> list[Suggestion]:
    """The best code of each list for each sentence that says something was done."""
    best: dict[tuple[System, str], Suggestion] = {}
    searchers: tuple[tuple[System, ServiceSearcher | None], ...] = (
        ("hcpcs", codebook.procedures),
        ("chargemaster", codebook.chargemaster),
    )
    for system, searcher in searchers:
        if searcher is None:
            continue
        for span, stems in list(_done(readings))[:SENTENCES_MAX]:
            found = searcher.services(stems, CANDIDATES)
            if found:
                each = _suggestion(system, searcher, span, found)
                known = best.get((system, each.code))
                if known is None or known.score < each.score:
                    best[system, each.code] = each
    return list(best.values())


def _suggestion(
    system: System, searcher: ServiceSearcher, span: Span, found: Sequence[Candidate]
) -> Suggestion:
    first, *others = found
    return Suggestion(
        code=first.code,
        system=system,
        title=first.title,
        evidence=(span,),
        assertion="present",
        method="search",
        score=round(SHARE * first.score, 4),
        release=searcher.release,
        competing=tuple(
            Competitor(each.code, each.title, round(SHARE * each.score, 4)) for each in others
        ),
        reasons=(Reason("done", "the note says that it was done, in the words of the list"),),
    )


def _done(
    readings: Sequence[tuple[Sentence, Reading]],
) -> Iterator[tuple[Span, frozenset[str]]]:
    """In a procedure everything was done; elsewhere a word must say so."""
    for sentence, reading in readings:
        if sentence.section not in SECTIONS or not reading.words:
            continue
        words = {word.text for word in reading.words}
        if sentence.section != "procedure" and not words & _cues():
            continue
        if words & _not_yet():
            continue
        stems = frozenset(
            stem
            for at, word in enumerate(reading.words)
            if word.stems and reading.of(at, at + 1).status == "present"
            for stem in word.stems
        )
        if stems:
            yield sentence.span, stems


@lru_cache(1)
def _cues() -> frozenset[str]:
    return frozenset(
        word for line in lines(__package__, "done.txt") for word in line.split() if line[0] != "-"
    )


@lru_cache(1)
def _not_yet() -> frozenset[str]:
    return frozenset(
        word
        for line in lines(__package__, "done.txt")
        if line[0] == "-"
        for word in line[1:].split()
    )
