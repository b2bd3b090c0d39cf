"""The sections of a note: where each begins, and what kind of thing it says.

A heading is a line of its own that the table knows (`ASSESSMENT AND PLAN`, `Family history:`), or
such words and a colon at the beginning of a line. What no heading covers is `body`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

from coding_svc.domain.notes.tables import listed, pairs
from coding_svc.domain.notes.words import Span

SectionKind = Literal[
    "chief_complaint", "history_of_present_illness", "past_history", "surgical_history",
    "family_history", "social_history", "medications", "allergies", "review_of_systems", "vitals",
    "examination", "results", "assessment", "plan", "procedure", "instructions", "diagnoses",
    "body",
]  # fmt: skip
HEADING_CHARACTERS_MAX = 60
# A number or bullet, words, and a colon or the end of the line.
_HEADING = re.compile(
    r"^[ \t]*(?:[#*\u2022-]+[ \t]*|\d{1,2}[.)][ \t]*)?"
    r"(?P<words>[A-Za-z][A-Za-z/&,' -]{0,58}[A-Za-z])[ \t]*(?P<colon>:?)[ \t]*(?P<rest>[^\n]*)$",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a note; `span` begins after the heading."""

    kind: SectionKind
    span: Span


def sections_of(text: str) -> tuple[Section, ...]:
    """The sections in their order; together they cover everything but the headings."""
    found: list[Section] = []
    kind: SectionKind = "body"
    begins = 0
    for heading_starts, heading_ends, named in _headings(text):
        _add(found, kind, begins, heading_starts)
        kind, begins = named, heading_ends
    _add(found, kind, begins, len(text))
    return tuple(found)


def _add(found: list[Section], kind: SectionKind, start: int, end: int) -> None:
    if end > start:
        found.append(Section(kind, Span(start, end)))


def _headings(text: str) -> Iterator[tuple[int, int, SectionKind]]:
    """Start, end and kind. Words with a sentence behind them need the colon; words alone need to
    be written as headings are: in capitals, with capitals first, or with the colon."""
    names = _names()
    for line in _HEADING.finditer(text):
        words = line["words"]
        kind = names.get(" ".join(words.lower().replace("/", " ").replace("&", "and").split()))
        if kind is None:
            continue
        alone = not line["rest"].strip()
        if line["colon"] or (alone and words[0].isupper()):
            yield line.start(), line.start("rest"), kind


@lru_cache(1)
def _names() -> dict[str, SectionKind]:
    known: dict[str, SectionKind] = {kind: kind for kind in get_args(SectionKind)}
    return {
        name: known[kind]
        for kind, names in pairs(__package__, "sections.txt")
        for name in listed(names)
    }
