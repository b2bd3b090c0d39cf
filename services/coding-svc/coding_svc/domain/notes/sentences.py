"""Sentences: between line breaks, bullets and full stops, with the section that they stand in."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from coding_svc.domain.notes.sections import Section, SectionKind
from coding_svc.domain.notes.words import Span

# A full stop ends a sentence when what follows begins one; not after a number, an initial or one of
# the abbreviations that notes are full of.
_END = re.compile(r"[.!?]+(?=[\"')\u201d]*(?:\s+[\"'(\u201c]?[A-Z0-9\u2022-]|\s*$))|;(?=\s)")
_ABBREVIATED = re.compile(
    r"(?:\b(?:Dr|Mr|Mrs|Ms|St|vs|approx|e\.g|i\.e|no|fig|pt|hx|dx|mg|ml|cm|mm|q\.d|b\.i\.d|t\.i\.d|"
    r"p\.o|prn|etc|inc|yo|y\.o)|\b[A-Z])$",
    re.IGNORECASE,
)
_MARK = re.compile(r"[\s\u2022*#-]*(?:\d{1,2}[.)](?=\s))?[\s\u2022*-]*")
_LABEL = re.compile(r"(?P<label>[A-Z][A-Za-z,/ ]{2,60}):(?=\s|$)")
SHORT_CHARACTERS = 90
"""A line that ends the way it began, without a verb to speak of: the heading of a problem."""
_VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|had|will|would|can|could|should|reports?|denies|denied|states?|"
    r"notes?|presents?|endorses|continue[sd]?|takes|taking|discussed|recommend|shows?|reveals?|"
    r"demonstrates?|advised|ordered|stop|start|increase|avoid|schedule|return|repeat|order|call)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, or a line that stands for one."""

    span: Span
    section: SectionKind
    is_heading: bool = False
    """A short line in an assessment or a list that names a problem and says nothing of it."""
    label: str = ""
    """What stood before a colon, in small letters: `medical reasoning`, `cardiovascular`."""


def sentences_of(text: str, sections: tuple[Section, ...]) -> tuple[Sentence, ...]:
    """Every sentence of every section, in order."""
    return tuple(
        sentence for section in sections for sentence in _of_section(text, section) if sentence
    )


def _of_section(text: str, section: Section) -> Iterator[Sentence]:
    at = section.span.start
    for line in text[section.span.start : section.span.end].split("\n"):
        yield from _of_line(text, Span(at, at + len(line)), section)
        at += len(line) + 1


def _of_line(text: str, line: Span, section: Section) -> Iterator[Sentence]:
    begin = line.start
    mark = _MARK.match(text, begin, line.end)
    if mark:
        begin = mark.end()
    label = ""
    if found := _LABEL.match(text, begin, line.end):
        label = found["label"].lower()
        begin = found.end()
    for start, end in _pieces(text, begin, line.end):
        yield Sentence(
            Span(start, end),
            section.kind,
            is_heading=not label and _names_a_problem(text, start, end, line),
            label=label,
        )


def _pieces(text: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    start = begin
    for found in _END.finditer(text, begin, end):
        if found.group()[0] == "." and _ABBREVIATED.search(
            text, max(start, found.start() - 12), found.start()
        ):
            continue
        yield from _stripped(text, start, found.start())
        start = found.end()
    yield from _stripped(text, start, end)


def _stripped(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    piece = text[start:end]
    if piece.strip():
        yield start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())


def _names_a_problem(text: str, start: int, end: int, line: Span) -> bool:
    whole = line.end - line.start
    return whole <= SHORT_CHARACTERS and not _VERB.search(text, start, end)
