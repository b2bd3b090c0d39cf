"""The inbox and the sequence gate: which events of a poll are new, and which are next.

One statement does both for the whole poll. `admit_whole` takes it for granted that every event is
new and continues its aggregate's sequence, and fails when one does not: that is the ordinary case,
at half the price. `admit` looks at aggregates that are otherwise one by one.

The rules for an event with sequence `n` of an aggregate whose last applied event is `last`:

- seen before (inbox), or `first <= n <= last`: a duplicate, it has no second effect;
- `n = last + 1`: applied, also when later events wait;
- `n > last + 1`: parked, `held_behind` when something of the aggregate is parked already, else
  `gap`; the missing event releases it;
- `n < first`: parked as `late`, for an operator to decide;
- no state yet and `n > 1`: the first event seen is the beginning when nothing earlier can be read
  any more (the partition's log no longer starts at 0, or the record came from a refill of a log
  that does not reach back); else `gap`. So a new consumer group starts on what there is.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from rcm.db import StatementFailed, Tx
from rcm.events.items import Fault, Item, Stream
from rcm.events.layout import Columns, Poll, Run, received
from rcm.events.received import Received

UNIQUE_VIOLATION = "23505"
# Upserts, because their plan is always the primary key's. A join's plan, made while the table is
# small and kept, turns quadratic when it grows; for what follows in the transaction (the handlers'
# sets) the last column asks for a new plan each time. A tenant or topic that the whole poll has in
# common is sent once: its column is empty, and unnest fills it with nulls.
ARRIVED = """
    INSERT INTO inbox (tenant_id, consumer, event_id)
    SELECT coalesce(t, $9), $1, e
      FROM unnest($2::uuid[], string_to_array($3::text, ',')::uuid[]) AS u(t, e)
"""
MOVED = """
    INSERT INTO consumed_sequence AS s
           (tenant_id, consumer, topic, aggregate_id, first_sequence, last_sequence)
    SELECT coalesce(t, $9), $1, coalesce(p, $10), a, f, l
      FROM unnest($4::uuid[], $5::text[], string_to_array($6::text, E'\\x1f'),
                  string_to_array($7::text, ',')::bigint[],
                  string_to_array($8::text, ',')::bigint[])
        AS u(t, p, a, f, l)
    ON CONFLICT (tenant_id, consumer, topic, aggregate_id)
    DO UPDATE SET last_sequence = excluded.last_sequence
     WHERE s.last_sequence = excluded.first_sequence - 1
    RETURNING xmax = 0 AND first_sequence > 1 AS started_late
"""
# Without ON CONFLICT an inbox row costs half: no look before, no mark that it may still be undone.
WHOLE = f"""
WITH fresh AS ({ARRIVED}), moved AS ({MOVED})
SELECT count(*) FILTER (WHERE NOT started_late) = $11::bigint AS is_whole,
       set_config('plan_cache_mode', 'force_custom_plan', true)
  FROM moved
"""
GATE = f"""
WITH fresh AS ({ARRIVED} ON CONFLICT DO NOTHING RETURNING event_id),
     moved AS ({MOVED}, tenant_id, topic, aggregate_id)
SELECT CASE WHEN (SELECT count(*) FROM fresh) <> $11::bigint
            THEN ARRAY(SELECT event_id::text FROM fresh) END AS fresh,
       CASE WHEN (SELECT count(*) FROM moved WHERE NOT started_late) <> $12::bigint
            THEN ARRAY(SELECT tenant_id::text || E'\\x1f' || topic || E'\\x1f' || aggregate_id
                         FROM moved WHERE NOT started_late) END AS moved,
       ARRAY(SELECT tenant_id::text || E'\\x1f' || topic || E'\\x1f' || aggregate_id
               FROM moved WHERE started_late) AS started_late,
       set_config('plan_cache_mode', 'force_custom_plan', true)
"""
# Locks the row, which it makes when there is none; so one aggregate is judged by one at a time.
LOCK = """
INSERT INTO consumed_sequence AS s
       (tenant_id, consumer, topic, aggregate_id, first_sequence, last_sequence)
SELECT t, $1, p, a, 1, 0 FROM unnest($2::uuid[], $3::text[], $4::text[]) AS u(t, p, a)
 ORDER BY t, p, a
ON CONFLICT (tenant_id, consumer, topic, aggregate_id)
DO UPDATE SET last_sequence = s.last_sequence
RETURNING tenant_id::text, topic, aggregate_id, first_sequence, last_sequence
"""
HELD = """
SELECT tenant_id::text, topic, aggregate_id, max(sequence) AS newest
  FROM parked
 WHERE consumer = $1 AND reason <> 'late'
   AND (tenant_id, topic, aggregate_id)
       IN (SELECT * FROM unnest($2::uuid[], $3::text[], $4::text[]))
 GROUP BY 1, 2, 3
"""
SET = """
UPDATE consumed_sequence AS s
   SET first_sequence = coalesce(u.f, s.first_sequence), last_sequence = u.l
  FROM unnest($2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::bigint[]) AS u(t, p, a, f, l)
 WHERE s.tenant_id = u.t AND s.consumer = $1 AND s.topic = u.p AND s.aggregate_id = u.a
"""


@dataclass(slots=True)
class Gate:
    """How far an aggregate is: `first` (None: as it is in the row) and `last` applied sequence, and
    the newest that is parked (0: none)."""

    first: int | None = 1
    last: int = 0
    newest: int = 0


@dataclass(slots=True)
class Parking:
    """An item that must wait."""

    item: Item
    sequence: int
    fault: Fault
    head: bool
    """Nothing of its aggregate waits before it, so it is the one that is tried again."""


@dataclass(slots=True)
class Verdict:
    """What is to be done with a poll. The order within `apply` means something per aggregate."""

    apply: list[Received[Any]] = field(default_factory=list)
    park: list[Parking] = field(default_factory=list)
    gates: dict[Stream, Gate] = field(default_factory=dict)
    """Gates whose rows are to be written."""
    runs: Mapping[Stream, Run] = field(default_factory=dict)
    duplicates: int = 0


class NotWhole(Exception):  # noqa: N818 - it says what the poll is
    """Not every event of the poll is new and next. The transaction is to be rolled back."""


async def admit_whole(tx: Tx, consumer: str, poll: Poll) -> Verdict:
    """Record a plain poll in the inbox and move its gates. Raises `NotWhole`."""
    try:
        row = await _ask(tx, WHOLE, consumer, poll.columns, poll.columns.streams)
    except StatementFailed as failure:
        if failure.sqlstate == UNIQUE_VIOLATION:
            raise NotWhole from None
        raise
    if not row["is_whole"]:
        raise NotWhole
    return Verdict(apply=list(poll.received), runs=poll.runs, duplicates=poll.repeats)


async def admit(tx: Tx, consumer: str, poll: Poll) -> Verdict:
    """Record the poll in the inbox, move the gates, and say what is to be applied."""
    verdict = Verdict(runs=poll.runs, duplicates=poll.repeats)
    columns = poll.columns
    row = await _ask(tx, GATE, consumer, columns, columns.events, columns.streams)
    fresh = None if row["fresh"] is None else frozenset(row["fresh"])
    moved = None if row["moved"] is None else frozenset(map(_stream, row["moved"]))
    if fresh is None and moved is None and poll.is_plain:
        verdict.apply = list(poll.received)
        return verdict
    late = frozenset(map(_stream, row["started_late"]))
    await _look_closer(tx, consumer, verdict, fresh=fresh, moved=moved, late=late)
    return verdict


async def _ask(tx: Tx, statement: str, consumer: str, columns: Columns, *counts: int) -> Any:
    row = await tx.fetchrow(
        statement,
        consumer,
        columns.event_tenants,
        columns.event_ids,
        columns.tenants,
        columns.topics,
        columns.aggregates,
        columns.firsts,
        columns.lasts,
        columns.shared_tenant,
        columns.shared_topic,
        *counts,
    )
    assert row is not None  # noqa: S101 - both statements are one row
    return row


async def _look_closer(
    tx: Tx,
    consumer: str,
    verdict: Verdict,
    *,
    fresh: Set[str] | None,
    moved: Set[Stream] | None,
    late: Set[Stream],
) -> None:
    odd: dict[Stream, Run] = {}
    for stream, run in verdict.runs.items():
        has_moved = run.plain and (moved is None or stream in moved)
        if has_moved and (fresh is None or all(item.id in fresh for item in run.items)):
            verdict.apply += received(run.items)
        else:
            odd[stream] = run
    gates = await lock(tx, consumer, list(odd))
    for stream, run in odd.items():
        gate = gates[stream]
        # What the statement moved too early goes back to where it was: an aggregate that seemed to
        # begin late, or one of whose events not all were new.
        if stream in late:
            gate.first, gate.last = 1, 0
        elif run.plain and (moved is None or stream in moved):
            gate.last = run.first - 1
        judge(run.items, gate, fresh, verdict)
        verdict.gates[stream] = gate


async def lock(tx: Tx, consumer: str, streams: Sequence[Stream]) -> dict[Stream, Gate]:
    """The gates of these aggregates, theirs alone until the transaction ends."""
    columns = _columns(streams)
    gates = {
        (row["tenant_id"], row["topic"], row["aggregate_id"]): Gate(
            row["first_sequence"], row["last_sequence"]
        )
        for row in await tx.fetch(LOCK, consumer, *columns)
    }
    for row in await tx.fetch(HELD, consumer, *columns):
        gates[row["tenant_id"], row["topic"], row["aggregate_id"]].newest = row["newest"]
    return gates


def judge(items: Sequence[Item], gate: Gate, fresh: Set[str] | None, verdict: Verdict) -> None:
    """Sort one aggregate's items by the rules above. Moves `gate`, fills `verdict`. `fresh` are the
    ids that the inbox did not know; None: all."""
    for item in items:
        sequence = item.sequence or max(gate.last, gate.newest) + 1
        unheard = (gate.first, gate.last, gate.newest) == (1, 0, 0)
        if unheard and sequence > 1 and item.may_begin():
            gate.first, gate.last = sequence, sequence - 1
        if fresh is not None and item.id not in fresh:
            verdict.duplicates += 1
        elif sequence < (gate.first or 1):
            fault = Fault("late", "", f"the aggregate began with {gate.first} here")
            verdict.park.append(Parking(item, sequence, fault, head=False))
        elif sequence <= gate.last:
            verdict.duplicates += 1
        elif sequence == gate.last + 1 and item.fault is None:
            gate.last = sequence
            verdict.apply += received([item])
        else:
            waits = Fault("held_behind") if gate.newest else Fault("gap", "", _missing(gate))
            parking = Parking(item, sequence, item.fault or waits, head=not gate.newest)
            verdict.park.append(parking)
            gate.newest = max(gate.newest, sequence)


async def write(tx: Tx, consumer: str, gates: Mapping[Stream, Gate]) -> None:
    """Set the gates' rows."""
    if gates:
        await tx.execute(
            SET,
            consumer,
            *_columns(list(gates)),
            [gate.first for gate in gates.values()],
            [gate.last for gate in gates.values()],
        )


def _missing(gate: Gate) -> str:
    return f"waiting for {gate.last + 1}"


def _columns(streams: Sequence[Stream]) -> tuple[list[str], list[str], list[str]]:
    return [s[0] for s in streams], [s[1] for s in streams], [s[2] for s in streams]


def _stream(text: str) -> Stream:
    tenant, topic, aggregate = text.split("\x1f")
    return tenant, topic, aggregate
