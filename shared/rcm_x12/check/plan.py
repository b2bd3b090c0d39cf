"""Which tests each loop of a guide asks, worked out once per guide and choice of rules."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from rcm_x12.check.rules import LoopTest, Rule, SegmentTest
from rcm_x12.layout import Guide, Loop


@dataclass(frozen=True, slots=True)
class LoopPlan:
    by_segment: tuple[tuple[str, tuple[tuple[Rule, SegmentTest], ...]], ...]
    whole: tuple[tuple[Rule, LoopTest], ...]


Plan = dict[str, LoopPlan]

_KINDS = {
    "005010X222": "837P",
    "005010X223": "837I",
    "005010X221": "835",
    "005010X214": "277CA",
    "005010X231": "999",
    "005010X279": "",
    "005010X212": "",
}
"""By the guide's number; an empty kind is the set's own id, since two sets share the guide."""
ROOT = "ROOT"
"""What a rule calls the segments that stand in no loop."""
UNITS = {
    "837P": frozenset({"2000A", "2000B", "2000C", "2300"}),
    "837I": frozenset({"2000A", "2000B", "2000C", "2300"}),
    "835": frozenset({"2000", "2100"}),
    "999": frozenset({"2000", "2100"}),
}
"""Loops that are judged and forgotten as they close. Other sets nest by HL alone."""
_NESTED = frozenset({"2000A", "2000B", "2000C", "2000D", "2000E", "2200D", "2200E"})
CLAIM_LOOPS = {"837P": "2300", "837I": "2300", "835": "2100"}


def kind_of(guide: Guide) -> str:
    """The short name of what a guide describes."""
    return _KINDS.get(guide.version[:10], guide.set_id) or guide.set_id


def units_of(kind: str) -> frozenset[str]:
    return UNITS.get(kind, _NESTED)


@lru_cache(maxsize=64)
def plan_of(guide: Guide, rules: tuple[Rule, ...]) -> Plan:
    """The plan of a guide under these rules."""
    kind = kind_of(guide)
    fitting = [rule for rule in rules if rule.test is not None and kind in rule.kinds]
    names = set(_names(guide.root))
    return {name: _loop(name, fitting) for name in names}


def _names(loop: Loop) -> Collection[str]:
    found = [loop.name]
    for child in loop.children:
        if isinstance(child, Loop):
            found += _names(child)
    return found


def _loop(name: str, rules: list[Rule]) -> LoopPlan:
    asked = name or ROOT
    mine = [rule for rule in rules if asked in rule.loops or "*" in rule.loops]
    segments = dict.fromkeys(rule.segment for rule in mine if rule.segment)
    by_segment = tuple(
        (one, tuple((rule, rule.test) for rule in mine if rule.segment == one)) for one in segments
    )
    whole = tuple((rule, rule.test) for rule in mine if not rule.segment)
    return LoopPlan(by_segment, whole)  # type: ignore[arg-type]
