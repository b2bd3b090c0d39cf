"""A poll by aggregate, with all that its transaction can be told of it in advance.

Laid out while the database works on the poll before: what is left for the transaction itself is to
send parameters and to wait. Columns travel as one text each, which PostgreSQL takes apart: a driver
encodes an array value by value, which costs more than the statement that it is for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rcm.events.items import Item, Stream
from rcm.events.received import Received

KEY_SEPARATOR = "\x1f"
"""Between keys: not printable, so in none of them."""


@dataclass(slots=True)
class Run:
    """The events of one aggregate in a poll."""

    first: int
    last: int
    items: list[Item]
    plain: bool
    """All without fault, one right after the other."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Parameters of the gate's statement. A tenant or topic that all have in common is sent once,
    and its column is empty."""

    event_tenants: Sequence[str]
    event_ids: str
    tenants: Sequence[str]
    topics: Sequence[str]
    aggregates: str
    firsts: str
    lasts: str
    shared_tenant: str | None
    shared_topic: str | None
    events: int
    streams: int


@dataclass(frozen=True, slots=True)
class Poll:
    """What came, less repeats within the poll (`repeats` says how many)."""

    items: Sequence[Item]
    runs: dict[Stream, Run]
    repeats: int
    is_plain: bool
    """Every aggregate's run is."""
    received: Sequence[Received[Any]]
    """What handlers get when every event is new and next."""
    columns: Columns


def lay_out(items: Sequence[Item]) -> Poll:
    """The poll of these records."""
    runs, repeats = runs_of(items)
    everything = [item for run in runs.values() for item in run.items]
    plain = [(stream, run) for stream, run in runs.items() if run.plain]
    return Poll(
        tuple(items),
        runs,
        repeats,
        len(plain) == len(runs),
        received(everything),
        _columns(runs, everything, plain),
    )


def _columns(
    runs: dict[Stream, Run], everything: Sequence[Item], plain: Sequence[tuple[Stream, Run]]
) -> Columns:
    tenant = _shared({stream[0] for stream in runs})
    topic = _shared({stream[1] for stream in runs})
    return Columns(
        event_tenants=[] if tenant else [item.stream[0] for item in everything],
        event_ids=",".join([item.id for item in everything]),
        tenants=[] if tenant else [stream[0] for stream, _ in plain],
        topics=[] if topic else [stream[1] for stream, _ in plain],
        aggregates=KEY_SEPARATOR.join([stream[2] for stream, _ in plain]),
        firsts=",".join([str(run.first) for _, run in plain]),
        lasts=",".join([str(run.last) for _, run in plain]),
        shared_tenant=tenant,
        shared_topic=topic,
        events=len(everything),
        streams=len(plain),
    )


def _shared(values: set[str]) -> str | None:
    """What all have in common."""
    return next(iter(values)) if len(values) == 1 else None


def runs_of(items: Iterable[Item]) -> tuple[dict[Stream, Run], int]:
    """The poll by aggregate, less repeats within the poll (and their number)."""
    runs: dict[Stream, Run] = {}
    repeats = 0
    for item in items:
        sequence, run = item.sequence, runs.get(item.stream)
        if run is None:
            plain = sequence is not None and item.fault is None
            runs[item.stream] = Run(sequence or 0, sequence or 0, [item], plain)
        elif run.plain and item.fault is None and sequence == run.last + 1:
            run.last += 1
            run.items.append(item)
        elif any(earlier.id == item.id for earlier in run.items):
            repeats += 1
        else:
            run.plain = False
            run.items.append(item)
    return runs, repeats


def received(items: Iterable[Item]) -> list[Received[Any]]:
    """What handlers get of these items. Not kept by the item: a cycle between the two would leave
    every event to the garbage collector."""
    return [Received(item.event, item) for item in items if item.event is not None]
