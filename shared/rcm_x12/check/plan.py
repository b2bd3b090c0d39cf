"""Which tests each loop of a guide asks, worked out once per guide and choice of rules."""

from dataclasses import dataclass
from functools import lru_cache

from rcm_x12.check.rules import LoopTest, Rule, SegmentTest
from rcm_x12.layout import Guide, Loop, SegmentUse


@dataclass(frozen=True, slots=True, eq=False)
class SegmentPlan:
    """The tests of one segment id in a loop."""

    id: str
    alone: tuple[tuple[Rule, SegmentTest], ...]
    beside: tuple[tuple[Rule, SegmentTest], ...]
    """Those that look at more than the segment."""


@dataclass(frozen=True, slots=True)
class LoopPlan:
    segments: tuple[SegmentPlan, ...]
    whole: tuple[tuple[tuple[int, ...], Rule, LoopTest], ...]
    """Tests of the loop, each with the places one of which must have something in it."""


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
    return {name: _plan(loop, kind, fitting) for name, loop in _loops(guide.root).items()}


def _loops(loop: Loop) -> dict[str, Loop]:
    found = {loop.name: loop}
    for child in loop.children:
        if isinstance(child, Loop):
            found |= _loops(child)
    return found


def _plan(loop: Loop, kind: str, rules: list[Rule]) -> LoopPlan:
    asked = {"*", loop.name or ROOT, f"{kind}:{loop.name}"}
    mine = [rule for rule in rules if asked & rule.loops]
    present = dict.fromkeys(child.id for child in loop.children if isinstance(child, SegmentUse))
    segments = []
    for one in present:
        tests = [(rule, rule.test) for rule in mine if one in rule.segments]
        if tests:
            alone = tuple(test for test in tests if test[0].alone)
            beside = tuple(test for test in tests if not test[0].alone)
            segments.append(SegmentPlan(one, alone, beside))  # type: ignore[arg-type]
    whole = []
    for rule in mine:
        if not rule.segments:
            places = _places(loop, rule.needs)
            if places or not rule.needs:
                whole.append((places, rule, rule.test))
    return LoopPlan(tuple(segments), tuple(whole))  # type: ignore[arg-type]


def _places(loop: Loop, needs: frozenset[str]) -> tuple[int, ...]:
    """Where in a loop the loops and segments of these names stand."""
    return tuple(
        index
        for index, child in enumerate(loop.children)
        if (child.name if isinstance(child, Loop) else child.id) in needs
    )
