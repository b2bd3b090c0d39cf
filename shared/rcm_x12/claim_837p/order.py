"""The order of repeated qualifiers, read off the declared layout: it stands in one place."""

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from rcm_x12.layout import Loop, SegmentUse, guide

T = TypeVar("T")


def _loop(loop: Loop, name: str) -> Loop:
    for child in loop.children:
        if isinstance(child, Loop):
            found = child if child.name == name else _loop(child, name)
            if found.name == name:
                return found
    return loop


def _order(loop: str, segment_id: str) -> dict[str, int]:
    """Rank of every qualifier of a segment in a loop of the 837P."""
    ranks: dict[str, int] = {}
    for index, child in enumerate(_loop(guide("005010X222A1").root, loop).children):
        if isinstance(child, SegmentUse) and child.id == segment_id:
            ranks.update(dict.fromkeys(child.key_codes, index))
    return ranks


CLAIM_DATES: Final = _order("2300", "DTP")
CLAIM_REFERENCES: Final = _order("2300", "REF")
OTHER_PAYER_REFERENCES: Final = _order("2330B", "REF")
LINE_DATES: Final = _order("2400", "DTP")
LINE_REFERENCES: Final = _order("2400", "REF")


def ranked(given: Iterable[T], order: dict[str, int], qualifier: Callable[[T], str]) -> Iterable[T]:
    """In guide order; equals keep their own, and unknown qualifiers come last."""
    several = tuple(given)
    if len(several) < 2:
        return several
    return sorted(several, key=lambda one: order.get(qualifier(one), len(order) + 1000))
