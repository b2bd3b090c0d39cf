"""What a note says for each element, with its places; a coder changes it before it counts."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from coding_svc.domain.notes import Note, Span
from coding_svc.domain.notes.assertion import Reading
from coding_svc.domain.notes.sentences import Sentence
from coding_svc.domain.notes.tables import lines, listed
from coding_svc.domain.notes.words import words_of
from coding_svc.domain.suggestions.histories import is_chronic
from coding_svc.domain.suggestions.suggestion import Suggestion
from coding_svc.domain.visits.elements import RISKS, DataReviewed, Problems, Risk
from coding_svc.domain.visits.level import VisitFacts

DECIDED = frozenset({"assessment", "plan", "diagnoses", "procedure"})
ADDRESSED = 0.78
"""Of a suggestion's score: it heads a problem of the assessment."""
_MINUTES = re.compile(
    r"(?:spent|total(?:\s+\w+){0,3}\s+time|time\s+spent)\D{0,60}?(?P<minutes>\d{1,3})\s*min(?:ute)?s?\b"
    r"|(?P<before>\d{1,3})\s*minutes?\s+(?:were|was)?\s*spent",
    re.IGNORECASE,
)
SYMPTOMS, INJURIES = "R", ("S", "T")


@dataclass(frozen=True, slots=True)
class Proposal:
    """Facts as read, and the characters behind each."""

    facts: VisitFacts
    evidence: tuple[tuple[str, Span], ...]


@dataclass(frozen=True, slots=True)
class _Cue:
    name: str
    words: str
    span: Span
    sentence: Sentence


def propose(note: Note, suggestions: Sequence[Suggestion]) -> Proposal:
    """The facts that the words of a note speak for."""
    readings = [(sentence, note.reading(sentence)) for sentence in note.sentences]
    cues = [cue for sentence, reading in readings for cue in _cues(sentence, reading)]
    problems, problem_spans = _problems(suggestions, cues, readings)
    data, data_cues = _data(cues)
    risk_cues = [cue for cue in cues if cue.name in RISKS and cue.sentence.section in DECIDED]
    risks: tuple[Risk, ...] = tuple(
        risk for risk in RISKS if any(cue.name == risk for cue in risk_cues)
    )
    minutes = _MINUTES.search(note.text)
    told = [(cue.name, cue.span) for cue in (*data_cues, *risk_cues)]
    if minutes:
        told.append(("minutes", Span(minutes.start(), minutes.end())))
    facts = VisitFacts(
        problems=problems,
        data=data,
        risks=risks,
        minutes=int(minutes["minutes"] or minutes["before"]) if minutes else None,
    )
    return Proposal(facts, (*problem_spans, *told))


def _problems(
    suggestions: Sequence[Suggestion],
    cues: Sequence[_Cue],
    readings: Sequence[tuple[Sentence, Reading]],
) -> tuple[Problems, tuple[tuple[str, Span], ...]]:
    counted: dict[str, int] = {}
    spans: list[tuple[str, Span]] = []
    for each in suggestions:
        if each.score < ADDRESSED or each.code[0] == "Z" or each.method == "guideline":
            continue
        kind = _kind_of(each, cues, readings)
        counted[kind] = counted.get(kind, 0) + 1
        spans.append((kind, each.evidence[0]))
    return Problems(**counted), tuple(spans)


def _kind_of(
    each: Suggestion, cues: Sequence[_Cue], readings: Sequence[tuple[Sentence, Reading]]
) -> str:
    below = _under(each.evidence[0], readings)
    said = {cue.name for cue in cues if cue.sentence in below}
    if is_chronic(each.code):
        if "severe" in said:
            return "chronic_severe"
        return "chronic_worsening" if "worse" in said else "stable_chronic"
    if each.code.startswith(SYMPTOMS):
        return "undiagnosed"
    return "acute_uncomplicated"


def _under(span: Span, readings: Sequence[tuple[Sentence, Reading]]) -> list[Sentence]:
    """The sentence of a problem, and those under it when it is a heading."""
    sentences = [sentence for sentence, _ in readings]
    at = next(
        (at for at, each in enumerate(sentences) if each.span.start <= span.start < each.span.end),
        None,
    )
    if at is None:
        return []
    found = [sentences[at]]
    if sentences[at].is_heading:
        for each in sentences[at + 1 :]:
            if each.is_heading or each.section != sentences[at].section:
                break
            found.append(each)
    return found


def _data(cues: Sequence[_Cue]) -> tuple[DataReviewed, list[_Cue]]:
    """A test in the results is reviewed; one in a sentence that orders is ordered; each once."""
    ordering = {cue.sentence.span for cue in cues if cue.name == "ordering"}
    ordered: dict[str, _Cue] = {}
    reviewed: dict[str, _Cue] = {}
    for cue in cues:
        if cue.name != "test":
            continue
        if cue.sentence.section == "results":
            reviewed.setdefault(cue.words, cue)
        elif cue.sentence.span in ordering and cue.sentence.section in DECIDED:
            ordered.setdefault(cue.words, cue)
    ordered = {name: cue for name, cue in ordered.items() if name not in reviewed}
    flags = {
        name: next((cue for cue in cues if cue.name == name), None)
        for name in ("independent_historian", "independent_interpretation", "discussion")
    }
    notes = [cue for cue in cues if cue.name == "external_notes"]
    data = DataReviewed(
        external_notes=len({cue.sentence.span for cue in notes}),
        tests_reviewed=len(reviewed),
        tests_ordered=len(ordered),
        **{name: cue is not None for name, cue in flags.items()},
    )
    return data, [*reviewed.values(), *ordered.values(), *notes, *filter(None, flags.values())]


def _cues(sentence: Sentence, reading: Reading) -> Iterator[_Cue]:
    table = _table()
    texts = [word.text for word in reading.words]
    at = 0
    while at < len(texts):
        found = next(
            (
                each
                for each in table.get(texts[at], ())
                if tuple(texts[at : at + len(each[0])]) == each[0]
            ),
            None,
        )
        if found is None:
            at += 1
            continue
        words, name = found
        last = at + len(words)
        if reading.of(at, last).status in {"present", "historical"}:
            span = Span(reading.words[at].span.start, reading.words[last - 1].span.end)
            yield _Cue(name, " ".join(words), span, sentence)
        at = last


@lru_cache(1)
def _table() -> dict[str, tuple[tuple[tuple[str, ...], str], ...]]:
    found: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for line in lines(__package__, "cues.txt"):
        name, phrases = (part.strip() for part in line.split("|"))
        for phrase in listed(phrases):
            words = tuple(word.text for word in words_of(phrase))
            found.setdefault(words[0], []).append((words, name))
    return {word: tuple(sorted(each, key=lambda one: -len(one[0]))) for word, each in found.items()}
