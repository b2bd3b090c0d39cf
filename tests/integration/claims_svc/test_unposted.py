"""Payments that no claim takes wait with every cent, hold nobody up, and post when they can."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from claims_svc.app import service
from rcm.contracts.claims import ClaimAdjudicated, ClaimReady
from rcm.contracts.payer import (
    ClaimPaymentReported,
    DepositMatched,
    DepositUnmatched,
    RemittanceReceived,
)
from rcm.ids import new_id
from rcm.ledger import Account, AccountCode, balances
from rcm.testing.claims import (
    MOMENT,
    coded,
    paid_line,
    payment,
    remittance_id,
    reversal_of_payment,
)
from rcm.testing.ledger import results
from rcm.testing.service import ServiceUnderTest, service_under_test

CLEARING = Account(AccountCode.REMIT_CLEARING, payer_id="P1", reference="TRN1")
UNAPPLIED = Account(AccountCode.UNAPPLIED, payer_id="P1", reference="TRN1")
CASH = Account(AccountCode.CASH)


@pytest.fixture
async def claims(servers: Any) -> AsyncIterator[ServiceUnderTest]:
    async with service_under_test(service, servers.postgres_admin_url) as found:
        yield found


async def opened(claims: ServiceUnderTest) -> ClaimReady:
    await claims.deliver(coded())
    return (await claims.published(ClaimReady))[-1]


def paid(ready: ClaimReady, cents: int, *cuts: Any, **changes: Any) -> ClaimPaymentReported:
    number = ready.lines[0].line_control_number
    line = paid_line(number, "99213", 12_500, cents, *cuts)
    return payment(ready.patient_control_number, line, **changes)


async def held(claims: ServiceUnderTest, *accounts: Account) -> list[int]:
    async with claims.transaction() as tx:
        found = await balances(tx, [(claims.tenant, each) for each in accounts])
    return [found[claims.tenant, each].cents for each in accounts]


async def waiting(claims: ServiceUnderTest, **params: str) -> list[dict[str, Any]]:
    async with claims.client("Claim.s") as client:
        answer = await client.get("/unposted-payments", params=params)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])


async def books_hold(claims: ServiceUnderTest) -> bool:
    async with claims.transaction() as tx:
        return all(found.holds for found in await results(tx) if found.code != "I9")


@pytest.mark.parametrize(
    ("changes", "reason", "booked"),
    [
        ({"patient_control_number": "NOBODY"}, "claim_unknown", [12_500, 12_500]),
        ({"paid_cents": 99_999, "charge_cents": 99_999}, "exceeds_charge", [99_999, 99_999]),
        ({"claim_status_code": "22"}, "reversed_decision_unknown", [12_500, 12_500]),
        ({"patient_control_number": "NOBODY", "paid_cents": -500}, "claim_unknown", [-500, 0]),
        ({"patient_control_number": "NOBODY", "paid_cents": 0}, "claim_unknown", [0, 0]),
    ],
)
async def test_what_cannot_be_posted_waits_with_its_cents(
    claims: ServiceUnderTest, changes: dict[str, Any], reason: str, booked: list[int]
) -> None:
    """The remittance's clearing is whole, so that its deposit can clear it."""
    bad = paid(await opened(claims), 12_500).model_copy(update=changes)
    [received] = await claims.deliver(bad)
    await claims.deliver(received)
    [row] = await waiting(claims)
    assert (row["reason"], row["paid_cents"], row["status"]) == (reason, bad.paid_cents, "open")
    assert await held(claims, CLEARING, UNAPPLIED) == booked
    assert await claims.published(ClaimAdjudicated) == []
    assert await books_hold(claims)
    async with claims.client("Claim.s") as client:
        totals = (await client.get("/unposted-payments/totals")).json()
    assert (totals["payments"], totals["paid_cents"]) == (1, bad.paid_cents)


async def test_a_stray_holds_up_nobody_of_its_batch(claims: ServiceUnderTest) -> None:
    ready = await opened(claims)
    stray = paid(ready, 12_500).model_copy(
        update={"patient_control_number": "NOBODY", "ordinal": 2}
    )
    await claims.deliver(stray, paid(ready, 12_500))
    assert len(await claims.published(ClaimAdjudicated)) == 1
    assert len(await waiting(claims)) == 1


async def test_a_payment_posts_when_its_claim_has_come(claims: ServiceUnderTest) -> None:
    """And nothing is tried again while nothing has moved."""
    first = await opened(claims)
    correction = paid(first, 12_000, ("CO", "45", 500), ordinal=2, trace_number="TRN2")
    original = paid(first, 12_500)
    await claims.deliver(original)
    await claims.deliver(correction)
    [row] = await waiting(claims)
    assert row["reason"] == "exceeds_charge"
    await claims.run_job("retry_unposted")
    assert [each["tried_at"] for each in await waiting(claims)] == [row["tried_at"]]
    await claims.deliver(reversal_of_payment(original, trace_number="TRN3"))
    await claims.run_job("retry_unposted")
    assert await waiting(claims) == []
    [done] = await waiting(claims, status="posted")
    assert done["claim_id"] == str(first.claim_id)
    second = Account(AccountCode.UNAPPLIED, payer_id="P1", reference="TRN2")
    assert await held(claims, second) == [0]
    assert await books_hold(claims)


async def test_a_person_says_which_claim_it_is(claims: ServiceUnderTest) -> None:
    """The gateway reports the same CLP again under the claim's own number; the first report, told
    once more, changes nothing."""
    ready = await opened(claims)
    stray = paid(ready, 12_500).model_copy(update={"patient_control_number": "NOBODY"})
    [received] = await claims.deliver(stray)
    matched = stray.model_copy(
        update={
            "patient_control_number": ready.patient_control_number,
            "matched_by": "manual",
            "reported_control_number": "NOBODY",
        }
    )
    await claims.deliver(matched)
    await claims.deliver(received)
    await claims.run_job("retry_unposted")
    assert await waiting(claims) == []
    assert len(await claims.published(ClaimAdjudicated)) == 1
    receivable = Account(AccountCode.AR_PAYER, claim_id=ready.claim_id, payer_id="P1")
    assert await held(claims, CLEARING, UNAPPLIED, receivable) == [12_500, 0, 0]
    assert await books_hold(claims)


async def test_a_match_before_the_first_report_leaves_nothing_waiting(
    claims: ServiceUnderTest,
) -> None:
    """They have different keys, so they may come in any order."""
    ready = await opened(claims)
    known = paid(ready, 12_500)
    await claims.deliver(known)
    await claims.deliver(known.model_copy(update={"patient_control_number": "NOBODY"}))
    assert await waiting(claims, status="open") == []
    assert await held(claims, CLEARING, UNAPPLIED) == [12_500, 0]


async def test_a_match_of_what_is_posted_posts_nothing_twice(claims: ServiceUnderTest) -> None:
    first, second = await opened(claims), await opened(claims)
    known = paid(first, 12_500)
    await claims.deliver(known)
    number = second.patient_control_number
    await claims.deliver(
        known.model_copy(update={"patient_control_number": number, "matched_by": "manual"})
    )
    assert len(await claims.published(ClaimAdjudicated)) == 1
    assert await held(claims, CLEARING) == [12_500]


def matched(cents: int, **changes: Any) -> DepositMatched:
    fields: dict[str, Any] = {
        "remittance_id": remittance_id("TRN1"),
        "deposit_id": new_id(),
        "match_id": new_id(),
        "payer_id": "P1",
        "trace_number": "TRN1",
        "deposited_cents": cents,
        "deposited_on": MOMENT.date(),
        "matched_at": MOMENT,
    }
    return DepositMatched(tenant_id=ServiceUnderTest.tenant, **(fields | changes))


async def test_a_deposit_clears_its_remittance_to_zero(claims: ServiceUnderTest) -> None:
    """With a stray and a take-back in it; undone, it waits for its money again."""
    ready = await opened(claims)
    stray = paid(ready, 300).model_copy(
        update={"patient_control_number": "NOBODY", "ordinal": 2, "paid_cents": 300}
    )
    await claims.deliver(paid(ready, 12_500), stray)
    deposit = matched(12_800)
    [received] = await claims.deliver(deposit)
    await claims.deliver(received)
    assert await held(claims, CLEARING, CASH) == [0, 12_800]
    assert await books_hold(claims)
    fields = deposit.model_dump(exclude={"matched_at"})
    undone = DepositUnmatched(**fields, unmatched_at=MOMENT + timedelta(days=1))
    await claims.deliver(undone)
    assert await held(claims, CLEARING, CASH) == [12_800, 0]
    assert await books_hold(claims)
    await claims.deliver(matched(12_800))
    assert await held(claims, CLEARING, CASH) == [0, 12_800]


async def test_a_deposit_of_other_cents_is_a_breach(claims: ServiceUnderTest) -> None:
    """The control: I6 sees what the gateway would never match."""
    await claims.deliver(paid(await opened(claims), 12_500))
    await claims.deliver(matched(12_400))
    assert not await books_hold(claims)


def announced(payment_cents: int, claim_count: int) -> RemittanceReceived:
    return RemittanceReceived(
        tenant_id=ServiceUnderTest.tenant,
        remittance_id=remittance_id("TRN1"),
        payer_id="P1",
        payer_name="First Health",
        trace_number="TRN1",
        originating_company_id="1999999999",
        payment_cents=payment_cents,
        payment_method="ACH",
        effective_on=MOMENT.date(),
        claim_count=claim_count,
        claim_paid_cents=payment_cents,
        received_at=MOMENT,
    )


@pytest.mark.parametrize(("payment_cents", "holds"), [(12_500, True), (12_499, False)])
async def test_posted_legs_add_up_to_the_payment(
    claims: ServiceUnderTest, payment_cents: int, *, holds: bool
) -> None:
    await claims.deliver(announced(payment_cents, 1))
    assert await books_hold(claims), "what is on its way is no breach"
    await claims.deliver(paid(await opened(claims), 12_500))
    assert await books_hold(claims) is holds
