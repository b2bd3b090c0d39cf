"""One poll, one transaction: what is applied, what is ignored, what waits. No broker needed."""

import gc
import uuid

import orjson
import pytest

from rcm.db import StatementFailed
from rcm.events import Park
from rcm.events.items import Item
from rcm.events.operator import incoming
from rcm.events.operator.incoming import Choice
from rcm.ids import NO_TENANT
from rcm.testing.events import Handling


def replace(record, **changes):
    return record._replace(**changes)


def refuse_all(received):
    raise RuntimeError(received.event_type)


def cut(records, *numbers):
    return [record for place, record in enumerate(records) if place not in numbers]


async def test_a_batch_is_one_call_of_its_handler(offline_lab):
    handling, claims = Handling(), [uuid.uuid4() for _ in range(5)]
    records = await offline_lab.records(*[offline_lab.held(claim) for claim in claims])
    done = await offline_lab.apply(handling, records)
    assert (done.applied, done.duplicates, done.parked) == (5, 0, 0)
    assert [len(call) for call in handling.calls] == [5]


@pytest.mark.parametrize("again", ["same poll", "next poll", "half of it", "reversed"])
async def test_a_repeated_delivery_has_no_second_effect(offline_lab, again):
    handling, claim = Handling(), uuid.uuid4()
    records = await offline_lab.records(*[offline_lab.held(claim) for _ in range(4)])
    if again == "same poll":
        await offline_lab.apply(handling, [*records, *records])
    else:
        await offline_lab.apply(handling, records)
        once_more = {"next poll": records, "half of it": records[2:], "reversed": records[::-1]}
        await offline_lab.apply(handling, once_more[again])
    assert await offline_lab.effects() == [(str(claim), n) for n in (1, 2, 3, 4)]
    assert await offline_lab.parked() == []


@pytest.mark.parametrize(
    ("polls", "expected"),
    [
        ([(1, 2), (3, 4), (5, 6)], [(2, 0, 0), (2, 0, 0), (2, 0, 0)]),
        ([(1, 2), (1, 2), (3, 4), (5, 6)], [(2, 0, 0), (0, 2, 0), (2, 0, 0), (2, 0, 0)]),
        ([(1, 2), (2, 3), (4,), (5, 6)], [(2, 0, 0), (1, 1, 0), (1, 0, 0), (2, 0, 0)]),
        ([(1, 2), (4, 5), (3,), (6,)], [(2, 0, 0), (0, 0, 2), (1, 0, 0), (0, 0, 1)]),
        ([(2, 3), (1,)], [(0, 0, 2), (1, 0, 0)]),
    ],
    ids=["all new", "one again", "half again", "a gap", "no beginning"],
)
async def test_a_worker_takes_each_event_once_whatever_it_took_for_granted(
    offline_lab, polls, expected
):
    """A poll is taken for whole, and looked at closely when it is not: one worker, many polls."""
    handling, lab, claim = Handling(), offline_lab, uuid.uuid4()
    records = await lab.records(*[lab.held(claim) for _ in range(6)])
    worker = lab.applier(handling)
    done = [await lab.apply(handling, [records[n - 1] for n in poll], by=worker) for poll in polls]
    assert [(each.applied, each.duplicates, each.parked) for each in done] == expected
    taken = await lab.effects()
    assert taken == [(str(claim), n) for n in range(1, 1 + sum(each[0] for each in expected))]


async def test_events_of_other_types_count_in_the_sequence(offline_lab):
    handling, claim = Handling(), uuid.uuid4()
    lab = offline_lab
    records = await lab.records(lab.held(claim), lab.closed(claim), lab.held(claim))
    await lab.apply(handling, records)
    assert await lab.effects() == [(str(claim), 1), (str(claim), 3)]
    assert await lab.parked() == []


async def test_two_handlers_keep_the_order_of_a_key(offline_lab):
    handling, other = Handling(also=()), []
    lab, claim = offline_lab, uuid.uuid4()
    subscriptions = handling.subscriptions()
    order = []

    @subscriptions.on(type(lab.changed(claim)))
    async def changes(batch, tx):
        other.append(len(batch))
        order.extend((received.key, received.sequence) for received in batch)

    handling.before = None
    handling.fails = lambda received: order.append((received.key, received.sequence))
    handling.subscriptions = lambda: subscriptions
    two = uuid.uuid4()
    records = await lab.records(
        lab.held(claim), lab.changed(claim), lab.held(claim), lab.held(two), lab.changed(two)
    )
    await lab.apply(handling, records)
    assert [n for key, n in order if key == str(claim)] == [1, 2, 3]
    assert [n for key, n in order if key == str(two)] == [1, 2]
    # Two waves of one handler, one of the other: not a call per event.
    assert len(handling.calls) == 2
    assert len(other) == 1


async def test_a_gap_waits_until_it_is_filled(offline_lab):
    handling, claim = Handling(), uuid.uuid4()
    records = await offline_lab.records(*[offline_lab.held(claim) for _ in range(4)])
    await offline_lab.apply(handling, cut(records, 1))
    assert await offline_lab.effects() == [(str(claim), 1)]
    assert await offline_lab.parked() == [(3, "gap", "waiting"), (4, "held_behind", "waiting")]
    worker = offline_lab.worker(handling)
    assert await worker.turn() == 0
    await offline_lab.apply(handling, [records[1]])
    assert await worker.turn() == 2
    assert await offline_lab.effects() == [(str(claim), n) for n in (1, 2, 3, 4)]
    assert await offline_lab.parked() == []


async def test_a_dead_gap_is_released_too_when_it_is_filled(offline_lab):
    handling, claim = Handling(), uuid.uuid4()
    records = await offline_lab.records(*[offline_lab.held(claim) for _ in range(3)])
    await offline_lab.apply(handling, cut(records, 1))
    await offline_lab.superuser.execute(
        "UPDATE parked SET state = 'dead', next_attempt_at = 'infinity'"
    )
    await offline_lab.apply(handling, [records[1]])
    assert await offline_lab.worker(handling).turn() == 1


async def test_a_new_consumer_begins_where_the_topic_begins(offline_lab):
    """Retention has removed the first two events: the third is the beginning."""
    handling, claim = Handling(), uuid.uuid4()
    records = await offline_lab.records(*[offline_lab.held(claim) for _ in range(4)])
    await offline_lab.apply(handling, records[2:], truncated=True)
    assert await offline_lab.effects() == [(str(claim), 3), (str(claim), 4)]
    # What turns up later from before the beginning was never applied: an operator decides.
    await offline_lab.apply(handling, records[:1], truncated=True)
    assert await offline_lab.parked() == [(1, "late", "dead")]
    [more] = await offline_lab.records(offline_lab.held(claim))
    await offline_lab.apply(handling, [more])
    assert (await offline_lab.effects())[-1] == (str(claim), 5)


async def test_on_a_whole_topic_a_missing_beginning_is_a_gap(offline_lab):
    handling, claim = Handling(), uuid.uuid4()
    records = await offline_lab.records(*[offline_lab.held(claim) for _ in range(2)])
    await offline_lab.apply(handling, records[1:])
    assert await offline_lab.parked() == [(2, "gap", "waiting")]
    await offline_lab.apply(handling, records[:1])
    assert await offline_lab.worker(handling).turn() == 1
    assert await offline_lab.effects() == [(str(claim), 1), (str(claim), 2)]


async def test_one_bad_event_parks_its_key_and_nobody_else(offline_lab):
    lab, claims = offline_lab, [uuid.uuid4() for _ in range(50)]
    bad = claims[17]
    handling = Handling()

    def refuse(received):
        if received.key == str(bad) and received.sequence == 2:
            raise RuntimeError("no text of mine may be kept")

    handling.fails = refuse
    records = await lab.records(*[lab.held(claim) for _ in range(3) for claim in claims])
    done = await lab.apply(handling, records)
    assert done.parked == 2
    assert sorted(await lab.effects()) == sorted(
        (str(claim), n) for claim in claims for n in (1, 2, 3) if claim != bad or n == 1
    )
    assert await lab.parked() == [(2, "handler", "waiting"), (3, "held_behind", "waiting")]
    # Halving finds it: far fewer calls than there are keys.
    assert len(handling.calls) < 30
    error = await lab.superuser.fetchval("SELECT error::text FROM parked WHERE reason = 'handler'")
    assert "RuntimeError" in error
    assert "no text of mine" not in error


async def test_followers_are_held_and_released_in_order(offline_lab):
    lab, claim = offline_lab, uuid.uuid4()
    handling, healed = Handling(), []

    def refuse(received):
        if received.sequence == 2 and not healed:
            raise RuntimeError

    handling.fails = refuse
    await lab.apply(handling, await lab.records(*[lab.held(claim) for _ in range(3)]))
    await lab.apply(handling, await lab.records(*[lab.changed(claim) for _ in range(2)]))
    assert [reason for _, reason, _ in await lab.parked()] == [
        "handler",
        *["held_behind"] * 3,
    ]
    healed.append(True)
    await lab.superuser.execute("UPDATE parked SET next_attempt_at = now() WHERE sequence = 2")
    assert await lab.worker(handling).turn() == 4
    assert await lab.effects() == [(str(claim), n) for n in (1, 2, 3, 4, 5)]
    assert await lab.parked() == []


async def test_what_waits_behind_an_event_is_not_given_up_without_it(offline_lab):
    """Else the gate would move past the event in front, which would end as a duplicate."""
    lab, claim = offline_lab, uuid.uuid4()
    handling, healed = Handling(), []

    def refuse(received):
        if received.sequence == 2 and not healed:
            raise RuntimeError

    handling.fails = refuse
    await lab.apply(handling, await lab.records(*[lab.held(claim) for _ in range(4)]))
    behind, front = Choice(reason="held_behind"), Choice(reason="handler")
    async with lab.database.transaction([NO_TENANT, lab.tenant], actor="operator") as tx:
        assert await incoming.count(tx, behind) == 0
        assert await incoming.drop(tx, behind) == 0
        assert await incoming.count(tx, front) == 1
    healed.append(True)
    await lab.superuser.execute("UPDATE parked SET next_attempt_at = now() WHERE sequence = 2")
    assert await lab.worker(handling).turn() == 3
    assert await lab.effects() == [(str(claim), n) for n in (1, 2, 3, 4)]


async def test_redelivery_of_a_parked_event_does_not_move_its_gate(offline_lab):
    lab, claim, handling = offline_lab, uuid.uuid4(), Handling()
    handling.fails = lambda received: 1 / 0 if received.sequence == 1 else None
    records = await lab.records(*[lab.held(claim) for _ in range(2)])
    await lab.apply(handling, records[:1])
    handling.fails = None
    await lab.apply(handling, records)
    assert await lab.effects() == []
    assert [n for n, _, _ in await lab.parked()] == [1, 2]


async def test_tries_are_counted_and_end_with_dead(offline_lab):
    lab, claim, handling = offline_lab, uuid.uuid4(), Handling()
    handling.fails = refuse_all
    await lab.apply(handling, await lab.records(lab.held(claim)))
    worker = lab.worker(handling)
    for _ in range(3):
        await lab.superuser.execute("UPDATE parked SET next_attempt_at = now()")
        await worker.turn()
    assert await lab.parked() == [(1, "handler", "dead")]
    await worker.turn()
    assert await lab.superuser.fetchval("SELECT attempts FROM parked") == 4


async def test_a_handler_parks_what_it_cannot_use_yet(offline_lab):
    lab, claims, handling = offline_lab, [uuid.uuid4() for _ in range(6)], Handling()
    early = {str(claims[1]), str(claims[4])}

    async def wait_for_claim(batch):
        found = [received.event_id for received in batch if received.key in early]
        if found:
            raise Park(found, "claim_unknown", "not here yet")

    handling.before = wait_for_claim
    done = await lab.apply(handling, await lab.records(*[lab.held(claim) for claim in claims]))
    assert (done.applied, done.parked) == (4, 2)
    assert {reason for _, reason, _ in await lab.parked()} == {"business"}
    assert len(handling.calls) == 3
    early.clear()
    await lab.superuser.execute("UPDATE parked SET next_attempt_at = now()")
    assert await lab.worker(handling).turn() == 2
    assert len(await lab.effects()) == 6


async def test_a_handler_that_parks_strangers_does_not_run_for_ever(offline_lab):
    lab, handling = offline_lab, Handling()

    async def confused(batch):
        raise Park([uuid.uuid4()], "nobody")

    handling.before = confused
    done = await lab.apply(handling, await lab.records(lab.held(uuid.uuid4())))
    assert done.parked == 1


async def test_a_constraint_checked_at_commit_is_found_too(offline_lab):
    lab, good, bad = offline_lab, uuid.uuid4(), uuid.uuid4()
    await lab.superuser.execute("""
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN RAISE EXCEPTION 'unbalanced' USING ERRCODE = '23514'; END $$;
        CREATE CONSTRAINT TRIGGER late_check AFTER INSERT ON effect
          DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
          WHEN (NEW.sequence = 2) EXECUTE FUNCTION refuse();
    """)
    records = await lab.records(lab.held(good), lab.held(bad), lab.held(bad))
    await lab.apply(Handling(), records)
    assert sorted(await lab.effects()) == sorted([(str(good), 1), (str(bad), 1)])
    assert await lab.parked() == [(2, "handler", "waiting")]


async def test_a_failed_statement_leaves_the_rest_of_the_batch_whole(offline_lab):
    lab, claims, handling = offline_lab, [uuid.uuid4() for _ in range(3)], Handling()

    async def broken_sql(batch):
        if any(received.key == str(claims[0]) for received in batch):
            raise StatementFailed("23505", "effect", "effect_pkey", "UniqueViolationError")

    handling.before = broken_sql
    await lab.apply(handling, await lab.records(*[lab.held(claim) for claim in claims]))
    assert len(await lab.effects()) == 2


async def test_an_unknown_tenant_waits_and_is_applied_once_registered(offline_lab):
    lab, claim, handling = offline_lab, uuid.uuid4(), Handling()
    records = await lab.records(lab.held(claim), lab.closed(claim), lab.held(claim))
    await lab.apply(handling, records, tenants=[uuid.uuid4()])
    assert await lab.effects() == []
    assert [reason for _, reason, _ in await lab.parked()] == [
        "unknown_tenant",
        "unknown_tenant",
        "unknown_tenant",
    ]
    assert await lab.superuser.fetchval("SELECT tenant_id FROM parked LIMIT 1") == NO_TENANT
    await lab.superuser.execute(
        "UPDATE parked SET next_attempt_at = now() WHERE next_attempt_at IS NOT NULL"
    )
    # Meanwhile the tenant became known, and the next event found its way.
    [fourth] = await lab.records(lab.held(claim))
    await lab.apply(handling, [fourth], tenants=[lab.tenant])
    worker = lab.worker(handling)
    await worker.turn()
    await worker.turn()
    assert await lab.effects() == [(str(claim), 1), (str(claim), 3), (str(claim), 4)]
    assert await lab.parked() == []


def without(name):
    return lambda record: replace(
        record, headers=tuple(pair for pair in record.headers if pair[0] != name)
    )


def header(name, value):
    return lambda record: replace(
        record, headers=tuple((n, value if n == name else v) for n, v in record.headers)
    )


def in_another_order(record):
    """As a producer that is not ours might write it."""
    return replace(record, headers=tuple(reversed(record.headers)))


def with_a_name_twice(record):
    return replace(record, headers=(*record.headers, ("ce_id", b"7"), ("ce_sequence", b"9")))


BAD = {
    "not utf-8": (lambda record: replace(record, value=b"\xff\xfe"), "decode"),
    "not json": (lambda record: replace(record, value=b'{"tenant_id": '), "decode"),
    "wrong schema": (lambda record: replace(record, value=b"{}"), "schema"),
    "no type": (without("ce_type"), "decode"),
    "no id": (without("ce_id"), "decode"),
    "no sequence": (without("ce_sequence"), "decode"),
    "no headers": (lambda record: replace(record, headers=()), "decode"),
    "an id that is none": (header("ce_id", b"7"), "decode"),
    "sequence zero": (header("ce_sequence", b"0"), "decode"),
    "no key": (lambda record: replace(record, key=None), "decode"),
    "an empty key": (lambda record: replace(record, key=b""), "decode"),
    "headers that PostgreSQL has no characters for": (
        lambda record: replace(
            record,
            value=b"{}",
            headers=(*record.headers, ("x\0own", b"1"), ("x-text", rb"\u0000"), ("x-raw", b"\0")),
        ),
        "schema",
    ),
    "a key of bytes": (lambda record: replace(record, key=b"\x00\xff"), "decode"),
    "another major": (
        header("ce_dataschema", b"urn:rcm:claims.claim.v9:ClaimHeld"),
        "unknown_major",
    ),
    "another CloudEvents": (header("ce_specversion", b"2.0"), "unknown_major"),
    "too large": (lambda record: replace(record, value=b" " * 900_001), "oversize"),
    "another tenant inside": (header("ce_tenantid", str(uuid.uuid4()).encode()), "schema"),
    "not a structured event": (
        lambda record: replace(
            record, value=b"[]", headers=(("content-type", b"application/cloudevents+json"),)
        ),
        "decode",
    ),
}


@pytest.mark.parametrize("name", BAD)
async def test_bad_input_is_parked_with_its_reason_and_neighbours_flow(offline_lab, name):
    change, reason = BAD[name]
    lab, handling = offline_lab, Handling()
    bad, good = await lab.records(lab.held(uuid.uuid4()), lab.held(uuid.uuid4()))
    await lab.apply(handling, [change(bad), good])
    assert await lab.effects() == [(good.key.decode(), 1)]
    [(_, found, state)] = await lab.parked()
    assert (found, state) == (reason, "waiting")
    # Delivered once more, it is known.
    await lab.apply(handling, [change(bad)])
    assert len(await lab.parked()) == 1
    letter = await lab.superuser.fetchrow("SELECT topic, key, value, headers::text FROM outbox")
    assert letter["topic"] == "claims.claim.v1.listener.dlq"
    assert f'"dlq_reason": "{reason}"' in letter["headers"]
    assert letter["key"] == change(bad).key


@pytest.mark.parametrize("name", BAD)
async def test_bad_input_that_comes_alone_stops_nobody(offline_lab, name):
    change, reason = BAD[name]
    lab, handling = offline_lab, Handling()
    [bad] = await lab.records(lab.held(uuid.uuid4()))
    await lab.apply(handling, [change(bad)])
    assert [found for _, found, _ in await lab.parked()] == [reason]


async def test_a_parked_records_headers_come_back_to_the_letter(offline_lab):
    lab, handling = offline_lab, Handling()
    [record] = await lab.records(lab.held(uuid.uuid4()))
    own = ("x-path", rb"C:\u0000n")
    await lab.apply(handling, [replace(record, value=b"{}", headers=(*record.headers, own))])
    [kept] = await lab.superuser.fetch("SELECT headers FROM parked")
    assert dict(orjson.loads(kept["headers"]))["x-path"].encode("latin-1") == own[1]


async def test_a_letter_names_the_event_as_it_was_parked(offline_lab):
    """Of a name that is given twice the first holds."""
    lab, handling = offline_lab, Handling()
    [record] = await lab.records(lab.held(uuid.uuid4()))
    await lab.apply(handling, [replace(with_a_name_twice(record), value=b"{}")])
    headers = await lab.superuser.fetchval("SELECT headers::text FROM outbox")
    assert orjson.loads(headers)["ce_sequence"] == "1"


async def test_a_searched_poll_leaves_nothing_to_the_collector(offline_lab):
    """Bodies of many polls would lie around until it runs."""
    lab, claims = offline_lab, [uuid.uuid4() for _ in range(3)]

    def fail(received):
        if received.key == str(claims[1]):
            raise LookupError

    handling = Handling(fails=fail)
    gc.collect()
    gc.disable()
    try:
        before = sum(isinstance(found, Item) for found in gc.get_objects())
        await lab.apply(handling, await lab.records(*map(lab.held, claims)))
        assert len(await lab.parked()) == 1
        after = sum(isinstance(found, Item) for found in gc.get_objects())
    finally:
        gc.enable()
    assert after == before


@pytest.mark.parametrize(
    ("change", "happened"),
    [
        (in_another_order, 2),
        (with_a_name_twice, 2),
        (lambda record: in_another_order(with_a_name_twice(record)), 0),
    ],
)
async def test_headers_come_in_any_order_and_the_first_of_a_name_holds(
    offline_lab, change, happened
):
    lab, handling, claim = offline_lab, Handling(), uuid.uuid4()
    records = await lab.records(lab.held(claim), lab.held(claim))
    await lab.apply(handling, [change(record) for record in records])
    assert len(await lab.effects()) == happened


@pytest.mark.parametrize("whole", [True, False])
async def test_a_tombstone_says_nothing_and_stops_nobody(offline_lab, whole):
    lab, handling, claim = offline_lab, Handling(), uuid.uuid4()
    first, second = await lab.records(lab.held(claim), lab.held(claim))
    tombstone = replace(first, value=None, headers=first.headers if whole else ())
    await lab.apply(handling, [tombstone, second] if whole else [tombstone, first, second])
    assert await lab.parked() == []
    assert (await lab.effects())[-1] == (str(claim), 2)


async def test_structured_mode_is_read(offline_lab):
    lab, handling, claim = offline_lab, Handling(), uuid.uuid4()
    [record] = await lab.records(lab.held(claim))
    attributes = ", ".join(
        f'"{name.removeprefix("ce_")}": "{value.decode()}"'
        for name, value in record.headers
        if name.startswith("ce_")
    )
    body = (
        f'{{{attributes}, "datacontenttype": "application/json", "data": {record.value.decode()}}}'
    )
    structured = replace(
        record,
        value=body.encode(),
        headers=(("content-type", b"application/cloudevents+json; charset=utf-8"),),
    )
    await lab.apply(handling, [structured])
    assert await lab.effects() == [(str(claim), 1)]


async def test_a_repaired_service_takes_what_it_could_not_read(offline_lab):
    """Parked as bytes, decoded again by today's code."""
    lab, claim = offline_lab, uuid.uuid4()
    [record] = await lab.records(lab.held(claim))
    await lab.apply(Handling(), [replace(record, value=b"{}")])
    await lab.superuser.execute(
        "UPDATE parked SET record = $1, next_attempt_at = now()", record.value
    )
    assert await lab.worker(Handling()).turn() == 1
    assert await lab.effects() == [(str(claim), 1)]


async def test_row_level_security_shows_a_consumer_its_batchs_tenants_only(offline_lab):
    lab = offline_lab
    await lab.apply(Handling(), await lab.records(lab.held(uuid.uuid4())))
    async with lab.database.transaction([uuid.uuid4()]) as tx:
        assert await tx.fetchval("SELECT count(*) FROM inbox") == 0
    with pytest.raises(StatementFailed):
        async with lab.database.transaction() as tx:
            await tx.fetchval("SELECT count(*) FROM inbox")


async def test_a_poll_of_several_tenants_keeps_their_aggregates_apart(offline_lab):
    """Even when their ids are equal, as patient control numbers may be."""
    lab, claim, other = offline_lab, uuid.uuid4(), uuid.uuid4()
    mine = await lab.records(lab.held(claim), lab.held(claim))
    lab.tenant = other
    theirs = await lab.records(lab.held(claim), lab.changed(claim))
    done = await lab.apply(Handling(), [mine[0], theirs[0], mine[1], theirs[1]])
    assert (done.applied, done.parked) == (4, 0)
    again = await lab.apply(Handling(), [*mine, *theirs])
    assert (again.applied, again.duplicates) == (0, 4)
    rows = await lab.superuser.fetch("SELECT last_sequence AS n FROM consumed_sequence")
    assert [row["n"] for row in rows] == [2, 2]
