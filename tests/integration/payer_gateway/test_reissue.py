"""A file that a partner took at the door and lost: sent again once, marked as such, and only while
nobody has answered any of it."""

from typing import Any

import pytest

from rcm.contracts.payer import ClaimSubmitted
from rcm_x12 import claim_837p

from .answering import ack_for, status_for
from .conftest import Gateway, control_number, ready


async def lost(gateway: Gateway) -> dict[str, Any]:
    """Two claims that have left, and their transmission."""
    await gateway.queue(ready(gateway, 1), ready(gateway, 2))
    await gateway.send()
    [sent] = (await gateway.get("/transmissions"))["items"]
    return dict(sent)


async def reissue(gateway: Gateway, transmission_id: str, status: int = 202) -> dict[str, Any]:
    async with gateway.under_test.client() as client:
        answer = await client.post(f"/transmissions/{transmission_id}:reissue")
    assert answer.status_code == status, answer.text
    return dict(answer.json())


def files(gateway: Gateway) -> list[bytes]:
    return list(gateway.partner.taken.values())


async def test_the_same_claims_go_again_under_new_numbers_and_marked(gateway: Gateway) -> None:
    sent = await lost(gateway)
    made = await reissue(gateway, sent["transmission_id"])
    await gateway.send()
    first, again = map(claim_837p.read, files(gateway))
    [before], [after] = first.contents, again.contents
    assert (before.purpose_code, after.purpose_code) == ("00", "18")
    assert (after.reference, after.claims) == (before.reference, before.claims)
    assert made["claim_count"] == 2
    assert made["interchange_control_number"] != sent["interchange_control_number"]
    page = (await gateway.get("/transmissions"))["items"]
    assert [(each["status"], each["purpose_code"], each["reissued_as"]) for each in page] == [
        ("sent", "18", None),
        ("sent", "00", made["reissued_as"]),
    ]
    # To claims-svc nothing has happened: the claims were submitted, and still are.
    assert len(await gateway.under_test.published(ClaimSubmitted)) == 2
    assert set((await gateway.statuses()).values()) == {"sent"}


async def test_its_answer_moves_the_claims(gateway: Gateway) -> None:
    sent = await lost(gateway)
    await reissue(gateway, sent["transmission_id"])
    await gateway.send()
    gateway.partner.answer(ack_for(files(gateway)[1]))
    await gateway.receive()
    assert set((await gateway.statuses()).values()) == {"file_accepted"}
    [batch] = claim_837p.read(files(gateway)[1]).contents
    gateway.partner.answer(status_for(batch, {control_number(1): "A2"}, source="PR"))
    await gateway.receive()
    assert (await gateway.statuses())[control_number(1)] == "payer_accepted"


async def test_an_answer_to_the_first_file_that_was_only_late_counts(gateway: Gateway) -> None:
    sent = await lost(gateway)
    await reissue(gateway, sent["transmission_id"])
    await gateway.send()
    gateway.partner.answer(ack_for(files(gateway)[0]))
    await gateway.receive()
    assert set((await gateway.statuses()).values()) == {"file_accepted"}


async def test_what_is_lost_again_is_sent_again(gateway: Gateway) -> None:
    sent = await lost(gateway)
    second = await reissue(gateway, sent["transmission_id"])
    await gateway.send()
    third = await reissue(gateway, second["reissued_as"])
    await gateway.send()
    assert len(files(gateway)) == 3
    first = await gateway.get(f"/transmissions/{sent['transmission_id']}")
    assert first["reissued_as"] == third["reissued_as"]
    gateway.partner.answer(ack_for(files(gateway)[0]))
    await gateway.receive()
    assert set((await gateway.statuses()).values()) == {"file_accepted"}


@pytest.mark.parametrize("answer", ["999", "277CA", "reissue"])
async def test_what_somebody_has_is_never_sent_twice(gateway: Gateway, answer: str) -> None:
    sent = await lost(gateway)
    [batch] = claim_837p.read(files(gateway)[0]).contents
    if answer == "999":
        gateway.partner.answer(ack_for(files(gateway)[0]))
    elif answer == "277CA":
        gateway.partner.answer(status_for(batch, {control_number(1): "A2"}, source="PR"))
    else:
        await reissue(gateway, sent["transmission_id"])
    await gateway.receive()
    refused = await reissue(gateway, sent["transmission_id"], status=409)
    assert refused["error_name"] == "not_lost"


async def test_a_file_that_was_refused_in_its_place_may_go_again(gateway: Gateway) -> None:
    sent = await lost(gateway)
    second = await reissue(gateway, sent["transmission_id"])
    gateway.partner.before.append(400)
    await gateway.send()
    assert (await gateway.get(f"/transmissions/{second['reissued_as']}"))["status"] == "refused"
    await reissue(gateway, second["reissued_as"])
    await gateway.send()
    assert len(files(gateway)) == 2
