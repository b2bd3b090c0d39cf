"""From the outbox to the broker: complete, in order per key, by one relay per shard."""

import asyncio
import uuid

import orjson
from aiokafka.admin import NewTopic

from rcm.events import publish
from rcm.events.producer import Producer
from rcm.events.session import RELAY_SPACE, opened
from rcm.events.topics import admin, ensure_topics
from rcm.testing.events import TOPIC, eventually
from rcm.testing.history import History, Seen, check


def seen(record):
    headers = dict(record.headers)
    return Seen(record.key.decode(), int(headers["ce_sequence"]), headers["ce_id"].decode())


async def pending(lab):
    return await lab.superuser.fetchval("SELECT count(*) FROM outbox")


async def drained(lab):
    return await pending(lab) == 0


async def logged(lab):
    rows = await lab.superuser.fetch(
        "SELECT aggregate_id, aggregate_sequence, event_id::text FROM event_log ORDER BY position"
    )
    return [Seen(*row) for row in rows]


async def remake(lab, settings):
    """The topic again, with settings of its own."""
    name = lab.prefix + TOPIC
    async with admin(lab.bootstrap) as client:
        await client.delete_topics([name])
        await asyncio.sleep(1)
        await client.create_topics([NewTopic(name, 12, 1, topic_configs=settings)])


async def test_everything_committed_arrives_once_in_order_and_is_logged(lab):
    claims = [uuid.uuid4() for _ in range(40)]
    async with lab.running(lab.relay()):
        for _ in range(5):
            await lab.say(*[lab.held(claim) for claim in claims for _ in range(2)])
        await eventually(lambda: drained(lab))
    on_topic = [seen(record) for record in await lab.on_topic()]
    assert len(on_topic) == 400
    committed = await logged(lab)
    assert check(History(committed=committed, topic=on_topic, applied=committed)) == []
    record = (await lab.on_topic())[0]
    assert orjson.loads(record.value)["claim_id"] == record.key.decode()


async def test_a_row_that_commits_late_is_not_skipped(lab):
    """Its id is smaller than one that was sent long before it became visible."""
    late, early = uuid.uuid4(), uuid.uuid4()
    async with lab.running(lab.relay()):
        async with lab.database.transaction([lab.tenant]) as tx:
            await publish(tx, [lab.held(late)])
            await lab.say(lab.held(early))

            async def early_is_out():
                return len(await logged(lab)) == 1

            await eventually(early_is_out)
        await eventually(lambda: drained(lab))
    assert {seen(record).stream for record in await lab.on_topic()} == {str(late), str(early)}


async def test_relays_share_the_shards_and_a_dead_ones_share_is_taken_over(lab):
    one, two = lab.relay(name="one"), lab.relay(name="two")

    def shares():
        return sorted(relay.health()["shards_held"] for relay in (one, two))

    async with lab.running(one):
        await eventually(lambda: one.health()["shards_held"] == 64)
        async with lab.running(two):
            await eventually(lambda: shares() == [32, 32])
            await lab.say(*[lab.held(uuid.uuid4()) for _ in range(100)])
            await eventually(lambda: drained(lab))
            assert min(relay.health()["published"] for relay in (one, two)) > 0
        await eventually(lambda: one.health()["shards_held"] == 64)


async def test_a_relay_whose_session_is_killed_comes_back(lab):
    relay = lab.relay(name="victim")
    async with lab.running(relay):
        await eventually(lambda: relay.health()["shards_held"] == 64)
        await lab.superuser.execute(
            """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE application_name = 'victim' AND datname = current_database()"""
        )
        await lab.say(lab.held(uuid.uuid4()))
        await eventually(lambda: drained(lab))


async def test_a_shard_whose_lock_is_held_elsewhere_is_left_alone(lab):
    claim = uuid.uuid4()
    await lab.say(lab.held(claim))
    shard = await lab.superuser.fetchval("SELECT shard FROM outbox")
    async with opened(lab.urls.relay, "other") as session:
        assert await session.try_lock(RELAY_SPACE, [shard], 1) == [shard]
        relay = lab.relay()
        async with lab.running(relay):
            await eventually(lambda: relay.health()["shards_held"] == 63)
            await asyncio.sleep(0.5)
            assert await pending(lab) == 1
            await session.unlock(RELAY_SPACE, [shard])
            await eventually(lambda: drained(lab))


async def test_a_paused_relay_sends_nothing_until_resumed(lab):
    relay = lab.relay()
    await lab.switch("relay", "relay", paused=True)
    async with lab.running(relay):
        await lab.say(lab.held(uuid.uuid4()))
        await eventually(lambda: relay.health()["paused"])
        await asyncio.sleep(0.5)
        assert await pending(lab) == 1
        await lab.switch("relay", "relay", paused=False)
        await eventually(lambda: drained(lab))


async def test_a_record_that_the_broker_refuses_stops_its_key_only(lab):
    """Quarantined: its followers stay behind it, everybody else's events flow."""
    small, big = uuid.uuid4(), uuid.uuid4()
    await remake(lab, {"max.message.bytes": "20000"})
    wide = lab.held(big)
    wide = wide.model_copy(update={"findings": tuple(wide.findings[0] for _ in range(2000))})
    relay = lab.relay()
    await lab.say(lab.held(big), wide, lab.held(big), lab.held(small))
    async with lab.running(relay):
        await eventually(lambda: relay.health()["quarantined_keys"] == 1)
        await lab.say(lab.held(big), lab.held(small))

        async def only_the_big_ones_wait():
            return await pending(lab) == 3

        await eventually(only_the_big_ones_wait)
        await asyncio.sleep(0.5)
    delivered = {(s.stream, s.sequence) for s in map(seen, await lab.on_topic())}
    assert delivered == {(str(big), 1), (str(small), 1), (str(small), 2)}
    row = await lab.superuser.fetchrow("SELECT aggregate_id, reason FROM outbox_quarantine")
    assert tuple(row) == (str(big), "MessageSizeTooLargeError")


async def test_a_missing_topic_holds_up_nobody(lab):
    claim = uuid.uuid4()
    await lab.say(lab.held(claim))
    await lab.superuser.execute("UPDATE outbox SET topic = 'nowhere.at.all.v1'")
    relay = lab.relay()
    async with lab.running(relay):
        await lab.say(lab.held(uuid.uuid4()))

        async def one_left():
            return await pending(lab) == 1

        await eventually(one_left)


async def test_without_a_broker_rows_wait_and_nothing_is_lost(lab):
    nowhere = Producer("127.0.0.1:1", prefix=lab.prefix, deadline_s=1)
    relay = lab.relay(producer=nowhere)
    await lab.say(*[lab.held(uuid.uuid4()) for _ in range(3)])
    async with lab.running(relay):
        await eventually(lambda: relay.health()["ready"])
        await asyncio.sleep(1.5)
        assert await pending(lab) == 3
    async with lab.running(lab.relay()):
        await eventually(lambda: drained(lab))


async def test_topics_are_created_once_and_differences_are_told(lab):
    report = await ensure_topics(lab.bootstrap, lab.prefix)
    assert report.created == ()
    assert TOPIC in report.present
    assert report.differences == ()
    await remake(lab, {"retention.ms": "1000", "cleanup.policy": "delete"})
    [difference] = (await ensure_topics(lab.bootstrap, lab.prefix)).differences
    assert (difference.topic, difference.setting, difference.found) == (
        TOPIC,
        "retention.ms",
        "1000",
    )
