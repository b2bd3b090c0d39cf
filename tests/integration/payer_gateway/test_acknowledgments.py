"""What is kept of each acknowledgment, and what of it the API gives back."""

from dataclasses import replace

import pytest

from rcm.contracts.payer import ClaimAcknowledged, ClaimRejected
from rcm_x12 import ack_999, claim_837p, status_277ca, ta1
from rcm_x12.status_277ca import Totals

from .answering import ENVELOPE, ack_for, status_for, ta1_for
from .conftest import Gateway, claim_id, control_number, ready
from .test_answers import sent_file


async def batch_of(gateway: Gateway, count: int) -> claim_837p.Batch:
    content = await sent_file(gateway, count)
    [batch] = claim_837p.read(content).contents
    return batch


def with_totals(content: bytes, totals: Totals) -> bytes:
    [given] = status_277ca.read(content).contents
    return status_277ca.write(ENVELOPE, [replace(given, totals=totals)])


async def newest(gateway: Gateway) -> str:
    return str((await gateway.get("/acknowledgments"))["items"][0]["acknowledgment_id"])


async def test_a_277ca_is_read_back_whole(gateway: Gateway) -> None:
    batch = await batch_of(gateway, 3)
    answer = status_for(batch, {control_number(1): "A2", control_number(2): "A7"}, source="PR")
    gateway.partner.answer(with_totals(answer, Totals(1, 1, 12_500, 12_500)))
    await gateway.receive()
    found = await gateway.get(f"/acknowledgments/{await newest(gateway)}")
    counts = ("accepted_count", "rejected_count", "missing_count", "moved_count")
    assert [found[name] for name in counts] == [1, 1, 1, 2]
    assert (found["code"], found["source_received_on"]) == ("A1", "2026-03-04")
    codes = [each["code"] for each in found["findings"]]
    assert codes == ["277CA.count", "277CA.amount", "277CA.missing-claims"]
    page = await gateway.get(f"/acknowledgments/{found['acknowledgment_id']}/claims")
    said = {each["patient_control_number"]: each for each in page["items"]}
    assert said[control_number(1)]["payer_claim_number"] == f"P{control_number(1)}"
    assert said[control_number(1)]["effective_on"] == "2026-03-04"
    assert [each["code"] for each in said[control_number(2)]["findings"]] == ["277CA.A7.33"]
    refused = f"/acknowledgments/{found['acknowledgment_id']}/claims?accepted=false"
    assert len((await gateway.get(refused))["items"]) == 1
    own = f"/transmissions/{found['transmission_id']}/acknowledgments"
    assert [each["kind"] for each in (await gateway.get(own))["items"]] == ["277CA"]


async def test_a_claim_that_is_left_out_is_asked_about(gateway: Gateway) -> None:
    batch = await batch_of(gateway, 2)
    gateway.partner.answer(status_for(batch, {control_number(1): "A2"}))
    await gateway.receive()
    async with gateway.under_test.transaction() as tx:
        rows = await tx.fetch(
            "SELECT patient_control_number FROM submission WHERE follow_up_at IS NOT NULL"
        )
    assert [row["patient_control_number"] for row in rows] == [control_number(2)]


async def test_a_second_acceptance_brings_the_payers_number(gateway: Gateway) -> None:
    """A1 has none, the A2 behind it has; the claim stands where it stood, the number is told."""
    batch = await batch_of(gateway, 1)
    for category in ("A1", "A2", "A2"):
        gateway.partner.answer(
            status_for(batch, {control_number(1): category}, source="PR"),
            f"{category}-{len(gateway.partner.waiting)}.x12",
        )
        await gateway.receive()
    told = await gateway.under_test.published(ClaimAcknowledged)
    assert [each.payer_claim_number for each in told] == [None, f"P{control_number(1)}"]
    [row] = (await gateway.get("/submissions"))["items"]
    assert row["payer_claim_number"] == f"P{control_number(1)}"


async def test_the_payers_first_word_is_the_proof_of_filing(gateway: Gateway) -> None:
    batch, path = await batch_of(gateway, 1), f"/claims/{claim_id(1)}/timely-filing-proof"
    number = control_number(1)
    gateway.partner.answer(status_for(batch, {number: "A2"}))
    await gateway.receive()
    unproven = await gateway.get(path)
    assert (unproven["is_proven"], unproven["accepted_on"]) == (False, None)
    assert unproven["first_sent_at"]
    gateway.partner.answer(status_for(batch, {number: "A1"}, source="PR"))
    gateway.partner.answer(status_for(batch, {number: "A2"}, source="PR"))
    await gateway.receive()
    proof = await gateway.get(path)
    assert (proof["is_proven"], proof["accepted_on"]) == (True, "2026-03-04")
    assert proof["payer_claim_number"] == f"P{number}"
    assert [each["category_code"] for each in proof["status_codes"]] == ["A1"]
    file = await gateway.get(f"/interchanges/{proof['interchange_id']}")
    assert file["kind"] == "277CA"
    async with gateway.under_test.client() as client:
        unknown = await client.get(f"/claims/{claim_id(999)}/timely-filing-proof")
    assert unknown.status_code == 404
    async with gateway.under_test.client(tenant=gateway.under_test.other_tenant) as client:
        assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize("kind", ["TA1", "999", "277CA"])
async def test_an_answer_to_nothing_of_ours_is_kept_and_found(gateway: Gateway, kind: str) -> None:
    content = await sent_file(gateway, 1)
    [batch] = claim_837p.read(content).contents
    stranger = replace(batch, reference="NOT-OURS", claims=batch.claims)
    answers = {
        "TA1": ta1_for(content, code="A", note="000").replace(b"TA1*000000001", b"TA1*000000999"),
        "999": ack_for(content).replace(b"AK1*HC*1*", b"AK1*HC*999*"),
        "277CA": status_for(stranger, {"C9999999": "A2"}),
    }
    gateway.partner.answer(answers[kind])
    await gateway.receive()
    [found] = (await gateway.get("/acknowledgments?matched=false"))["items"]
    assert (found["kind"], found["transmission_id"]) == (kind, None)
    detail = await gateway.get(f"/acknowledgments/{found['acknowledgment_id']}")
    assert f"{kind}.unmatched" in {each["code"] for each in detail["findings"]}
    file = await gateway.get(f"/interchanges/{found['interchange_id']}/findings")
    assert f"{kind}.unmatched" in {each["code"] for each in file["items"]}
    assert await gateway.statuses() == {control_number(1): "sent"}


async def test_a_file_refused_at_the_door_and_answered_all_the_same_was_taken(
    gateway: Gateway,
) -> None:
    """The partner took it and then said no; its 999 is the later word."""
    gateway.partner.after.append(409)
    await gateway.queue(ready(gateway, 1))
    await gateway.send()
    [sent] = (await gateway.get("/transmissions"))["items"]
    assert sent["status"] == "refused"
    gateway.partner.answer(ack_for(next(iter(gateway.partner.taken.values()))))
    await gateway.receive()
    assert await gateway.statuses() == {control_number(1): "file_accepted"}


async def test_an_acceptance_of_claims_that_went_out_again_is_said(gateway: Gateway) -> None:
    gateway.partner.after.append(409)
    await gateway.queue(ready(gateway, 1))
    await gateway.send()
    [sent] = (await gateway.get("/transmissions"))["items"]
    async with gateway.under_test.client("Transmission.u") as client:
        await client.post(f"/transmissions/{sent['transmission_id']}:resend")
    gateway.partner.answer(ack_for(next(iter(gateway.partner.taken.values()))))
    await gateway.receive()
    detail = await gateway.get(f"/acknowledgments/{await newest(gateway)}")
    assert [each["code"] for each in detail["findings"]] == ["999.sent-again"]


async def test_a_ta1_takes_nothing_back_from_a_999(gateway: Gateway) -> None:
    content = await sent_file(gateway, 1)
    gateway.partner.answer(ack_for(content))
    gateway.partner.answer(ta1_for(content, code="R", note="025"))
    await gateway.receive()
    assert await gateway.statuses() == {control_number(1): "file_accepted"}
    [sent] = (await gateway.get("/transmissions"))["items"]
    assert sent["status"] == "accepted"
    assert await gateway.under_test.published(ClaimRejected) == []


async def test_the_person_block_is_kept_until_an_835(gateway: Gateway) -> None:
    """A silent claim is asked about by name, so the sealed block outlives every acknowledgment."""
    batch = await batch_of(gateway, 1)
    gateway.partner.answer(status_for(batch, {control_number(1): "A2"}, source="PR"))
    await gateway.receive()
    async with gateway.under_test.transaction() as tx:
        assert await tx.fetchval("SELECT claim IS NOT NULL FROM submission")


@pytest.mark.parametrize(
    ("terms", "asks", "kinds"),
    [
        ({}, True, []),
        ({"send_999": True}, False, ["999"]),
        ({"send_999": True, "send_ta1": True}, True, ["TA1", "999"]),
        ({"send_ta1": True}, False, []),
    ],
)
async def test_what_we_receive_is_acknowledged_where_the_partner_wants_it(
    gateway: Gateway, terms: dict[str, bool], *, asks: bool, kinds: list[str]
) -> None:
    """A 277CA is; the 999 that comes with it never is."""
    batch = await batch_of(gateway, 1)
    sent = list(gateway.partner.taken.values())[-1]
    async with gateway.under_test.transaction() as tx:
        for name in terms:
            await tx.execute(f"UPDATE trading_partner SET {name} = true")
    answer = status_for(batch, {control_number(1): "A2"})
    if asks:
        answer = answer[:100] + b"1" + answer[101:]
    gateway.partner.answer(answer)
    gateway.partner.answer(ack_for(sent))
    await gateway.receive()
    await gateway.send()
    await gateway.send()
    made = (await gateway.get("/transmissions"))["items"]
    assert sorted(each["kind"] for each in made if each["kind"] != "837P") == sorted(kinds)
    assert {each["status"] for each in made} <= {"sent", "accepted"}
    for name, content in gateway.partner.taken.items():
        if name.endswith(".999.x12"):
            [said] = ack_999.read(content).contents
            assert (said.functional_id, said.code, said.accepted_count) == ("HN", "A", 1)
        if name.endswith(".ta1.x12"):
            [verdict] = ta1.read(content)
            assert (verdict.control_number, verdict.code) == ("000000077", "A")
