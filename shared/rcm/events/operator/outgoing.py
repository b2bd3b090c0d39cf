"""The outbox and its relay: what waits to be sent, which keys stand still, pause and resume."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from rcm.db import Tx
from rcm.events.operator.places import journal
from rcm.ids import NO_TENANT

STATUS = """
SELECT (SELECT count(*) FROM outbox) AS pending,
       (SELECT extract(epoch FROM clock_timestamp() - min(created_at))::float8
          FROM outbox) AS oldest_age_s,
       (SELECT count(*) FROM outbox_quarantine) AS quarantined_keys,
       (SELECT count(*) FROM event_log) AS logged,
       coalesce((SELECT paused FROM event_control
                  WHERE part = 'relay' AND name = 'relay'), false) AS paused
"""
PEEK = """
SELECT o.id, o.event_id, o.ce_type, o.topic, o.aggregate_id, o.aggregate_sequence,
       octet_length(o.value) AS bytes, o.created_at,
       q.reason AS quarantined
  FROM outbox AS o
  LEFT JOIN outbox_quarantine AS q USING (tenant_id, topic, aggregate_id)
 WHERE $2::text IS NULL OR o.aggregate_id = $2
 ORDER BY o.id LIMIT $1
"""
QUARANTINED = """
SELECT tenant_id, topic, aggregate_id, event_id, reason, since FROM outbox_quarantine
 WHERE aggregate_id = $1
"""
CONTROL = """
INSERT INTO event_control (tenant_id, part, name, paused, changed_by)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id, part, name) DO UPDATE
   SET paused = excluded.paused, changed_by = excluded.changed_by, changed_at = clock_timestamp()
"""


async def status(tx: Tx) -> asyncpg.Record:
    """Pending rows, the oldest one's age, keys in quarantine, and whether the relay is paused."""
    found = await tx.fetchrow(STATUS)
    assert found is not None  # noqa: S101 - scalar subqueries are one row
    return found


async def peek(tx: Tx, *, limit: int, key: str | None) -> Sequence[asyncpg.Record]:
    """The next rows to be sent, without their bodies."""
    return await tx.fetch(PEEK, limit, key)


async def quarantined(tx: Tx, key: str) -> Sequence[asyncpg.Record]:
    """Why this aggregate's events are not sent."""
    return await tx.fetch(QUARANTINED, key)


async def retry_key(tx: Tx, key: str) -> int:
    """Let the relay try a quarantined aggregate again; how many quarantines were lifted."""
    gone = await tx.fetch(
        "DELETE FROM outbox_quarantine WHERE aggregate_id = $1 RETURNING event_id", key
    )
    await journal(tx, "outbox retry-key", {"key": key}, len(gone))
    return len(gone)


async def set_paused(tx: Tx, part: str, name: str, *, paused: bool) -> int:
    """Pause or resume a relay or a consumer; it notices within seconds."""
    await tx.execute(CONTROL, NO_TENANT, part, name, paused, tx.actor)
    await journal(tx, f"{part} {'pause' if paused else 'resume'}", {"name": name}, 1)
    return 1


async def event_in_outbox(tx: Tx, event_id: UUID) -> asyncpg.Record | None:
    """The event's row while it waits."""
    return await tx.fetchrow(
        """SELECT ce_type, topic, aggregate_id, aggregate_sequence, created_at
             FROM outbox WHERE event_id = $1""",
        event_id,
    )


async def event_in_log(tx: Tx, event_id: UUID) -> asyncpg.Record | None:
    """The event's row once the broker has taken it."""
    return await tx.fetchrow(
        """SELECT ce_type, topic, aggregate_id, aggregate_sequence, created_at, published_at
             FROM event_log WHERE event_id = $1""",
        event_id,
    )
