"""The kit under measure: a database with its schema, one event, one handler with one effect."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from rcm.contracts.base import Event, Topic
from rcm.db import Database, Tx
from rcm.events import Received, Subscriptions
from rcm.migrations import EVENTS, SECURITY, DatabaseUrls, provision, upgrade
from rcm.security.tenants import register

TENANT = UUID("7e57c0de-0000-4000-8000-00000000beac")
PARTITIONS = 12
TOPIC = Topic("bench.thing.v1", "bench-svc", "What the bench sends.")

EFFECT = """
    CREATE TABLE effect (
      tenant_id uuid NOT NULL, event_id uuid NOT NULL, number bigint NOT NULL,
      cents bigint NOT NULL, padding text, PRIMARY KEY (tenant_id, event_id));
    ALTER TABLE effect ENABLE ROW LEVEL SECURITY;
    ALTER TABLE effect FORCE ROW LEVEL SECURITY;
    -- As `rcm.migrations.protect` has it.
    CREATE POLICY tenants ON effect
      USING (tenant_id = ANY ((SELECT current_setting('app.tenants')::uuid[])::uuid[]));
    GRANT SELECT, INSERT ON effect TO bench_svc_app;
"""


class ThingHappened(Event, topic=TOPIC, key="thing_id"):
    """About 700 bytes on the wire, like an ordinary event of ours."""

    thing_id: str
    number: int
    cents: int
    padding: str


@dataclass(frozen=True)
class Place:
    """A fresh database and topic prefix, and the broker."""

    urls: DatabaseUrls
    admin_url: str
    bootstrap: str
    prefix: str

    @property
    def topic(self) -> str:
        return self.prefix + TOPIC.name

    def database(self, *, pool_size: int = 4) -> Database:
        return Database(self.urls.app, application_name="bench", pool_size=pool_size)


async def make_place(admin_url: str, bootstrap: str) -> Place:
    """A database of its own with kit, effect and floor tables; a topic of its own."""
    from bench.floors import SCHEMA  # noqa: PLC0415 - the floors import this module's constants

    name = f"bench_{secrets.token_hex(4)}"
    urls = await provision(admin_url, "bench-svc", password=secrets.token_hex(8), database=name)
    await upgrade(urls.owner, "bench-svc", [EVENTS, SECURITY])
    place = Place(urls, admin_url, bootstrap, f"{name}.")
    owner = await asyncpg.connect(urls.owner)
    await owner.execute(EFFECT)
    await owner.execute(SCHEMA)
    await owner.close()
    database = place.database()
    await register(database, TENANT, name_code="bench")
    await database.close()
    await make_topic(place, place.topic)
    return place


async def drop_place(place: Place) -> None:
    admin = await asyncpg.connect(place.admin_url)
    await admin.execute(f'DROP DATABASE "{place.prefix.rstrip(".")}" WITH (FORCE)')
    await admin.close()


async def make_topic(place: Place, name: str) -> None:
    client = AIOKafkaAdminClient(bootstrap_servers=place.bootstrap)
    await client.start()
    try:
        await client.create_topics([NewTopic(name, PARTITIONS, 1)])
    finally:
        await client.close()
    await asyncio.sleep(0.5)


def things(count: int, *, keys: int, size: int) -> list[ThingHappened]:
    padding = "x" * max(0, size - 190)
    return [
        ThingHappened(
            tenant_id=TENANT,
            thing_id=f"aggregate-{number % keys}",
            number=number,
            cents=number % 10_000,
            padding=padding,
        )
        for number in range(count)
    ]


def one_statement(name: str = "bench-svc") -> Subscriptions:
    """A consumer whose handler gives its effect as one statement."""
    subscriptions = Subscriptions(name)

    @subscriptions.on(ThingHappened)
    async def store(batch: Sequence[Received[ThingHappened]], tx: Tx) -> None:
        await tx.execute(
            """INSERT INTO effect (tenant_id, event_id, number, cents, padding)
               SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[],
                                    $5::text[])""",
            [TENANT] * len(batch),
            [received.id for received in batch],
            [received.event.number for received in batch],
            [received.event.cents for received in batch],
            [received.event.padding for received in batch],
        )

    return subscriptions
