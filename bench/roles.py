"""One role in a process of its own: `python -m bench.roles ROLE JSON`.

Prints `ready` once it is in place, and one JSON line with what it measured when it is done.
"""

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from bench import floors, kit
from rcm.db import Tx
from rcm.events import Received, Subscriptions
from rcm.events.consumer import Consumer
from rcm.events.relay import Relay
from rcm.migrations import DatabaseUrls


def place_of(given: dict[str, Any]) -> kit.Place:
    return kit.Place(
        DatabaseUrls(given["owner"], given["app"], given["relay"]),
        given["admin"],
        given["bootstrap"],
        given["prefix"],
    )


def arguments_of(place: kit.Place, **more: Any) -> str:
    urls = {"owner": place.urls.owner, "app": place.urls.app, "relay": place.urls.relay}
    rest = {"admin": place.admin_url, "bootstrap": place.bootstrap, "prefix": place.prefix}
    return json.dumps(urls | rest | more)


def say(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


async def floor_relay(place: kit.Place, given: dict[str, Any]) -> None:
    connection = await asyncpg.connect(place.urls.owner)
    producer = floor_producer(place)
    await producer.start()
    say("ready")
    await floors.relay(connection, producer, expected=given["expected"])
    await producer.stop()


async def floor_consumer(place: kit.Place, given: dict[str, Any]) -> None:
    connection = await asyncpg.connect(place.urls.owner)
    consumer = floor_reader(place, place.topic)
    await consumer.start()
    while not consumer.assignment():
        await asyncio.sleep(0.05)
    say("ready")
    await floors.consume(connection, consumer, expected=given["expected"])
    await consumer.stop()


def floor_producer(place: kit.Place) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        bootstrap_servers=place.bootstrap, acks="all", enable_idempotence=True, linger_ms=2,
        max_batch_size=512 * 1024,
    )  # fmt: skip


def floor_reader(place: kit.Place, topic: str, group: str = "floor") -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        topic,
        bootstrap_servers=place.bootstrap,
        group_id=f"{place.prefix}{group}",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=2 * 1024 * 1024,
    )


async def our_relay(place: kit.Place, given: dict[str, Any]) -> None:
    relay, stop = Relay(place.urls.relay, place.bootstrap, prefix=place.prefix), asyncio.Event()
    running = asyncio.create_task(relay.run(stop))
    await until(lambda: relay.health()["shards_held"] == 64)
    say("ready")
    await until(lambda: relay.health()["published"] >= given["expected"])
    stop.set()
    await running


async def our_consumer(place: kit.Place, given: dict[str, Any]) -> None:
    database, stop = place.database(), asyncio.Event()
    consumer = Consumer(kit.one_statement(), database, place.bootstrap, prefix=place.prefix)
    running = asyncio.create_task(consumer.run(stop))
    await until(lambda: consumer.health()["ready"])
    say("ready")
    await until(lambda: consumer.health()["applied"] >= given["expected"])
    stop.set()
    await running
    await database.close()


async def clocked_consumer(place: kit.Place, given: dict[str, Any]) -> None:
    """Notes when each event's effect has committed."""
    database, stop = place.database(), asyncio.Event()
    seen: dict[int, float] = {}
    subscriptions = Subscriptions("bench-svc")

    @subscriptions.on(kit.ThingHappened)
    async def store(batch: Sequence[Received[kit.ThingHappened]], tx: Tx) -> None:
        await kit.one_statement().handlers[kit.ThingHappened](batch, tx)
        numbers = [received.event.number for received in batch]
        tx.after_commit(lambda: seen.update(dict.fromkeys(numbers, time.time())))

    consumer = Consumer(subscriptions, database, place.bootstrap, prefix=place.prefix)
    running = asyncio.create_task(consumer.run(stop))
    await until(lambda: consumer.health()["ready"])
    say("ready")
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(until(lambda: len(seen) >= given["expected"]), given["limit_s"])
    stop.set()
    await running
    await database.close()
    say(json.dumps(seen))


async def clocked_floor_consumer(place: kit.Place, given: dict[str, Any]) -> None:
    """The bare consumer; notes when each event's effect has committed."""
    seen: dict[int, float] = {}
    connection = await asyncpg.connect(place.urls.owner)
    consumer = floor_reader(place, place.topic)
    await consumer.start()
    while not consumer.assignment():
        await asyncio.sleep(0.05)
    say("ready")
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(given["limit_s"]):
            await floors.consume(
                connection,
                consumer,
                expected=given["expected"],
                applied=lambda numbers: seen.update(dict.fromkeys(numbers, time.time())),
            )
    await consumer.stop()
    await connection.close()
    say(json.dumps(seen))


async def until(holds: Callable[[], bool]) -> None:
    while not holds():
        await asyncio.sleep(0.005)


ROLES: dict[str, Callable[[kit.Place, dict[str, Any]], Awaitable[None]]] = {
    "floor-relay": floor_relay,
    "floor-consumer": floor_consumer,
    "our-relay": our_relay,
    "our-consumer": our_consumer,
    "clocked-consumer": clocked_consumer,
    "clocked-floor-consumer": clocked_floor_consumer,
}


class Child:
    """A role in its own process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    @classmethod
    async def start(cls, role: str, place: kit.Place, **given: Any) -> "Child":
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.roles", role, arguments_of(place, **given),
            stdout=asyncio.subprocess.PIPE, limit=64 * 1024 * 1024,
        )  # fmt: skip
        assert process.stdout is not None
        line = await process.stdout.readline()
        if line.strip() != b"ready":
            raise SystemExit(f"{role} did not start")
        return cls(process)

    async def done(self) -> bytes:
        """What it printed last; raises when it failed."""
        assert self.process.stdout is not None
        output = await self.process.stdout.read()
        if await self.process.wait():
            raise SystemExit("a role failed")
        return output


if __name__ == "__main__":
    parsed = json.loads(sys.argv[2])
    asyncio.run(ROLES[sys.argv[1]](place_of(parsed), parsed))
