"""One transaction set under the checker: walks it through its guide and asks the rules."""

from dataclasses import replace
from datetime import date
from typing import Final

from rcm_x12.check import hierarchy
from rcm_x12.check.catalogue import STRUCTURE
from rcm_x12.check.codesets import CodeSets
from rcm_x12.check.external import coded
from rcm_x12.check.plan import CLAIM_LOOPS, SegmentPlan, kind_of, plan_of, units_of
from rcm_x12.check.remittance import provider_adjustments
from rcm_x12.check.report import Checked
from rcm_x12.check.rules import Context, Rule, Segment
from rcm_x12.check.standard import mandatory, segment_fault
from rcm_x12.elements import Check
from rcm_x12.findings import Finding, Trigger
from rcm_x12.framing import SetHead
from rcm_x12.layout import Guide, Loop
from rcm_x12.pieces import at
from rcm_x12.walker import FINDINGS_MAX, Node, Walk

_LOOPS_MAX: Final = 2000
"""Of one parent that rules see; more are walked and counted."""
_CLEAN_MAX: Final = 5000
_CLEAN_TEXT_MAX: Final = 200
_JOINT: Final = "\x00"
"""Joins a segment for the memory of what was clean; no segment can hold it unseen."""


class SetChecker:
    """Takes the segments of one ST."""

    def __init__(
        self, head: SetHead, layout: Guide, rules: tuple[Rule, ...], codes: CodeSets, *, today: date
    ) -> None:
        separators = head.separators
        self.kind = kind_of(layout)
        self._layout = layout
        self._plan = plan_of(layout, rules)
        self._walk = Walk(
            layout,
            component=separators.component,
            repetition=separators.repetition,
            units=units_of(self.kind),
            on_unit=self._unit,
            on_watched=self._watch,
            loops_max=_LOOPS_MAX,
        )
        self.findings: list[Finding] = self._walk.findings
        self.feed = self._walk.feed
        self._rules = frozenset(rules)
        self._rule = hierarchy.NUMBER
        self._claim_loop = CLAIM_LOOPS.get(self.kind, "")
        self._claims = 0
        self._count = hierarchy.Count()
        self._said = 0
        self._clean: dict[SegmentPlan, set[str]] = {}
        self._dressed = 0
        """Findings before this one are complete."""
        self.context = Context(separators.component, separators.repetition, today, codes, self._say)

    def close(self) -> Checked:
        root = self._walk.close()
        self._judge(root)
        self._dress("")
        segments = self._walk.set_position + 1
        walk = self._walk
        return Checked(self.kind, segments, self._claims, walk.omitted, walk.has_errors)

    def _unit(self, node: Node) -> None:
        self._judge(node)
        if node.name == self._claim_loop:
            self._claims += 1
            self.context.claim.clear()
            if len(self.findings) > self._dressed:
                claim = node.segments[0] if node.segments else []
                self._dress(at(claim, 1), node.position)
        elif len(self.findings) > self._dressed:
            self._dress("")

    def _judge(self, node: Node) -> None:
        """Ask a loop and what hangs under it everything that its plan holds."""
        plan, context = self._plan.get(node.name), self.context
        if plan is not None:
            by = node.by
            for one in plan.segments:
                for segment in by.get(one.id, ()):
                    if one.alone:
                        self._judge_alone(one, segment, node)
                    for self._rule, test in one.beside:
                        test(segment, node, context)
            counts = node.counts
            for places, self._rule, whole in plan.whole:
                if places and not any(map(counts.__getitem__, places)):
                    continue
                whole(node, context)
        for child in node.children:
            self._judge(child)
        # Nobody looks below a loop that was judged; cut, the nodes go without the cycle collector.
        node.children.clear()

    def _judge_alone(self, plan: SegmentPlan, segment: Segment, node: Node) -> None:
        """Ask a segment by itself, unless the same text was found clean in this loop before."""
        text = _JOINT.join(segment)
        clean = self._clean.setdefault(plan, set())
        if text in clean:
            return
        before = self._said
        for self._rule, test in plan.alone:
            test(segment, node, self.context)
        if self._said == before and len(text) <= _CLEAN_TEXT_MAX:
            if len(clean) >= _CLEAN_MAX:
                clean.clear()
            clean.add(text)

    def _watch(self, segment: Segment, check: Check, node: Node) -> None:
        if segment[0] == "HL":
            if not self._count.is_next(segment) and hierarchy.NUMBER in self._rules:
                self._rule = hierarchy.NUMBER
                self._say(node, segment, 1)
            return
        if segment[0] == "PLB":
            provider_adjustments(segment, self.context)
            return
        for rule, element, component in coded(segment, check, self.context):
            if rule in self._rules:
                self._rule = rule
                self._say(node, segment, element, component)

    def _say(
        self,
        loop: Node,
        segment: Segment | None = None,
        element: int = 0,
        component: int = 0,
        *,
        missing: str = "",
        trigger: tuple[Segment, int, int] | None = None,
        message: str = "",
    ) -> None:
        rule, walk = self._rule, self._walk
        self._said += 1
        walk.has_errors = walk.has_errors or rule.severity == "error"
        if len(self.findings) >= FINDINGS_MAX:
            walk.omitted += 1
            return
        named = segment or (loop.segments[0] if loop.segments else [""])
        place = loop.position_of(segment) if segment else (loop.places or [loop.position])[-1]
        self.findings.append(
            Finding(
                rule.code,
                rule.severity,
                message or rule.sentence,
                missing or named[0],
                place + walk.offset,
                place,
                loop.name,
                element,
                component,
                0,
                "" if missing else _number(loop, named, element, component),
                "",
                rule.snip,
                rule.x12_code,
                None if trigger is None else _trigger(loop, trigger),
            )
        )

    def _dress(self, reference: str, since: int = 0) -> None:
        """Complete the newest findings; those of a claim name it."""
        found = self.findings
        for index in range(self._dressed, len(found)):
            one = dressed(found[index], self._layout)
            if reference and one.set_position >= since and one.segment_id not in {"SE", "ST"}:
                one = replace(one, reference=reference)
            found[index] = one
        self._dressed = len(found)


def dressed(finding: Finding, layout: Guide | None) -> Finding:
    """A finding of the walker or the framing with what the catalogue knows of it."""
    if finding.snip:
        return finding
    code = finding.code
    if code == "segment-unknown" and layout is not None:
        code = segment_fault(finding.segment_id, layout.set_id)
    place = (finding.segment_id, finding.element)
    if code == "element-missing" and not finding.component and place in mandatory():
        code = "element-mandatory"
    entry = STRUCTURE[code]
    sentence = finding.message if code == finding.code else entry.sentence
    return replace(finding, code=code, message=sentence, snip=entry.snip, x12_code=entry.x12_code)


def _trigger(loop: Node, trigger: tuple[Segment, int, int]) -> Trigger:
    """Where the segment stands that asks for another: in this loop or in one around it."""
    segment, element, component = trigger
    node: Node | None = loop
    while node is not None:
        if any(one is segment for one in node.segments):
            return Trigger(segment[0], node.position_of(segment), node.name, element, component)
        node = node.parent
    return Trigger(segment[0], loop.position, loop.name, element, component)


def _number(loop: Node, segment: Segment, element: int, component: int) -> str:
    """The dictionary number of an element, as the guide declares it."""
    if not element:
        return ""
    for child in loop.spot.loop.children:
        if isinstance(child, Loop) or child.id != segment[0] or element > len(child.elements):
            continue
        declared = child.elements[element - 1]
        if 0 < component <= len(declared.components):
            return declared.components[component - 1].number
        return declared.number
    return ""
