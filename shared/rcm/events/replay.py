"""Giving a broker its records back, and reading a topic again.

`refill` writes a topic again from `event_log`, for a broker that lost it. Consumers know what they
have had, so the end state is the same. `replay` reads a stretch of a topic once more for one
consumer: `live` applies what was missed and nothing twice, `shadow` applies everything and rolls it
back, which shows whether today's code would take it.
"""

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import asyncpg
import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from rcm.db import Database, safe_errors
from rcm.events.applier import Applier
from rcm.events.consumer import Tenants
from rcm.events.intake import Intake
from rcm.events.items import BASELINE_HEADER, Item
from rcm.events.layout import lay_out
from rcm.events.outbox import SHARDS
from rcm.events.producer import Producer
from rcm.events.session import PAUSE_SPACE, RELAY_SPACE, Session, opened
from rcm.events.subscriptions import Subscriptions

WINDOW = 2000
RELAYS_YIELD_S = 30.0
QUIET_POLLS = 3

EXTENT = """
SELECT count(*) AS events, count(DISTINCT aggregate_id) AS aggregates,
       coalesce(min(position), 0) AS first, coalesce(max(position), 0) AS last
  FROM event_log
 WHERE topic = $1 AND created_at >= $2 AND created_at <= $3
"""
# Aggregates whose beginning the log does not have (any more), and where they begin now.
BEGINNINGS = """
SELECT tenant_id::text AS tenant_id, aggregate_id, min(aggregate_sequence) AS first
  FROM event_log
 WHERE topic = $1 AND created_at >= $2 AND created_at <= $3
 GROUP BY tenant_id, aggregate_id
HAVING min(aggregate_sequence) > 1
"""
LOGGED = """
SELECT tenant_id::text AS tenant_id, event_id::text AS event_id, topic, aggregate_id,
       aggregate_sequence, ce_type, key, value, headers, created_at
  FROM event_log
 WHERE position >= $4 AND position < $5
   AND topic = $1 AND created_at >= $2 AND created_at <= $3
 ORDER BY position
"""

ALWAYS = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))
Row = Mapping[str, Any]


class RefillRefused(Exception):  # noqa: N818
    """The relays did not give way, or the broker did not take a record."""


@dataclass(frozen=True, slots=True)
class Refilled:
    """What a refill wrote, or would write. `beginnings` counts aggregates that start late."""

    topic: str
    events: int
    aggregates: int
    beginnings: int
    dry_run: bool


async def refill(
    relay_url: str,
    bootstrap: str,
    topic: str,
    *,
    prefix: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    dry_run: bool = True,
    rate_per_s: int | None = None,
) -> Refilled:
    """Write the log's events of `topic` (name without prefix) to the broker again, in order.

    Relays of this database stand still meanwhile (they would overtake the old events) and go on by
    themselves, also when this process dies. Raises `RefillRefused`, `DatabaseUnavailable`.
    """
    span = (topic, since or ALWAYS[0], until or ALWAYS[1])
    async with opened(relay_url, "refill") as session:
        with safe_errors():
            extent = await session.connection.fetchrow(EXTENT, *span)
            rows = await session.connection.fetch(BEGINNINGS, *span)
        assert extent is not None  # noqa: S101 - an aggregate is one row
        firsts = {(row["tenant_id"], row["aggregate_id"]): row["first"] for row in rows}
        found = Refilled(topic, extent["events"], extent["aggregates"], len(firsts), dry_run)
        if dry_run or not found.events:
            return found
        await _relays_stand_still(session)
        producer = Producer(bootstrap, prefix=prefix)
        try:
            for start in range(extent["first"], extent["last"] + 1, WINDOW):
                with safe_errors():
                    logged = await session.connection.fetch(LOGGED, *span, start, start + WINDOW)
                began = asyncio.get_running_loop().time()
                await _send(producer, [_with_baseline(row, firsts) for row in logged])
                if rate_per_s:
                    spent = asyncio.get_running_loop().time() - began
                    await session.rest(len(logged) / rate_per_s - spent)
        finally:
            await producer.stop()
    return found


async def _relays_stand_still(session: Session) -> None:
    """Our session's lock asks them to; their shard locks coming free says that they have."""
    await session.try_lock(PAUSE_SPACE, [0], 1)
    held: set[int] = set()
    deadline = asyncio.get_running_loop().time() + RELAYS_YIELD_S
    while len(held) < SHARDS:
        free = [shard for shard in range(SHARDS) if shard not in held]
        held.update(await session.try_lock(RELAY_SPACE, free, SHARDS))
        if asyncio.get_running_loop().time() > deadline:
            raise RefillRefused(f"relays still hold {SHARDS - len(held)} of {SHARDS} shards")
        await asyncio.sleep(0.1)


async def _send(producer: Producer, rows: Sequence[Row]) -> None:
    left = list(rows)
    for _ in range(5):
        if not left:
            return
        delivery = await producer.send(left)
        if delivery.refused or delivery.missing_topics:
            raise RefillRefused(
                f"the broker does not take {len(delivery.refused)} records, "
                f"missing topics: {', '.join(sorted(delivery.missing_topics)) or 'none'}"
            )
        sent = {row["event_id"] for row in delivery.delivered}
        left = [row for row in left if row["event_id"] not in sent]
    if left:
        raise RefillRefused(f"the broker did not acknowledge {len(left)} records")


def _with_baseline(row: asyncpg.Record, firsts: Mapping[tuple[str, str], int]) -> Row:
    found = dict(row)
    if firsts.get((row["tenant_id"], row["aggregate_id"])) == row["aggregate_sequence"]:
        headers = {**orjson.loads(row["headers"]), BASELINE_HEADER: "1"}
        found["headers"] = orjson.dumps(headers).decode()
    return found


@dataclass(frozen=True, slots=True)
class Stretch:
    """What to read again. `key` limits it to one aggregate."""

    topic: str
    since: datetime
    until: datetime | None = None
    key: str | None = None


@dataclass(slots=True)
class Replayed:
    """What a replay did, or in a shadow would do. `reasons` counts what was or would be parked."""

    target: Literal["shadow", "live"]
    read: int = 0
    applied: int = 0
    duplicates: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


async def replay(
    subscriptions: Subscriptions,
    database: Database,
    bootstrap: str,
    stretch: Stretch,
    *,
    target: Literal["shadow", "live"] = "shadow",
    prefix: str = "",
    tenants: Tenants | None = None,
    tiers: Sequence[timedelta] | None = None,
) -> Replayed:
    """Read the stretch once more and apply it through inbox and gate.

    In a shadow every batch is rolled back and has an inbox of its own, and an aggregate begins
    where the stretch meets it. Raises KafkaError without a broker.
    """
    shadow = target == "shadow"
    applier = Applier(
        database,
        subscriptions,
        consumer=f"{subscriptions.consumer}~{uuid.uuid4().hex[:8]}" if shadow else None,
        shadow=shadow,
        **({"tiers": tiers} if tiers else {}),
    )
    intake = Intake(subscriptions.handlers, prefix=prefix)
    if tenants is not None:
        intake.only(await tenants())
    done = Replayed(target)
    async for records in _records(bootstrap, prefix, stretch):
        items = [item for item in map(intake.read, records) if _wanted(item, stretch)]
        for item in items:
            item.truncated = item.truncated or shadow
        done.read += len(records)
        if items:
            applied = await applier.apply(lay_out(items))
            done.applied += applied.applied
            done.duplicates += applied.duplicates
            done.reasons.update(applied.reasons)
    return done


def _wanted(item: Item, stretch: Stretch) -> bool:
    if item.sequence is None and item.fault is None:
        return False
    return stretch.key is None or item.stream[2] == stretch.key


async def _records(bootstrap: str, prefix: str, stretch: Stretch) -> AsyncIterator[Sequence[Any]]:
    """The stretch's records, poll by poll, up to what the topic held at the start. Joins no group,
    so nobody's offsets move."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        ends = await _seek(consumer, prefix + stretch.topic, stretch.since)
        until_ms = _ms(stretch.until or ALWAYS[1])
        quiet = 0
        while ends and quiet < QUIET_POLLS:
            polled = await consumer.getmany(timeout_ms=1000, max_records=2000)
            quiet = 0 if polled else quiet + 1
            records = [
                record
                for batch in polled.values()
                for record in batch
                if record.timestamp <= until_ms
            ]
            if records:
                yield records
            for place, end in list(ends.items()):
                if await consumer.position(place) >= end:
                    consumer.pause(place)
                    del ends[place]
    finally:
        await consumer.stop()


async def _seek(
    consumer: AIOKafkaConsumer, topic: str, since: datetime
) -> dict[TopicPartition, int]:
    """Where each partition's stretch ends, for those that have one; positions are at its start."""
    partitions = await consumer._client._wait_on_metadata(topic)  # noqa: SLF001 - no public way
    places = [TopicPartition(topic, number) for number in partitions]
    consumer.assign(places)
    starts = await consumer.offsets_for_times(dict.fromkeys(places, _ms(since)))
    ends = await consumer.end_offsets(places)
    found: dict[TopicPartition, int] = {}
    for place in places:
        start = starts.get(place)
        if start is None or start.offset >= ends[place]:
            consumer.pause(place)
            continue
        consumer.seek(place, start.offset)
        found[place] = ends[place]
    return found


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
