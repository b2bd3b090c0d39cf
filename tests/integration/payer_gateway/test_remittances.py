"""835 from file to events: balanced ones are reported once, all others held with their cents."""

from dataclasses import replace
from random import Random
from string import ascii_uppercase
from typing import Any

import pytest

from rcm.contracts.payer import ClaimPaymentReported, RemittanceHeld, RemittanceReceived
from rcm.testing.databases import connected
from rcm_x12.remittance_835 import Remittance

from .answering import V1, V2, file_of, payment, remittance, service
from .conftest import Gateway, control_number, ready


async def reported(gateway: Gateway) -> list[ClaimPaymentReported]:
    return await gateway.under_test.published(ClaimPaymentReported)


async def upload(gateway: Gateway, content: bytes) -> Any:
    async with gateway.under_test.client("Interchange.c") as client:
        answer = await client.post(
            "/interchanges", content=content, headers={"Content-Type": "application/edi-x12"}
        )
    await gateway.under_test.run_job("read_inbound")
    return answer


async def test_v1_from_file_to_events(gateway: Gateway) -> None:
    """Two claims, one denied although CLP02 is 1; a take-back and interest: BPR02 is 46.25."""
    gateway.partner.answer(file_of(V1))
    await gateway.receive()
    [received] = await gateway.under_test.published(RemittanceReceived)
    assert (received.payment_cents, received.claim_paid_cents) == (4_625, 7_000)
    assert [(each.reason_code, each.amount_cents) for each in received.provider_adjustments] == [
        ("WO", 2_500),
        ("L6", -125),
    ]
    first, second = await reported(gateway)
    assert (first.ordinal, first.paid_cents, first.patient_responsibility_cents) == (
        1,
        7_000,
        3_000,
    )
    assert (second.ordinal, second.paid_cents, second.claim_status_code) == (2, 0, "1")
    assert [(each.group_code, each.reason_code) for each in second.lines[0].adjustments] == [
        ("CO", "197")
    ]
    assert [line.date_of_service is not None for line in first.lines] == [True, True]


async def test_v2_a_reversal_and_its_correction_in_order(gateway: Gateway) -> None:
    """The cycle is negative: FB lifts it to zero and takes it back from the next one."""
    forward = remittance(
        [payment(control_number(9), [service("99213", 10_000, 10_000, [])])],
        ("FB", "FORWARD1", 2_600),
        trace="TRACE3",
    )
    gateway.partner.answer(file_of(V2))
    gateway.partner.answer(file_of(forward, number="000000089"))
    await gateway.receive()
    first, second = await gateway.under_test.published(RemittanceReceived)
    assert (first.payment_cents, first.claim_paid_cents) == (0, -2_600)
    assert first.payment_method == "NON"
    balances = [each.provider_adjustments[0].amount_cents for each in (first, second)]
    assert balances == [-2_600, 2_600]
    reversal, correction, _ = await reported(gateway)
    assert (reversal.claim_status_code, reversal.paid_cents) == ("22", -9_600)
    assert (correction.claim_status_code, correction.paid_cents) == ("1", 7_000)
    assert (reversal.ordinal, correction.ordinal) == (1, 2)


async def test_a_correction_before_its_reversal_is_told_after_it(gateway: Gateway) -> None:
    """In the file as the payer wrote it, on the topic as it can be posted."""
    gateway.partner.answer(file_of(replace(V2, claims=V2.claims[::-1])))
    await gateway.receive()
    first, second = await reported(gateway)
    assert (first.claim_status_code, first.ordinal) == ("22", 2)
    assert (second.claim_status_code, second.ordinal) == ("1", 1)


async def test_v6_the_same_payment_is_reported_once(gateway: Gateway) -> None:
    """The same bytes; the same payment under another ISA13 and file name; the same uploaded."""
    gateway.partner.answer(file_of(V1), "first.835")
    gateway.partner.answer(file_of(V1), "again.835")
    gateway.partner.answer(file_of(V1, number="000000099"), "renumbered.835")
    await gateway.receive()
    await upload(gateway, file_of(V1, number="000000100"))
    assert len(await gateway.under_test.published(RemittanceReceived)) == 1
    assert len(await reported(gateway)) == 2
    rows = (await gateway.get("/remittances"))["items"]
    assert sorted(row["status"] for row in rows) == ["duplicate", "duplicate", "reported"]
    [original] = [row for row in rows if row["status"] == "reported"]
    assert {row["duplicate_of"] for row in rows} == {None, original["remittance_id"]}
    files = (await gateway.get("/interchanges?direction=received"))["items"]
    assert [each["status"] for each in files].count("duplicate") == 1


def unbalanced_line() -> Remittance:
    claim = V1.claims[0]
    line = replace(claim.services[0], paid_cents=4_100)
    return replace(V1, claims=(replace(claim, services=(line, claim.services[1])), V1.claims[1]))


def unbalanced_claim() -> Remittance:
    return replace(V1, claims=(replace(V1.claims[0], paid_cents=7_100), V1.claims[1]))


def unbalanced_payment() -> Remittance:
    return replace(V1, header=replace(V1.header, payment_cents=4_725))


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (unbalanced_line(), "line-balance"),
        (unbalanced_claim(), "claim-balance"),
        (unbalanced_payment(), "payment-balance"),
    ],
)
async def test_what_does_not_balance_is_held_with_its_cents(
    gateway: Gateway, broken: Remittance, code: str
) -> None:
    gateway.partner.answer(written(broken))
    await gateway.receive()
    assert await reported(gateway) == []
    assert await gateway.under_test.published(RemittanceReceived) == []
    [held] = await gateway.under_test.published(RemittanceHeld)
    assert held.payment_cents == broken.header.payment_cents
    assert code in {found.code for found in held.findings}
    [row] = (await gateway.get("/remittances?status=held"))["items"]
    assert row["payment_cents"] == broken.header.payment_cents
    found = (await gateway.get(f"/remittances/{row['remittance_id']}/exceptions"))["items"]
    assert code in {each["code"] for each in found}
    claims = (await gateway.get(f"/remittances/{row['remittance_id']}/claims"))["items"]
    assert [each["ordinal"] for each in claims] == [1, 2]
    # The payer sends it right: the held one does not stand in the way.
    gateway.partner.answer(file_of(V1), "corrected.835")
    await gateway.receive()
    assert len(await reported(gateway)) == 2


def written(broken: Remittance) -> bytes:
    """The writer refuses what does not balance: the sum is spoilt in the bytes of a good file."""
    content = file_of(V1)
    if broken.header.payment_cents != V1.header.payment_cents:
        return content.replace(b"BPR*I*46.25*", b"BPR*I*47.25*")
    if broken.claims[0].paid_cents != V1.claims[0].paid_cents:
        return content.replace(b"*150*70*30*", b"*150*71*30*")
    return content.replace(b"*100*40", b"*100*41")


async def test_one_set_of_a_file_is_held_and_the_others_reported(gateway: Gateway) -> None:
    other = remittance(
        [payment(control_number(5), [service("99213", 10_000, 10_000, [])])], trace="TRACE5"
    )
    content = file_of(V1, other).replace(b"BPR*I*46.25*", b"BPR*I*47.25*")
    gateway.partner.answer(content)
    await gateway.receive()
    rows = (await gateway.get("/remittances"))["items"]
    assert sorted(row["status"] for row in rows) == ["held", "reported"]
    assert [each.trace_number for each in await reported(gateway)] == ["TRACE5"]


async def test_the_same_payment_with_other_content_is_held(gateway: Gateway) -> None:
    other = replace(
        V1, claims=(V1.claims[0], replace(V1.claims[1], control_number=control_number(3)))
    )
    gateway.partner.answer(file_of(V1), "one.835")
    gateway.partner.answer(file_of(other), "two.835")
    await gateway.receive()
    [held] = await gateway.under_test.published(RemittanceHeld)
    assert held.findings[0].code == "payment-conflict"
    assert len(await reported(gateway)) == 2


async def test_a_truncated_file_posts_nothing_of_its_last_set(gateway: Gateway) -> None:
    content = file_of(V1)
    gateway.partner.answer(content[: content.index(b"CAS*CO*197")])
    await gateway.receive()
    assert await reported(gateway) == []
    assert len(await gateway.under_test.published(RemittanceHeld)) == 1


async def test_an_upload_takes_the_same_path(gateway: Gateway) -> None:
    answer = await upload(gateway, file_of(V1))
    assert answer.status_code == 202
    place = answer.headers["Location"]
    assert place == f"/interchanges/{answer.json()['interchange_id']}"
    assert (await gateway.get(place))["kind"] == "835"
    again = await upload(gateway, file_of(V1))
    assert again.json()["interchange_id"] == answer.json()["interchange_id"]
    assert len(await reported(gateway)) == 2
    [row] = (await gateway.get("/remittances"))["items"]
    async with gateway.under_test.client("Interchange.r") as client:
        raw = await client.get(f"/remittances/{row['remittance_id']}/raw")
    assert raw.content == file_of(V1)


async def test_an_empty_upload_is_refused(gateway: Gateway) -> None:
    assert (await upload(gateway, b"")).status_code in {400, 422}


async def test_payments_are_joined_to_what_was_sent(gateway: Gateway) -> None:
    await gateway.queue(ready(gateway, 1))
    await gateway.send()
    gateway.partner.answer(file_of(V1))
    await gateway.receive()
    [found] = (await gateway.get("/submissions"))["items"]
    assert (found["status"], found["payer_claim_number"]) == ("remitted", "ICNC0000001")
    first, second = await reported(gateway)
    assert {first.payer_id, second.payer_id} == {"DEMO1"}
    [row] = (await gateway.get("/remittances"))["items"]
    claims = (await gateway.get(f"/remittances/{row['remittance_id']}/claims"))["items"]
    assert [each["submission_id"] for each in claims] == [found["submission_id"], None]
    async with gateway.under_test.transaction() as tx:
        headers = await tx.fetch(
            "SELECT headers FROM outbox WHERE ce_type = 'ClaimPaymentReported' ORDER BY id"
        )
    assert ["ce_causationid" in row["headers"] for row in headers] == [True, False]


async def test_tenants_do_not_see_each_others_files(gateway: Gateway) -> None:
    await upload(gateway, file_of(V1))
    [row] = (await gateway.get("/remittances"))["items"]
    async with gateway.under_test.client(tenant=gateway.under_test.other_tenant) as client:
        assert (await client.get("/remittances")).json()["items"] == []
        for path in ("", "/raw", "/exceptions", "/claims"):
            answer = await client.get(f"/remittances/{row['remittance_id']}{path}")
            assert answer.status_code == 404


async def test_remittance_and_events_share_one_transaction(gateway: Gateway, servers: Any) -> None:
    await upload(gateway, file_of(V1))
    name = gateway.under_test.urls.app.rsplit("/", 1)[1]
    async with connected(servers.postgres_admin_url, name) as admin:
        rows = await admin.fetch(
            "SELECT xmin FROM outbox"
            " WHERE ce_type IN ('RemittanceReceived', 'ClaimPaymentReported')"
            " UNION ALL SELECT xmin FROM remittance UNION ALL SELECT xmin FROM interchange"
        )
    assert len(rows) == 5
    assert len({row["xmin"] for row in rows}) == 1


# Random letters: PostgreSQL would press a row of equal ones into any index.
NO_INDEX_TAKES_IT = "".join(Random(4).choices(ascii_uppercase, k=9_000)).encode()  # noqa: S311


@pytest.mark.parametrize("number", [b"C00\x00002", NO_INDEX_TAKES_IT])
async def test_a_value_that_cannot_be_stored_stops_nobody(gateway: Gateway, number: bytes) -> None:
    hostile = file_of(V1).replace(b"C0000002", number)
    assert hostile != file_of(V1)
    gateway.partner.answer(hostile, "hostile.835")
    gateway.partner.answer(file_of(V1), "good.835")
    await gateway.receive()
    assert len(await reported(gateway)) == 2
    [kept] = (await gateway.get("/interchanges?status=unreadable"))["items"]
    found = (await gateway.get(f"/interchanges/{kept['interchange_id']}/findings"))["items"]
    assert [each["code"] for each in found] == ["not-storable"]


LONG = payment("C0000009", [service("99213", 100, 100, [])] * 6_000)
MANY_CUTS = [("WO", f"REFERENCE{number}", 1) for number in range(9_000)]


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (file_of(V1).replace(b"CLP*C0000002*", b"CLP**"), "CLP 2"),
        (file_of(V1).replace(b"C0000002", b"C0\x1b00002"), "CLP 2"),
        (file_of(V1).replace(b"C0000002", b"C" * 201), "CLP 2"),
        (file_of(remittance([LONG], trace="TRACE8")), "CLP 1"),
        (file_of(remittance([LONG], *MANY_CUTS, trace="TRACE9")), "the remittance as a whole"),
    ],
    ids=["no number", "no letter", "a long number", "a long claim", "many provider cuts"],
)
async def test_what_no_event_can_say_is_held_with_its_cents(
    gateway: Gateway, content: bytes, place: str
) -> None:
    """It balances, so nothing but its form stands against it; the files behind it are read."""
    gateway.partner.answer(content, "unsayable.835")
    gateway.partner.answer(file_of(replace(V2, header=replace(V2.header, trace_number="T2"))))
    await gateway.receive()
    [row] = (await gateway.get("/remittances?status=held"))["items"]
    assert row["payment_cents"] > 0
    path = f"/remittances/{row['remittance_id']}/exceptions"
    found = (await gateway.get(path))["items"]
    assert place in [each["location"] for each in found if each["code"] == "content"]
    assert len(await reported(gateway)) == 2
