"""Events beside their floors: insert, relay, consume, all at once; and commit to effect."""

import asyncio
import gc
import json
import statistics
import time
from collections.abc import Awaitable, Callable

import asyncpg
from rich.console import Console
from rich.table import Table

from bench import floors, kit
from bench.floors import Clock
from bench.roles import Child, floor_producer, floor_reader, until
from rcm.events import publish
from rcm.events.consumer import Consumer
from rcm.events.relay import Relay
from rcm_local.providers import Addresses

EVENTS, KEYS, SIZE = 60_000, 6_000, 700
BATCH = 500
TURNS = 5
RATE, SECONDS, POOL = 500, 10, 16
COUNT = RATE * SECONDS


async def main(console: Console, addresses: Addresses) -> None:
    """Each stage alone, then all three at once in three processes."""
    place = await kit.make_place(addresses.postgres_admin_url, addresses.kafka_bootstrap)
    found = Table("stage", "floor ev/s", "ours ev/s", "ratio", box=None)
    for name, floor, ours in (
        ("outbox insert, 500 a transaction", floor_insert, our_insert),
        ("relay", floor_relay, our_relay),
    ):
        _row(found, name, await floor(place), await ours(place))
    _row(found, "consume, effect in one statement", *await consuming(place))
    await kit.drop_place(place)
    floor_place = await kit.make_place(addresses.postgres_admin_url, addresses.kafka_bootstrap)
    floor_rate = await floor_pipeline(floor_place)
    await kit.drop_place(floor_place)
    our_place = await kit.make_place(addresses.postgres_admin_url, addresses.kafka_bootstrap)
    _row(found, "insert + relay + consume at once", floor_rate, await our_pipeline(our_place))
    await kit.drop_place(our_place)
    console.print(found)


def _row(table: Table, name: str, floor: float, ours: float) -> None:
    table.add_row(name, f"{floor:,.0f}", f"{ours:,.0f}", f"{ours / floor:.2f}")


async def floor_insert(place: kit.Place) -> float:
    connection = await asyncpg.connect(place.urls.owner)
    rows = floors.rows(EVENTS, keys=KEYS, size=SIZE)
    with Clock() as clock:
        await floors.insert(connection, place.topic, rows, BATCH)
    await connection.close()
    return EVENTS / clock.seconds


async def our_insert(place: kit.Place) -> float:
    database = place.database()
    events = kit.things(EVENTS, keys=KEYS, size=SIZE)
    async with database.transaction([kit.TENANT]):
        pass
    with Clock() as clock:
        for part in floors.parts(events, BATCH):
            async with database.transaction([kit.TENANT]) as tx:
                await publish(tx, part)
    await database.close()
    return EVENTS / clock.seconds


async def floor_relay(place: kit.Place) -> float:
    connection = await asyncpg.connect(place.urls.owner)
    await kit.make_topic(place, f"{place.prefix}floor")
    await connection.execute("UPDATE floor_outbox SET topic = $1", f"{place.prefix}floor")
    await connection.execute("VACUUM ANALYZE floor_outbox")
    producer = floor_producer(place)
    await producer.start()
    with Clock() as clock:
        await floors.relay(connection, producer, expected=EVENTS)
    await producer.stop()
    await connection.close()
    return EVENTS / clock.seconds


async def our_relay(place: kit.Place) -> float:
    relay, stop = Relay(place.urls.relay, place.bootstrap, prefix=place.prefix), asyncio.Event()
    running = asyncio.create_task(relay.run(stop))
    await until(lambda: relay.health()["published"] > 0)
    with Clock() as clock:
        already = relay.health()["published"]
        await until(lambda: relay.health()["published"] >= EVENTS)
    stop.set()
    await running
    return (EVENTS - already) / clock.seconds


async def consuming(place: kit.Place) -> tuple[float, float]:
    """The same records again and again, by turns: of one pair of runs each may have had the worse
    moment. The median of the floor, and that of ours."""
    owner = await asyncpg.connect(place.urls.owner)
    floor, ours = [], []
    for turn in range(TURNS):
        await owner.execute("TRUNCATE consumed_sequence, inbox, effect, floor_inbox, floor_effect")
        gc.collect()
        floor.append(await floor_consume(place, f"floor-{turn}"))
        gc.collect()
        ours.append(await our_consume(place, f"bench-svc-{turn}"))
    await owner.close()
    return statistics.median(floor), statistics.median(ours)


async def floor_consume(place: kit.Place, group: str) -> float:
    connection = await asyncpg.connect(place.urls.owner)
    consumer = floor_reader(place, f"{place.prefix}floor", group)
    await consumer.start()
    while not consumer.assignment():
        await asyncio.sleep(0.01)
    with Clock() as clock:
        await floors.consume(connection, consumer, expected=EVENTS)
    await consumer.stop()
    await connection.close()
    return EVENTS / clock.seconds


async def our_consume(place: kit.Place, name: str) -> float:
    database, stop = place.database(), asyncio.Event()
    consumer = Consumer(kit.one_statement(name), database, place.bootstrap, prefix=place.prefix)
    running = asyncio.create_task(consumer.run(stop))
    await until(lambda: consumer.health()["ready"])
    with Clock() as clock:
        already = consumer.health()["applied"]
        await until(lambda: consumer.health()["applied"] >= EVENTS)
    stop.set()
    await running
    await database.close()
    return (EVENTS - already) / clock.seconds


async def floor_pipeline(place: kit.Place) -> float:
    relay = await Child.start("floor-relay", place, expected=EVENTS)
    consumer = await Child.start("floor-consumer", place, expected=EVENTS)
    return await _pipeline(lambda: floor_insert(place), relay, consumer)


async def our_pipeline(place: kit.Place) -> float:
    relay = await Child.start("our-relay", place, expected=EVENTS)
    consumer = await Child.start("our-consumer", place, expected=EVENTS)
    return await _pipeline(lambda: our_insert(place), relay, consumer)


async def _pipeline(insert: Callable[[], Awaitable[float]], *children: Child) -> float:
    with Clock() as clock:
        await insert()
        await asyncio.gather(*(child.done() for child in children))
    return EVENTS / clock.seconds


async def latency(console: Console, addresses: Addresses) -> None:
    """Commit to effect at a steady rate, bare and ours: writers and relay in one process, the
    consumer in another. What the disk and the machine cost shows in the floor."""
    found = Table(f"commit to effect at {RATE}/s over {SECONDS} s", "seen", "p50 ms", "p95 ms",
                  "p99 ms", box=None)  # fmt: skip
    for name, measure in (("floor", floor_latency), ("ours", our_latency)):
        place = await kit.make_place(addresses.postgres_admin_url, addresses.kafka_bootstrap)
        waits_ms = await measure(place)
        await kit.drop_place(place)
        cuts = statistics.quantiles(waits_ms, n=100)
        found.add_row(name, f"{len(waits_ms):,}", *(f"{cuts[at]:.1f}" for at in (49, 94, 98)))
    console.print(found)


async def floor_latency(place: kit.Place) -> list[float]:
    """Bare writers on a pool, and the bare relay on its own connection."""
    pool = await asyncpg.create_pool(place.urls.owner, min_size=POOL, max_size=POOL)
    connection, producer = await asyncpg.connect(place.urls.owner), floor_producer(place)
    await producer.start()
    relaying = asyncio.create_task(floors.relay(connection, producer, expected=COUNT))
    rows = floors.rows(COUNT, keys=KEYS, size=SIZE)

    async def write(number: int) -> None:
        async with pool.acquire() as writer:
            await floors.insert(writer, place.topic, [rows[number]], 1)

    waits_ms = await _waits(place, "clocked-floor-consumer", write)
    await relaying
    await producer.stop()
    await connection.close()
    await pool.close()
    return waits_ms


async def our_latency(place: kit.Place) -> list[float]:
    """Transactions that publish, and the relay that they wake."""
    database, stop = place.database(pool_size=POOL), asyncio.Event()
    relay = Relay(place.urls.relay, place.bootstrap, prefix=place.prefix)
    running = asyncio.create_task(relay.run(stop))
    events = kit.things(COUNT, keys=KEYS, size=SIZE)

    async def write(number: int) -> None:
        async with database.transaction([kit.TENANT]) as tx:
            await publish(tx, [events[number]])

    waits_ms = await _waits(place, "clocked-consumer", write)
    stop.set()
    await running
    await database.close()
    return waits_ms


async def _waits(
    place: kit.Place, role: str, write: Callable[[int], Awaitable[None]]
) -> list[float]:
    """Milliseconds from each commit to its effect, in order of size."""
    child = await Child.start(role, place, expected=COUNT, limit_s=3 * SECONDS + 15)
    committed: dict[int, float] = {}

    async def request(number: int) -> None:
        await write(number)
        committed[number] = time.time()

    began = time.perf_counter()
    # A request waits for no other, as in a service.
    async with asyncio.TaskGroup() as requests:
        for number in range(COUNT):
            await asyncio.sleep(max(0.0, began + number / RATE - time.perf_counter()))
            requests.create_task(request(number))
    seen = {int(number): at for number, at in json.loads(await child.done()).items()}
    # The first second warms connections and plans.
    return sorted((seen[number] - committed[number]) * 1000 for number in seen if number >= RATE)
