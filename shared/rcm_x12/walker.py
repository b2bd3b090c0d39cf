"""Walks the segments of a transaction set through its guide: a tree of loops, and findings.

A segment's place is decided by the loop it stands in, how far that loop has come, and its id and
key code. Those four decide it fully, so each decision is made once per process and remembered.
A segment that is out of order is still put where it belongs; one that belongs nowhere is reported
and left out, and the walk goes on: a reader gets everything that can be understood.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Unpack

from rcm_x12.elements import Check, Place
from rcm_x12.findings import Finding, Severity
from rcm_x12.layout import Guide, Loop, SegmentUse, guide

SEGMENTS_MAX = 2000
"""Of one loop; no guide comes near, and a file made to fill memory must not."""
LOOPS_MAX = 20_000
"""Of one parent that a reader keeps; a file of megabytes must not become values of gigabytes."""
FINDINGS_MAX = 1000
"""Per transaction set; a broken file says little more after so many."""


class Spot:
    """A loop at its place in the guide, with the decisions made there so far."""

    def __init__(self, loop: Loop, parent: "Spot | None", index: int) -> None:
        self.loop = loop
        self.name = loop.name
        self.parent = parent
        self.index = index
        self.spots = {
            i: Spot(child, self, i)
            for i, child in enumerate(loop.children)
            if isinstance(child, Loop)
        }
        self.checks = {
            i: Check(child)
            for i, child in enumerate(loop.children)
            if isinstance(child, SegmentUse)
        }
        self.required = [i for i, child in enumerate(loop.children) if child.usage == "R"]
        self.levels = tuple(
            i
            for i, child in enumerate(loop.children)
            if isinstance(child, Loop) and child.opener.id == "HL"
        )
        """Places of the loops that an HL opens: the levels directly below."""
        self.decisions: dict[tuple[int, str, str], Decision | None] = {}

    def decide(self, place: int, segment_id: str, code: str) -> "Decision | None":
        """Where a segment goes that comes after `place` of this loop; None if nowhere."""
        for in_order in (True, False):
            spot: Spot | None = self
            climbed, at = 0, place
            while spot is not None:
                start = (
                    at if in_order and (at or spot.parent is None) else 1 - (spot.parent is None)
                )
                for index in range(start, len(spot.loop.children)):
                    child = spot.loop.children[index]
                    use = child.opener if isinstance(child, Loop) else child
                    if use.id == segment_id and use.takes(code):
                        check = spot.checks.get(index)
                        fits = in_order or (spot is self and self._is_one_place(index, place))
                        return Decision(climbed, index, fits, child, check)
                climbed, at, spot = climbed + 1, spot.index, spot.parent
        return None

    def _is_one_place(self, index: int, place: int) -> bool:
        """Whether all from one child to another share a position of the standard.

        A guide lists REF with one qualifier before REF with another; the standard has both at one
        position, where they stand in any order. So do loops that the same segment opens.
        """
        run = self.loop.children[index : place + 1]
        kinds = {
            (isinstance(child, Loop), child.opener.id if isinstance(child, Loop) else child.id)
            for child in run
        }
        return len(kinds) == 1


@dataclass(frozen=True, slots=True)
class Decision:
    """Climb so many loops, then take this child there."""

    climbed: int
    index: int
    in_order: bool
    child: SegmentUse | Loop
    check: Check | None
    """Of a segment; a loop's opener has its own."""


class Node:
    """One loop as it occurred."""

    __slots__ = (
        "_by",
        "_by_size",
        "children",
        "counts",
        "name",
        "parent",
        "place",
        "places",
        "position",
        "segments",
        "spot",
    )

    def __init__(self, spot: Spot, parent: "Node | None", position: int) -> None:
        self.spot = spot
        self.name = spot.name
        self.parent = parent
        self.position = position
        self.place = 0
        self.counts = [0] * len(spot.loop.children)
        self.segments: list[list[str]] = []
        self.places: list[int] = []
        """The set position of each of `segments`."""
        self.children: list[Node] = []
        self._by: dict[str, list[list[str]]] = {}
        self._by_size = 0

    @property
    def by(self) -> dict[str, list[list[str]]]:
        """The segments by id, gathered when first asked for."""
        if self._by_size != len(self.segments):
            by: dict[str, list[list[str]]] = {}
            for segment in self.segments:
                name = segment[0]
                if name in by:
                    by[name].append(segment)
                else:
                    by[name] = [segment]
            self._by = by
            self._by_size = len(self.segments)
        return self._by

    def position_of(self, segment: list[str]) -> int:
        """Where in the set this very segment stands."""
        for one, place in zip(self.segments, self.places, strict=True):
            if one is segment:
                return place
        return self.position

    def first(self, segment_id: str) -> list[str] | None:
        for segment in self.segments:
            if segment[0] == segment_id:
                return segment
        return None

    def every(self, segment_id: str) -> Iterator[list[str]]:
        return (segment for segment in self.segments if segment[0] == segment_id)

    def loop(self, name: str) -> "Node | None":
        for child in self.children:
            if child.name == name:
                return child
        return None

    def loops(self, name: str) -> Iterator["Node"]:
        return (child for child in self.children if child.name == name)

    def above(self, name: str) -> "Node | None":
        """The nearest loop of that name that this one stands in."""
        node = self.parent
        while node is not None and node.name != name:
            node = node.parent
        return node


@cache
def _root(version: str, set_id: str) -> Spot:
    return Spot(guide(version, set_id).root, None, 0)


def spot_of(layout: Guide) -> Spot:
    """The root of a guide, with the decisions of all walks through it."""
    return _root(layout.version, layout.set_id)


def keys_of(layout: Guide) -> dict[str, tuple[int, int]]:
    """Element and component of each segment id that tell its uses apart."""
    return _keys(layout.version, layout.set_id)


class Walk:
    """One transaction set on its way through its guide.

    `units` names loops that are handed to `on_unit` as they close and then forgotten, so that a
    set of any length is read in constant memory; of other loops a parent keeps `loops_max`.
    `on_watched` is shown each segment that holds a code whose list is kept outside of the guide,
    and those whose order or number matters to a checker.
    """

    def __init__(
        self,
        layout: Guide,
        *,
        component: str,
        repetition: str = "^",
        units: frozenset[str] = frozenset(),
        on_unit: Callable[[Node], None] | None = None,
        on_watched: Callable[[list[str], Check, Node], None] | None = None,
        loops_max: int = LOOPS_MAX,
    ) -> None:
        self.layout = layout
        self.component = component
        self.repetition = repetition
        self.units = units
        self.on_unit = on_unit
        self.on_watched = on_watched
        self.loops_max = loops_max
        self._separators = component + repetition
        self._keys = keys_of(layout)
        self.findings: list[Finding] = []
        self.omitted = 0
        """Findings beyond the limit, which are counted only."""
        self.has_errors = False
        self.root = Node(spot_of(layout), None, 1)
        self._node = self.root
        self._position = 0
        self._set_position = 0

    def feed(self, segment: list[str], position: int, set_position: int) -> None:
        """Take one segment, split into its id and elements."""
        self._position, self._set_position = position, set_position
        spot = self._node.spot
        segment_id = segment[0]
        code = self._key_code(segment)
        asked = (self._node.place, segment_id, code)
        try:
            decision = spot.decisions[asked]
        except KeyError:
            decision = spot.decide(*asked)
            if len(spot.decisions) < 10_000:
                spot.decisions[asked] = decision
        if decision is None:
            self._misplaced(segment)
            return
        for _ in range(decision.climbed):
            self._close()
        self._take(segment, decision)

    def close(self) -> Node:
        """Close all loops; the root, without the units that were handed out."""
        while self._node.parent is not None:
            self._close()
        self._demand(self._node)
        return self.root

    def reporter(self, segment_id: str, loop: str = "") -> Callable[[str, str, int], None]:
        """Takes faults that a reader meets in the values of a segment of the loop just closed."""

        def report(code: str, message: str, element: int) -> None:
            self.finding(code, message, segment_id=segment_id, loop=loop, element=element)

        return report

    @property
    def set_position(self) -> int:
        """Of the segment at hand."""
        return self._set_position

    @property
    def offset(self) -> int:
        """File ordinal of the ST, less one: adds up with a set position to a file position."""
        return self._position - self._set_position

    def finding(
        self, code: str, message: str, severity: Severity = "error", **place: Unpack[Place]
    ) -> None:
        """Note something about the segment at hand."""
        self.has_errors = self.has_errors or severity == "error"
        if len(self.findings) >= FINDINGS_MAX:
            self.omitted += 1
        else:
            at = (self._position, self._set_position)
            found = Finding(code, severity, message, position=at[0], set_position=at[1], **place)
            self.findings.append(found)

    def _key_code(self, segment: list[str]) -> str:
        try:
            element, component = self._keys[segment[0]]
            text = segment[element]
        except (KeyError, IndexError):
            return ""
        return text.split(self.component)[component - 1] if component else text

    def _take(self, segment: list[str], decision: Decision) -> None:
        node, index, check = self._node, decision.index, decision.check
        counts = node.counts
        counts[index] += 1
        if decision.in_order:
            node.place = max(node.place, index)
        else:
            self._say_order(segment)
        if counts[index] > decision.child.maximum:
            self._say_repeat(segment, decision.child)
        if check is None:
            node, check = self._open(decision)
            self._node = node
        if len(node.segments) < SEGMENTS_MAX:
            node.segments.append(segment)
            node.places.append(self._set_position)
        if check.fails(segment, self._separators):
            check.explain(segment, self, node.name)
        if check.is_watched and self.on_watched:
            self.on_watched(segment, check, node)

    def _open(self, decision: Decision) -> tuple[Node, Check]:
        """Begin a loop, and whatever loops its first child begins in turn."""
        node, index = self._node, decision.index
        child: SegmentUse | Loop = decision.child
        while isinstance(child, Loop):
            above = node
            node = Node(above.spot.spots[index], above, self._set_position)
            if len(above.children) < self.loops_max:
                above.children.append(node)
            elif self.on_watched is None:
                text = f"only {self.loops_max} of these loops are read"
                self.finding("loop-repeat", text, segment_id=child.opener.id, loop=child.name)
            index, child = 0, child.children[0]
            node.counts[0] = 1
        return node, node.spot.checks[index]

    def _say_order(self, segment: list[str]) -> None:
        self.finding(
            "segment-order",
            "the segment stands behind others that follow it in the guide",
            segment_id=segment[0],
            loop=self._node.name,
        )

    def _say_repeat(self, segment: list[str], child: SegmentUse | Loop) -> None:
        what = "loop" if isinstance(child, Loop) else "segment"
        self.finding(
            f"{what}-repeat",
            f"the {what} may stand here {child.maximum} times at most",
            segment_id=segment[0],
            loop=child.name if isinstance(child, Loop) else self._node.name,
        )

    def _close(self) -> None:
        node = self._node
        self._demand(node)
        assert node.parent is not None  # noqa: S101 - decisions never climb above the root
        self._node = node.parent
        if node.name in self.units and self.on_unit:
            if node.parent.children and node.parent.children[-1] is node:
                node.parent.children.pop()
            self.on_unit(node)

    def _demand(self, node: Node) -> None:
        """Report what the guide requires in a loop and did not come."""
        counts = node.counts
        for index in node.spot.required:
            if not counts[index]:
                child = node.spot.loop.children[index]
                use = child.opener if isinstance(child, Loop) else child
                what = f"loop {child.name}" if isinstance(child, Loop) else "segment"
                self.finding(
                    "segment-missing",
                    f"the guide requires this {what}",
                    segment_id=use.id,
                    loop=child.name if isinstance(child, Loop) else node.name,
                )

    def _misplaced(self, segment: list[str]) -> None:
        known = segment[0] in self.layout.segment_ids
        loop = self._node.name
        name = segment[0] if segment[0].isalnum() and len(segment[0]) <= 3 else "?"
        if known:
            text = "the guide has no such segment with this qualifier at this place"
            self.finding("segment-unexpected", text, segment_id=name, loop=loop)
        else:
            text = "the guide has no segment of this name"
            self.finding("segment-unknown", text, segment_id=name, loop=loop)


@cache
def _keys(version: str, set_id: str) -> dict[str, tuple[int, int]]:
    """Where each segment id keeps the code that tells its uses apart."""
    found: dict[str, tuple[int, int]] = {}

    def visit(loop: Loop) -> None:
        for child in loop.children:
            if isinstance(child, Loop):
                visit(child)
            elif child.key:
                found[child.id] = child.key

    visit(guide(version, set_id).root)
    return found
