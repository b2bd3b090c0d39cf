"""From the broker to the effect: groups, crashes between commits, and the parts side by side."""

import asyncio
import time
import uuid
from datetime import UTC, datetime

import pytest

from rcm.db import DatabaseUnavailable
from rcm.events import faults
from rcm.events.jobs import JobRunner
from rcm.events.replay import RefillRefused, Stretch, refill, replay
from rcm.events.session import RELAY_SPACE, opened
from rcm.events.subscriptions import Subscriptions
from rcm.events.topics import admin, ensure_topics
from rcm.testing.events import TOPIC, Handling, eventually

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)


async def applied(lab, count, consumer="listener"):
    async def enough():
        return len(await lab.effects(consumer)) >= count

    await eventually(enough, 40)


async def wipe(lab):
    """The topic anew, without its records. A broker deletes in its own time, and a topic that it
    still has would not be made again."""
    async with admin(lab.bootstrap) as client:
        await client.delete_topics([lab.prefix + TOPIC])

        async def gone():
            return lab.prefix + TOPIC not in await client.list_topics()

        await eventually(gone)
    await asyncio.sleep(1)
    await ensure_topics(lab.bootstrap, lab.prefix)


async def test_an_event_reaches_its_handler_with_all_it_carries(lab):
    handling, found = Handling(), []

    async def keep(batch):
        found.extend(batch)

    handling.before = keep
    claim = uuid.uuid4()
    async with lab.running(lab.relay(), lab.consumer(handling)):
        await lab.say(lab.held(claim))
        await applied(lab, 1)
    [received] = found
    assert received.event == lab.held(claim)
    assert received.tenant_id == lab.tenant
    assert (received.sequence, received.topic, received.key) == (1, TOPIC, str(claim))
    assert received.event_type == "ClaimHeld"
    assert received.correlation_id == received.id
    assert abs(received.time.timestamp() - time.time()) < 60


async def test_poison_on_the_topic_ends_as_a_dead_letter_with_all_its_headers(lab):
    handling, claim = Handling(), uuid.uuid4()
    await lab.put(b"some-key", b"\xff\xfe", [("x-own", b"kept")])
    async with lab.running(lab.relay(), lab.consumer(handling)):
        await lab.say(lab.held(claim))
        await applied(lab, 1)

        async def lettered():
            return await lab.superuser.fetchval("SELECT count(*) FROM outbox") == 0

        await eventually(lettered)
    [letter] = await lab.letters()
    assert (letter.key, letter.value) == (b"some-key", b"\xff\xfe")
    headers = {name: value.decode() for name, value in letter.headers}
    assert headers.pop("dlq_first_failed_at")
    assert headers.pop("dlq_original_timestamp")
    assert headers == {
        "x-own": "kept",
        "dlq_original_topic": lab.prefix + TOPIC,
        "dlq_original_partition": "0",
        "dlq_original_offset": "0",
        "dlq_consumer_group": "listener",
        "dlq_reason": "decode",
        "dlq_exception_type": "",
        "dlq_exception_message": "missing: ce_id, ce_type, ce_tenantid, ce_sequence",
        "dlq_attempts": "1",
        "dlq_service_version": headers["dlq_service_version"],
        "dlq_park_key": "some-key",
        "dlq_trace_id": headers["dlq_trace_id"],
    }


async def test_one_failing_key_does_not_slow_the_others(lab):
    """Head of line: while one key fails again and again, the others' latency stays flat."""
    handling, bad = Handling(), uuid.uuid4()

    def refuse(received):
        if received.key == str(bad):
            raise RuntimeError

    handling.fails = refuse
    async with lab.running(lab.relay(), lab.consumer(handling), lab.worker(handling)):
        await lab.say(lab.held(bad))
        slowest = 0.0
        for count in range(1, 16):
            began = time.perf_counter()
            await lab.say(lab.held(uuid.uuid4()), lab.held(bad))
            await applied(lab, count)
            slowest = max(slowest, time.perf_counter() - began)
        assert slowest < 5
    assert len(await lab.parked()) == 16


class Crash(BaseException):
    """Stands for the death of the process: nothing in between catches it."""


@pytest.mark.parametrize(
    "point", ["consumer.handled", "consumer.before_commit", "consumer.committed"]
)
async def test_a_crash_around_the_commit_has_the_effect_exactly_once(lab, point):
    """The offsets of the batch were never committed, so it is read again."""
    claim, crashed = uuid.uuid4(), []

    def crash(found):
        if found == point and not crashed:
            crashed.append(True)
            raise Crash

    async with lab.running(lab.relay()):
        await lab.say(*[lab.held(claim) for _ in range(3)])
        faults.switch_on(crash)
        try:
            with pytest.raises(Crash):
                await lab.consumer(Handling(), session_timeout_s=6).run(asyncio.Event())
        finally:
            faults.switch_off()
        async with lab.running(lab.consumer(Handling(), session_timeout_s=6)):
            await applied(lab, 3)
            await asyncio.sleep(0.5)
    assert await lab.effects() == [(str(claim), n) for n in (1, 2, 3)]


async def test_a_transient_failure_is_tried_again_and_parks_nothing(lab):
    handling, failures = Handling(), []

    async def lose_the_database(batch):
        if len(failures) < 3:
            failures.append(len(batch))
            raise DatabaseUnavailable("gone for a moment")

    handling.before = lose_the_database
    consumer = lab.consumer(handling)
    async with lab.running(lab.relay(), consumer):
        await lab.say(lab.held(uuid.uuid4()))
        await applied(lab, 1)
    assert len(failures) == 3
    assert await lab.parked() == []
    assert not consumer.health()["failing"]


@pytest.mark.parametrize(
    ("max_records", "outage_s"),
    [
        # A member pauses its partitions while it tries again. Those that a rebalance brings
        # meanwhile belong to the batch that comes: paused for the one that is dropped, they would
        # stay so.
        pytest.param(2000, 3, id="nobody stays paused"),
        # One record is in hand and the next read ahead, then the partitions are dealt out anew: as
        # many records come as were dropped, and they are others.
        pytest.param(1, 0, id="what it takes back is not mistaken for what it brings"),
    ],
)
async def test_a_rebalance_during_an_outage_loses_nothing(lab, max_records, outage_s):
    handling, away = Handling(), True

    async def lose_the_database(batch):
        if away:
            raise DatabaseUnavailable("gone for a while")

    handling.before = lose_the_database
    first, second = (
        lab.consumer(handling, session_timeout_s=6, max_records=max_records) for _ in range(2)
    )

    async def failing():
        return first.health()["failing"]

    async with lab.running(lab.relay(), first):
        await lab.say(*[lab.held(uuid.uuid4()) for _ in range(48)])
        await eventually(failing)
        async with lab.running(second):
            await eventually(lambda: second.health()["ready"])
            await asyncio.sleep(outage_s)
            away = False
            await applied(lab, 48)
    assert not first.health()["failing"]


async def test_members_come_and_go_and_nothing_happens_twice(lab):
    """Rebalances under load with a slow handler: the batch in hand is finished first."""
    claims = [uuid.uuid4() for _ in range(24)]

    def member():
        handling = Handling()

        async def slow(batch):
            await asyncio.sleep(0.05)

        handling.before = slow
        return lab.consumer(handling, session_timeout_s=6, max_records=20)

    async def talk():
        for _ in range(10):
            await lab.say(*[lab.held(claim) for claim in claims])
            await asyncio.sleep(0.2)

    async with lab.running(lab.relay(), member()):
        talking = asyncio.create_task(talk())
        for stay_s in (1, 0.2, 0.7, 0.4, 1):
            async with lab.running(member()):
                await asyncio.sleep(stay_s)
        await talking
        await applied(lab, 240)
    found = await lab.effects()
    assert len(found) == 240
    for claim in claims:
        assert [n for key, n in found if key == str(claim)] == list(range(1, 11))


async def test_each_consumer_has_its_own_memory(lab):
    first, second = Handling("listener"), Handling("second")
    claim = uuid.uuid4()
    async with lab.running(lab.relay(), lab.consumer(first), lab.consumer(second)):
        await lab.say(lab.held(claim), lab.held(claim))
        await applied(lab, 2, "listener")
        await applied(lab, 2, "second")


async def test_a_paused_consumer_waits(lab):
    consumer = lab.consumer(Handling())
    async with lab.running(lab.relay(), consumer):
        await lab.switch("consumer", "listener", paused=True)
        await eventually(lambda: consumer.health()["paused"])
        await lab.say(lab.held(uuid.uuid4()))
        await asyncio.sleep(1)
        assert await lab.effects() == []
        await lab.switch("consumer", "listener", paused=False)
        await applied(lab, 1)


async def test_a_wiped_topic_is_refilled_and_everybody_ends_where_they_were(lab):
    claims = [uuid.uuid4() for _ in range(10)]
    async with lab.running(lab.relay(), lab.consumer(Handling())):
        await lab.say(*[lab.held(claim) for _ in range(3) for claim in claims])
        await applied(lab, 30)
    before = await lab.effects()
    await wipe(lab)
    dry = await refill(lab.urls.relay, lab.bootstrap, TOPIC, prefix=lab.prefix)
    assert (dry.events, dry.aggregates, dry.dry_run) == (30, 10, True)
    assert await lab.on_topic() == []
    late = Handling("late")
    async with lab.running(
        lab.relay(), lab.consumer(Handling()), lab.consumer(late), lab.worker(late)
    ):
        # The relay is at work meanwhile and gives way; what it sent before waits for the rest.
        await lab.say(*[lab.held(claim) for claim in claims])
        await refill(lab.urls.relay, lab.bootstrap, TOPIC, prefix=lab.prefix, dry_run=False)
        await applied(lab, 40)
        await applied(lab, 40, "late")
        await asyncio.sleep(1)
    assert (await lab.effects())[:30] == before
    for consumer in ("listener", "late"):
        found = await lab.effects(consumer)
        assert len(found) == 40
        for claim in claims:
            assert [n for key, n in found if key == str(claim)] == [1, 2, 3, 4]


async def test_a_refill_from_a_log_that_forgot_the_beginning_starts_new_consumers_there(lab):
    claim = uuid.uuid4()
    async with lab.running(lab.relay()):
        await lab.say(*[lab.held(claim) for _ in range(4)])

        async def all_logged():
            return await lab.superuser.fetchval("SELECT count(*) FROM event_log") == 4

        await eventually(all_logged)
    await lab.superuser.execute("DELETE FROM event_log WHERE aggregate_sequence <= 2")
    await wipe(lab)
    done = await refill(lab.urls.relay, lab.bootstrap, TOPIC, prefix=lab.prefix, dry_run=False)
    assert (done.events, done.beginnings) == (2, 1)
    async with lab.running(lab.consumer(Handling("late"))):
        await applied(lab, 2, "late")
    assert await lab.effects("late") == [(str(claim), 3), (str(claim), 4)]


async def test_a_refill_does_not_overtake_a_relay_that_will_not_yield(lab, monkeypatch):
    monkeypatch.setattr("rcm.events.replay.RELAYS_YIELD_S", 0.5)
    async with lab.running(lab.relay()):
        await lab.say(lab.held(uuid.uuid4()))

        async def all_logged():
            return await lab.superuser.fetchval("SELECT count(*) FROM event_log") == 1

        await eventually(all_logged)
    async with opened(lab.urls.relay, "stuck") as session:
        await session.try_lock(RELAY_SPACE, [5], 1)
        with pytest.raises(RefillRefused, match="1 of 64"):
            await refill(lab.urls.relay, lab.bootstrap, TOPIC, prefix=lab.prefix, dry_run=False)


async def test_a_slow_refill_outlasts_the_idle_limit_of_its_session(lab, monkeypatch):
    """Its locks are what keeps the relays still: with the session they would be gone."""
    async with lab.running(lab.relay()):
        await lab.say(*[lab.held(uuid.uuid4()) for _ in range(3)])

        async def all_logged():
            return await lab.superuser.fetchval("SELECT count(*) FROM event_log") == 3

        await eventually(all_logged)
    monkeypatch.setattr("rcm.events.session.IDLE_LIMIT_S", 0.6)
    monkeypatch.setattr("rcm.events.replay.WINDOW", 1)
    span = {"prefix": lab.prefix, "dry_run": False, "rate_per_s": 1}
    assert (await refill(lab.urls.relay, lab.bootstrap, TOPIC, **span)).events == 3
    assert len(await lab.on_topic()) == 6


async def test_a_replay_in_the_shadow_shows_and_leaves_nothing(lab):
    claim, handling = uuid.uuid4(), Handling()
    async with lab.running(lab.relay(), lab.consumer(handling)):
        await lab.say(*[lab.held(claim) for _ in range(5)])
        await applied(lab, 5)
    broken = Handling()

    def refuse(received):
        if received.sequence == 3:
            raise RuntimeError

    broken.fails = refuse
    done = await replay(
        broken.subscriptions(),
        lab.database,
        lab.bootstrap,
        Stretch(TOPIC, BEGINNING),
        prefix=lab.prefix,
    )
    assert (done.read, done.applied, dict(done.reasons)) == (5, 2, {"handler": 1, "held_behind": 2})
    assert len(await lab.effects()) == 5
    assert await lab.parked() == []


async def test_a_live_replay_applies_what_was_missed_and_nothing_twice(lab):
    claim, other = uuid.uuid4(), uuid.uuid4()
    async with lab.running(lab.relay(), lab.consumer(Handling())):
        await lab.say(lab.held(claim), lab.held(other), lab.held(claim))
        await applied(lab, 3)
    # As if this key's events had been skipped by a bad offset reset.
    await lab.superuser.execute(
        "DELETE FROM inbox WHERE event_id IN (SELECT event_id FROM effect WHERE stream = $1)",
        str(claim),
    )
    for table, column in (("consumed_sequence", "aggregate_id"), ("effect", "stream")):
        await lab.superuser.execute(f"DELETE FROM {table} WHERE {column} = $1", str(claim))
    stretch = Stretch(TOPIC, BEGINNING)
    done = await replay(
        Handling().subscriptions(),
        lab.database,
        lab.bootstrap,
        stretch,
        target="live",
        prefix=lab.prefix,
    )
    assert (done.read, done.applied, done.duplicates) == (3, 2, 1)
    assert sorted(await lab.effects()) == sorted(
        [(str(claim), 1), (str(claim), 2), (str(other), 1)]
    )


async def test_a_job_runs_in_one_process_and_moves_when_that_one_goes(offline_lab):
    lab, runs = offline_lab, []

    def runner(name):
        subscriptions = Subscriptions("worker")

        @subscriptions.every(seconds=0.05)
        async def tick(context):
            runs.append(name)
            assert context.resources == {"of": name}

        return JobRunner(subscriptions, lab.database, lab.urls.app, resources={"of": name})

    async with lab.running(runner("one")):
        await eventually(lambda: runs)
        async with lab.running(runner("two")):
            await asyncio.sleep(0.5)
            assert set(runs) == {"one"}
    runs.clear()
    async with lab.running(runner("two")):
        await eventually(lambda: runs)
    assert set(runs) == {"two"}


async def test_a_failing_job_runs_again(offline_lab):
    runs = []
    subscriptions = Subscriptions("worker")

    @subscriptions.every(seconds=0.05)
    async def tick(context):
        runs.append(context)
        raise RuntimeError

    runner = JobRunner(subscriptions, offline_lab.database, offline_lab.urls.app)
    async with offline_lab.running(runner):
        await eventually(lambda: len(runs) > 2)
    assert runner.health()["jobs"]["tick"]["failures"] == len(runs)
