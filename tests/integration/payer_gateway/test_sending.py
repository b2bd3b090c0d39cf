"""Intent, act, record: whatever dies in between, no claim leaves under two numbers, none is lost,
and none counts as sent that was not."""

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from payer_gateway.handlers import sending
from payer_gateway.handlers.register import POINTS
from rcm.contracts.base import Event
from rcm.contracts.claims import ClaimHeld, ClaimStatusChanged
from rcm.contracts.payer import ClaimRejected, ClaimSubmitted
from rcm.contracts.values import Provider
from rcm.events import JobContext, faults
from rcm.events.received import aad
from rcm.testing.databases import connected
from rcm.testing.samples import build, sample
from rcm_x12 import claim_837p

from .answering import ack_for
from .conftest import Gateway, claim_id, control_number, killed_at, ready


def claims_in(files: list[bytes]) -> list[str]:
    """CLM01 of every claim of these files, sorted."""
    return sorted(
        claim.control_number
        for content in files
        for batch in claim_837p.read(content).contents
        for claim in batch.claims
    )


async def submitted(gateway: Gateway) -> list[str]:
    events = await gateway.under_test.published(ClaimSubmitted)
    return sorted(each.patient_control_number for each in events)


async def test_queued_claims_leave_as_one_clean_file(gateway: Gateway) -> None:
    await gateway.queue(*(ready(gateway, number) for number in range(3)))
    await gateway.send()
    [content] = gateway.partner.taken.values()
    reading = claim_837p.read(content)
    assert [str(found) for found in reading.all_findings] == []
    assert claims_in([content]) == [control_number(number) for number in range(3)]
    [event, *_] = await gateway.under_test.published(ClaimSubmitted)
    assert event.interchange_control_number == "000000001"
    assert event.batch_reference == reading.contents[0].reference
    assert event.transaction_set_control_number == reading.sets[0].control_number
    assert set((await gateway.statuses()).values()) == {"sent"}
    [sent] = (await gateway.get("/transmissions"))["items"]
    assert (sent["status"], sent["claim_count"], sent["charge_cents"]) == ("sent", 3, 37_500)


async def test_the_raw_file_comes_back_byte_for_byte_and_is_audited(gateway: Gateway) -> None:
    await gateway.queue(ready(gateway, 1))
    await gateway.send()
    [sent] = (await gateway.get("/transmissions"))["items"]
    async with gateway.under_test.client("Interchange.r") as client:
        raw = await client.get(f"/transmissions/{sent['transmission_id']}/raw")
    assert raw.content == next(iter(gateway.partner.taken.values()))
    async with gateway.under_test.transaction() as tx:
        rows = await tx.fetch(
            "SELECT resource_id FROM audit_record WHERE resource_type = 'Interchange'"
        )
    assert [row["resource_id"] for row in rows] == [sent["transmission_id"]]


async def test_nothing_readable_lies_in_the_tables(gateway: Gateway) -> None:
    """Person blocks stay sealed until they are written, and raw files are sealed too."""
    received = ready(gateway, 1)
    name = received.open(gateway.under_test.keyring).patient.last_name
    await gateway.queue(received)
    await gateway.send()
    assert name.upper().encode() in next(iter(gateway.partner.taken.values()))
    async with gateway.under_test.transaction() as tx:
        stored = [row["content"] for row in await tx.fetch("SELECT content FROM interchange_chunk")]
        stored += [row["claim"].encode() for row in await tx.fetch("SELECT claim FROM submission")]
    assert stored
    assert not any(name.encode() in each or name.upper().encode() in each for each in stored)


async def test_a_claim_that_comes_twice_leaves_once(gateway: Gateway) -> None:
    received = ready(gateway, 1)
    await gateway.queue(received)
    await gateway.queue(received)
    await gateway.send()
    await gateway.queue(received)
    await gateway.send()
    assert claims_in(list(gateway.partner.taken.values())) == [control_number(1)]
    assert await submitted(gateway) == [control_number(1)]


async def test_a_newer_version_replaces_one_that_waits(gateway: Gateway) -> None:
    await gateway.queue(ready(gateway, 1, prior_authorization_number="OLD"))
    await gateway.queue(ready(gateway, 1, prior_authorization_number="NEW"))
    await gateway.send()
    [content] = gateway.partner.taken.values()
    [claim] = claim_837p.read(content).contents[0].claims
    assert claim.prior_authorization_number == "NEW"
    page = await gateway.get(f"/submissions?claim_id={claim_id(1)}")
    assert sorted(each["status"] for each in page["items"]) == ["sent", "superseded"]


async def test_a_claim_that_is_held_again_does_not_leave(gateway: Gateway) -> None:
    await gateway.queue(ready(gateway, 1), ready(gateway, 2))
    await gateway.under_test.deliver(sample(ClaimHeld, claim_id=claim_id(1)))
    await gateway.send()
    assert claims_in(list(gateway.partner.taken.values())) == [control_number(2)]


@pytest.mark.parametrize(
    "stopped",
    [
        sample(ClaimHeld, claim_id=claim_id(1)),
        sample(
            ClaimStatusChanged, claim_id=claim_id(1), from_status="file_rejected",
            to_status="voided",
        ),
    ],
    ids=["held", "voided"],
)  # fmt: skip
async def test_a_rejected_claim_that_must_not_leave_is_not_sent_again(
    gateway: Gateway, stopped: Event
) -> None:
    """Its file was rejected, then somebody held or voided it: a resend takes the others only."""
    await gateway.queue(ready(gateway, 1), ready(gateway, 2))
    await gateway.send()
    [content] = gateway.partner.taken.values()
    gateway.partner.answer(ack_for(content, code="R"))
    await gateway.receive()
    await gateway.under_test.deliver(stopped)
    [sent] = (await gateway.get("/transmissions"))["items"]
    async with gateway.under_test.client("Transmission.u") as client:
        again = await client.post(f"/transmissions/{sent['transmission_id']}:resend")
    assert again.json()["queued_count"] == 1
    await gateway.send()
    assert claims_in(list(gateway.partner.taken.values())[1:]) == [control_number(2)]
    assert (await gateway.statuses())[control_number(1)] == "withdrawn"


async def test_another_edge_of_a_claim_withdraws_nothing(gateway: Gateway) -> None:
    await gateway.queue(ready(gateway, 1))
    edge = sample(
        ClaimStatusChanged, claim_id=claim_id(1), from_status="ready", to_status="submitted"
    )
    await gateway.under_test.deliver(edge)
    assert await gateway.statuses() == {control_number(1): "queued"}


async def test_claims_of_an_unknown_payer_wait_for_it(gateway: Gateway) -> None:
    await gateway.queue(
        ready(
            gateway,
            1,
            coverage=ready(gateway, 1).event.coverage.model_copy(update={"payer_id": "NEW9"}),
        )
    )
    await gateway.send()
    assert gateway.partner.taken == {}
    async with gateway.under_test.client() as client:
        body = {
            "payers": [{"payer_id": "NEW9", "name": "New", "partner_id": str(gateway.partner_id)}]
        }
        assert (await client.put("/payers", json=body)).status_code == 200
    await gateway.send()
    assert await submitted(gateway) == [control_number(1)]


async def test_one_bad_claim_does_not_hold_up_the_others(gateway: Gateway) -> None:
    nowhere = build(Provider, address=None)
    await gateway.queue(
        ready(gateway, 1, billing_provider=nowhere),
        ready(gateway, 2, patient_control_number="C*2"),
        ready(gateway, 3),
    )
    await gateway.send()
    assert await submitted(gateway) == [control_number(3)]
    rejected = await gateway.under_test.published(ClaimRejected)
    assert {(each.claim_id, each.hop) for each in rejected} == {
        (claim_id(1), "gateway"),
        (claim_id(2), "gateway"),
    }
    assert all(each.findings[0].location for each in rejected)


async def test_a_shredded_key_makes_a_claim_unsendable(gateway: Gateway) -> None:
    await gateway.queue(ready(gateway, 1))
    foreign = ready(gateway, 2)
    broken = gateway.under_test.keyring.seal(gateway.under_test.tenant, b"{}", b"elsewhere")
    foreign.event = foreign.event.with_sealed(broken)
    await gateway.queue(foreign)
    await gateway.send()
    assert await submitted(gateway) == [control_number(1)]
    assert (await gateway.statuses())[control_number(2)] == "unsendable"


async def test_persons_that_cannot_be_read_hold_up_nobody_else(gateway: Gateway) -> None:
    """The block opens, and is none of ours: its claim alone stays, and no word of it is told."""
    await gateway.queue(ready(gateway, 1))
    strange = ready(gateway, 2)
    place = aad(strange.tenant_id, "ClaimReady", strange.id)
    block = gateway.under_test.keyring.seal(strange.tenant_id, b'{"canary": "ROE"}', place)
    strange.event = strange.event.with_sealed(block)
    await gateway.queue(strange)
    await gateway.send()
    assert await submitted(gateway) == [control_number(1)]
    [kept] = (await gateway.get(f"/submissions?claim_id={claim_id(2)}"))["items"]
    assert (kept["status"], kept["reason"]) == (
        "unsendable",
        "claim: what is kept of it cannot be read",
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param([httpx.ConnectError("x")], [], id="killed-before-the-act"),
        pytest.param([], [httpx.ReadTimeout("x")], id="answer-lost-after-the-act"),
        pytest.param([503], [], id="partner-is-down"),
        pytest.param([], [500, 500, httpx.ReadError("x")], id="taken-but-never-said-so"),
    ],
)
async def test_an_unknown_outcome_is_settled_by_the_same_file(
    gateway: Gateway, before: list[Any], after: list[Any]
) -> None:
    gateway.partner.before, gateway.partner.after = before, after
    await gateway.queue(ready(gateway, 1), ready(gateway, 2))
    for _ in range(5):
        await gateway.send()
        assert await submitted(gateway) in ([], [control_number(1), control_number(2)])
        await gateway.wake()
    assert len(gateway.partner.taken) == 1
    assert await submitted(gateway) == [control_number(1), control_number(2)]
    [sent] = (await gateway.get("/transmissions"))["items"]
    assert (sent["status"], sent["interchange_control_number"]) == ("sent", "000000001")


async def test_nothing_is_sent_that_the_partner_does_not_have(gateway: Gateway) -> None:
    gateway.partner.before = [503] * 3
    await gateway.queue(ready(gateway, 1))
    for _ in range(3):
        await gateway.send()
        await gateway.wake()
    assert await submitted(gateway) == []
    assert (await gateway.statuses())[control_number(1)] == "sending"
    detail = await gateway.get(f"/trading-partners/{gateway.partner_id}")
    assert (detail["link"]["failures"], detail["link"]["last_error"]) == (3, "HTTP 503")


@pytest.mark.parametrize("point", [point for point in POINTS if point.startswith("send.")])
async def test_killed_anywhere_between_intent_and_record(gateway: Gateway, point: str) -> None:
    """The process dies at this point turn after turn; the next one goes on where it was."""
    await gateway.queue(*(ready(gateway, number) for number in range(4)))
    kills = 0
    for turn in range(6):
        await gateway.queue(ready(gateway, 10 + turn))
        times = 1 if turn < 4 else 0
        with killed_at(point, times=times) as killer, contextlib.suppress(ExceptionGroup):
            await gateway.send()
        kills += killer.kills
        sent = await submitted(gateway)
        assert set(sent) <= set(claims_in(list(gateway.partner.taken.values())))
        await gateway.wake()
    expected = sorted(control_number(n) for n in (*range(4), *range(10, 16)))
    assert kills == 4
    assert claims_in(list(gateway.partner.taken.values())) == expected
    assert await submitted(gateway) == expected
    page = (await gateway.get("/transmissions"))["items"]
    assert {each["status"] for each in page} == {"sent"}


async def test_control_without_the_committed_intent_claims_leave_twice(gateway: Gateway) -> None:
    """What the kill test would say if the intent were not kept: forget it, and the partner has the
    claim under two numbers."""
    await gateway.queue(ready(gateway, 1))
    with killed_at("send.acted", times=1), contextlib.suppress(ExceptionGroup):
        await gateway.send()
    async with gateway.under_test.transaction() as tx:
        await tx.execute("UPDATE submission SET status = 'queued', transmission_id = NULL")
        await tx.execute("UPDATE transmission SET status = 'refused'")
    await gateway.send()
    assert claims_in(list(gateway.partner.taken.values())) == [control_number(1)] * 2


async def test_a_refused_file_waits_for_a_person_and_goes_out_under_new_numbers(
    gateway: Gateway,
) -> None:
    gateway.partner.before = [422]
    await gateway.queue(ready(gateway, 1))
    await gateway.send()
    [refused] = (await gateway.get("/transmissions?status=refused"))["items"]
    assert await submitted(gateway) == []
    async with gateway.under_test.client("Transmission.u") as client:
        path = f"/transmissions/{refused['transmission_id']}:resend"
        assert (await client.post(path)).json()["queued_count"] == 1
        assert (await client.post(path)).status_code == 409
    await gateway.send()
    [name] = gateway.partner.taken
    assert "000000002" in name
    assert await submitted(gateway) == [control_number(1)]


async def test_two_senders_at_once_give_no_number_twice(gateway: Gateway) -> None:
    """The job runs in one process; should two ever run, the row locks keep them apart."""
    await gateway.queue(*(ready(gateway, number) for number in range(6)))
    context = JobContext(
        gateway.under_test.database,
        (gateway.under_test.tenant,),
        gateway.under_test.kit.clock,
        gateway.under_test.kit.resources,
    )
    await asyncio.gather(*(sending.send_batches(context) for _ in range(4)))
    assert claims_in(list(gateway.partner.taken.values())) == [control_number(n) for n in range(6)]
    page = (await gateway.get("/transmissions"))["items"]
    numbers = [each["interchange_control_number"] for each in page]
    assert len(numbers) == len(set(numbers))


async def test_flush_sends_what_would_still_wait(gateway: Gateway) -> None:
    async with gateway.under_test.transaction() as tx:
        await tx.execute("UPDATE trading_partner SET send_after_s = 3600")
    received = ready(gateway, 1)
    now = gateway.under_test.kit.clock.now()
    received.event = received.event.model_copy(update={"ready_at": now})
    await gateway.queue(received)
    await gateway.send()
    assert await submitted(gateway) == []
    async with gateway.under_test.client("Transmission.u") as client:
        assert (await client.post("/transmissions:flush")).json()["queued_count"] == 1
    await gateway.send()
    assert await submitted(gateway) == [control_number(1)]


async def test_sets_hold_as_many_claims_as_the_partner_wants(gateway: Gateway) -> None:
    async with gateway.under_test.transaction() as tx:
        await tx.execute("UPDATE trading_partner SET claims_per_set = 2")
    await gateway.queue(*(ready(gateway, number) for number in range(5)))
    await gateway.send()
    [content] = gateway.partner.taken.values()
    reading = claim_837p.read(content)
    assert [len(batch.claims) for batch in reading.contents] == [2, 2, 1]
    events = await gateway.under_test.published(ClaimSubmitted)
    by_set = {each.transaction_set_control_number for each in events}
    assert by_set == {each.control_number for each in reading.sets}
    assert {each.batch_reference for each in events} == {
        batch.reference for batch in reading.contents
    }


async def test_record_and_events_share_one_transaction(gateway: Gateway, servers: Any) -> None:
    """The xmin oracle on the sending path: transmission, submission and outbox row, one xid."""
    await gateway.queue(ready(gateway, 1))
    await gateway.send()
    name = gateway.under_test.urls.app.rsplit("/", 1)[1]
    async with connected(servers.postgres_admin_url, name) as admin:
        made = {
            await admin.fetchval("SELECT xmin FROM transmission"),
            await admin.fetchval("SELECT xmin FROM submission"),
            await admin.fetchval("SELECT xmin FROM outbox WHERE ce_type = 'ClaimSubmitted'"),
        }
    assert len(made) == 1


async def test_no_transaction_is_open_while_a_second_opinion_is_heard(
    gateway: Gateway, servers: Any
) -> None:
    """pyx12 takes seconds and reads a draft. A claim that is queued meanwhile was not in it, and
    leaves in the next file, which is read as well."""
    await gateway.queue(ready(gateway, 1), ready(gateway, 2))
    async with gateway.under_test.transaction() as tx:
        await tx.execute("UPDATE trading_partner SET second_opinion = true")
        await tx.execute(
            "UPDATE submission SET payer_id = 'LATER' WHERE patient_control_number = $1",
            control_number(2),
        )
    name = gateway.under_test.urls.app.rsplit("/", 1)[1]

    async def meanwhile() -> int:
        async with connected(servers.postgres_admin_url, name) as admin:
            await admin.execute("UPDATE submission SET payer_id = 'DEMO1'")
            return int(await admin.fetchval(OPEN_TRANSACTIONS))

    opened: list[int] = []

    def heard(point: str) -> None:
        if point == "doubt.heard":
            with ThreadPoolExecutor(1) as thread:
                opened.append(thread.submit(asyncio.run, meanwhile()).result())

    faults.switch_on(heard)
    try:
        await gateway.send()
    finally:
        faults.switch_off()
    assert opened == [0, 0]
    assert [claims_in([content]) for content in gateway.partner.taken.values()] == [
        [control_number(1)],
        [control_number(2)],
    ]


OPEN_TRANSACTIONS = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND state LIKE 'idle in transaction%'
"""
