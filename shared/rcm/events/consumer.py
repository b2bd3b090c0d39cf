"""The consumer: polls ahead while the batch before is applied, one transaction per poll.

Decoding happens while the database works on the batch before, so the two overlap. On a transient
failure the same batch is tried again, with a growing pause, for as long as its partitions are ours;
everything else ends in the parking lot and the consumer goes on.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from aiokafka.errors import KafkaError

from rcm import log
from rcm.db import Database, DatabaseUnavailable, StatementFailed
from rcm.events import memory, telemetry
from rcm.events.applier import Applied, Applier
from rcm.events.errors import is_transient
from rcm.events.faults import buggify
from rcm.events.intake import Intake
from rcm.events.items import Item
from rcm.events.layout import Poll, lay_out
from rcm.events.parking import TIERS
from rcm.events.polling import Membership, Offsets, Polled, Poller
from rcm.events.subscriptions import Subscriptions
from rcm.ids import NO_TENANT

_log = log.get(__name__)

BACKOFF_S = (0.2, 10.0)
FEW = 500
CONTROL_EVERY_S = 2.0
LAG_EVERY_S = 5.0
PAUSED = "SELECT paused FROM event_control WHERE part = 'consumer' AND name = $1"
Tenants = Callable[[], Awaitable[Collection[UUID]]]
"""The active tenants, cached by whoever knows them (`TenantDirectory.active`)."""


@dataclass(slots=True)
class _Reading:
    """The items of a poll as it comes in."""

    intake: Intake
    poller: Poller
    items: list[Item] = field(default_factory=list)
    skipped: int = 0
    """Records that say nothing to anybody here; those with a number count in their order."""

    def take(self, records: Sequence[Any]) -> None:
        truncated = self.poller.is_truncated(records[0].topic, records[0].partition)
        read, items = self.intake.read, self.items
        for record in records:
            item = read(record)
            item.truncated = truncated
            if item.event is None and item.fault is None:
                self.skipped += 1
                if item.sequence is None:
                    continue
            items.append(item)

    def forget(self) -> None:
        self.items.clear()
        self.skipped = 0


@dataclass(slots=True)
class _Batch:
    reading: _Reading
    polled: Polled
    poll: Poll
    """What lies in `reading`, laid out; never older than `polled`."""


@dataclass(slots=True)
class _State:
    paused: bool = False
    failing: bool = False
    totals: Applied = field(default_factory=lambda: Applied(0, 0, 0))
    offsets: Offsets = field(default_factory=dict)
    newest_ms: int = 0
    control_due: float = 0.0
    lag_due: float = 0.0


class Consumer:
    """`Consumer(subscriptions, database, bootstrap, tenants=directory.active).run(stop)`.

    `database` has the app role; one connection of it is in use at a time. `tenants=None` lets every
    tenant in (tests). `instance_id` is the pod's stable name. Any number may run, up to the
    number of partitions usefully.
    """

    def __init__(
        self,
        subscriptions: Subscriptions,
        database: Database,
        bootstrap: str,
        *,
        prefix: str = "",
        tenants: Tenants | None = None,
        tiers: Sequence[timedelta] = TIERS,
        instance_id: str | None = None,
        rack: str | None = None,
        max_records: int = 2000,
        session_timeout_s: int = 30,
        applier: Applier | None = None,
    ) -> None:
        self.name = subscriptions.consumer
        self._database, self._tenants = database, tenants
        self._applier = applier or Applier(database, subscriptions, tiers=tiers)
        self._intake = Intake(subscriptions.handlers, prefix=prefix)
        topics = [prefix + topic.name for topic in subscriptions.topics]
        member = Membership(prefix + self.name, instance_id, rack, session_timeout_s, max_records)
        self._poller = Poller(bootstrap, topics, member)
        self._idle = not topics
        self._known: Collection[UUID] | None = None
        self._spent: _Batch | None = None
        self._state = _State()

    def health(self) -> dict[str, Any]:
        """`ready` once the group has assigned partitions (perhaps none); ages in seconds."""
        poller, state = self._poller, self._state
        return {
            "ready": poller.assigned or self._idle,
            "paused": state.paused,
            "failing": state.failing,
            "last_poll_age_s": 0.0 if self._idle else round(time.monotonic() - poller.last_poll, 3),
            "applied": state.totals.applied,
            "duplicates": state.totals.duplicates,
            "parked": state.totals.parked,
        }

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop`; survives the loss of database and broker. On `stop` the batch in
        hand is finished and its offsets are committed."""
        if self._idle:
            await stop.wait()
            return
        memory.prepare()
        delay = BACKOFF_S[0]
        while not stop.is_set():
            try:
                await self._poller.start()
                delay = BACKOFF_S[0]
                await self._consume(stop)
            except (KafkaError, OSError, DatabaseUnavailable, StatementFailed) as error:
                _log.warning("the consumer starts again", error_type=type(error).__name__)
                await _pause(stop, delay)
                delay = min(delay * 2, BACKOFF_S[1])
            finally:
                await self._poller.stop()

    async def _consume(self, stop: asyncio.Event) -> None:
        batch: _Batch | None = None
        while not stop.is_set():
            under_way = asyncio.Event()
            polling = asyncio.create_task(self._next(under_way))
            try:
                if batch is not None:
                    await self._work_off(batch, polling, stop, under_way)
            finally:
                under_way.set()
                # Never cancelled: records on their way would be lost to this session.
                await asyncio.wait([polling])
            self._spent = batch
            batch = await self._topped_up(polling.result())
            await self._look_around(stop)

    async def _next(self, under_way: asyncio.Event) -> _Batch | None:
        """Poll and decode, once the database has something to do; no transaction is open for it.

        The batch before last is let go now and not a moment earlier: that takes as long as polling
        a third of one."""
        await under_way.wait()
        self._spent = None
        await self._know_tenants()
        reading = _Reading(self._intake, self._poller)
        polled = await self._poller.poll(reading)
        buggify("consumer.polled")
        if not polled.next_offsets:
            return None
        return _Batch(reading, polled, lay_out(reading.items))

    async def _topped_up(self, batch: _Batch | None) -> _Batch | None:
        """Few records take along what came while the batch before them was applied: else that would
        wait for two transactions instead of one."""
        if batch is None:
            return None
        reading = batch.reading
        if len(reading.items) < FEW:
            batch.polled = await self._poller.poll(reading, batch.polled)
            if not batch.polled.next_offsets:
                return None
            # Whatever came: after a rebalance as many items may lie here as before, and be others.
            batch.poll = lay_out(reading.items)
        self._count(batch.polled, reading.skipped)
        return batch

    async def _work_off(
        self,
        batch: _Batch,
        polling: asyncio.Task[_Batch | None],
        stop: asyncio.Event,
        under_way: asyncio.Event,
    ) -> None:
        """Apply the batch, again and again while failures are transient and it is ours."""
        delay = BACKOFF_S[0]
        while True:
            async with self._poller.barrier:
                if not self._poller.is_current(batch.polled):
                    # Read again by whoever has its partitions now. What a rebalance brought here
                    # meanwhile may have been paused for it, and is not to stay so.
                    break
                if await self._apply(batch, under_way):
                    self._poller.commit_later(batch.polled.next_offsets)
                    buggify("consumer.offsets_committed")
                    break
            telemetry.RETRIES.labels(self.name).inc()
            await _pause(stop, delay)
            if stop.is_set():
                return
            delay = min(delay * 2, BACKOFF_S[1])
            if polling.done():
                await self._poller.keep_membership()
        if self._state.failing:
            self._state.failing = False
            self._poller.resume()

    async def _apply(self, batch: _Batch, under_way: asyncio.Event) -> bool:
        """True when the batch's transaction has committed. `under_way` is set when it has begun, or
        could not."""
        started = time.perf_counter()
        items = batch.poll.items
        traceparents = (item.headers.get("traceparent") for item in items if item.event)
        try:
            with telemetry.process_span(self.name, len(items), traceparents):
                done = (
                    await self._applier.apply(batch.poll, under_way.set)
                    if items
                    else Applied(0, 0, 0)
                )
        except Exception as error:  # noqa: BLE001 - told by kind, and tried again
            # Outside every handler, so no event's fault.
            if not is_transient(error):
                log.failure(_log, "a batch failed as a whole", error)
            self._state.failing = True
            return False
        finally:
            under_way.set()
        telemetry.PROCESS.labels(self.name).observe(time.perf_counter() - started)
        if done.duplicates:
            telemetry.DUPLICATES.labels(self.name).inc(done.duplicates)
        before, state = self._state.totals, self._state
        state.totals = Applied(
            before.applied + done.applied,
            before.duplicates + done.duplicates,
            before.parked + done.parked,
        )
        state.offsets.update(batch.polled.next_offsets)
        return True

    async def _know_tenants(self) -> None:
        if self._tenants is None:
            return
        try:
            known = await self._tenants()
        except (DatabaseUnavailable, StatementFailed):
            # The transaction will find out and wait; until then the last known ones do.
            if self._known is None:
                raise
            return
        if known != self._known:
            self._known = known
            self._intake.only(known)

    async def _look_around(self, stop: asyncio.Event) -> None:
        """Now and then: is the consumer paused by an operator, how far behind is it?"""
        now, state = time.monotonic(), self._state
        if now >= state.lag_due:
            state.lag_due = now + LAG_EVERY_S
            self._measure()
        if now < state.control_due:
            return
        state.control_due = now + CONTROL_EVERY_S
        if stop.is_set():
            return
        state.paused = await self._is_paused()
        while state.paused and not stop.is_set():
            await self._poller.keep_membership()
            await _pause(stop, CONTROL_EVERY_S)
            state.paused = await self._is_paused()
            if not state.paused:
                self._poller.resume()

    async def _is_paused(self) -> bool:
        try:
            async with self._database.transaction([NO_TENANT]) as tx:
                return bool(await tx.fetchval(PAUSED, self.name))
        except (DatabaseUnavailable, StatementFailed):
            return self._state.paused

    def _count(self, polled: Polled, skipped: int) -> None:
        for topic, count in polled.counts.items():
            telemetry.CONSUMED.labels(self.name, topic).inc(count)
        if skipped:
            telemetry.SKIPPED.labels(self.name, "type").inc(skipped)
        self._state.newest_ms = polled.newest_ms

    def _measure(self) -> None:
        telemetry.LAST_POLL_AGE.labels(self.name).set(time.monotonic() - self._poller.last_poll)
        for place, lag in self._poller.lags(self._state.offsets).items():
            telemetry.LAG.labels(self.name, place.topic, str(place.partition)).set(lag)
        if self._state.newest_ms:
            age_s = time.time() - self._state.newest_ms / 1000
            telemetry.TIME_LAG.labels(self.name).set(age_s)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
