"""The relay: moves committed outbox rows to the broker, in order per key, at least once.

One session holds the shard's advisory lock, reads its rows and settles them. No transaction is open
while the broker is spoken to, and there is no cursor: what is left in the table is what is to be
sent, so a row that commits late is not skipped. While one batch is on its way, the session settles
the one before, and reads the next when this one was full: else it reads afterwards, so that what
commits meanwhile goes with the next batch instead of the one after it.
"""

import asyncio
import contextlib
import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rcm import log
from rcm.db import DatabaseUnavailable, StatementFailed, safe_errors
from rcm.events import memory, telemetry, wake
from rcm.events.faults import buggify
from rcm.events.outbox import SHARDS
from rcm.events.producer import Delivery, Producer
from rcm.events.session import PAUSE_SPACE, PRESENCE_SPACE, RELAY_SPACE, Session, opened

_log = log.get(__name__)

BATCH_ROWS = 1000
POLL_S = (0.005, 0.2)
BALANCE_EVERY_S = 1.0
MEASURE_EVERY_S = 5.0
PARTITIONS_EVERY_S = 3600.0
MISSING_TOPIC_PAUSE_S = 30.0
BACKOFF_S = (0.2, 10.0)

READ = """
SELECT id, shard, tenant_id::text AS tenant_id, event_id::text AS event_id, topic, aggregate_id,
       aggregate_sequence, ce_type, key, value, headers, created_at
  FROM outbox AS o
 WHERE shard = ANY ($1::smallint[]) AND id <> ALL ($2::bigint[]) AND topic <> ALL ($3::text[])
   {unless_quarantined}
 ORDER BY id LIMIT $4
"""
UNLESS_QUARANTINED = """
   AND NOT EXISTS (SELECT FROM outbox_quarantine AS q
                    WHERE q.tenant_id = o.tenant_id AND q.topic = o.topic
                      AND q.aggregate_id = o.aggregate_id)
"""
SETTLE = """
WITH gone AS (DELETE FROM outbox WHERE id = ANY ($1::bigint[]) RETURNING *)
INSERT INTO event_log (tenant_id, event_id, position, topic, aggregate_id, aggregate_sequence,
                       ce_type, key, value, headers, created_at)
SELECT tenant_id, event_id, id, topic, aggregate_id, aggregate_sequence,
       ce_type, key, value, headers, created_at
  FROM gone
"""
QUARANTINE = """
INSERT INTO outbox_quarantine (tenant_id, topic, aggregate_id, event_id, reason)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
"""
MEASURE = """
SELECT (SELECT count(*) FROM (SELECT FROM outbox LIMIT 100000) AS first_rows) AS pending,
       (SELECT extract(epoch FROM clock_timestamp() - created_at)::float8
          FROM outbox ORDER BY id LIMIT 1) AS oldest_s,
       (SELECT count(*) FROM outbox_quarantine) AS quarantined
"""
# A queue's statistics are always wrong. By the index in id order, a turn costs the same with ten
# rows waiting and with ten million; any other plan sorts or scans all that wait, every time.
PLANS = dict.fromkeys(("enable_seqscan", "enable_bitmapscan", "enable_sort"), "off")
# A settlement that a crash of the database undoes is sent again, which the inbox knows. So nobody
# waits for the disk.
SETTINGS = PLANS | {"synchronous_commit": "off"}
PAUSED = "SELECT paused FROM event_control WHERE part = 'relay' AND name = 'relay'"

Rows = Sequence[Any]


@dataclass(slots=True)
class _State:
    """What `health` shows."""

    connected: bool = False
    paused: bool = False
    held: set[int] = field(default_factory=set)
    published: int = 0
    pending: int = 0
    oldest_s: float = 0.0
    quarantined: int = 0
    last_turn: float = field(default_factory=time.monotonic)


class Relay:
    """`Relay(settings.relay_database_url, bootstrap, prefix=...).run(stop)`.

    `database_url` is the relay role's, direct (not through a transaction pooler). Any number may
    run: they share the shards fairly, and a dead one's shards are taken over within about a second
    (a frozen one's after `session.IDLE_LIMIT_S`).
    """

    def __init__(
        self,
        database_url: str,
        bootstrap: str,
        *,
        prefix: str = "",
        name: str = "relay",
        batch_rows: int = BATCH_ROWS,
        producer: Producer | None = None,
    ) -> None:
        self._url, self._name, self._batch_rows = database_url, name, batch_rows
        self._producer = producer or Producer(bootstrap, prefix=prefix)
        self._wake = asyncio.Event()
        self._missing: dict[str, float] = {}
        self._fruitless = 0
        self._due = dict.fromkeys(("balance", "measure", "partitions"), 0.0)
        self._state = _State()

    def health(self) -> dict[str, Any]:
        """`ready` when the relay has its session; ages in seconds."""
        state = self._state
        return {
            "ready": state.connected,
            "paused": state.paused,
            "shards_held": len(state.held),
            "published": state.published,
            "outbox_pending": state.pending,
            "outbox_oldest_age_s": round(state.oldest_s, 3),
            "quarantined_keys": state.quarantined,
            "last_turn_age_s": round(time.monotonic() - state.last_turn, 3),
        }

    async def run(self, stop: asyncio.Event) -> None:
        """Relay until `stop`; survives the loss of database and broker. On `stop` the batch in
        flight is finished (its deadline is the producer's) and the locks are freed."""
        memory.prepare()
        wake.listen(self._wake)
        delay = BACKOFF_S[0]
        try:
            while not stop.is_set():
                try:
                    async with opened(self._url, self._name, SETTINGS) as session:
                        await self._serve(session, stop)
                except (DatabaseUnavailable, StatementFailed) as error:
                    _log.warning("the relay lost its session", **log.describe(error))
                finally:
                    # Whoever got as far as to measure had a session that works.
                    delay = BACKOFF_S[0] if self._due["measure"] else delay
                    self._state.connected = False
                    self._state.held.clear()
                    telemetry.SHARDS_HELD.set(0)
                if not stop.is_set():
                    await _pause(stop, delay)
                    delay = min(delay * 2, BACKOFF_S[1])
        finally:
            wake.leave(self._wake)
            await self._producer.stop()

    async def _serve(self, session: Session, stop: asyncio.Event) -> None:
        await session.announce(PRESENCE_SPACE)
        self._due = dict.fromkeys(self._due, 0.0)
        self._state.connected = True
        rows: Rows = ()
        sent: list[int] = []
        poll_s = POLL_S[0]
        while not stop.is_set():
            self._state.last_turn = time.monotonic()
            if rows:
                rows, sent = await self._turn(session, rows, sent)
                poll_s = POLL_S[0]
                continue
            if sent and not self._is_due("balance"):
                # What committed meanwhile goes at once; the turn settles what went before.
                rows = await self._read(session, sent)
                if rows:
                    continue
            await self._settle(session, sent)
            sent = []
            await self._upkeep(session)
            rows = await self._read(session, ())
            if not rows:
                woken = await self._idle(poll_s)
                poll_s = POLL_S[0] if woken else min(poll_s * 1.5, POLL_S[1])
        await self._settle(session, sent)

    async def _turn(self, session: Session, rows: Rows, sent: list[int]) -> tuple[Rows, list[int]]:
        """Send `rows` while the session settles `sent`, and reads ahead when there is more."""
        started = time.perf_counter()
        sending = asyncio.create_task(self._producer.send(rows))
        try:
            await self._settle(session, sent)
            in_flight = [row["id"] for row in rows]
            following = await self._read(session, in_flight) if self._reads_ahead(rows) else ()
        except BaseException:
            with contextlib.suppress(Exception):
                await sending
            raise
        delivery = await sending
        buggify("relay.acknowledged")
        telemetry.PUBLISH.observe(time.perf_counter() - started)
        done = [row["id"] for row in delivery.delivered]
        if len(done) == len(rows):
            return following, done
        await self._settle(session, done)
        await self._set_aside(session, delivery)
        return (), []

    def _reads_ahead(self, rows: Rows) -> bool:
        """Shards change hands only when nothing is read ahead."""
        return len(rows) == self._batch_rows and not self._is_due("balance")

    async def _read(self, session: Session, in_flight: Sequence[int]) -> Rows:
        if not self._state.held:
            return ()
        now = time.monotonic()
        self._missing = {topic: until for topic, until in self._missing.items() if until > now}
        # The quarantine is nearly always empty: without it the plan is a plain index scan.
        unless = UNLESS_QUARANTINED if self._state.quarantined else ""
        with safe_errors():
            rows = await session.connection.fetch(
                READ.format(unless_quarantined=unless),
                list(self._state.held),
                in_flight,
                list(self._missing),
                self._batch_rows,
            )
        buggify("relay.read")
        return rows

    async def _settle(self, session: Session, ids: list[int]) -> None:
        """Move acknowledged rows to the log. On the session that holds the lock: if the lock is
        lost this fails, and the rows are sent again by whoever has it now."""
        if not ids:
            return
        buggify("relay.sent")
        with safe_errors():
            await session.connection.execute(SETTLE, ids)
        self._state.published += len(ids)
        buggify("relay.settled")

    async def _set_aside(self, session: Session, delivery: Delivery) -> None:
        """Stop the keys that the broker refuses, leave missing topics alone for a while, and back
        off when nothing else went through."""
        for row, reason in delivery.refused:
            _log.error("an event is quarantined", event_id=row["event_id"], reason=reason)
            key = (row["tenant_id"], row["topic"], row["aggregate_id"], row["event_id"])
            with safe_errors():
                await session.connection.execute(QUARANTINE, *key, reason)
            self._state.quarantined += 1
        until = time.monotonic() + MISSING_TOPIC_PAUSE_S
        self._missing.update(dict.fromkeys(delivery.missing_topics, until))
        stuck = delivery.kept and not delivery.missing_topics and not delivery.delivered
        self._fruitless = self._fruitless + 1 if stuck else 0
        if stuck:
            wait_s = min(BACKOFF_S[0] * 2**self._fruitless, BACKOFF_S[1])
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))  # noqa: S311 - jitter

    def _is_due(self, what: str) -> bool:
        return time.monotonic() >= self._due[what]

    async def _upkeep(self, session: Session) -> None:
        now = time.monotonic()
        if self._is_due("partitions"):
            self._due["partitions"] = now + PARTITIONS_EVERY_S
            with safe_errors():
                await session.connection.execute("SELECT ensure_event_partitions(2)")
        if self._is_due("balance"):
            self._due["balance"] = now + BALANCE_EVERY_S * random.uniform(0.8, 1.2)  # noqa: S311
            await self._balance(session)
        if self._is_due("measure"):
            self._due["measure"] = now + MEASURE_EVERY_S
            await self._measure(session)

    async def _balance(self, session: Session) -> None:
        """Hold a fair share of the shards: ceil(64 / live relays), none while paused."""
        state = self._state
        with safe_errors():
            asked = bool(await session.connection.fetchval(PAUSED))
        # By an operator, or for as long as a refill holds its lock.
        state.paused = asked or await session.present(PAUSE_SPACE) > 0
        share = 0
        if not state.paused:
            share = math.ceil(SHARDS / max(1, await session.present(PRESENCE_SPACE)))
        if len(state.held) > share:
            extra = sorted(state.held)[share:]
            await session.unlock(RELAY_SPACE, extra)
            state.held.difference_update(extra)
        elif len(state.held) < share:
            free = [shard for shard in range(SHARDS) if shard not in state.held]
            random.shuffle(free)
            state.held.update(await session.try_lock(RELAY_SPACE, free, share - len(state.held)))
            buggify("relay.locked")
        telemetry.SHARDS_HELD.set(len(state.held))

    async def _measure(self, session: Session) -> None:
        with safe_errors():
            found = await session.connection.fetchrow(MEASURE)
        assert found is not None  # noqa: S101 - three scalar subqueries are one row
        state = self._state
        state.pending, state.oldest_s = found["pending"], found["oldest_s"] or 0.0
        state.quarantined = found["quarantined"]
        telemetry.OUTBOX_PENDING.set(state.pending)
        telemetry.OUTBOX_OLDEST_AGE.set(state.oldest_s)
        telemetry.OUTBOX_QUARANTINED.set(state.quarantined)

    async def _idle(self, poll_s: float) -> bool:
        """Wait for the bell or the next poll; True when it rang."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(poll_s):
                await self._wake.wait()
        woken = self._wake.is_set()
        self._wake.clear()
        return woken


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds * random.uniform(0.5, 1.0)):  # noqa: S311 - jitter
            await stop.wait()
