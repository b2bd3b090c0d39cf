"""What must not post waits with its cents, and ends by a person's word or the payer's own."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from payer_gateway.storage import interchanges
from rcm.contracts.payer import ClaimPaymentReported, RemittanceHeld, RemittanceReceived
from rcm.ids import new_id

from .answering import ENVELOPE, V1, V2, file_of, payment, remittance, service
from .conftest import TENANT, Gateway, Killed, claim_id, control_number, killed_at, ready

UNBALANCED = file_of(V1).replace(b"BPR*I*46.25*", b"BPR*I*47.25*")


async def post(gateway: Gateway, path: str, body: Any = None, **headers: str) -> Any:
    async with gateway.under_test.client() as client:
        return await client.post(path, json=body, headers=headers)


async def held(gateway: Gateway, content: bytes = UNBALANCED) -> dict[str, Any]:
    gateway.partner.answer(content, f"held-{new_id()}.835")
    await gateway.receive()
    [row] = (await gateway.get("/remittances?status=held"))["items"]
    return dict(row)


async def exceptions(gateway: Gateway, row: dict[str, Any]) -> list[dict[str, Any]]:
    page = await gateway.get(f"/remittances/{row['remittance_id']}/exceptions")
    return list(page["items"])


async def reported(gateway: Gateway) -> list[ClaimPaymentReported]:
    return await gateway.under_test.published(ClaimPaymentReported)


@pytest.mark.parametrize(
    ("old", "new", "code", "level", "ordinal", "cents"),
    [
        (b"BPR*I*46.25*", b"BPR*I*47.25*", "payment-balance", "payment", None, 100),
        (b"*150*70*30*", b"*150*71*30*", "claim-balance", "claim", 1, 100),
        (b"*100*40", b"*100*41", "line-balance", "line", 1, 100),
        (b"*150*70*30*", b"*150*70*31*", "patient-share", "claim", 1, 100),
    ],
)
async def test_an_exception_says_level_claim_and_cents(
    gateway: Gateway,
    old: bytes,
    new: bytes,
    code: str,
    *,
    level: str,
    ordinal: int | None,
    cents: int,
) -> None:
    gateway.partner.answer(file_of(V1).replace(old, new, 1))
    await gateway.receive()
    [row] = (await gateway.get("/remittances"))["items"]
    [found] = [each for each in await exceptions(gateway, row) if each["code"] == code]
    assert (found["level"], found["claim_ordinal"], found["stake_cents"]) == (
        level,
        ordinal,
        cents,
    )
    assert found["location"]
    totals = await gateway.get("/remittance-totals")
    [total] = [each for each in totals["exceptions"] if each["code"] == code]
    assert (total["exception_count"], total["stake_cents"]) == (1, cents)
    listed = (await gateway.get(f"/remittance-exceptions?code={code}"))["items"]
    assert [each["finding_id"] for each in listed] == [found["finding_id"]]


async def test_a_patient_share_that_differs_posts_by_its_cas(gateway: Gateway) -> None:
    """CLP05 is no part of any balance (RFI 2548): an exception, never a reason to hold money."""
    gateway.partner.answer(file_of(V1).replace(b"*150*70*30*", b"*150*70*31*", 1))
    await gateway.receive()
    first, _ = await reported(gateway)
    assert sum(a.amount_cents for a in first.lines[0].adjustments if a.group_code == "PR") == 3_000


async def test_an_unknown_reason_code_never_blocks_money(gateway: Gateway) -> None:
    gateway.partner.answer(file_of(V1).replace(b"CAS*CO*197*", b"CAS*CO*9ZZ*"))
    await gateway.receive()
    assert len(await reported(gateway)) == 2


async def test_a_dismissed_remittance_never_posts(gateway: Gateway) -> None:
    row = await held(gateway)
    path = f"/remittances/{row['remittance_id']}:dismiss"
    assert (await post(gateway, path, {"reason_code": "because"})).status_code == 422
    body = {"reason_code": "not_ours"}
    assert (await post(gateway, path, body, **{"If-Match": '"7"'})).status_code == 412
    done = await post(gateway, path, body, **{"If-Match": '"1"'})
    assert (done.json()["status"], done.json()["reason_code"]) == ("dismissed", "not_ours")
    assert (await post(gateway, path, body)).json()["error_name"] == "remittance_not_held"
    recheck = await post(gateway, f"/remittances/{row['remittance_id']}:recheck")
    assert recheck.status_code == 409
    assert (await gateway.get("/remittance-totals"))["exceptions"] == []


@pytest.mark.parametrize(
    ("reason", "content", "status"),
    [
        ("posted_by_hand", file_of(V1, number="000000099"), "held"),
        ("not_ours", file_of(V1, number="000000099"), "held"),
        ("payer_will_correct", file_of(V1, number="000000099"), "reported"),
        ("posted_by_hand", UNBALANCED.replace(b"000000088", b"000000099"), "duplicate"),
    ],
)
async def test_what_a_person_has_ended_never_posts_by_itself_later(
    gateway: Gateway, reason: str, content: bytes, status: str
) -> None:
    """The payer's correction of a payment that somebody posted by hand would post it twice."""
    row = await held(gateway)
    path = f"/remittances/{row['remittance_id']}:dismiss"
    done = await post(gateway, path, {"reason_code": reason})
    assert done.json()["status"] == "dismissed"
    gateway.partner.answer(content, "later.835")
    await gateway.receive()
    [later] = [
        each
        for each in (await gateway.get("/remittances"))["items"]
        if each["remittance_id"] != row["remittance_id"]
    ]
    assert later["status"] == status
    assert len(await reported(gateway)) == (2 if status == "reported" else 0)
    if status == "held":
        assert [each["code"] for each in await exceptions(gateway, later)] == ["payment-conflict"]


async def test_an_exception_is_resolved_once_and_moves_no_money(gateway: Gateway) -> None:
    row = await held(gateway)
    [found] = await exceptions(gateway, row)
    path = f"/remittances/{row['remittance_id']}/exceptions/{found['finding_id']}:resolve"
    done = await post(gateway, path, {"reason_code": "payer_will_correct"})
    assert done.json()["resolution_code"] == "payer_will_correct"
    assert (await post(gateway, path, {"reason_code": "not_ours"})).status_code == 409
    assert (await gateway.get("/remittances?status=held"))["items"]
    unknown = path.replace(found["finding_id"], str(new_id()))
    assert (await post(gateway, unknown, {"reason_code": "not_ours"})).status_code == 404


async def test_a_held_one_is_linked_to_the_payers_correction(gateway: Gateway) -> None:
    row = await held(gateway)
    gateway.partner.answer(file_of(V1), "corrected.835")
    await gateway.receive()
    seen = await gateway.get(f"/remittances/{row['remittance_id']}")
    [good] = (await gateway.get("/remittances?status=reported"))["items"]
    assert (seen["status"], seen["replaced_by"]) == ("replaced", good["remittance_id"])
    assert len(await reported(gateway)) == 2


async def test_one_recheck_that_fails_stops_no_other(gateway: Gateway) -> None:
    await held(gateway)
    other = replace(V1, header=replace(V1.header, trace_number="TRACE9"))
    gateway.partner.answer(file_of(other).replace(b"BPR*I*46.25*", b"BPR*I*47.25*"))
    await gateway.receive()
    rows = (await gateway.get("/remittances?status=held"))["items"]
    for row in rows:
        await post(gateway, f"/remittances/{row['remittance_id']}:recheck")
    with killed_at("recheck.applying", times=1), pytest.RaisesGroup(Killed):
        await gateway.under_test.run_job("recheck_held")
    after = (await gateway.get("/remittances?status=held"))["items"]
    assert len([each for each in after if each["recheck_requested_at"] is None]) == 1


async def test_a_trace_that_pays_twice_is_posted_and_named(gateway: Gateway) -> None:
    """Another amount or day is another payment, but one transfer pays only one of them."""
    gateway.partner.answer(file_of(V1), "first.835")
    await gateway.receive()
    other = remittance([payment(control_number(9), [service("99213", 9_900, 9_900, [])])])
    gateway.partner.answer(file_of(other, number="000000099"), "second.835")
    await gateway.receive()
    assert len(await reported(gateway)) == 3
    [named] = (await gateway.get("/remittance-exceptions?code=trace-seen"))["items"]
    assert (named["severity"], named["stake_cents"]) == ("warning", 9_900)


async def test_another_set_of_the_same_trace_in_one_file_replaces_nothing(
    gateway: Gateway,
) -> None:
    """What is wrong with one set of a split payment waits, whatever the other one says."""
    other = remittance([payment(control_number(9), [service("99213", 9_900, 9_900, [])])])
    content = file_of(V1, other).replace(b"BPR*I*46.25*", b"BPR*I*47.25*")
    row = await held(gateway, content)
    assert (row["payment_cents"], row["replaced_by"]) == (4_725, None)
    [good] = (await gateway.get("/remittances?status=reported"))["items"]
    assert (good["payment_cents"], good["trace_number"]) == (9_900, row["trace_number"])


async def newer_bytes(gateway: Gateway, row: dict[str, Any], content: bytes) -> None:
    """What a newer reader would see in the held file, as another file in its place."""
    file = interchanges.NewFile(
        TENANT, new_id(), "received", gateway.partner_id, "newer.835", content, "835"
    )
    async with gateway.under_test.transaction() as tx:
        await interchanges.keep_read(tx, file, at=gateway.under_test.kit.clock.now())
        await tx.execute(
            "UPDATE remittance SET interchange_id = $1 WHERE remittance_id = $2",
            file.interchange_id,
            UUID(row["remittance_id"]),
        )


async def test_a_recheck_reports_what_balances_now(gateway: Gateway) -> None:
    """Under its own id, once, with its old exceptions set aside."""
    row = await held(gateway)
    await newer_bytes(gateway, row, file_of(V1))
    asked = await post(gateway, f"/remittances/{row['remittance_id']}:recheck")
    assert (asked.status_code, asked.json()["status"]) == (202, "held")
    await gateway.under_test.run_job("recheck_held")
    await gateway.under_test.run_job("recheck_held")
    seen = await gateway.get(f"/remittances/{row['remittance_id']}")
    assert (seen["status"], seen["recheck_requested_at"]) == ("reported", None)
    [received] = await gateway.under_test.published(RemittanceReceived)
    assert str(received.remittance_id) == row["remittance_id"]
    assert len(await reported(gateway)) == 2
    assert {each["resolution_code"] for each in await exceptions(gateway, row)} == {"rechecked"}
    pairs = (await gateway.get("/provider-adjustments"))["items"]
    assert [each["reason_code"] for each in pairs] == ["WO", "L6"]


async def test_a_recheck_of_what_is_still_wrong_holds_it_anew(gateway: Gateway) -> None:
    row = await held(gateway)
    await post(gateway, f"/remittances/{row['remittance_id']}:recheck")
    await gateway.under_test.run_job("recheck_held")
    seen = await gateway.get(f"/remittances/{row['remittance_id']}")
    assert (seen["status"], seen["recheck_requested_at"]) == ("held", None)
    assert await reported(gateway) == []
    assert len(await gateway.under_test.published(RemittanceHeld)) == 1
    now = [each for each in await exceptions(gateway, row) if each["resolved_at"] is None]
    assert [each["code"] for each in now] == ["payment-balance"]


async def test_a_recheck_that_is_killed_is_done_once(gateway: Gateway) -> None:
    row = await held(gateway)
    await newer_bytes(gateway, row, file_of(V1))
    await post(gateway, f"/remittances/{row['remittance_id']}:recheck")
    with killed_at("recheck.applying", times=1), pytest.RaisesGroup(Killed):
        await gateway.under_test.run_job("recheck_held")
    assert await reported(gateway) == []
    await gateway.under_test.run_job("recheck_held")
    assert len(await reported(gateway)) == 2


async def test_a_payers_own_number_finds_the_claim(gateway: Gateway) -> None:
    """CLP01 came back as 0; CLP07 is the number that an earlier remittance told."""
    await gateway.queue(ready(gateway, 1))
    await gateway.send()
    gateway.partner.answer(file_of(V1), "first.835")
    await gateway.receive()
    stray = replace(
        payment(control_number(1), [service("99213", 10_000, 10_000, [])]), control_number="0"
    )
    gateway.partner.answer(file_of(remittance([stray], trace="TRACE5"), number="000000105"))
    await gateway.receive()
    found = (await reported(gateway))[-1]
    assert (found.patient_control_number, found.reported_control_number, found.matched_by) == (
        control_number(1),
        "0",
        "payer_claim_number",
    )


async def test_a_person_matches_an_unknown_claim(gateway: Gateway) -> None:
    """The CLP is told again under the claim's number, once, whatever dies in between."""
    await gateway.queue(ready(gateway, 7))
    await gateway.send()
    gateway.partner.answer(file_of(V1))
    await gateway.receive()
    rows = (await gateway.get("/unmatched-claims"))["items"]
    assert [(row["ordinal"], row["paid_cents"]) for row in rows] == [(1, 7_000), (2, 0)]
    totals = (await gateway.get("/remittance-totals"))["unmatched_claims"]
    assert totals == {"claim_count": 2, "charge_cents": 23_000, "paid_cents": 7_000}
    path = f"/remittances/{rows[0]['remittance_id']}/claims/1:match"
    nobody = await post(gateway, path, {"claim_id": str(new_id())})
    assert (nobody.status_code, nobody.json()["error_name"]) == (422, "claim_unknown")
    body = {"claim_id": str(claim_id(7))}
    done = await post(gateway, path, body)
    assert (done.status_code, done.json()["matched_by"]) == (202, "manual")
    assert (await post(gateway, path, body)).json()["error_name"] == "claim_matched"
    assert (await post(gateway, path.replace("claims/1", "claims/9"), body)).status_code == 404
    with killed_at("match.telling", times=1), pytest.RaisesGroup(Killed):
        await gateway.under_test.run_job("tell_matches")
    await gateway.under_test.run_job("tell_matches")
    await gateway.under_test.run_job("tell_matches")
    _, _, told = await reported(gateway)
    assert (told.patient_control_number, told.ordinal, told.matched_by, told.paid_cents) == (
        control_number(7),
        1,
        "manual",
        7_000,
    )
    left = (await gateway.get("/unmatched-claims"))["items"]
    assert [row["ordinal"] for row in left] == [2]
    assert await gateway.statuses() == {control_number(7): "remitted"}


async def test_provider_adjustments_are_rows_traced_to_their_claim(gateway: Gateway) -> None:
    await gateway.queue(ready(gateway, 1))
    await gateway.send()
    traced = remittance(
        [payment(control_number(3), [service("99213", 10_000, 10_000, [])])],
        ("WO", f"{control_number(1)} 2025", 2_500),
        ("L6", "", -125),
    )
    gateway.partner.answer(file_of(traced))
    await gateway.receive()
    taken, interest = (await gateway.get("/provider-adjustments"))["items"]
    assert (taken["amount_cents"], taken["family"], taken["claim_id"]) == (
        2_500,
        "recovery",
        str(claim_id(1)),
    )
    assert (interest["amount_cents"], interest["family"], interest["claim_id"]) == (
        -125,
        "interest",
        None,
    )
    for query, count in (("reason_code=WO", 1), ("trace_number=TRACE1", 2), ("payer_id=X", 0)):
        assert len((await gateway.get(f"/provider-adjustments?{query}"))["items"]) == count
    balances = await gateway.get("/provider-adjustments/balances")
    assert [(each["family"], each["balance_cents"]) for each in balances["items"]] == [
        ("recovery", 2_500)
    ]
    path = f"/provider-adjustments/{taken['remittance_id']}/1:settle"
    assert (await post(gateway, path, {"reason_code": "refund_sent"})).status_code == 200
    assert (await post(gateway, path, {"reason_code": "refund_sent"})).status_code == 409
    assert (await gateway.get("/provider-adjustments/balances"))["items"] == []


async def test_a_forwarded_balance_is_open_until_it_comes_back(gateway: Gateway) -> None:
    gateway.partner.answer(file_of(V2))
    await gateway.receive()
    [row] = (await gateway.get("/provider-adjustments/balances?older_than_days=1"))["items"]
    assert (row["family"], row["balance_cents"], row["open_since"]) == (
        "forward",
        -2_600,
        "2026-03-04",
    )
    back = remittance(
        [payment(control_number(9), [service("99213", 10_000, 10_000, [])])],
        ("FB", "OTHER REFERENCE", 2_600),
        trace="TRACE3",
    )
    gateway.partner.answer(file_of(back, number="000000089"))
    await gateway.receive()
    assert (await gateway.get("/provider-adjustments/balances"))["items"] == []


async def test_a_recovery_is_offset_by_the_refund_it_acknowledges(gateway: Gateway) -> None:
    """72 gives back what was refunded by cheque, under the same reference as the WO."""
    both = remittance(
        [payment(control_number(3), [service("99213", 10_000, 10_000, [])])],
        ("WO", "REF77", 2_500),
        ("72", "REF77", -2_500),
    )
    gateway.partner.answer(file_of(both))
    await gateway.receive()
    assert (await gateway.get("/provider-adjustments/balances"))["items"] == []


@pytest.mark.parametrize(("usage", "status"), [("T", "unreadable"), ("P", "read")])
async def test_test_data_never_moves_a_real_claim(
    gateway: Gateway, usage: str, status: str
) -> None:
    """ISA15 has to be the partner's; a file that is refused is kept whole, with its finding."""
    content = file_of(V1).replace(b"*P*:~", f"*{usage}*:~".encode(), 1)
    assert ENVELOPE.usage == "P"
    gateway.partner.answer(content)
    await gateway.receive()
    [file] = (await gateway.get("/interchanges?direction=received"))["items"]
    assert file["status"] == status
    found = (await gateway.get(f"/interchanges/{file['interchange_id']}/findings"))["items"]
    assert [each["code"] for each in found] == (["usage-indicator"] if usage == "T" else [])
    assert len(await reported(gateway)) == (2 if usage == "P" else 0)
    async with gateway.under_test.client("Interchange.r") as client:
        raw = await client.get(f"/interchanges/{file['interchange_id']}/content")
    assert raw.content == content
    assert raw.headers["Cache-Control"] == "no-store"
    assert raw.headers["Content-Disposition"].startswith("attachment")


POINTS = (
    "collect.fetched",
    "collect.storing",
    "collect.stored",
    "read.parsed",
    "read.applying",
    "read.applied",
)


@pytest.mark.parametrize("point", POINTS)
async def test_killed_anywhere_nothing_is_lost_and_nothing_comes_twice(
    gateway: Gateway, point: str
) -> None:
    """From pick-up to published: a process that dies at a named point, twice, and comes back."""
    gateway.partner.answer(file_of(V1))
    with killed_at(point, times=2) as killer:
        for _ in range(4):
            for job in ("collect_inbound", "read_inbound"):
                try:
                    await gateway.under_test.run_job(job)
                except* Killed:
                    pass
    assert killer.kills >= 1
    await gateway.wake()
    await gateway.receive()
    [file] = (await gateway.get("/interchanges?direction=received"))["items"]
    assert file["status"] == "read"
    assert len(await gateway.under_test.published(RemittanceReceived)) == 1
    assert [each.ordinal for each in await reported(gateway)] == [1, 2]
    assert len((await gateway.get("/provider-adjustments"))["items"]) == 2


async def test_a_match_that_is_killed_is_told_once(gateway: Gateway) -> None:
    gateway.partner.answer(file_of(V1))
    await gateway.receive()
    body = {
        "bank_reference": "B",
        "deposited_on": "2026-03-04",
        "amount_cents": 4_625,
        "trace_number": "TRACE1",
        "originating_company_id": "1999999999",
    }
    assert (await post(gateway, "/deposits", body)).status_code == 201
    with killed_at("deposit.matching", times=1), pytest.raises(Killed):
        await gateway.under_test.run_job("match_deposits")
    assert (await gateway.get("/deposits?status=open"))["items"]
    await gateway.under_test.run_job("match_deposits")
    assert (await gateway.get("/deposits?status=matched"))["items"]
