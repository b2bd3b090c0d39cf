"""Words as notes and titles share them: one form for plural, spelling and synonym.

The same function makes the phrases of a release when it is built and those of a note when it is
read; that is all that matters of it, so it need not be a linguist's stem.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from coding_svc.domain.notes.tables import lines, pairs

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)?|\d+(?:\.\d+)?")
# A word's letters as one spelling: British and translated notes write haemorrhage and oedema.
_SPELLINGS = (
    (re.compile("haem"), "hem"), (re.compile("aemi"), "emi"), (re.compile("oede"), "ede"),
    (re.compile("oeso"), "eso"), (re.compile("tumour"), "tumor"), (re.compile("rrhoe"), "rrhe"),
    (re.compile("paed"), "ped"), (re.compile("gynaec"), "gynec"),
    (re.compile("isation"), "ization"),
    (re.compile("^leuk?caem|^leucem"), "leukem"), (re.compile("^caec"), "cec"),
    (re.compile("^faec"), "fec"), (re.compile("dyspnoe"), "dyspne"), (re.compile("apnoe"), "apne"),
)  # fmt: skip
WORDS_KEPT = 100_000


@dataclass(frozen=True, slots=True)
class Span:
    """Characters of a note, from `start` up to `end`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a note. Its text is not kept: the span says where it stands."""

    span: Span
    stems: tuple[str, ...]
    """What it means, in the words of the titles; empty for a word that means nothing alone."""
    text: str
    """In small letters."""


def words_of(text: str, start: int = 0, end: int | None = None) -> Iterator[Word]:
    """The words between two offsets."""
    for found in _WORD.finditer(text, start, len(text) if end is None else end):
        small = found.group().lower()
        yield Word(Span(found.start(), found.end()), stems_of(small), small)


def plain_words(text: str) -> list[str]:
    """The words of a text in small letters, where nobody asks for their places."""
    return _WORD.findall(text)


@lru_cache(WORDS_KEPT)
def stems_of(word: str) -> tuple[str, ...]:
    """What a word in small letters means; nothing for one that only binds."""
    if word in _empty():
        return ()
    stem = stem_of(word)
    return _synonyms().get(stem, (stem,))


def stem_of(word: str) -> str:
    """A word in its one form."""
    stem = word.replace("\u2019", "'").removesuffix("'s")
    for pattern, instead in _SPELLINGS:
        stem = pattern.sub(instead, stem)
    return _singular(stem)


def _singular(word: str) -> str:
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("oses", "yses", "tases", "eses")) and len(word) > 6:
        return word[:-2] + "is"
    if word.endswith(("sses", "ches", "shes", "xes")):
        return word[:-2]
    return word[:-1]


@lru_cache(1)
def _empty() -> frozenset[str]:
    return frozenset(
        word for line in lines(__package__, "binding_words.txt") for word in line.split()
    )


@lru_cache(1)
def _synonyms() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for left, right in pairs(__package__, "synonyms.txt"):
        stems = tuple(stem_of(word) for word in right.split())
        for word in left.split():
            found[stem_of(word)] = stems
    return found
