"""The Kafka producer's life: batches built per partition, a deadline, and a new producer whenever
the old one cannot be trusted any more.

An idempotent producer in aiokafka never expires a batch, and after a fatal error it stays broken
until it is recreated; hence our own deadline and `rebuild`. Abandoned batches may still reach the
broker: as duplicates, behind or before the same rows sent again, never as a new order.
"""

import asyncio
import contextlib
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    ProducerClosed,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from rcm import log
from rcm.events import telemetry
from rcm.events.envelope import Row, headers_of, key_of

_log = log.get(__name__)

DEADLINE_S = 15.0
# One produce request holds at most one batch per partition; a batch stays below the broker's 1 MiB.
BATCH_BYTES = 512 * 1024
METADATA_WAIT_S = 5.0

# The broker will refuse this record every time.
HARD = (MessageSizeTooLargeError, RecordListTooLargeError, InvalidTopicError)

Rows = Sequence[Row]
Place = tuple[str, int]


@dataclass(slots=True)
class Delivery:
    """What became of the rows of one `send`."""

    delivered: list[Row] = field(default_factory=list)
    refused: list[tuple[Row, str]] = field(default_factory=list)
    """Rows that the broker will never take, with the error's name; later rows of their key were
    not sent."""
    kept: int = 0
    """Rows that were not acknowledged: they stay and are sent again."""
    missing_topics: set[str] = field(default_factory=set)


def partition_of(key: bytes | None, partitions: int) -> int:
    """CRC-32, librdkafka's `consistent` partitioner: murmur2 in Python costs more than the rest of
    sending. One owner writes a topic, so nobody else has to agree."""
    return zlib.crc32(key or b"") % partitions


class Producer:
    """Sends outbox rows. Not for two tasks at once."""

    def __init__(self, bootstrap: str, *, prefix: str = "", deadline_s: float = DEADLINE_S) -> None:
        self._bootstrap, self._prefix, self._deadline_s = bootstrap, prefix, deadline_s
        self._kafka: AIOKafkaProducer | None = None
        self._partitions: dict[str, int] = {}
        self._burials: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Raises KafkaError when no broker answers."""
        if self._kafka is not None:
            return
        kafka = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            acks="all",
            enable_idempotence=True,
            linger_ms=0,
            max_batch_size=BATCH_BYTES,
            request_timeout_ms=int(self._deadline_s * 1000),
            metadata_max_age_ms=60_000,
        )
        try:
            await kafka.start()
        except BaseException:
            await _bury(kafka)
            raise
        self._kafka = kafka

    async def stop(self) -> None:
        """Let what was sent arrive, for a moment."""
        kafka, self._kafka = self._kafka, None
        if kafka is not None:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(5):
                    await kafka.stop()
            await _bury(kafka)
        if self._burials:
            await asyncio.wait(self._burials, timeout=5)

    def rebuild(self) -> None:
        """Throw the producer away; the next `send` makes a new one with a new producer id."""
        kafka, self._kafka = self._kafka, None
        self._partitions.clear()
        if kafka is not None:
            telemetry.REBUILDS.inc()
            burial = asyncio.create_task(_bury(kafka))
            self._burials.add(burial)
            burial.add_done_callback(self._burials.discard)

    async def send(self, rows: Rows) -> Delivery:
        """Send rows in this order per key, and wait until each is acknowledged or given up."""
        delivery = Delivery()
        try:
            await self.start()
            places = await self._placed(rows, delivery)
        except (KafkaError, OSError, TimeoutError) as error:
            _log.warning("no broker takes events", error_type=type(error).__name__)
            self.rebuild()
            delivery.kept = len(rows)
            return delivery
        lanes = [asyncio.ensure_future(self._lane(place, found)) for place, found in places.items()]
        try:
            if lanes:
                await asyncio.wait(lanes, timeout=self._deadline_s)
        finally:
            for lane in lanes:
                lane.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)
        await self._judge(list(places.items()), lanes, delivery)
        return delivery

    async def _placed(self, rows: Rows, delivery: Delivery) -> dict[Place, list[Row]]:
        places: dict[Place, list[Row]] = {}
        for topic in {row["topic"] for row in rows} - self._partitions.keys():
            found = await self._count_partitions(topic)
            if found:
                self._partitions[topic] = found
            else:
                delivery.missing_topics.add(topic)
        for row in rows:
            partitions = self._partitions.get(row["topic"])
            if partitions is None:
                delivery.kept += 1
                continue
            place = (row["topic"], partition_of(key_of(row), partitions))
            places.setdefault(place, []).append(row)
        return places

    async def _count_partitions(self, topic: str) -> int:
        assert self._kafka is not None  # noqa: S101 - send started it
        try:
            async with asyncio.timeout(METADATA_WAIT_S):
                return len(await self._kafka.partitions_for(self._prefix + topic))
        except (TimeoutError, UnknownTopicOrPartitionError, TopicAuthorizationFailedError) as error:
            _log.warning("a topic is missing", topic=topic, error_type=type(error).__name__)
            return 0

    async def _lane(self, place: Place, rows: Rows) -> None:
        """The rows of one partition: one batch, or several one after the other."""
        kafka = self._kafka
        assert kafka is not None  # noqa: S101 - send started it
        remaining: Iterator[Row] = iter(rows)
        while True:
            batch, left = _batch(kafka, remaining)
            await (await kafka.send_batch(batch, self._prefix + place[0], partition=place[1]))
            if left is None:
                return
            remaining = chain((left,), remaining)

    async def _judge(
        self,
        places: Sequence[tuple[Place, list[Row]]],
        lanes: Sequence[asyncio.Future[None]],
        delivery: Delivery,
    ) -> None:
        failed = False
        suspects: list[tuple[Place, list[Row]]] = []
        for (place, rows), lane in zip(places, lanes, strict=True):
            error = TimeoutError() if lane.cancelled() else lane.exception()
            if error is None:
                delivery.delivered += rows
                telemetry.SENT.labels(place[0]).inc(len(rows))
                continue
            failed = True
            if isinstance(error, HARD):
                suspects.append((place, rows))
            else:
                _log.warning(
                    "a batch was not acknowledged", topic=place[0], error_type=type(error).__name__
                )
                delivery.kept += len(rows)
        if failed:
            # A failed batch leaves a hole in the producer's sequence: no further send is safe.
            self.rebuild()
        for place, rows in suspects:
            await self._one_by_one(place, rows, delivery)

    async def _one_by_one(self, place: Place, rows: Rows, delivery: Delivery) -> None:
        """Find the record that the broker refuses; its key stops there, the others go on."""
        stopped: set[bytes | None] = set()
        for row in rows:
            if key_of(row) in stopped:
                delivery.kept += 1
                continue
            try:
                await self.start()
                async with asyncio.timeout(self._deadline_s):
                    await self._lane(place, [row])
            except HARD as error:
                delivery.refused.append((row, type(error).__name__))
                stopped.add(key_of(row))
                self.rebuild()
            except (KafkaError, OSError, TimeoutError):
                delivery.kept += 1
                stopped.add(key_of(row))
                self.rebuild()
            else:
                delivery.delivered.append(row)


def _batch(kafka: AIOKafkaProducer, rows: Iterator[Row]) -> tuple[object, Row | None]:
    """Fill one batch; the row that did not fit comes back."""
    batch = kafka.create_batch()
    append = batch.append
    for row in rows:
        taken = append(
            key=key_of(row),
            value=row["value"],
            timestamp=int(row["created_at"].timestamp() * 1000),
            headers=headers_of(row),
        )
        if taken is None:
            return batch, row
    batch.close()
    return batch, None


async def _bury(kafka: AIOKafkaProducer) -> None:
    """Stop a producer without waiting for what it never delivered.

    Its own `stop` waits for every batch, and batches of an idempotent producer wait for ever, so
    they are failed first; aiokafka has no public way to say that."""
    with contextlib.suppress(Exception):
        kafka._message_accumulator.fail_all(ProducerClosed())  # noqa: SLF001
        sender = kafka._sender  # noqa: SLF001
        async with asyncio.timeout(5):
            await kafka.client.close()
            if sender is not None and sender.sender_task is not None:
                sender.sender_task.cancel()
            await kafka.stop()
