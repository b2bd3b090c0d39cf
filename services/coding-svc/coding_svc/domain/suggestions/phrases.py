"""The phrases under which a code is found: its title and terms, with what may be left out left out.

A phrase is a bag of words: order means nothing ("pain in right knee", "right knee pain"), and the
side is not in it, since a note tells the side in its own place. The same functions make the bags of
a release and those of a note.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from coding_svc.domain.notes.tables import lines, pairs
from coding_svc.domain.notes.words import plain_words, stem_of, stems_of

BAG_WORDS_MAX = 9
"""A longer title names what no sentence says in one breath."""
# What a title says only to tell that nothing more was said. Left out at a cost.
_DEFAULTS = re.compile(
    r",? ?\b(?:unspecified (?:as to|whether|severity|site|type|degree|organism|cause|"
    r"duration|episodes?|trimester|behavioral|stage|location|chronicity|intractability)[^,]*|"
    r"unspecified|not elsewhere classified|nec|nos|not otherwise specified|uncomplicated|"
    r"not intractable|not (?:specified|stated) as [^,]*|without [^,]*|not due to [^,]*|"
    r"unspecified|single episode|organism unspecified|part unspecified|"
    r"in diseases classified elsewhere|"
    r"(?:of )?(?:unspecified|native) (?=coronary|part))\b"
)
_PARTS = re.compile(r"\b(?:an )?unspecified (?:parts?|sites?|portions?|regions?) of (?:the )?")
_OTHER = re.compile(r"^(?:other(?: and unspecified| specified)?|other)\b ?")
_BRACKETS = re.compile(r"\s*[(\[][^)\]]*[)\]]")
_SIDES = re.compile(
    r",? ?\b(?:of |in |on |to |at )?(?:the )?(?:unspecified side|right side|left side|right|left|"
    r"bilateral|both|unspecified)\b(?= |,|$)"
)
_OR = re.compile(r"\b(\w+) (?:or|and/or) (\w+)\b")


def bag_of(stems: Iterable[str]) -> str:
    """The key of a phrase."""
    return " ".join(sorted(set(stems)))


def stems_in(phrase: str) -> tuple[str, ...]:
    """The meaning words of a phrase."""
    return tuple(stem for word in plain_words(phrase.lower()) for stem in stems_of(word))


def bags_of(phrase: str) -> Iterator[tuple[str, int]]:
    """Every bag under which a title or term is found, with its cost."""
    seen: set[str] = set()
    for text, cost in _forms(phrase.lower()):
        stems = stems_in(text)
        for found, more in _shorter(stems):
            bag = bag_of(found)
            if bag and bag not in seen and len(bag.split()) <= BAG_WORDS_MAX:
                seen.add(bag)
                yield bag, cost + more


def _forms(phrase: str) -> Iterator[tuple[str, int]]:
    whole = _SIDES.sub("", _PARTS.sub("", phrase))
    plain = _BRACKETS.sub("", whole)
    yield plain, 0
    if plain != whole:
        yield whole, 0
    short = _DEFAULTS.sub("", plain).strip(" ,")
    other = _OTHER.sub("", short)
    # "Other X" is what X is not: its words lead to it only where no other code has them.
    cost = 4 if other != short else 1
    yield other, cost
    for found in _OR.finditer(other):
        for word in found.groups():
            yield other[: found.start()] + word + other[found.end() :], cost + 1
    head, found_, _ = other.partition(" with ")
    if found_:
        yield head, cost + 6


def _shorter(stems: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], int]]:
    yield stems, 0
    core = tuple(stem for stem in stems if stem not in nonessential())
    if core != stems and core:
        yield core, 2
    if "disease" in core and len(core) > 1:
        named = tuple(stem for stem in core if stem != "disease")
        if not set(named) <= anatomy():
            yield named, 2


@lru_cache(1)
def nonessential() -> frozenset[str]:
    """Words that may stand in a note or a title without changing the code."""
    return frozenset(
        stem_of(word) for line in lines(__package__, "nonessential.txt") for word in line.split()
    )


@lru_cache(1)
def anatomy() -> frozenset[str]:
    """Words for parts of the body, which name no condition."""
    return frozenset(
        stem
        for line in lines(__package__, "anatomy.txt")
        for word in line.split()
        for stem in stems_in(word) or (word,)
    )


@lru_cache(1)
def empty_alone() -> frozenset[str]:
    """Words that name no condition when they stand alone, though a title has nothing else."""
    return frozenset(
        stem
        for line in lines(__package__, "empty_alone.txt")
        for word in line.split()
        for stem in (stems_in(word) or (word,))
    )


@lru_cache(1)
def lexicon() -> dict[str, tuple[str, ...]]:
    """Bag to codes: what clinicians write where the titles have other words. Several codes where
    only the side that was left out of the bag tells them apart."""
    found: dict[str, list[str]] = {}
    for phrases, code in pairs(__package__, "lexicon.txt"):
        for phrase in phrases.split(","):
            bag = bag_of(stems_in(_SIDES.sub("", phrase.lower())))
            codes = found.setdefault(bag, [])
            if code.replace(".", "") not in codes:
                codes.append(code.replace(".", ""))
    return {bag: tuple(codes) for bag, codes in found.items() if bag}
