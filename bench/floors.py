"""The floors: bare asyncpg and bare aiokafka doing the work of the kit, with none of its promises.

No tenants, no sealing, no sequence, no isolation, no telemetry. Whatever the kit adds shows as the
ratio to these. The consumer floor does inbox and effect in one statement, since round trips decide.
"""

import asyncio
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from rcm.ids import new_id

SHARDS = 64
SCHEMA = """
    CREATE TABLE floor_outbox (
      shard smallint, id bigint GENERATED ALWAYS AS IDENTITY, event_id uuid, topic text,
      key bytea, value bytea, PRIMARY KEY (shard, id));
    CREATE INDEX floor_outbox_order ON floor_outbox (id);
    CREATE TABLE floor_inbox (consumer text, event_id uuid, PRIMARY KEY (consumer, event_id));
    CREATE TABLE floor_effect (
      event_id uuid PRIMARY KEY, number bigint NOT NULL, cents bigint NOT NULL, padding text);
"""


@dataclass(frozen=True)
class Row:
    event_id: UUID
    key: str
    value: bytes


def rows(count: int, *, keys: int, size: int) -> list[Row]:
    """Events of about `size` bytes, spread evenly over `keys` aggregates."""
    padding = "x" * max(0, size - 120)
    return [
        Row(
            new_id(),
            f"aggregate-{number % keys}",
            orjson.dumps({"number": number, "cents": number % 10_000, "padding": padding}),
        )
        for number in range(count)
    ]


async def insert(connection: asyncpg.Connection, topic: str, events: list[Row], batch: int) -> None:
    """The outbox insert by unnest, `batch` rows a transaction."""
    for part in parts(events, batch):
        await connection.execute(
            """INSERT INTO floor_outbox (shard, event_id, topic, key, value)
               SELECT s, e, $5, k, v
               FROM unnest($1::smallint[], $2::uuid[], $3::bytea[], $4::bytea[])
                 AS t (s, e, k, v)""",
            [zlib.crc32(row.key.encode()) % SHARDS for row in part],
            [row.event_id for row in part],
            [row.key.encode() for row in part],
            [row.value for row in part],
            topic,
        )


def parts(events: list[Row], size: int) -> list[list[Row]]:
    return [events[start : start + size] for start in range(0, len(events), size)]


async def relay(
    connection: asyncpg.Connection, producer: AIOKafkaProducer, *, expected: int, batch: int = 1000
) -> None:
    """Read what is left in id order, send pipelined, delete what the broker took."""
    done = 0
    while done < expected:
        found = await connection.fetch(
            "SELECT shard, id, event_id, topic, key, value FROM floor_outbox ORDER BY id LIMIT $1",
            batch,
        )
        if not found:
            await asyncio.sleep(0.002)
            continue
        futures = [
            await producer.send(
                row["topic"],
                row["value"],
                key=row["key"],
                headers=[("ce_id", str(row["event_id"]).encode())],
            )
            for row in found
        ]
        await asyncio.gather(*futures)
        await connection.execute(
            """DELETE FROM floor_outbox USING unnest($1::smallint[], $2::bigint[]) AS t (s, i)
               WHERE shard = s AND id = i""",
            [row["shard"] for row in found],
            [row["id"] for row in found],
        )
        done += len(found)


async def consume(
    connection: asyncpg.Connection,
    consumer: AIOKafkaConsumer,
    *,
    expected: int,
    batch: int = 2000,
    applied: Callable[[list[int]], None] | None = None,
) -> None:
    """Poll, decode, inbox and effect in one statement, offsets after. `applied` hears the numbers
    of what has committed."""
    done = 0
    while done < expected:
        polled = await consumer.getmany(timeout_ms=300, max_records=batch)
        records = [record for part in polled.values() for record in part]
        if not records:
            continue
        bodies = [orjson.loads(record.value) for record in records]
        await connection.execute(
            """WITH fresh AS (
                 INSERT INTO floor_inbox (consumer, event_id)
                 SELECT 'floor', e FROM unnest($1::uuid[]) AS t (e)
                 ON CONFLICT DO NOTHING RETURNING event_id)
               INSERT INTO floor_effect (event_id, number, cents, padding)
               SELECT e, n, c, p
               FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[]) AS t (e, n, c, p)
               JOIN fresh ON fresh.event_id = e""",
            [dict(record.headers)["ce_id"].decode() for record in records],
            [body["number"] for body in bodies],
            [body["cents"] for body in bodies],
            [body["padding"] for body in bodies],
        )
        if applied is not None:
            applied([body["number"] for body in bodies])
        await consumer.commit(
            {
                TopicPartition(place.topic, place.partition): part[-1].offset + 1
                for place, part in polled.items()
                if part
            }
        )
        done += len(records)


class Clock:
    """Seconds of a block, as `clock.seconds`."""

    def __enter__(self) -> "Clock":
        self._began = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._began
