"""Events leave only with the change that they tell of."""

import asyncio
import uuid

import asyncpg
import orjson
import pytest

from rcm.contracts.claims import ClaimHeld, ClaimReady
from rcm.events import EventTooLarge, Received, publish
from rcm.events.envelope import headers_of
from rcm.events.intake import Intake
from rcm.events.layout import lay_out
from rcm.events.session import opened
from rcm.security.seal import SealBroken
from rcm.testing.samples import sample


async def test_a_rolled_back_transaction_publishes_nothing(offline_lab):
    async def regret():
        async with offline_lab.database.transaction([offline_lab.tenant]) as tx:
            await publish(tx, [offline_lab.held(uuid.uuid4())])
            raise LookupError

    with pytest.raises(LookupError):
        await regret()
    assert await offline_lab.outbox_records() == []
    # Nor does it use up a number.
    [record] = await offline_lab.records(offline_lab.held(uuid.uuid4()))
    assert dict(record.headers)["ce_sequence"] == b"1"


async def test_rows_and_business_rows_are_of_one_transaction(offline_lab):
    """The xmin oracle: both rows carry the same transaction id."""
    async with offline_lab.database.transaction([offline_lab.tenant]) as tx:
        await tx.execute(
            """INSERT INTO effect (tenant_id, consumer, stream, sequence, event_id, event_type)
               VALUES ($1, 'x', 'x', 1, gen_random_uuid(), 'x')""",
            offline_lab.tenant,
        )
        await publish(tx, [offline_lab.held(uuid.uuid4())])
    same = await offline_lab.superuser.fetchval(
        "SELECT (SELECT xmin::text FROM effect) = (SELECT xmin::text FROM outbox)"
    )
    assert same is True


async def test_each_aggregate_is_numbered_without_a_gap_in_the_order_of_the_call(offline_lab):
    one, two = uuid.uuid4(), uuid.uuid4()
    held = offline_lab.held
    first = await offline_lab.records(held(one), held(two), held(one))
    second = await offline_lab.records(held(two), held(one))
    numbers = [(r.key.decode(), dict(r.headers)["ce_sequence"]) for r in (*first, *second)]
    assert numbers == [
        (str(one), b"1"),
        (str(two), b"1"),
        (str(one), b"2"),
        (str(two), b"2"),
        (str(one), b"3"),
    ]


async def test_writers_of_one_aggregate_wait_for_each_other(offline_lab):
    """Ids ascend with the sequence although the first writer commits last."""
    claim = uuid.uuid4()
    begun, go = asyncio.Event(), asyncio.Event()

    async def slow():
        async with offline_lab.database.transaction([offline_lab.tenant]) as tx:
            await publish(tx, [offline_lab.held(claim)])
            begun.set()
            await go.wait()

    async def fast():
        await begun.wait()
        await offline_lab.say(offline_lab.held(claim))

    async def release():
        await begun.wait()
        await asyncio.sleep(0.1)
        go.set()

    await asyncio.gather(slow(), fast(), release())
    rows = await offline_lab.superuser.fetch(
        "SELECT aggregate_sequence AS n FROM outbox ORDER BY id"
    )
    assert [row["n"] for row in rows] == [1, 2]


async def test_an_oversized_event_is_refused_and_nothing_of_its_call_is_kept(offline_lab):
    big = offline_lab.held(
        uuid.uuid4(),
        findings=tuple(
            sample(ClaimHeld).findings[0].model_copy(update={"message": "x" * 10_000})
            for _ in range(100)
        ),
    )
    with pytest.raises(EventTooLarge):
        await offline_lab.say(offline_lab.held(uuid.uuid4()), big)
    assert await offline_lab.outbox_records() == []


async def test_another_tenants_event_is_refused(offline_lab):
    with pytest.raises(ValueError, match="does not serve"):
        await offline_lab.say(sample(ClaimHeld, tenant_id=uuid.uuid4()))


async def test_the_person_block_travels_sealed_and_opens_only_where_it_belongs(offline_lab):
    ready = sample(ClaimReady, tenant_id=offline_lab.tenant)
    [record] = await offline_lab.records(ready)
    name = ready.person.value.patient.last_name
    assert name.encode() not in record.value
    headers = dict(record.headers)
    event = ClaimReady.model_validate_json(record.value)
    received = Received.of(event, event_id=uuid.UUID(headers["ce_id"].decode()))
    assert received.open(offline_lab.database.keyring) == ready.person.value
    moved = Received.of(event)
    with pytest.raises(SealBroken):
        moved.open(offline_lab.database.keyring)


async def test_headers_are_a_cloudevent_in_binary_mode(offline_lab):
    claim = uuid.uuid4()
    [record] = await offline_lab.records(offline_lab.held(claim))
    headers = dict(record.headers)
    assert headers["ce_specversion"] == b"1.0"
    assert headers["ce_type"] == b"ClaimHeld"
    assert headers["ce_source"] == b"claims-svc"
    assert headers["ce_subject"] == headers["ce_partitionkey"] == str(claim).encode()
    assert headers["ce_tenantid"] == str(offline_lab.tenant).encode()
    assert headers["content-type"] == b"application/json"
    assert not {"ce_correlationid", "ce_causationid"} & headers.keys()
    assert orjson.loads(record.value)["claim_id"] == str(claim)


async def test_an_answer_carries_the_chain_that_led_to_it(offline_lab):
    [first] = await offline_lab.records(offline_lab.held(uuid.uuid4()))
    [received] = lay_out([Intake([ClaimHeld], prefix=offline_lab.prefix).read(first)]).received
    async with offline_lab.database.transaction([offline_lab.tenant]) as tx:
        await publish(tx, [received.causes(offline_lab.held(uuid.uuid4()))])
    [row] = await offline_lab.superuser.fetch(
        """SELECT tenant_id::text, event_id::text, topic, aggregate_id, aggregate_sequence,
                  ce_type, headers FROM outbox"""
    )
    answer = dict(headers_of(row))
    assert answer["ce_correlationid"] == dict(first.headers)["ce_id"]
    assert answer["ce_causationid"] == received.id.encode()


async def test_months_are_made_ahead_and_dropped_whole_when_they_are_old(offline_lab):
    lab = offline_lab
    part = """SELECT c.relname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
               WHERE i.inhparent = 'inbox'::regclass ORDER BY 1"""
    await lab.superuser.execute(
        """CREATE TABLE inbox_2020_01 PARTITION OF inbox
           FOR VALUES FROM ('016f5e66-e800-0000-0000-000000000000')
                        TO ('016ffe0e-3400-0000-0000-000000000000')"""
    )
    before = [row["relname"] for row in await lab.superuser.fetch(part)]
    async with opened(lab.urls.relay, "months") as session:
        connection = session.connection
        assert await connection.fetchval("SELECT ensure_event_partitions(2)") == 0
        assert await connection.fetchval("SELECT ensure_event_partitions(3)") == 2
        assert await connection.fetchval("SELECT drop_event_partitions('inbox', 4)") == 1
        with pytest.raises(asyncpg.PostgresError, match="last four"):
            await connection.fetchval("SELECT drop_event_partitions('inbox', 3)")
    after = [row["relname"] for row in await lab.superuser.fetch(part)]
    assert len(before) == len(after) == 5
    assert "inbox_2020_01" not in after
    # What happens now goes into a month, not into the catch-all.
    await lab.say(lab.held(uuid.uuid4()))
    month = await lab.superuser.fetchval(
        """INSERT INTO inbox SELECT tenant_id, 'c', event_id FROM outbox
           RETURNING tableoid::regclass::text"""
    )
    assert month != "inbox_default"
