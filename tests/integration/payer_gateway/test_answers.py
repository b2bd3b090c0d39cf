"""TA1, 999 and 277CA through the whole inbound path: file in, states and events out."""

from collections.abc import Sequence

import pytest

from payer_gateway.handlers.register import POINTS
from rcm.contracts.payer import (
    AcknowledgmentOverdue,
    ClaimAcknowledged,
    ClaimRejected,
    ClaimSubmitted,
)
from rcm_x12 import claim_837p

from .answering import ack_for, status_for, ta1_for
from .conftest import Gateway, control_number, killed_at, ready


async def sent_file(gateway: Gateway, count: int, *, per_set: int = 5_000) -> bytes:
    """So many claims on their way; returns the file that the partner has."""
    async with gateway.under_test.transaction() as tx:
        await tx.execute("UPDATE trading_partner SET claims_per_set = $1", per_set)
    await gateway.queue(*(ready(gateway, number) for number in range(1, count + 1)))
    await gateway.send()
    return list(gateway.partner.taken.values())[-1]


async def rejected(gateway: Gateway) -> list[ClaimRejected]:
    return await gateway.under_test.published(ClaimRejected)


async def acknowledged(gateway: Gateway) -> list[ClaimAcknowledged]:
    return await gateway.under_test.published(ClaimAcknowledged)


async def test_v7_a_partial_999_and_then_a_277ca(gateway: Gateway) -> None:
    """Three sets, one rejected: only that one goes out again. Then A2 for one claim, A7 for the
    other, which was never adjudicated and may be sent anew as an original."""
    content = await sent_file(gateway, 3, per_set=1)
    batches = claim_837p.read(content).contents
    by_number = {batch.claims[0].control_number: batch for batch in batches}
    bad = next(
        each.control_number
        for each in claim_837p.read(content).sets
        if each.content.claims[0].control_number == control_number(2)
    )
    gateway.partner.answer(ack_for(content, rejected=[bad]))
    await gateway.receive()
    assert await gateway.statuses() == {
        control_number(1): "file_accepted",
        control_number(2): "file_rejected",
        control_number(3): "file_accepted",
    }
    [event] = await rejected(gateway)
    assert (event.hop, event.acknowledgment) == ("group", "999")
    assert event.findings[0].code == "999.element.7"
    assert "SECRETID" not in event.model_dump_json()
    [sent] = (await gateway.get("/transmissions"))["items"]
    assert sent["status"] == "partially_accepted"

    async with gateway.under_test.client("Transmission.u") as client:
        again = await client.post(f"/transmissions/{sent['transmission_id']}:resend")
    assert again.json()["queued_count"] == 1
    await gateway.send()
    second = list(gateway.partner.taken.values())[-1]
    [resent] = [claim for batch in claim_837p.read(second).contents for claim in batch.claims]
    assert (resent.control_number, resent.frequency_code) == (control_number(2), "1")

    gateway.partner.answer(status_for(by_number[control_number(1)], {control_number(1): "A2"}))
    gateway.partner.answer(status_for(by_number[control_number(3)], {control_number(3): "A7"}))
    await gateway.receive()
    found = await gateway.statuses()
    assert found[control_number(1)] == "clearinghouse_accepted"
    assert found[control_number(3)] == "clearinghouse_rejected"
    refusal = (await rejected(gateway))[-1]
    assert refusal.status_codes[0].category_code == "A7"
    await gateway.queue(ready(gateway, 3))
    await gateway.send()
    third = list(gateway.partner.taken.values())[-1]
    [fixed] = [claim for batch in claim_837p.read(third).contents for claim in batch.claims]
    assert (fixed.frequency_code, fixed.original_claim_number) == ("1", "")


@pytest.mark.parametrize(
    ("code", "status", "hop_events"),
    [
        ("A", "file_accepted", 2),
        ("E", "file_accepted", 2),
        ("R", "file_rejected", 2),
        ("M", "file_rejected", 2),
    ],
)
async def test_a_999_speaks_of_every_claim_of_its_sets(
    gateway: Gateway, code: str, status: str, hop_events: int
) -> None:
    content = await sent_file(gateway, 2)
    gateway.partner.answer(ack_for(content, code=code))
    await gateway.receive()
    assert set((await gateway.statuses()).values()) == {status}
    events = [*await acknowledged(gateway), *await rejected(gateway)]
    assert len(events) == hop_events


@pytest.mark.parametrize(
    ("code", "note", "status"), [("A", "000", "sent"), ("R", "025", "file_rejected")]
)
async def test_a_ta1_speaks_of_the_whole_interchange(
    gateway: Gateway, code: str, note: str, status: str
) -> None:
    content = await sent_file(gateway, 2)
    gateway.partner.answer(ta1_for(content, code=code, note=note))
    await gateway.receive()
    assert set((await gateway.statuses()).values()) == {status}
    assert {each.hop for each in await rejected(gateway)} <= {"interchange"}
    [row] = (await gateway.get("/acknowledgments"))["items"]
    assert (row["kind"], row["outcome"]) == ("TA1", "accepted" if code == "A" else "rejected")


@pytest.mark.parametrize(
    ("source", "category", "status"),
    [
        ("AY", "A0", "clearinghouse_accepted"),
        ("AY", "A1", "clearinghouse_accepted"),
        ("AY", "A3", "clearinghouse_rejected"),
        ("PR", "A2", "payer_accepted"),
        ("PR", "A5", "payer_accepted"),
        ("PR", "A6", "payer_rejected"),
        ("PR", "A7", "payer_rejected"),
        ("PR", "A8", "payer_rejected"),
    ],
)
async def test_each_category_at_each_hop(
    gateway: Gateway, source: str, category: str, status: str
) -> None:
    content = await sent_file(gateway, 1)
    [batch] = claim_837p.read(content).contents
    gateway.partner.answer(status_for(batch, {control_number(1): category}, source=source))
    await gateway.receive()
    assert await gateway.statuses() == {control_number(1): status}
    [found] = (await gateway.get("/submissions"))["items"]
    assert found["payer_claim_number"] == (f"P{control_number(1)}" if category == "A2" else None)


@pytest.mark.parametrize(
    ("levels", "named"),
    [
        ({"batch_category": "A8"}, False),
        ({"provider_category": "A7"}, False),
        ({"provider_category": "A7"}, True),
    ],
)
async def test_a_rejection_above_covers_every_claim_below(
    gateway: Gateway, *, levels: dict[str, str], named: bool
) -> None:
    content = await sent_file(gateway, 3)
    [batch] = claim_837p.read(content).contents
    verdicts = {control_number(1): "A2"} if named else {}
    gateway.partner.answer(status_for(batch, verdicts, named=named, **levels))
    await gateway.receive()
    assert set((await gateway.statuses()).values()) == {"clearinghouse_rejected"}
    assert len(await rejected(gateway)) == 3


async def test_accepting_a_batch_accepts_no_claim_that_it_does_not_name(gateway: Gateway) -> None:
    content = await sent_file(gateway, 2)
    [batch] = claim_837p.read(content).contents
    gateway.partner.answer(status_for(batch, {control_number(1): "A2"}))
    await gateway.receive()
    assert (await gateway.statuses())[control_number(2)] == "sent"


async def test_the_payers_word_outranks_the_clearinghouses(gateway: Gateway) -> None:
    content = await sent_file(gateway, 1)
    [batch] = claim_837p.read(content).contents
    number = control_number(1)
    for source, category in (("PR", "A2"), ("AY", "A1"), ("AY", "A7")):
        gateway.partner.answer(status_for(batch, {number: category}, source=source))
        await gateway.receive()
    gateway.partner.answer(ack_for(content))
    await gateway.receive()
    assert await gateway.statuses() == {number: "payer_accepted"}
    assert [each.hop for each in await acknowledged(gateway)] == ["payer"]
    assert await rejected(gateway) == []


async def test_an_answer_before_our_own_record_proves_the_sending(gateway: Gateway) -> None:
    """Killed after the act, and the 999 is read before the file is offered again."""
    await gateway.queue(ready(gateway, 1))
    with killed_at("send.acted", times=1), pytest.raises(ExceptionGroup):
        await gateway.send()
    content = next(iter(gateway.partner.taken.values()))
    gateway.partner.answer(ack_for(content))
    await gateway.receive()
    assert await gateway.statuses() == {control_number(1): "file_accepted"}
    await gateway.send()
    assert len(await gateway.under_test.published(ClaimSubmitted)) == 1
    submitted = await gateway.under_test.received(ClaimSubmitted)
    taken = await gateway.under_test.received(ClaimAcknowledged)
    assert submitted[0].sequence < taken[0].sequence


@pytest.mark.parametrize("point", [p for p in POINTS if p.startswith(("collect.", "read."))])
async def test_killed_anywhere_between_pick_up_and_events(gateway: Gateway, point: str) -> None:
    """No answer is lost, none counts twice, and no file is stored twice."""
    content = await sent_file(gateway, 2)
    [batch] = claim_837p.read(content).contents
    verdicts = {control_number(1): "A2", control_number(2): "A7"}
    gateway.partner.answer(ack_for(content))
    gateway.partner.answer(status_for(batch, verdicts))
    with killed_at(point, times=3) as killer:
        for _ in range(8):
            for job in ("collect_inbound", "read_inbound"):
                try:
                    await gateway.under_test.run_job(job)
                except ExceptionGroup:
                    continue
    assert killer.kills >= 1
    assert len((await gateway.get("/interchanges?direction=received"))["items"]) == 2
    assert await gateway.statuses() == {
        control_number(1): "clearinghouse_accepted",
        control_number(2): "clearinghouse_rejected",
    }
    said = [(each.submission_id, each.hop) for each in await acknowledged(gateway)]
    assert len(said) == len(set(said))
    assert len(await rejected(gateway)) == 1
    assert len((await gateway.get("/acknowledgments"))["items"]) == 2


async def test_the_same_answer_twice_moves_nothing(gateway: Gateway) -> None:
    content = await sent_file(gateway, 1)
    answer = ack_for(content)
    gateway.partner.answer(answer, "one.x12")
    gateway.partner.answer(answer, "two.x12")
    await gateway.receive()
    assert len(await acknowledged(gateway)) == 1
    files = (await gateway.get("/interchanges?direction=received"))["items"]
    assert sorted(each["status"] for each in files) == ["duplicate", "read"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "not-x12"),
        (b"<html>502 Bad Gateway</html>", "not-x12"),
        (b"ISA*00*", "not-x12"),
        (b"\x00\xff" * 500, "not-x12"),
        (
            b"ISA*00*          *00*          *ZZ*RCV001         *ZZ*SUB001         *260304*1200*^"
            b"*00501*000000009*0*P*:~GS*HS*R*S*20260304*1200*9*X*005010X279A1~ST*270*0001~SE*2*0001~"
            b"GE*1*9~IEA*1*000000009~",
            "kind-not-read",
        ),
    ],
)
async def test_what_nobody_can_read_is_kept_and_said(
    gateway: Gateway, content: bytes, code: str
) -> None:
    good = await sent_file(gateway, 1)
    gateway.partner.answer(content, "strange.bin")
    gateway.partner.answer(ack_for(good))
    await gateway.receive()
    [kept] = (await gateway.get("/interchanges?status=unreadable"))["items"]
    found = (await gateway.get(f"/interchanges/{kept['interchange_id']}/findings"))["items"]
    assert code in {each["code"] for each in found}
    async with gateway.under_test.client("Interchange.ru") as client:
        raw = await client.get(f"/interchanges/{kept['interchange_id']}/content")
        assert raw.content == content
        again = await client.post(f"/interchanges/{kept['interchange_id']}:reread")
        assert again.status_code == 202
    assert await gateway.statuses() == {control_number(1): "file_accepted"}


async def test_silence_is_said_once_per_hop(gateway: Gateway) -> None:
    content = await sent_file(gateway, 1)
    async with gateway.under_test.transaction() as tx:
        await tx.execute(
            "UPDATE trading_partner SET file_answer_due_s = 1, clearinghouse_answer_due_s = 1"
        )

    async def late() -> Sequence[str]:
        async with gateway.under_test.transaction() as tx:
            await tx.execute("UPDATE submission SET changed_at = changed_at - interval '1 hour'")
        await gateway.under_test.run_job("raise_overdue")
        await gateway.under_test.run_job("raise_overdue")
        return [e.hop for e in await gateway.under_test.published(AcknowledgmentOverdue)]

    assert await late() == ["group"]
    gateway.partner.answer(ack_for(content))
    await gateway.receive()
    assert await late() == ["group", "clearinghouse"]
    assert len(gateway.partner.taken) == 1
