"""HL segments: numbered in order, hung under the right parent, and honest about their children."""

from typing import Final

from rcm_x12.check.rules import RULES, Context, Rule, Segment, segment_rule
from rcm_x12.pieces import at
from rcm_x12.walker import Node

_KINDS: Final = "837P 837I 270 271 276 277 277CA"
NUMBER: Final = Rule(
    "hl-number",
    1,
    "error",
    "HL01 does not count from 1 by 1",
    "7",
    frozenset(_KINDS.split()),
    frozenset({"*"}),
    frozenset({"HL"}),
    None,
    "HL01 numbers the levels of one transaction set in the order in which they stand.",
)
RULES[NUMBER.code] = NUMBER
"""Asked while the set is walked, since loops close in another order than they open."""


class Count:
    """The HL01 that should come next."""

    def __init__(self) -> None:
        self._last = 0

    def is_next(self, hl: Segment) -> bool:
        """Whether this HL01 follows the one before it; counting goes on from what was sent."""
        text = at(hl, 1)
        expected = self._last + 1
        sane = text.isascii() and text.isdecimal() and len(text) <= 12
        self._last = int(text) if sane else expected
        return text == str(expected)


@segment_rule(
    "hl-parent",
    snip=1,
    kinds=_KINDS,
    loops="*",
    segment="HL",
    x12="7",
    says="HL02 is not the HL01 of the level that this one stands in",
)
def parent_is_the_level_above(hl: Segment, loop: Node, context: Context) -> None:
    """HL02 names the parent; the top level has none."""
    node = loop.parent
    while node is not None and "HL" not in node.by:
        node = node.parent
    expected = at(node.by["HL"][0], 1) if node is not None else ""
    if at(hl, 2) != expected:
        context.say(loop, hl, 2)


def has_level_below(loop: Node) -> bool:
    """Whether another HL is subordinate to this loop's."""
    return any(loop.counts[place] for place in loop.spot.levels)


@segment_rule(
    "hl-child-missing",
    snip=2,
    kinds="837P 837I 270 271 276",
    loops="*",
    segment="HL",
    x12="I6",
    says="HL04 announces a level below that does not come",
)
def announced_child_comes(hl: Segment, loop: Node, context: Context) -> None:
    """HL04 1 says that another HL is subordinate to this one."""
    if at(hl, 4) == "1" and not has_level_below(loop):
        context.say(loop, hl, 4)


@segment_rule(
    "hl-child-unannounced",
    snip=2,
    kinds=_KINDS,
    loops="*",
    segment="HL",
    x12="I6",
    says="HL04 denies the level below that comes",
)
def coming_child_is_announced(hl: Segment, loop: Node, context: Context) -> None:
    """HL04 0 says that no HL is subordinate to this one."""
    if at(hl, 4) == "0" and has_level_below(loop):
        context.say(loop, hl, 4)
