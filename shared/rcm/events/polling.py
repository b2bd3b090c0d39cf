"""The consumer's side of the broker: joining, polling, committing, and leaving a group.

Only the offsets of finished records are committed, explicitly, after their transaction. A revoked
partition waits for the batch in hand; what was polled before a rebalance is dropped, since the new
owner reads it again.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import IllegalStateError, KafkaError

from rcm import log
from rcm.events import telemetry

_log = log.get(__name__)

POLL_MS = 300
# A request under way asks for no partition whose records were waiting when it was sent, and nothing
# else is asked of its broker until it ends: this long, at worst, does a new record lie unseen.
FETCH_WAIT_MS = 100
SLICE = 200
# Some 20 us a record: whoever waits for the database meanwhile goes on after a millisecond.
BREATH = 50
COMMIT_TIMEOUT_S = 5.0
BEGINNINGS_EVERY_S = 300.0
MAX_POLL_S = 300

Offsets = dict[TopicPartition, int]


class Reader(Protocol):
    """Takes the records of a poll as they come."""

    def take(self, records: Sequence[Any]) -> None:
        """Some records of one partition."""
        ...

    def forget(self) -> None:
        """All that was taken so far is not ours any more."""
        ...


@dataclass(slots=True)
class Polled:
    """The offsets that follow the records of one poll, and the assignment that they came under."""

    next_offsets: Offsets
    epoch: int
    counts: Counter[str]
    """Records by topic."""
    newest_ms: int


@dataclass(frozen=True, slots=True)
class Membership:
    """How a consumer joins its group."""

    group: str
    instance_id: str | None = None
    """Static membership: a restart within the session timeout moves no partitions."""
    rack: str | None = None
    session_timeout_s: int = 30
    max_records: int = 2000


def _assignor() -> type[StickyPartitionAssignor]:
    """An assignor of one's own: it remembers on its class which partitions it had, and would tell
    a group what another consumer of this process has."""
    return type("StickyPartitionAssignor", (StickyPartitionAssignor,), {})


class Poller(ConsumerRebalanceListener):  # type: ignore[misc]
    """One group member. `barrier` is held by whoever works on a batch."""

    def __init__(self, bootstrap: str, topics: Iterable[str], membership: Membership) -> None:
        self._bootstrap, self._topics, self._member = bootstrap, sorted(topics), membership
        self._kafka: AIOKafkaConsumer | None = None
        self._committing: asyncio.Task[None] | None = None
        self._uncommitted: Offsets = {}
        self._truncated: frozenset[TopicPartition] = frozenset()
        self._beginnings_due = 0.0
        self.barrier = asyncio.Lock()
        self.epoch = 0
        self.assigned = False
        self.last_poll = time.monotonic()

    async def start(self) -> None:
        """Raises KafkaError when no broker answers."""
        member = self._member
        kafka = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=member.group,
            group_instance_id=member.instance_id,
            client_rack=member.rack,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            partition_assignment_strategy=(_assignor(),),
            session_timeout_ms=member.session_timeout_s * 1000,
            heartbeat_interval_ms=min(3000, member.session_timeout_s * 1000 // 3),
            rebalance_timeout_ms=60_000,
            max_poll_interval_ms=MAX_POLL_S * 1000,
            max_poll_records=member.max_records,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            max_partition_fetch_bytes=2 * 1024 * 1024,
            metadata_max_age_ms=60_000,
        )
        kafka.subscribe(self._topics, listener=self)
        try:
            await kafka.start()
        except BaseException:
            with contextlib.suppress(Exception):
                await kafka.stop()
            raise
        self._kafka = kafka

    async def stop(self) -> None:
        """Let the last commit finish, then leave."""
        await self.committed()
        kafka, self._kafka = self._kafka, None
        self.assigned = False
        if kafka is not None:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(10):
                    await kafka.stop()

    async def poll(self, reader: Reader, so_far: Polled | None = None) -> Polled:
        """Hand the next records to `reader`, at most `max_records`; none after 0.3 s. With a poll
        `so_far`, go on with that one, and wait for nothing.

        In parts, between which the event loop runs: whoever waits for the database goes on soon.
        Never cancel it: the position has moved when records are on their way."""
        kafka, left = self._consumer(), self._member.max_records
        await self._refresh_beginnings()
        polled = so_far or Polled({}, self.epoch, Counter(), 0)
        timeout_ms = POLL_MS if so_far is None else 0
        while left > 0:
            wanted = min(SLICE, left)
            found = await kafka.getmany(timeout_ms=timeout_ms, max_records=wanted)
            self.last_poll = time.monotonic()
            if polled.epoch != self.epoch:
                # A rebalance meanwhile. What came before it is read again, from the committed
                # offset; what came now belongs to the new assignment, whose position has moved.
                reader.forget()
                polled = Polled({}, self.epoch, Counter(), 0)
            taken = 0
            for place, batch in found.items():
                for start in range(0, len(batch), BREATH):
                    reader.take(batch[start : start + BREATH])
                    await asyncio.sleep(0)
                taken += len(batch)
                polled.next_offsets[place] = batch[-1].offset + 1
                polled.counts[place.topic] += len(batch)
                polled.newest_ms = max(polled.newest_ms, batch[-1].timestamp)
            if taken < wanted:
                break
            left, timeout_ms = left - taken, 0
        return polled

    def is_truncated(self, topic: str, partition: int) -> bool:
        """Whether the partition's log no longer starts at 0."""
        return bool(self._truncated) and (topic, partition) in self._truncated

    def is_current(self, polled: Polled) -> bool:
        """Whether the partitions of the poll are still ours."""
        return polled.epoch == self.epoch

    def commit_later(self, offsets: Offsets) -> None:
        """Commit in the background, all that came up meanwhile at once. A crash before it happens
        means that the records come again, which the inbox knows."""
        self._uncommitted.update(offsets)
        if self._committing is None or self._committing.done():
            self._committing = asyncio.create_task(self._commit())

    async def committed(self) -> None:
        """Wait for the commit under way."""
        if self._committing is not None:
            await asyncio.wait([self._committing])

    async def keep_membership(self) -> None:
        """Poll nothing: a member that does not poll for `MAX_POLL_S` loses its partitions."""
        kafka = self._consumer()
        kafka.pause(*kafka.assignment())
        with contextlib.suppress(KafkaError):
            # A rebalance in this call ends the pause; what it then returns is to be read later.
            for place, batch in (await kafka.getmany(timeout_ms=0)).items():
                kafka.seek(place, batch[0].offset)
        self.last_poll = time.monotonic()

    def resume(self) -> None:
        kafka = self._consumer()
        if paused := kafka.paused():
            kafka.resume(*paused)

    def lags(self, next_offsets: Offsets) -> dict[TopicPartition, int]:
        """High-water mark less our position, where both are known."""
        kafka = self._consumer()
        found: dict[TopicPartition, int] = {}
        for place in kafka.assignment():
            high, position = kafka.highwater(place), next_offsets.get(place)
            if high is not None and position is not None:
                found[place] = max(0, high - position)
        return found

    async def on_partitions_revoked(self, revoked: object) -> None:  # noqa: ARG002
        self.assigned = False
        async with self.barrier:
            await self.committed()
            self._uncommitted.clear()
            self.epoch += 1

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        self.assigned = True
        self._beginnings_due = 0.0
        telemetry.REBALANCES.labels(self._member.group).inc()
        _log.info("partitions assigned", group=self._member.group, count=len(assigned))

    async def _commit(self) -> None:
        while self._uncommitted:
            offsets, self._uncommitted = self._uncommitted, {}
            try:
                async with asyncio.timeout(COMMIT_TIMEOUT_S):
                    await self._consumer().commit(offsets)
            except (KafkaError, IllegalStateError, TimeoutError) as error:
                _log.warning("offsets not committed", error_type=type(error).__name__)

    async def _refresh_beginnings(self) -> None:
        """Where each partition's log starts: later than 0 once retention has removed something."""
        kafka = self._consumer()
        if not self.assigned or time.monotonic() < self._beginnings_due:
            return
        self._beginnings_due = time.monotonic() + BEGINNINGS_EVERY_S
        places = kafka.assignment()
        if places:
            with contextlib.suppress(KafkaError):
                beginnings = await kafka.beginning_offsets(places)
                self._truncated = frozenset(p for p, first in beginnings.items() if first > 0)

    def _consumer(self) -> AIOKafkaConsumer:
        if self._kafka is None:
            raise KafkaError("the consumer is not running")
        return self._kafka
