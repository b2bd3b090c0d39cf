"""Nothing is lost, applied twice or out of order, whoever is killed; and the judge can see red."""

import asyncio
import contextlib
import os
import random
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer

from rcm.db import DatabaseUnavailable, StatementFailed
from rcm.events import faults, publish
from rcm.events.applier import Applied, Applier
from rcm.events.envelope import headers_of, key_of
from rcm.events.producer import partition_of
from rcm.events.replay import refill
from rcm.events.topics import ensure_topics
from rcm.testing import events
from rcm.testing.actors import Part, on_stage
from rcm.testing.databases import connected
from rcm.testing.events import TOPIC, Handling, Lab, eventually
from rcm.testing.history import History, Seen, check, tally

pytestmark = pytest.mark.faults

KILLS = int(os.environ.get("FAULT_KILLS", "50"))
WRITERS, CLAIMS = 8, 24
MINE = """SELECT aggregate_id, aggregate_sequence, event_id::text FROM outbox
           WHERE xmin = pg_current_xact_id()::xid ORDER BY id"""


class Journal:
    """What the writers know: acknowledged, taken back, and neither (the answer was lost)."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self.claims = [uuid.UUID(int=self.chance.getrandbits(128)) for _ in range(CLAIMS)]
        self.committed: list[Seen] = []
        self.rolled_back: set[str] = set()
        self.doubtful: list[Seen] = []

    async def write(self, lab: Lab, stop: asyncio.Event) -> None:
        """One writer: some events for a few aggregates, pauses, changes of mind, deadlocks."""
        while not stop.is_set():
            claims = self.chance.sample(self.claims, self.chance.randint(1, 3))
            mine: list[Seen] = []
            try:
                async with lab.database.transaction([lab.tenant]) as tx:
                    for claim in claims:
                        await publish(tx, [lab.held(claim) for _ in range(2)])
                        await asyncio.sleep(self.chance.choice((0, 0, 0.002, 0.01)))
                    mine = [Seen(*row) for row in await tx.fetch(MINE)]
                    self.change_mind()
            except (LookupError, StatementFailed):
                self.rolled_back.update(seen.event_id for seen in mine)
            except DatabaseUnavailable:
                self.doubtful += mine
                await asyncio.sleep(0.1)
            else:
                self.committed += mine
            await asyncio.sleep(0.01)

    def change_mind(self) -> None:
        if self.chance.random() < 0.15:
            raise LookupError

    @contextlib.asynccontextmanager
    async def writing(self, lab: Lab) -> AsyncIterator[None]:
        stop = asyncio.Event()
        writers = [asyncio.create_task(self.write(lab, stop)) for _ in range(WRITERS)]
        try:
            yield
        finally:
            stop.set()
            await asyncio.gather(*writers)


def seen(record) -> Seen:
    headers = dict(record.headers)
    return Seen(record.key.decode(), int(headers["ce_sequence"]), headers["ce_id"].decode())


async def history(lab: Lab, journal: Journal) -> History:
    effects = await lab.superuser.fetch(
        "SELECT stream, sequence, event_id::text FROM effect WHERE consumer = 'listener' ORDER BY n"
    )
    parked = await lab.superuser.fetch("SELECT event_id::text FROM parked")
    return History(
        committed=journal.committed,
        rolled_back=journal.rolled_back,
        topic=[seen(record) for record in await lab.on_topic()],
        applied=[Seen(*row) for row in effects],
        waiting={row["event_id"] for row in parked},
    )


LEFT = """
SELECT (SELECT count(*) FROM outbox) AS outbox,
       (SELECT count(*) FROM outbox_quarantine) AS quarantined,
       (SELECT json_agg(p) FROM (SELECT reason, state, error, count(*) FROM parked
                                  GROUP BY reason, state, error) AS p) AS parked,
       (SELECT count(DISTINCT event_id) FROM effect) AS applied
"""


async def until_settled(lab: Lab, journal: Journal, timeout_s: float) -> None:
    """Everything committed is applied and nothing waits; else says what does."""
    deadline = asyncio.get_running_loop().time() + timeout_s
    while True:
        left = await lab.superuser.fetchrow(LEFT)
        waiting = left["outbox"] or left["parked"] or left["quarantined"]
        if not waiting and left["applied"] >= len(journal.committed):
            return
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"{len(journal.committed)} committed, left: {dict(left)}")
        await asyncio.sleep(0.1)


@pytest.fixture
async def lab(servers, tmp_path: Path) -> AsyncIterator[Lab]:
    async with (
        events.offline_lab(servers.postgres_admin_url, servers.kafka_bootstrap, tmp_path) as found,
        events.with_topics(found),
    ):
        yield found


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [20260302, 20260303])
async def test_kill_9_of_relays_and_workers_loses_and_repeats_nothing(lab, seed):
    seed = int(os.environ.get("FAULT_SEED", seed))
    print(f"FAULT_SEED={seed}")
    journal = Journal(seed)
    parts = [
        Part(
            role,
            f"{role}-{number}",
            lab.urls.app,
            lab.urls.relay,
            lab.bootstrap,
            lab.prefix,
            lab.tenant,
            seed + place,
            0.02,
        )
        for place, (role, number) in enumerate(
            [("relay", 1), ("relay", 2), ("worker", 1), ("worker", 2)]
        )
    ]
    async with on_stage(parts) as troupe:
        async with journal.writing(lab):
            await eventually(lambda: troupe.kills >= KILLS, 400)
        troupe.spare()
        await until_settled(lab, journal, 120)
    found = await history(lab, journal)
    print(
        f"{len(found.committed)} committed, {len(found.topic)} on the topic, "
        f"{len(found.applied)} applied, deaths {troupe.deaths}"
    )
    assert check(found) == []
    assert (
        min(
            sum(n for who, n in troupe.deaths.items() if role in who)
            for role in ("relay", "worker")
        )
        > 0
    )
    assert len(found.committed) == len(found.applied) > 500


class Sender:
    """What both red controls share: send a row the way the relay does."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.chance = random.Random(1)  # noqa: S311 - pauses only

    async def __aenter__(self) -> "Sender":
        self.producer = AIOKafkaProducer(bootstrap_servers=self.lab.bootstrap, acks="all")
        await self.producer.start()
        self.connection = await asyncpg.connect(self.lab.urls.owner)
        return self

    async def __aexit__(self, *_) -> None:
        await self.connection.close()
        await self.producer.stop()

    async def send(self, rows) -> None:
        await asyncio.sleep(self.chance.choice((0, 0.01, 0.03)))
        for row in rows:
            key = key_of(row)
            await self.producer.send_and_wait(
                self.lab.prefix + row["topic"],
                row["value"],
                key=key,
                headers=headers_of(row),
                partition=partition_of(key, 12),
            )


COLUMNS = """id, tenant_id::text, event_id::text, topic, aggregate_id, aggregate_sequence, ce_type,
             key, value, headers, created_at"""


async def skip_locked_relay(sender: Sender, stop: asyncio.Event) -> None:
    """Locks rows, not shards: two of them send one key's rows side by side."""
    while not stop.is_set():
        async with sender.connection.transaction():
            rows = await sender.connection.fetch(
                f"SELECT {COLUMNS} FROM outbox ORDER BY id LIMIT 20 FOR UPDATE SKIP LOCKED"
            )
            await sender.send(rows)
            await sender.connection.execute(
                "DELETE FROM outbox WHERE id = ANY ($1::bigint[])", [row["id"] for row in rows]
            )
        if not rows:
            await asyncio.sleep(0.005)


async def cursor_relay(sender: Sender, stop: asyncio.Event) -> None:
    """Remembers the last id: what commits late with a smaller one is never seen."""
    last = 0
    while not stop.is_set():
        rows = await sender.connection.fetch(
            f"SELECT {COLUMNS} FROM outbox WHERE id > $1 ORDER BY id LIMIT 20", last
        )
        await sender.send(rows)
        last = max([last, *(row["id"] for row in rows)])
        if not rows:
            await asyncio.sleep(0.005)


@pytest.mark.parametrize(
    ("relay", "count", "rule"),
    [(skip_locked_relay, 2, "order_on_topic"), (cursor_relay, 1, "lost_before_topic")],
)
async def test_the_judge_sees_what_a_wrong_relay_does(lab, relay, count, rule):
    journal, stop = Journal(7), asyncio.Event()
    # The policies hide all rows from the owner; the control needs to see them.
    await lab.superuser.execute("ALTER TABLE outbox NO FORCE ROW LEVEL SECURITY")
    async with contextlib.AsyncExitStack() as stack:
        senders = [await stack.enter_async_context(Sender(lab)) for _ in range(count)]
        relays = [asyncio.create_task(relay(sender, stop)) for sender in senders]
        async with journal.writing(lab):
            await asyncio.sleep(6)
        await asyncio.sleep(2)
        stop.set()
        await asyncio.gather(*relays)
    found = await history(lab, journal)
    violations = tally(check(found))
    print(f"{relay.__name__}: {len(found.committed)} committed, {dict(violations)}")
    assert violations[rule] > 0


class Forgetful(Applier):
    """A consumer without inbox and gate."""

    async def apply(self, poll, begun=lambda: None) -> Applied:
        begun()
        tenants = {found.event.tenant_id for found in poll.received}
        async with self._database.transaction(tenants) as tx:
            for handler in set(self._handlers.values()):
                await handler(poll.received, tx)
        faults.buggify("consumer.committed")
        return Applied(len(poll.items), 0, 0)


class Crash(BaseException):
    """Stands for the death of the process."""


async def test_the_judge_sees_a_consumer_that_remembers_nothing(lab):
    journal, crashes = Journal(11), []

    def crash(point):
        if point == "consumer.committed" and len(crashes) < 3:
            crashes.append(point)
            raise Crash

    handling = Handling()
    subscriptions = handling.subscriptions()

    def consumer():
        return lab.consumer(
            handling, session_timeout_s=6, applier=Forgetful(lab.database, subscriptions)
        )

    async with lab.running(lab.relay()):
        async with journal.writing(lab):
            await asyncio.sleep(1)
        faults.switch_on(crash)
        try:
            for _ in range(3):
                with pytest.raises(Crash):
                    await consumer().run(asyncio.Event())
        finally:
            faults.switch_off()
        async with lab.running(consumer()):
            await until_settled(lab, journal, 60)
    violations = tally(check(await history(lab, journal)))
    print(f"without inbox and gate: {dict(violations)}")
    assert violations["applied_twice"] > 0


@pytest.mark.timeout(400)
async def test_a_wiped_broker_is_refilled_to_the_same_end_state(own_kafka, servers, tmp_path):
    async with events.offline_lab(servers.postgres_admin_url, own_kafka.bootstrap, tmp_path) as lab:
        listeners = [Handling().subscriptions(), Handling("late").subscriptions()]
        await ensure_topics(lab.bootstrap, lab.prefix, subscriptions=listeners)
        journal = Journal(13)
        async with lab.running(lab.relay(), lab.consumer(Handling())):
            async with journal.writing(lab):
                await asyncio.sleep(2)
            await until_settled(lab, journal, 60)
        before = await lab.effects()
        await own_kafka.wipe()
        await own_kafka.start()
        await ensure_topics(lab.bootstrap, lab.prefix, subscriptions=listeners)
        done = await refill(lab.urls.relay, lab.bootstrap, TOPIC, prefix=lab.prefix, dry_run=False)
        assert done.events == len(before)
        old, new = lab.consumer(Handling()), lab.consumer(Handling("late"))
        async with lab.running(lab.relay(), old, new):
            await eventually(lambda: new.health()["applied"] == len(before), 90)
            await eventually(lambda: old.health()["duplicates"] == len(before), 90)
        assert await lab.effects() == before
        assert sorted(await lab.effects("late")) == sorted(before)
        assert check(await history(lab, journal)) == []


@pytest.mark.timeout(600)
async def test_ten_deaths_of_the_database_lose_no_acknowledged_write(
    own_postgres, servers, tmp_path
):
    """Writers, relay, consumer and parking worker live through all of them."""
    async with (
        events.offline_lab(own_postgres.admin_url, servers.kafka_bootstrap, tmp_path) as lab,
        events.with_topics(lab),
    ):
        journal, handling = Journal(17), Handling()
        async with lab.running(lab.relay(), lab.consumer(handling), lab.worker(handling)):
            async with journal.writing(lab):
                for _ in range(10):
                    await asyncio.sleep(journal.chance.uniform(0.5, 1.5))
                    await own_postgres.kill()
                    await own_postgres.start()
                await asyncio.sleep(1)
            name = lab.urls.app.rsplit("/", 1)[1]
            async with connected(own_postgres.admin_url, name) as superuser:
                lab.superuser = superuser
                await until_settled(lab, journal, 120)
                found = await history(lab, journal)
        on_topic = {one.event_id for one in found.topic}
        # Whose answer was lost may have happened or not; but not by half.
        found.committed = [
            *found.committed,
            *(one for one in journal.doubtful if one.event_id in on_topic),
        ]
        print(f"{len(journal.committed)} acknowledged, {len(journal.doubtful)} in doubt")
        assert check(found) == []
        assert len(journal.committed) > 100
