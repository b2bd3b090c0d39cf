"""What the bank saw: kept once, matched to one remittance by trace and cents, or shown as not."""

from datetime import UTC, datetime
from typing import Any

import pytest
from bank_world import GOOD, nacha

from payer_gateway.domain.deposits.calendar import subtract_business_days
from rcm.contracts.payer import DepositMatched, DepositUnmatched

from .answering import V1, V2, file_of, payment, remittance, service
from .conftest import Gateway, control_number

TODAY = datetime.now(UTC).date()
DEPOSIT: dict[str, Any] = {
    "bank_reference": "BANK1",
    "deposited_on": "2026-03-04",
    "amount_cents": 4_625,
    "trace_number": "TRACE1",
    "originating_company_id": "1999999999",
}


async def call(gateway: Gateway, path: str, body: Any = None, **headers: str) -> Any:
    async with gateway.under_test.client() as client:
        return await client.post(path, json=body, headers=headers)


async def made(gateway: Gateway, **changes: Any) -> dict[str, Any]:
    answer = await call(gateway, "/deposits", DEPOSIT | changes)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def matched(gateway: Gateway) -> list[DepositMatched]:
    return await gateway.under_test.published(DepositMatched)


async def remitted(gateway: Gateway, content: bytes | None = None) -> None:
    gateway.partner.answer(content or file_of(V1))
    await gateway.receive()


@pytest.mark.parametrize("first", ["deposit", "remittance"])
async def test_trace_and_cents_match_whichever_comes_first(gateway: Gateway, first: str) -> None:
    if first == "deposit":
        await made(gateway)
        await gateway.under_test.run_job("match_deposits")
        assert await matched(gateway) == []
    await remitted(gateway)
    if first == "remittance":
        await made(gateway)
    await gateway.under_test.run_job("match_deposits")
    await gateway.under_test.run_job("match_deposits")
    [event] = await matched(gateway)
    [deposit] = (await gateway.get("/deposits"))["items"]
    [row] = (await gateway.get("/remittances"))["items"]
    assert (event.deposited_cents, event.trace_number) == (4_625, "TRACE1")
    assert (event.remittance_id, event.payer_id) == (event.remittance_id, row["payer_id"])
    assert (deposit["status"], deposit["matched_by"], deposit["remittance_id"]) == (
        "matched",
        "trace",
        row["remittance_id"],
    )


@pytest.mark.parametrize(
    ("changes", "status", "difference"),
    [
        ({"amount_cents": 4_624}, "mismatched", -1),
        ({"amount_cents": 5_000}, "mismatched", 375),
        ({"trace_number": "TRACE9"}, "open", None),
        ({"originating_company_id": "1888888888"}, "open", None),
        ({"trace_number": ""}, "open", None),
    ],
)
async def test_what_does_not_agree_is_never_matched_by_itself(
    gateway: Gateway, changes: dict[str, Any], status: str, difference: int | None
) -> None:
    await remitted(gateway)
    deposit = await made(gateway, **changes)
    answer = await call(gateway, "/deposits:match")
    assert answer.json()["matched"] == 0
    assert await matched(gateway) == []
    found = await gateway.get(f"/deposits/{deposit['deposit_id']}")
    assert (found["status"], found["difference_cents"]) == (status, difference)
    standing = await gateway.get("/reconciliation?later_than_days=0")
    assert standing["difference_cents"] == abs(difference or 0)
    assert standing["remittance_cents"] == 4_625


async def test_a_mismatch_gives_way_to_the_transfer_that_agrees(gateway: Gateway) -> None:
    await remitted(gateway)
    await made(gateway, amount_cents=4_000)
    await call(gateway, "/deposits:match")
    await made(gateway, bank_reference="BANK2")
    answer = await call(gateway, "/deposits:match")
    assert (answer.json()["matched"], answer.json()["matched_cents"]) == (1, 4_625)
    rows = (await gateway.get("/deposits?status=mismatched"))["items"]
    assert [row["bank_reference"] for row in rows] == ["BANK1"]


async def test_one_transfer_to_one_remittance(gateway: Gateway) -> None:
    await remitted(gateway)
    await made(gateway)
    await made(gateway, bank_reference="BANK2")
    answer = await call(gateway, "/deposits:match")
    assert answer.json()["matched"] == 1
    assert len(await matched(gateway)) == 1
    [still] = (await gateway.get("/deposits?status=open"))["items"]
    [row] = (await gateway.get("/remittances"))["items"]
    again = await call(
        gateway,
        f"/deposits/{still['deposit_id']}:match",
        {"remittance_id": row["remittance_id"]},
    )
    assert (again.status_code, again.json()["error_name"]) == (422, "remittance_not_waiting")


async def test_a_person_matches_what_only_agrees_in_cents(gateway: Gateway) -> None:
    """By a suggestion, once; with the version that was seen; and may undo it."""
    await remitted(gateway)
    deposit = await made(gateway, trace_number="", originating_company_id="")
    path = f"/deposits/{deposit['deposit_id']}"
    [suggested] = (await gateway.get(f"{path}/suggestions"))["items"]
    assert suggested["payment_cents"] == 4_625
    body = {"remittance_id": suggested["remittance_id"]}
    outdated = await call(gateway, f"{path}:match", body, **{"If-Match": '"9"'})
    assert outdated.status_code == 412
    done = await call(gateway, f"{path}:match", body, **{"If-Match": '"1"'})
    assert (done.json()["status"], done.json()["matched_by"]) == ("matched", "person")
    assert (await call(gateway, f"{path}:match", body)).status_code == 409
    [event] = await matched(gateway)
    undone = await call(gateway, f"{path}:unmatch")
    assert undone.json()["status"] == "open"
    [back] = await gateway.under_test.published(DepositUnmatched)
    assert (back.match_id, back.deposited_cents) == (event.match_id, 4_625)
    await gateway.under_test.run_job("match_deposits")
    assert len(await matched(gateway)) == 1
    assert (await call(gateway, f"{path}:unmatch")).status_code == 409


async def test_an_undone_match_by_trace_is_left_to_a_person(gateway: Gateway) -> None:
    await remitted(gateway)
    deposit = await made(gateway)
    await call(gateway, "/deposits:match")
    await call(gateway, f"/deposits/{deposit['deposit_id']}:unmatch")
    await gateway.under_test.run_job("match_deposits")
    assert len(await matched(gateway)) == 1
    assert (await gateway.get("/deposits?status=open"))["items"][0]["trace_number"] == "TRACE1"


async def test_other_cents_are_refused_to_a_person_too(gateway: Gateway) -> None:
    await remitted(gateway)
    deposit = await made(gateway, amount_cents=1)
    [row] = (await gateway.get("/remittances"))["items"]
    answer = await call(
        gateway,
        f"/deposits/{deposit['deposit_id']}:match",
        {"remittance_id": row["remittance_id"]},
    )
    assert (answer.status_code, answer.json()["error_name"]) == (409, "amounts_differ")


async def test_a_held_remittance_gets_no_money(gateway: Gateway) -> None:
    await remitted(gateway, file_of(V1).replace(b"BPR*I*46.25*", b"BPR*I*47.25*"))
    await made(gateway, amount_cents=4_725)
    await call(gateway, "/deposits:match")
    assert await matched(gateway) == []


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"amount_cents": 0}, "/amount_cents"),
        ({"amount_cents": 46.25}, "/amount_cents"),
        ({"deposited_on": "2026-02-30"}, "/deposited_on"),
        ({"bank_reference": " "}, "/bank_reference"),
        ({"trace_number": "T" * 51}, "/trace_number"),
    ],
)
async def test_a_bad_deposit_is_refused_alike_by_its_twin(
    gateway: Gateway, changes: dict[str, Any], pointer: str
) -> None:
    for path in ("/deposits", "/deposits:validate"):
        answer = await call(gateway, path, DEPOSIT | changes)
        assert answer.status_code == 422
        assert pointer in answer.text
    assert (await gateway.get("/deposits"))["items"] == []


async def test_a_bank_reference_is_one_deposit(gateway: Gateway) -> None:
    await made(gateway)
    again = await call(gateway, "/deposits", DEPOSIT)
    assert (again.status_code, again.json()["error_name"]) == (409, "deposit_exists")


STATEMENT = (
    "Date,Amount,Ref,Text\n"
    "2026-03-04,46.25,B1,HCCLAIMPMT TRN*1*TRACE1*1999999999\\\n"
    "2026-03-05,100.00,B2,OTHER\n"
    "2026-03-05,-12.00,B3,FEE\n"
)
COLUMNS = {
    "deposited_on": "Date",
    "amount": "Amount",
    "bank_reference": "Ref",
    "description": "Text",
}


def statement(content: str = STATEMENT, **changes: Any) -> dict[str, Any]:
    return {"format": "csv", "content": content, "columns": COLUMNS} | changes


async def test_a_statement_is_imported_once_and_kept(gateway: Gateway) -> None:
    await remitted(gateway)
    checked = await call(gateway, "/deposits/imports:validate", statement())
    assert checked.json() == {
        "deposits": 2,
        "deposit_cents": 14_625,
        "with_trace": 1,
        "skipped": 1,
    }
    assert (await gateway.get("/deposits"))["items"] == []
    first = (await call(gateway, "/deposits/imports", statement())).json()
    again = (await call(gateway, "/deposits/imports", statement())).json()
    assert (first["added"], first["repeated"]) == (2, 0)
    assert (again["added"], again["repeated"]) == (0, 2)
    longer = STATEMENT + "2026-03-06,1.00,B4,\n"
    third = (await call(gateway, "/deposits/imports", statement(longer))).json()
    assert (third["added"], third["repeated"]) == (1, 2)
    await gateway.under_test.run_job("match_deposits")
    assert [event.deposited_cents for event in await matched(gateway)] == [4_625]
    async with gateway.under_test.client("Interchange.r") as client:
        raw = await client.get(f"/interchanges/{first['interchange_id']}/content")
    assert raw.text == STATEMENT


async def test_a_statement_with_a_wrong_cell_takes_nothing(gateway: Gateway) -> None:
    spoilt = statement(STATEMENT.replace("46.25", "46.255"))
    for path in ("/deposits/imports", "/deposits/imports:validate"):
        answer = await call(gateway, path, spoilt)
        assert (answer.status_code, answer.json()["error_name"]) == (422, "bank_file_invalid")
        assert "/content/rows/2/amount" in answer.text
        assert "46.255" not in answer.text
    assert (await gateway.get("/deposits"))["items"] == []
    assert (await gateway.get("/interchanges"))["items"] == []


async def test_a_reference_with_other_cents_is_a_clash(gateway: Gateway) -> None:
    await call(gateway, "/deposits/imports", statement())
    other = statement(STATEMENT.replace("100.00", "100.01"))
    answer = await call(gateway, "/deposits/imports", other)
    assert (answer.status_code, answer.json()["error_name"]) == (409, "bank_reference_clash")


async def test_a_nacha_file_is_imported(gateway: Gateway) -> None:
    content = nacha(*GOOD).replace("EFT100", "TRACE1")
    await remitted(gateway)
    body = {"format": "nacha", "content": content}
    answer = await call(gateway, "/deposits/imports", body)
    assert (answer.status_code, answer.json()["added"]) == (201, 1), answer.text
    await gateway.under_test.run_job("match_deposits")
    assert [event.deposited_cents for event in await matched(gateway)] == [4_625]
    bad = await call(gateway, "/deposits/imports", body | {"content": content[:-96]})
    assert bad.status_code == 422


async def test_both_sides_that_wait_longer_than_three_business_days(gateway: Gateway) -> None:
    late, recent = subtract_business_days(TODAY, 4), subtract_business_days(TODAY, 1)
    for number, day in ((1, late), (2, recent)):
        one = remittance(
            [payment(control_number(number), [service("99213", 10_000, 10_000, [])])],
            trace=f"EFT{number}",
        )
        content = file_of(one, number=f"00000010{number}")
        gateway.partner.answer(content.replace(b"*20260304~", f"*{day:%Y%m%d}~".encode(), 1))
        await made(
            gateway,
            bank_reference=f"OTHER{number}",
            trace_number="",
            deposited_on=day.isoformat(),
        )
    await gateway.receive()
    [era] = (await gateway.get("/reconciliation/remittances-without-deposit"))["items"]
    [eft] = (await gateway.get("/reconciliation/deposits-without-remittance"))["items"]
    assert (era["trace_number"], era["payment_cents"]) == ("EFT1", 10_000)
    assert (eft["bank_reference"], eft["amount_cents"]) == ("OTHER1", 4_625)
    assert era["days_late"] >= 1
    assert eft["days_late"] >= 1
    standing = await gateway.get("/reconciliation")
    assert (standing["deposits"], standing["remittances"]) == (1, 1)
    every = await gateway.get("/reconciliation/remittances-without-deposit?later_than_days=0")
    assert len(every["items"]) == 2


async def test_a_remittance_without_money_waits_for_none(gateway: Gateway) -> None:
    await remitted(gateway, file_of(V2))
    page = await gateway.get("/reconciliation/remittances-without-deposit?later_than_days=0")
    assert page["items"] == []


async def test_deposits_are_the_tenants_own(gateway: Gateway) -> None:
    await remitted(gateway)
    deposit = await made(gateway)
    under = gateway.under_test
    async with under.client(tenant=under.other_tenant) as client:
        assert (await client.get("/deposits")).json()["items"] == []
        for path in ("", "/suggestions"):
            answer = await client.get(f"/deposits/{deposit['deposit_id']}{path}")
            assert answer.status_code == 404
        stolen = await client.post("/deposits", json=DEPOSIT)
        assert stolen.status_code == 201
        await client.post("/deposits:match")
    assert await under.published(DepositMatched, under.other_tenant) == []


async def test_a_match_and_its_event_share_one_transaction(gateway: Gateway) -> None:
    await remitted(gateway)
    await made(gateway)
    await gateway.under_test.run_job("match_deposits")
    async with gateway.under_test.transaction() as tx:
        rows = await tx.fetch(
            "SELECT xmin::text AS x FROM outbox WHERE ce_type = 'DepositMatched'"
            " UNION ALL SELECT xmin::text FROM deposit"
        )
    assert len(rows) == 2
    assert len({row["x"] for row in rows}) == 1
