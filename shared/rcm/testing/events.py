"""A service with a database, topics of its own, and every part of the data path at hand.

Its handlers leave one row in `effect` per event, and nothing there stops a second one: what the
inbox and the gate let through is what shows.
"""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from rcm.contracts.base import Event
from rcm.contracts.claims import ClaimClosed, ClaimHeld, ClaimStatusChanged
from rcm.db import Database, Tx
from rcm.events import Consumer, ParkingWorker, Received, Relay, Subscriptions, publish
from rcm.events.applier import Applied, Applier
from rcm.events.envelope import headers_of, key_of
from rcm.events.intake import Intake
from rcm.events.items import StoredRecord
from rcm.events.layout import lay_out
from rcm.events.topics import admin, dead_letter_topic, ensure_topics
from rcm.ids import NO_TENANT
from rcm.migrations import DatabaseUrls
from rcm.security.kek import LocalKey
from rcm.security.keyring import FileKeyring
from rcm.testing.databases import connected, service_database
from rcm.testing.samples import sample

EFFECTS = Path(__file__).parent / "migrations"
SERVICE = "events"
PARTITIONS = 12
TOPIC = "claims.claim.v1"
SHORT_TIERS = tuple(timedelta(milliseconds=wait) for wait in (50, 100, 200))


@dataclass
class Handling:
    """Handlers that write one row per event and do what a test tells them."""

    consumer: str = "listener"
    fails: Callable[[Received[Any]], object] | None = None
    before: Callable[[Sequence[Received[Any]]], Any] | None = None
    calls: list[list[str]] = field(default_factory=list)
    also: tuple[type[Event], ...] = (ClaimStatusChanged,)

    def subscriptions(self) -> Subscriptions:
        found = Subscriptions(self.consumer)

        @found.on(ClaimHeld, *self.also)
        async def record(batch: Sequence[Received[Any]], tx: Tx) -> None:
            self.calls.append([received.id for received in batch])
            if self.before is not None:
                await self.before(batch)
            for received in batch:
                if self.fails is not None:
                    self.fails(received)
            await tx.execute(
                """INSERT INTO effect (tenant_id, consumer, stream, sequence, event_id, event_type)
                   SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[],
                                        $5::uuid[], $6::text[])""",
                [received.tenant_id for received in batch],
                [self.consumer for _ in batch],
                [received.key for received in batch],
                [received.sequence for received in batch],
                [received.event_id for received in batch],
                [received.event_type for received in batch],
            )

        return found


@dataclass
class Lab:
    """Everything a test of the data path needs."""

    urls: DatabaseUrls
    database: Database
    bootstrap: str
    prefix: str
    tenant: UUID
    superuser: asyncpg.Connection

    async def say(self, *events: Event) -> None:
        async with self.database.transaction([self.tenant]) as tx:
            await publish(tx, events)

    def held(self, claim: UUID, **changes: object) -> ClaimHeld:
        return sample(ClaimHeld, tenant_id=self.tenant, claim_id=claim, **changes)

    def closed(self, claim: UUID) -> ClaimClosed:
        return sample(ClaimClosed, tenant_id=self.tenant, claim_id=claim)

    def changed(self, claim: UUID) -> ClaimStatusChanged:
        return sample(ClaimStatusChanged, tenant_id=self.tenant, claim_id=claim)

    async def outbox_records(self) -> list[StoredRecord]:
        """The events that a relay would send, without a broker; no dead letters."""
        rows = await self.superuser.fetch(
            """SELECT id, tenant_id::text, event_id::text, topic, aggregate_id, aggregate_sequence,
                      ce_type, key, value, headers, created_at
                 FROM outbox WHERE aggregate_sequence IS NOT NULL ORDER BY id"""
        )
        return [
            StoredRecord(
                self.prefix + row["topic"],
                0,
                number,
                int(row["created_at"].timestamp() * 1000),
                key_of(row),
                row["value"],
                tuple(headers_of(row)),
            )
            for number, row in enumerate(rows)
        ]

    async def records(self, *events: Event) -> list[StoredRecord]:
        """Publish, and take what was published out of the outbox."""
        await self.say(*events)
        found = await self.outbox_records()
        await self.superuser.execute("DELETE FROM outbox WHERE aggregate_sequence IS NOT NULL")
        return found

    async def apply(
        self,
        handling: Handling,
        records: Iterable[Any],
        *,
        tenants: Iterable[UUID] | None = None,
        truncated: bool = False,
        by: Applier | None = None,
    ) -> Applied:
        """One poll through intake and transaction, of an applier that has seen others or none."""
        subscriptions = handling.subscriptions()
        intake = Intake(subscriptions.handlers, prefix=self.prefix)
        if tenants is not None:
            intake.only(tenants)
        items = [intake.read(record) for record in records]
        for item in items:
            item.truncated = truncated
        wanted = [item for item in items if item.sequence is not None or item.fault is not None]
        return await (by or self.applier(handling)).apply(lay_out(wanted))

    def applier(self, handling: Handling) -> Applier:
        return Applier(self.database, handling.subscriptions(), tiers=SHORT_TIERS)

    def worker(self, handling: Handling, tenants: Iterable[UUID] | None = None) -> ParkingWorker:
        known = frozenset(tenants if tenants is not None else {self.tenant})

        async def active() -> frozenset[UUID]:
            return known

        return ParkingWorker(
            handling.subscriptions(),
            self.database,
            self.urls.app,
            prefix=self.prefix,
            tenants=active,
            tiers=SHORT_TIERS,
        )

    async def effects(self, consumer: str = "listener") -> list[tuple[str, int]]:
        """(stream, sequence) in the order of their happening."""
        rows = await self.superuser.fetch(
            "SELECT stream, sequence FROM effect WHERE consumer = $1 ORDER BY n", consumer
        )
        return [(row["stream"], row["sequence"]) for row in rows]

    async def parked(self) -> list[tuple[int, str, str]]:
        """(sequence, reason, state) in the order in which they are tried."""
        rows = await self.superuser.fetch(
            "SELECT sequence, reason, state FROM parked ORDER BY aggregate_id, sequence, pos"
        )
        return [(row["sequence"], row["reason"], row["state"]) for row in rows]

    def relay(self, **options: Any) -> Relay:
        return Relay(self.urls.relay, self.bootstrap, prefix=self.prefix, **options)

    def consumer(self, handling: Handling, **options: Any) -> Consumer:
        return Consumer(
            handling.subscriptions(),
            self.database,
            self.bootstrap,
            prefix=self.prefix,
            tiers=SHORT_TIERS,
            **options,
        )

    @contextlib.asynccontextmanager
    async def running(self, *parts: Any) -> AsyncIterator[None]:
        stop = asyncio.Event()
        tasks = [asyncio.create_task(part.run(stop)) for part in parts]
        try:
            yield
        finally:
            stop.set()
            await asyncio.gather(*tasks)

    async def switch(self, part: str, name: str, *, paused: bool) -> None:
        """As an operator: pause or resume the relay or a consumer."""
        await self.superuser.execute(
            """INSERT INTO event_control (tenant_id, part, name, paused, changed_by)
               VALUES ($1, $2, $3, $4, 'test')
               ON CONFLICT (tenant_id, part, name) DO UPDATE SET paused = excluded.paused""",
            NO_TENANT,
            part,
            name,
            paused,
        )

    async def on_topic(self, topic: str = TOPIC) -> list[Any]:
        """Every record of a topic, partition by partition."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, enable_auto_commit=False)
        await consumer.start()
        try:
            places = [TopicPartition(self.prefix + topic, number) for number in range(PARTITIONS)]
            consumer.assign(places)
            ends = await consumer.end_offsets(places)
            for place, beginning in (await consumer.beginning_offsets(places)).items():
                consumer.seek(place, beginning)
            found: list[Any] = []
            while any([await consumer.position(place) < ends[place] for place in places]):
                for batch in (await consumer.getmany(timeout_ms=500)).values():
                    found += batch
        finally:
            await consumer.stop()
        return sorted(found, key=lambda record: (record.partition, record.offset))

    async def letters(self, consumer: str = "listener") -> list[Any]:
        return await self.on_topic(dead_letter_topic(TOPIC, consumer))

    async def put(
        self, key: bytes | None, value: bytes | None, headers: Iterable[tuple[str, bytes]] = ()
    ) -> None:
        """Write to the topic behind the outbox's back."""
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap)
        await producer.start()
        try:
            await producer.send_and_wait(
                self.prefix + TOPIC, value, key=key, headers=list(headers), partition=0
            )
        finally:
            await producer.stop()


async def eventually(question: Callable[[], Any], timeout_s: float = 20.0) -> Any:
    """The first true answer; fails with the last one."""
    answer: Any = None
    deadline = asyncio.get_running_loop().time() + timeout_s
    while asyncio.get_running_loop().time() < deadline:
        answer = question()
        if asyncio.iscoroutine(answer):
            answer = await answer
        if answer:
            return answer
        await asyncio.sleep(0.02)
    raise AssertionError(f"still {answer!r} after {timeout_s} s")


@contextlib.asynccontextmanager
async def offline_lab(admin_url: str, bootstrap: str, directory: Path) -> AsyncIterator[Lab]:
    """A lab without topics, for what needs no broker. `directory` takes the keyring."""
    tenant = uuid.uuid4()
    keyring = FileKeyring.create(directory / "keys.json", LocalKey(bytes(32)))
    keyring.add_tenant(tenant)
    async with service_database(admin_url, SERVICE, [EFFECTS]) as urls:
        database = Database(urls.app, application_name="lab", keyring=keyring)
        name = urls.app.rsplit("/", 1)[1]
        try:
            async with connected(admin_url, name) as superuser:
                prefix = f"t{uuid.uuid4().hex[:8]}."
                yield Lab(urls, database, bootstrap, prefix, tenant, superuser)
        finally:
            await database.close()


@contextlib.asynccontextmanager
async def with_topics(lab: Lab, *consumers: str) -> AsyncIterator[Lab]:
    """The lab's topics, deleted at the end."""
    listeners = [Handling(consumer=name).subscriptions() for name in consumers or ("listener",)]
    await ensure_topics(lab.bootstrap, lab.prefix, subscriptions=listeners)
    try:
        yield lab
    finally:
        async with admin(lab.bootstrap) as client:
            names = await client.list_topics()
            await client.delete_topics([name for name in names if name.startswith(lab.prefix)])
