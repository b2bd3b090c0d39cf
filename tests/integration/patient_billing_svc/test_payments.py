"""Payments and statements over the API: once, never beyond what is owed, always the ledger."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

from rcm.contracts.billing import PatientBalanceChanged, PatientPaymentReceived, StatementIssued
from rcm.testing.databases import connected
from rcm.testing.service import ServiceUnderTest

from .conftest import adjudicated, claim_id, reversed_claim


async def account_of(billing: ServiceUnderTest) -> str:
    return str((await billing.published(PatientBalanceChanged))[0].account_id)


async def pay(billing: ServiceUnderTest, **body: Any) -> Any:
    async with billing.client("Payment.crs") as client:
        return await client.post("/payments", json={"method": "card", **body})


async def summary(billing: ServiceUnderTest) -> dict[str, Any]:
    async with billing.client("Account.s") as client:
        return (await client.get("/summary?prove=true")).json()


async def test_a_payment_goes_to_the_oldest_claim_and_the_rest_stays_the_patients(
    billing: ServiceUnderTest,
) -> None:
    await billing.deliver(
        adjudicated(3_000, claim=1, date_of_service=date(2026, 3, 2)),
        adjudicated(1_000, claim=2, date_of_service=date(2026, 2, 2)),
    )
    account = await account_of(billing)
    answer = await pay(billing, account_id=account, paid_cents=4_500)
    assert answer.status_code == 201
    body = answer.json()
    assert [each["claim_id"] for each in body["allocations"]] == [
        str(claim_id(2)),
        str(claim_id(1)),
    ]
    assert (body["applied_cents"], body["unapplied_cents"]) == (4_000, 500)
    [event] = await billing.published(PatientPaymentReceived)
    assert event.unapplied_cents == 500
    async with billing.client("Account.rs", "Itemization.r", "Payment.r") as client:
        [credit] = (await client.get("/accounts?balance=credit")).json()["items"]
        item = (await client.get(f"/claims/{claim_id(1)}/itemization")).json()
        again = (await client.get(answer.headers["Location"])).json()
    assert credit["balance_cents"] == -500
    assert (item["you_paid_cents"], item["you_owe_cents"], item["adds_up"]) == (3_000, 0, True)
    assert again == body
    assert (await summary(billing))["agrees"] is True


async def test_payments_are_listed_newest_first_page_by_page(billing: ServiceUnderTest) -> None:
    """Also those whose id is derived from an outside reference, and so has no time in it."""
    await billing.deliver(adjudicated(3_000))
    account = await account_of(billing)
    paid = []
    for number in range(6):
        reference = {"external_reference": f"ch_{number}"} if number % 3 else {}
        answer = await pay(billing, account_id=account, paid_cents=100 + number, **reference)
        paid.append(answer.json()["payment_id"])
    listed: list[str] = []
    async with billing.client("Payment.s") as client:
        for place in ("/payments?limit=2", f"/payments?limit=2&account_id={account}"):
            page = (await client.get(place)).json()
            found = [each["payment_id"] for each in page["items"]]
            while page["next_cursor"]:
                page = (await client.get(f"{place}&cursor={page['next_cursor']}")).json()
                found += [each["payment_id"] for each in page["items"]]
            listed = listed or found
            assert found == listed
    assert listed == paid[::-1]


async def test_money_is_not_received_in_the_future(billing: ServiceUnderTest) -> None:
    """Else the books of today would not hold what the account shows. A day's grace: somewhere it is
    tomorrow already."""
    await billing.deliver(adjudicated(3_000))
    account, today = await account_of(billing), datetime.now(UTC).date()
    late = today + timedelta(days=2)
    refused = await pay(billing, account_id=account, paid_cents=1_000, received_on=str(late))
    assert refused.status_code == 422
    assert refused.json()["pointers"][0]["pointer"] == "/received_on"
    tomorrow = today + timedelta(days=1)
    taken = await pay(billing, account_id=account, paid_cents=1_000, received_on=str(tomorrow))
    assert taken.status_code == 201


async def test_the_same_reference_is_the_same_payment(billing: ServiceUnderTest) -> None:
    await billing.deliver(adjudicated(3_000))
    body = {
        "account_id": await account_of(billing),
        "paid_cents": 1_000,
        "external_reference": "psp-7",
    }
    answers = await asyncio.gather(*(pay(billing, **body) for _ in range(6)))
    assert sorted(each.status_code for each in answers) == [200] * 5 + [201]
    assert len({each.json()["payment_id"] for each in answers}) == 1
    assert (await pay(billing, **body | {"paid_cents": 999})).status_code == 409
    assert (await summary(billing))["receivable_cents"] == 2_000
    assert len(await billing.published(PatientPaymentReceived)) == 1


async def test_the_same_idempotency_key_pays_once(billing: ServiceUnderTest) -> None:
    await billing.deliver(adjudicated(3_000))
    body = {"account_id": await account_of(billing), "paid_cents": 1_000, "method": "cash"}
    async with billing.client("Payment.c") as client:
        key = {"Idempotency-Key": "once"}
        first = await client.post("/payments", json=body, headers=key)
        second = await client.post("/payments", json=body, headers=key)
    assert first.json() == second.json()
    assert (await summary(billing))["receivable_cents"] == 2_000


async def test_an_allocation_beyond_what_is_owed_is_refused(billing: ServiceUnderTest) -> None:
    await billing.deliver(adjudicated(3_000))
    answer = await pay(
        billing,
        account_id=await account_of(billing),
        paid_cents=5_000,
        allocations=[{"claim_id": str(claim_id(1)), "cents": 3_001}],
    )
    assert answer.status_code == 422
    assert answer.json()["pointers"] == [
        {"pointer": "/allocations/0", "reason": "is more than the claim still owes"}
    ]
    assert (await summary(billing))["receivable_cents"] == 3_000


async def test_unapplied_money_pays_the_next_charge(billing: ServiceUnderTest) -> None:
    await billing.deliver(adjudicated(2_400))
    account = await account_of(billing)
    await pay(billing, account_id=account, paid_cents=2_400)
    await billing.deliver(reversed_claim())
    await billing.deliver(adjudicated(5_000))
    async with billing.client("Itemization.r") as client:
        item = (await client.get(f"/claims/{claim_id(1)}/itemization")).json()
    assert (item["you_paid_cents"], item["you_owe_cents"]) == (2_400, 2_600)
    assert (await summary(billing))["agrees"] is True


async def test_the_balance_of_any_day_comes_from_the_ledger(billing: ServiceUnderTest) -> None:
    day = date(2026, 3, 2)
    await billing.deliver(adjudicated(3_000, effective_on=day))
    account = await account_of(billing)
    await pay(billing, account_id=account, paid_cents=1_000, received_on="2026-03-05")
    async with billing.client("Balance.r") as client:
        found = [
            (await client.get(f"/accounts/{account}/balance?as_of={each}")).json()["balance_cents"]
            for each in (day - timedelta(days=1), day, day + timedelta(days=3))
        ]
    assert found == [0, 3_000, 2_000]


async def test_a_statement_is_the_ledger_and_never_changes(billing: ServiceUnderTest) -> None:
    await billing.deliver(
        adjudicated(3_000, claim=1), adjudicated(700, claim=2, responsible_party="secondary")
    )
    account = await account_of(billing)
    async with billing.client("Statement.crs") as client:
        issued = await client.post("/statements", json={"account_id": account})
        body = issued.json()
        assert issued.status_code == 201
        assert (body["balance_cents"], body["pending_cents"]) == (3_000, 700)
        await pay(billing, account_id=account, paid_cents=3_000)
        again = (await client.get(issued.headers["Location"])).json()
        assert again["balance_cents"] == 3_000
        assert again["person"]["last_name"]
        refused = await client.post("/statements", json={"account_id": account})
    assert (refused.status_code, refused.json()["error_name"]) == (409, "nothing_to_bill")
    [event] = await billing.published(StatementIssued)
    assert event.balance_cents == 3_000


async def test_a_write_and_its_events_share_one_transaction(
    billing: ServiceUnderTest, servers: Any
) -> None:
    """The xmin oracle: payment, account, ledger entry and outbox rows were made by one xid."""
    await billing.deliver(adjudicated(3_000))
    account = await account_of(billing)
    async with billing.client() as client:
        await client.post("/statements", json={"account_id": account})
    await pay(billing, account_id=account, paid_cents=1_000)
    name = billing.urls.app.rsplit("/", 1)[1]
    async with connected(servers.postgres_admin_url, name) as admin:
        payment = await admin.fetchval("SELECT xmin FROM payment")
        assert await admin.fetchval("SELECT xmin FROM account") == payment
        assert payment in {
            row["xmin"] for row in await admin.fetch("SELECT xmin FROM ledger_entry")
        }
        for kind, table in (
            ("PatientPaymentReceived", "payment"),
            ("StatementIssued", "statement"),
        ):
            rows = await admin.fetch(
                f"SELECT o.xmin AS event, r.xmin AS made FROM outbox o, {table} r "
                "WHERE o.ce_type = $1",
                kind,
            )
            assert [row["event"] == row["made"] for row in rows] == [True]
