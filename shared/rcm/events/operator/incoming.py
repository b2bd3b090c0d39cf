"""Parked events: list them by reason, release them in order, or drop them for good."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from rcm.db import Tx
from rcm.events.operator.places import journal


def _chosen(row: str) -> str:
    """The filters on a row of `parked`; one that is not given matches everything."""
    return f"""($1::text IS NULL OR {row}.consumer = $1)
    AND ($2::text IS NULL OR {row}.aggregate_id = $2) AND ($3::text IS NULL OR {row}.reason = $3)
    AND ($4::timestamptz IS NULL OR {row}.first_failed_at >= $4)"""


CHOSEN = _chosen("parked")
# What waits behind an event that was not chosen stays, whatever the filters say of it: giving it up
# would move the gate past the one before, which would then never be applied.
GIVEN_UP = f"""
    {CHOSEN} AND NOT EXISTS (
        SELECT FROM parked AS before
         WHERE (before.tenant_id, before.consumer, before.topic, before.aggregate_id)
             = (parked.tenant_id, parked.consumer, parked.topic, parked.aggregate_id)
           AND (before.sequence, before.pos) < (parked.sequence, parked.pos)
           AND before.reason <> 'late' AND ({_chosen("before")}) IS NOT TRUE)
"""
LIST = f"""
SELECT consumer, topic, aggregate_id, event_id, event_type, sequence, reason,
       error ->> 'error' AS error, error ->> 'detail' AS detail, attempts, state,
       first_failed_at, next_attempt_at
  FROM parked WHERE {CHOSEN}
 ORDER BY consumer, topic, aggregate_id, sequence, pos LIMIT $5
"""
SUMMARY = """
SELECT consumer, reason, state, count(*) AS events,
       count(DISTINCT (tenant_id, topic, aggregate_id)) AS keys, min(first_failed_at) AS since
  FROM parked GROUP BY consumer, reason, state ORDER BY consumer, events DESC
"""
COUNT = f"SELECT count(*) FROM parked WHERE {GIVEN_UP}"
# Heads become due; the parking worker applies them, and what waits behind them follows in order.
HEADS = f"next_attempt_at IS NOT NULL AND reason <> 'late' AND {CHOSEN}"
COUNT_HEADS = f"SELECT count(*) FROM parked WHERE {HEADS}"
RELEASE = f"""
UPDATE parked SET state = 'waiting', attempts = 0, next_attempt_at = clock_timestamp()
 WHERE {HEADS} RETURNING event_id
"""
# Dropping an aggregate's event moves its gate past it, else its followers would wait for ever.
DROP = f"""
WITH gone AS (DELETE FROM parked WHERE {GIVEN_UP} RETURNING *),
     furthest AS (SELECT tenant_id, consumer, topic, aggregate_id, max(sequence) AS sequence
                    FROM gone WHERE reason <> 'late' GROUP BY 1, 2, 3, 4),
     moved AS (
        UPDATE consumed_sequence AS s SET last_sequence = greatest(s.last_sequence, f.sequence)
          FROM furthest AS f
         WHERE (s.tenant_id, s.consumer, s.topic, s.aggregate_id)
             = (f.tenant_id, f.consumer, f.topic, f.aggregate_id)
        RETURNING s.aggregate_id),
     next AS (
        UPDATE parked AS p SET next_attempt_at = clock_timestamp(), state = 'waiting'
          FROM furthest AS f
         WHERE (p.tenant_id, p.consumer, p.topic, p.aggregate_id)
             = (f.tenant_id, f.consumer, f.topic, f.aggregate_id)
           AND p.sequence = f.sequence + 1 AND p.reason <> 'late'
        RETURNING p.aggregate_id)
SELECT event_id FROM gone
"""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which parked events a verb is about; None matches all."""

    consumer: str | None = None
    key: str | None = None
    reason: str | None = None
    since: datetime | None = None

    @property
    def arguments(self) -> tuple[object, ...]:
        return (self.consumer, self.key, self.reason, self.since)

    def described(self) -> dict[str, object]:
        """For the journal; names no person: keys and reasons only."""
        return {
            name: value
            for name, value in zip(
                ("consumer", "key", "reason", "since"), self.arguments, strict=True
            )
            if value is not None
        }


async def listed(tx: Tx, choice: Choice, limit: int) -> Sequence[asyncpg.Record]:
    return await tx.fetch(LIST, *choice.arguments, limit)


async def summary(tx: Tx) -> Sequence[asyncpg.Record]:
    """Parked events by consumer, reason and state."""
    return await tx.fetch(SUMMARY)


async def count(tx: Tx, choice: Choice) -> int:
    """How many events `drop` would give up."""
    return int(await tx.fetchval(COUNT, *choice.arguments))


async def count_heads(tx: Tx, choice: Choice) -> int:
    """How many aggregates `release` would try."""
    return int(await tx.fetchval(COUNT_HEADS, *choice.arguments))


async def release(tx: Tx, choice: Choice) -> int:
    """Make the heads of the chosen aggregates due now; how many heads."""
    rows = await tx.fetch(RELEASE, *choice.arguments)
    await journal(tx, "parked release", choice.described(), len(rows))
    return len(rows)


async def drop(tx: Tx, choice: Choice) -> int:
    """Give the chosen events up for good, but none that waits behind one that was not chosen. They
    stay on their dead letter topic and in the producer's log. How many were dropped."""
    rows = await tx.fetch(DROP, *choice.arguments)
    ids = [str(row["event_id"]) for row in rows]
    await journal(tx, "parked drop", choice.described() | {"event_ids": ids}, len(rows))
    return len(rows)


async def seen(tx: Tx, event_id: UUID) -> tuple[bool, asyncpg.Record | None]:
    """Whether the consumer's inbox knows the event, and its row while it is parked."""
    known = bool(await tx.fetchval("SELECT count(*) FROM inbox WHERE event_id = $1", event_id))
    parked = await tx.fetchrow(
        "SELECT reason, state, attempts, next_attempt_at FROM parked WHERE event_id = $1", event_id
    )
    return known, parked
