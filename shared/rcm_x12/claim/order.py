"""The order of repeated qualifiers, read off the declared layout: it stands in one place."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import TypeVar

from rcm_x12.layout import Loop, SegmentUse, guide

T = TypeVar("T")
Ranks = dict[str, int]


def _loop(loop: Loop, name: str) -> Loop:
    for child in loop.children:
        if isinstance(child, Loop):
            found = child if child.name == name else _loop(child, name)
            if found.name == name:
                return found
    return loop


@cache
def order(version: str, loop: str, segment_id: str) -> Ranks:
    """Rank of every qualifier of a segment in a loop of a guide."""
    ranks: Ranks = {}
    for index, child in enumerate(_loop(guide(version).root, loop).children):
        if isinstance(child, SegmentUse) and child.id == segment_id:
            ranks.update(dict.fromkeys(child.key_codes, index))
    return ranks


@cache
def entities(version: str, loop: str) -> dict[str, str]:
    """Which loop inside this one an NM1 with this entity code opens, in guide order."""
    found: dict[str, str] = {}
    for child in _loop(guide(version).root, loop).children:
        if isinstance(child, Loop) and child.opener.id == "NM1":
            found.update(dict.fromkeys(sorted(child.opener.key_codes), child.name))
    return found


def ranked(given: Iterable[T], ranks: Ranks, qualifier: Callable[[T], str]) -> Iterable[T]:
    """In guide order; equals keep their own, and unknown qualifiers come last."""
    several = tuple(given)
    if len(several) < 2:
        return several
    return sorted(several, key=lambda one: ranks.get(qualifier(one), len(ranks) + 1000))
