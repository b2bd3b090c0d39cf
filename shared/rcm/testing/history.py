"""The judge of messaging tests: what was committed, what reached the topic, what was applied.

It counts effects, not tables: a recovery that succeeds looks like a loss to whoever only looks at
a queue. An empty list of violations means: nothing lost, nothing invented, nothing applied twice,
every aggregate in order.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Seen:
    """One event at one place: its aggregate, its number there, its id."""

    stream: str
    sequence: int
    event_id: str


@dataclass(slots=True)
class History:
    """What a run left behind. Lists are in the order in which things happened per stream."""

    committed: list[Seen] = field(default_factory=list)
    rolled_back: set[str] = field(default_factory=set)
    """Ids of events whose transaction did not commit."""
    topic: list[Seen] = field(default_factory=list)
    applied: list[Seen] = field(default_factory=list)
    waiting: set[str] = field(default_factory=set)
    """Ids that are parked: neither applied nor lost."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken promise, with the event or aggregate that shows it."""

    rule: str
    stream: str
    detail: str


def check(history: History) -> list[Violation]:
    """Every violation, by rule."""
    return [
        *_complete(history),
        *_ordered("order_on_topic", _first_occurrences(history.topic), gapless=True),
        *_once(history.applied),
        *_ordered("order_of_effects", history.applied, gapless=False),
    ]


def tally(violations: Iterable[Violation]) -> Mapping[str, int]:
    """How many of each rule."""
    return Counter(violation.rule for violation in violations)


def _complete(history: History) -> Iterable[Violation]:
    on_topic = {seen.event_id for seen in history.topic}
    applied = {seen.event_id for seen in history.applied}
    committed = {seen.event_id for seen in history.committed}
    for seen in history.committed:
        if seen.event_id not in on_topic:
            yield Violation("lost_before_topic", seen.stream, f"#{seen.sequence}")
        elif seen.event_id not in applied and seen.event_id not in history.waiting:
            yield Violation("not_applied", seen.stream, f"#{seen.sequence}")
    for event_id in on_topic & history.rolled_back:
        yield Violation("published_though_rolled_back", "", event_id)
    for event_id in applied - committed:
        yield Violation("invented", "", event_id)


def _first_occurrences(topic: Iterable[Seen]) -> Iterable[Seen]:
    known: set[str] = set()
    for seen in topic:
        if seen.event_id not in known:
            known.add(seen.event_id)
            yield seen


def _once(applied: Iterable[Seen]) -> Iterable[Violation]:
    times = Counter((seen.stream, seen.sequence, seen.event_id) for seen in applied)
    for (stream, sequence, _), count in times.items():
        if count > 1:
            yield Violation("applied_twice", stream, f"#{sequence} {count} times")


def _ordered(rule: str, found: Iterable[Seen], *, gapless: bool) -> Iterable[Violation]:
    last: dict[str, int] = defaultdict(int)
    for seen in found:
        expected = last[seen.stream] + 1
        if seen.sequence < expected or (gapless and seen.sequence != expected):
            yield Violation(rule, seen.stream, f"#{seen.sequence} after #{expected - 1}")
        last[seen.stream] = max(last[seen.stream], seen.sequence)
