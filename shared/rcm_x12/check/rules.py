"""The register of rules: small named tests, each with a stable code that a reader can look up.

A test takes a loop as it occurred (or one of its segments) and a `Context`, and says where it is
broken; it never sees more than one claim. The docstring of a test is its source.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from rcm_x12.findings import Severity
from rcm_x12.walker import Node

Segment = list[str]
KINDS = ("837P", "837I", "835", "270", "271", "276", "277", "277CA", "999")


class Say(Protocol):
    def __call__(
        self,
        loop: Node,
        segment: Segment | None = None,
        element: int = 0,
        component: int = 0,
        *,
        missing: str = "",
        trigger: tuple[Segment, int, int] | None = None,
        message: str = "",
    ) -> None: ...


@dataclass(slots=True)
class Context:
    """What a test may use beside its loop."""

    component: str
    repetition: str
    today: date
    """Later dates are in the future."""
    codes: Any
    """A `CodeSets`."""
    say: Say
    memory: dict[Any, Any] = field(default_factory=dict)
    """Of one transaction set; a rule keys what it keeps by its own name."""
    claim: dict[str, Any] = field(default_factory=dict)
    """Of one claim: what several rules work out once."""

    def parts(self, text: str) -> list[str]:
        """The components of a composite."""
        return text.split(self.component)


SegmentTest = Callable[[Segment, Node, Context], None]
LoopTest = Callable[[Node, Context], None]


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One registered test."""

    code: str
    snip: int
    severity: Severity
    sentence: str
    x12_code: str
    """IK403 when it names an element, else IK304; empty for what a 999 does not judge."""
    kinds: frozenset[str]
    loops: frozenset[str]
    """Loops that it looks at; `*` is every loop, `837I:2310E` is one of that kind only."""
    segments: frozenset[str]
    """Ids of the segments that it looks at; none for the loop as a whole."""
    test: SegmentTest | LoopTest | None
    """None when the walker does the looking (code lists that the guide itself names)."""
    source: str
    needs: frozenset[str] = frozenset()
    """Loops or segments within its loop, one of which must be there for it to matter."""
    alone: bool = False
    """Looks at nothing but the segment, so that a text once found clean is clean."""


RULES: dict[str, Rule] = {}


def segment_rule(
    code: str,
    *,
    snip: int,
    kinds: str,
    loops: str,
    segment: str,
    says: str,
    x12: str = "",
    severity: Severity = "error",
    alone: bool = False,
) -> Callable[[SegmentTest], SegmentTest]:
    """Register a test of every such segment in these loops."""

    def register(test: SegmentTest) -> SegmentTest:
        head = (code, snip, severity, says, x12)
        where = (_set(kinds), _set(loops), _set(segment))
        _add(Rule(*head, *where, test, _source(test), alone=alone))
        return test

    return register


def loop_rule(
    code: str,
    *,
    snip: int,
    kinds: str,
    loops: str,
    says: str,
    needs: str = "",
    x12: str = "",
    severity: Severity = "error",
) -> Callable[[LoopTest], LoopTest]:
    """Register a test of these loops as they close."""

    def register(test: LoopTest) -> LoopTest:
        head = (code, snip, severity, says, x12)
        where = (_set(kinds), _set(loops), frozenset[str]())
        _add(Rule(*head, *where, test, _source(test), _set(needs)))
        return test

    return register


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _source(test: Callable[..., None]) -> str:
    return " ".join((test.__doc__ or "").split())


def _add(rule: Rule) -> None:
    if rule.code in RULES:
        raise ValueError(f"two rules are called {rule.code}")
    RULES[rule.code] = rule
