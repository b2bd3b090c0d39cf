"""The worked remittances V1 to V8 as files: stored, read, told, and booked by claims-svc.

Two services over two real databases; what one publishes is handed to the other, as a broker would.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from claims_svc.app import service as claims_service
from rcm.contracts.base import Event
from rcm.contracts.claims import ClaimAdjudicated, ClaimReady, ClaimReversed, DenialOpened
from rcm.contracts.payer import (
    ClaimAcknowledged,
    ClaimPaymentReported,
    ClaimRejected,
    ClaimSubmitted,
    DepositMatched,
    RemittanceReceived,
)
from rcm.contracts.values import Coverage, ServiceLine
from rcm.events import Received
from rcm.events.received import aad
from rcm.ids import new_id
from rcm.ledger import Account, AccountCode, balances
from rcm.testing.claims import PRIMARY, SECONDARY, coded
from rcm.testing.claims import service as coded_line
from rcm.testing.ledger import results
from rcm.testing.service import ServiceUnderTest, service_under_test
from rcm_x12 import claim_837p
from rcm_x12.remittance_835 import ClaimPayment, Remittance

from .answering import ack_for, file_of, payment, remittance, service, status_for
from .conftest import PAYER, Gateway

FIRST = PRIMARY.model_copy(update={"payer_id": PAYER})
TOLD: tuple[type[Event], ...] = (
    ClaimSubmitted,
    ClaimAcknowledged,
    ClaimRejected,
    RemittanceReceived,
    ClaimPaymentReported,
    DepositMatched,
)


@dataclass
class Cycle:
    """A claim's way out and its answers' way back, through both services."""

    gateway: Gateway
    claims: ServiceUnderTest
    told: set[UUID] = field(default_factory=set)
    files: int = 0

    async def bill(
        self, *lines: ServiceLine, coverages: tuple[Coverage, ...] = (FIRST,), **changes: Any
    ) -> ClaimReady:
        """A coding becomes a claim, and the claim a file at the partner."""
        await self.claims.deliver(coded(*lines, coverages=coverages, **changes))
        return await self.send()

    async def send(self) -> ClaimReady:
        """The newest claim that is ready leaves. Its persons are sealed for the gateway's keyring,
        since every service of a test has its own."""
        received = (await self.claims.received(ClaimReady))[-1]
        await self.queue(received)
        return received.event

    async def queue(self, *ready: Received[ClaimReady]) -> None:
        """Into one file."""
        sealed = []
        for each in ready:
            event_id = new_id()
            persons = each.open(self.claims.keyring).model_dump_json().encode()
            place = aad(each.tenant_id, "ClaimReady", str(event_id))
            block = self.gateway.under_test.keyring.seal(each.tenant_id, persons, place)
            sealed.append(Received.of(each.event.with_sealed(block), event_id=event_id))
        await self.gateway.queue(*sealed)
        await self.gateway.send()
        await self.pass_on()

    async def answer(self, content: bytes) -> None:
        """A file of the payer comes in, and claims-svc hears of it."""
        self.files += 1
        self.gateway.partner.answer(content, f"in-{self.files}.x12")
        await self.gateway.receive()
        await self.pass_on()

    async def remit(self, *found: Remittance) -> None:
        await self.answer(file_of(*found, number=f"{200 + self.files:09d}"))

    async def pass_on(self) -> None:
        """Everything that the gateway has published since the last time, in its order."""
        for kind in TOLD:
            for each in await self.gateway.under_test.received(kind):
                if each.event_id not in self.told:
                    self.told.add(each.event_id)
                    await self.claims.deliver(each)

    async def deposit(self, trace: str, cents: int) -> None:
        """The bank shows the money of a remittance."""
        body = {
            "bank_reference": f"BANK-{trace}",
            "deposited_on": "2026-03-06",
            "amount_cents": cents,
            "trace_number": trace,
            "originating_company_id": "1999999999",
        }
        async with self.gateway.under_test.client() as client:
            assert (await client.post("/deposits", json=body)).status_code == 201
        await self.gateway.under_test.run_job("match_deposits")
        await self.pass_on()

    async def held(self, code: AccountCode, **dimensions: Any) -> int:
        account = Account(code, **dimensions)
        async with self.claims.transaction() as tx:
            found = await balances(tx, [(self.claims.tenant, account)])
        return found[self.claims.tenant, account].cents

    async def clearing(self, trace: str, payer_id: str = PAYER) -> int:
        return await self.held(AccountCode.REMIT_CLEARING, payer_id=payer_id, reference=trace)

    async def decisions(self, ready: ClaimReady) -> list[ClaimAdjudicated]:
        found = await self.claims.published(ClaimAdjudicated)
        return [each for each in found if each.claim_id == ready.claim_id]

    async def claim(self, ready: ClaimReady) -> dict[str, Any]:
        async with self.claims.client() as client:
            return dict((await client.get(f"/claims/{ready.claim_id}")).json())

    async def statuses(self, ready: ClaimReady) -> dict[str, str]:
        """Where what went to each payer stands."""
        page = await self.gateway.get(f"/submissions?claim_id={ready.claim_id}")
        return {each["payer_id"]: each["status"] for each in page["items"]}

    async def books_hold(self) -> bool:
        async with self.claims.transaction() as tx:
            return all(found.holds for found in await results(tx) if found.code != "I9")


@pytest.fixture
async def cycle(gateway: Gateway, servers: Any) -> AsyncIterator[Cycle]:
    async with service_under_test(claims_service, servers.postgres_admin_url) as claims:
        yield Cycle(gateway, claims)


def about(
    ready: ClaimReady, *parts: tuple[int, int, list[tuple[str, str, int]]], status: str = "1"
) -> ClaimPayment:
    """The payer's answer to a claim: charge, payment and adjustments of each of its lines."""
    services = [
        service(line.procedure_code, charge, paid, cuts, line.line_control_number)
        for line, (charge, paid, cuts) in zip(ready.lines, parts, strict=True)
    ]
    return payment(ready.patient_control_number, services, status=status)


async def test_v1_paid_denied_taken_back_and_interest(cycle: Cycle) -> None:
    """BPR02 is 46.25; B is a denial though CLP02 is 1; interest is income; WO is traced."""
    a = await cycle.bill(coded_line("99213", 10_000), coded_line("36415", 5_000))
    b = await cycle.bill(coded_line("99214", 8_000))
    v1 = remittance(
        [
            about(
                a,
                (10_000, 4_000, [("CO", "45", 3_000), ("PR", "1", 2_000), ("PR", "3", 1_000)]),
                (5_000, 3_000, [("CO", "45", 2_000)]),
            ),
            about(b, (8_000, 0, [("CO", "197", 8_000)])),
        ],
        ("WO", a.patient_control_number, 2_500),
        ("L6", "", -125),
    )
    assert v1.header.payment_cents == 4_625
    await cycle.remit(v1)
    [of_a], [of_b] = await cycle.decisions(a), await cycle.decisions(b)
    assert (of_a.patient_due_cents, of_a.money.paid_cents, of_a.money.contractual_cents) == (
        3_000,
        7_000,
        5_000,
    )
    assert (of_b.outcome, of_b.claim_status_code) == ("denied", "1")
    [denial] = await cycle.claims.published(DenialOpened)
    assert (denial.claim_id, denial.denied_cents) == (b.claim_id, 8_000)
    assert await cycle.held(AccountCode.INTEREST_INCOME) == 125
    reference = f"WO:{a.patient_control_number}"
    assert await cycle.held(AccountCode.PROVIDER_ADJ, reference=reference) == 2_500
    taken, _ = (await cycle.gateway.get("/provider-adjustments"))["items"]
    assert taken["claim_id"] == str(a.claim_id)
    assert await cycle.clearing("TRACE1") == 4_625
    await cycle.deposit("TRACE1", 4_625)
    assert await cycle.clearing("TRACE1") == 0
    assert await cycle.held(AccountCode.CASH) == 4_625
    assert await cycle.books_hold()


async def test_v2_reversal_correction_and_a_forwarded_balance(cycle: Cycle) -> None:
    """The patient owes 50 and no longer 24; FB -26 goes to 0 in the next cycle."""
    a = await cycle.bill(coded_line("99213", 20_000))
    first = [("CO", "45", 8_000), ("PR", "2", 2_400)]
    await cycle.remit(remittance([about(a, (20_000, 9_600, first))], trace="CYCLE1"))
    assert [each.patient_due_cents for each in await cycle.decisions(a)] == [2_400]
    back = [(group, reason, -cents) for group, reason, cents in first]
    v2 = remittance(
        [
            about(a, (-20_000, -9_600, back), status="22"),
            about(a, (20_000, 7_000, [("CO", "45", 8_000), ("PR", "1", 5_000)])),
        ],
        ("FB", "FORWARD1", -2_600),
        trace="CYCLE2",
    )
    assert (v2.header.payment_cents, v2.header.payment_method) == (0, "NON")
    await cycle.remit(v2)
    assert [each.patient_due_cents for each in await cycle.decisions(a)] == [2_400, 5_000]
    forwarded = {"reference": "FB:FORWARD1"}
    assert await cycle.held(AccountCode.PROVIDER_ADJ, **forwarded) == -2_600
    [open_] = (await cycle.gateway.get("/provider-adjustments/balances"))["items"]
    assert (open_["family"], open_["balance_cents"]) == ("forward", -2_600)
    assert await cycle.clearing("CYCLE2") == 0
    c = await cycle.bill(coded_line("99213", 10_000))
    third = remittance([about(c, (10_000, 10_000, []))], ("FB", "FORWARD1", 2_600), trace="CYCLE3")
    await cycle.remit(third)
    assert await cycle.held(AccountCode.PROVIDER_ADJ, **forwarded) == 0
    assert (await cycle.gateway.get("/provider-adjustments/balances"))["items"] == []
    await cycle.deposit("CYCLE1", 9_600)
    await cycle.deposit("CYCLE3", 7_400)
    assert [await cycle.clearing(f"CYCLE{number}") for number in (1, 2, 3)] == [0, 0, 0]
    assert await cycle.books_hold()


FIRST_ANSWER: tuple[tuple[int, int, list[tuple[str, str, int]]], ...] = (
    (10_000, 4_000, [("CO", "45", 3_000), ("PR", "1", 2_000), ("PR", "3", 1_000)]),
    (5_000, 3_000, [("CO", "45", 2_000)]),
)


async def billed_to_two(cycle: Cycle) -> ClaimReady:
    """Claim A of 150.00, decided by its first payer."""
    second = SECONDARY.model_copy(update={"payer_id": "DEMO2"})
    body = {"name": "Second payer", "partner_id": str(cycle.gateway.partner_id)}
    async with cycle.gateway.under_test.client() as client:
        assert (await client.put("/payers/DEMO2", json=body)).status_code == 200
    a = await cycle.bill(
        coded_line("99213", 10_000), coded_line("36415", 5_000), coverages=(FIRST, second)
    )
    await cycle.remit(remittance([about(a, *FIRST_ANSWER)], trace="FIRST"))
    return a


def of_second(*claims: ClaimPayment) -> Remittance:
    """What the second payer pays."""
    found = remittance(list(claims), trace="SECOND")
    payer = replace(found.header.payer, name="SECOND HEALTH", id="DEMO2")
    return replace(
        found, header=replace(found.header, payer=payer, originating_company_id="1888888888")
    )


async def test_v3_the_last_payer_says_what_the_patient_owes(cycle: Cycle) -> None:
    """5 and not 35: 150 = 95 paid + 50 contractual + 5 patient."""
    a = await billed_to_two(cycle)
    [waiting] = await cycle.decisions(a)
    assert (waiting.patient_due_cents, waiting.responsible_party) == (0, "secondary")
    await cycle.send()
    [out] = claim_837p.read(list(cycle.gateway.partner.taken.values())[-1]).contents
    [sent] = out.claims
    assert (sent.control_number, sent.charge_cents) == (a.patient_control_number, 15_000)
    assert (sent.subscriber.rank, sent.payer.id) == ("S", "DEMO2")
    [first] = sent.other_coverages
    assert (first.rank, first.paid_cents, first.adjustments) == ("P", 7_000, ())
    assert [
        (d.paid_cents, sum(c.amount_cents for c in d.adjustments), d.remaining_liability_cents)
        for line in sent.lines
        for d in line.adjudications
    ] == [(4_000, 6_000, 3_000), (3_000, 2_000, 0)]
    answer = about(
        a,
        (10_000, 2_500, [("OA", "23", 7_000), ("PR", "3", 500)]),
        (5_000, 0, [("OA", "23", 5_000)]),
        status="2",
    )
    await cycle.remit(of_second(answer))
    decided = (await cycle.decisions(a))[-1]
    assert (
        decided.patient_due_cents,
        decided.money.paid_cents,
        decided.money.contractual_cents,
        decided.money.insurance_balance_cents,
    ) == (500, 9_500, 5_000, 0)
    assert await cycle.statuses(a) == {PAYER: "remitted", "DEMO2": "remitted"}
    assert await cycle.books_hold()


async def test_the_first_payer_takes_back_what_it_paid_while_the_second_is_asked(
    cycle: Cycle,
) -> None:
    """Its 835 names nobody that we know: it is about what went to the payer that it paid for."""
    a = await billed_to_two(cycle)
    await cycle.send()
    back = [
        (-charge, -paid, [(group, code, -cents) for group, code, cents in cuts])
        for charge, paid, cuts in FIRST_ANSWER
    ]
    wo = ("FB", "NEXT", -7_000)
    await cycle.remit(remittance([about(a, *back, status="22")], wo, trace="BACK"))
    [reversed_] = await cycle.claims.published(ClaimReversed)
    assert (reversed_.payer_id, reversed_.paid_cents) == (PAYER, -7_000)
    assert await cycle.statuses(a) == {PAYER: "remitted", "DEMO2": "sent"}
    assert await cycle.books_hold()


async def test_v4_an_incentive_stays_negative(cycle: Cycle) -> None:
    a = await cycle.bill(coded_line("99213", 10_000))
    await cycle.remit(
        remittance([about(a, (10_000, 8_300, [("CO", "45", 2_000), ("CO", "144", -300)]))])
    )
    [decided] = await cycle.decisions(a)
    assert (decided.money.paid_cents, decided.money.contractual_cents) == (8_300, 1_700)
    assert [each.amount_cents for each in decided.lines[0].adjustments] == [2_000, -300]
    assert await cycle.books_hold()


@pytest.mark.parametrize(("group", "reason", "due"), [("CO", "24", 0), ("PR", "1", 12_000)])
async def test_v5_capitation_and_deductible_are_no_denials(
    cycle: Cycle, group: str, reason: str, due: int
) -> None:
    a = await cycle.bill(coded_line("99213", 12_000))
    await cycle.remit(remittance([about(a, (12_000, 0, [(group, reason, 12_000)]))]))
    [decided] = await cycle.decisions(a)
    assert (decided.outcome, decided.patient_due_cents) == ("paid", due)
    assert await cycle.claims.published(DenialOpened) == []
    assert await cycle.books_hold()


async def test_v6_the_same_835_twice_is_one_posting(cycle: Cycle) -> None:
    """Under another ISA13 and file name; the second one is there, as a duplicate."""
    a = await cycle.bill(coded_line("99213", 10_000))
    once = remittance([about(a, (10_000, 10_000, []))])
    await cycle.remit(once)
    await cycle.remit(once)
    assert len(await cycle.decisions(a)) == 1
    assert await cycle.clearing("TRACE1") == 10_000
    rows = (await cycle.gateway.get("/remittances"))["items"]
    assert sorted(row["status"] for row in rows) == ["duplicate", "reported"]
    assert await cycle.books_hold()


async def test_v7_only_the_rejected_set_goes_again_and_a_rejected_claim_is_an_original(
    cycle: Cycle,
) -> None:
    gateway = cycle.gateway
    for _ in range(3):
        await cycle.claims.deliver(coded(coded_line("99213", 12_500), coverages=(FIRST,)))
    async with gateway.under_test.transaction() as tx:
        await tx.execute("UPDATE trading_partner SET claims_per_set = 1")
    claims = [found.event for found in await cycle.claims.received(ClaimReady)]
    await cycle.queue(*await cycle.claims.received(ClaimReady))
    content = list(gateway.partner.taken.values())[-1]
    sets = claim_837p.read(content).sets
    assert len(sets) == 3
    bad = sets[1].control_number
    await cycle.answer(ack_for(content, rejected=[bad]))
    [lost] = [each.content.claims[0].control_number for each in sets if each.control_number == bad]
    assert list((await gateway.statuses()).values()).count("file_rejected") == 1
    [sent] = (await gateway.get("/transmissions"))["items"]
    async with gateway.under_test.client() as client:
        again = await client.post(f"/transmissions/{sent['transmission_id']}:resend")
    assert again.json()["queued_count"] == 1
    await gateway.send()
    [resent] = claim_837p.read(list(gateway.partner.taken.values())[-1]).contents
    assert [each.control_number for each in resent.claims] == [lost]
    await cycle.pass_on()
    taken, refused = [each for each in sets if each.control_number != bad]
    for each, category in ((taken, "A2"), (refused, "A7")):
        number = each.content.claims[0].control_number
        await cycle.answer(status_for(each.content, {number: category}, source="PR"))
    by_number = {each.patient_control_number: each for each in claims}
    fixed = by_number[refused.content.claims[0].control_number]
    assert (await cycle.claim(fixed))["status"] == "payer_rejected"
    async with cycle.claims.client() as client:
        done = await client.post(f"/claims/{fixed.claim_id}:release", json={"reason": "fixed"})
    assert done.status_code == 200, done.text
    await cycle.send()
    [out] = claim_837p.read(list(gateway.partner.taken.values())[-1]).contents
    [last] = out.claims
    assert (last.control_number, last.frequency_code, last.original_claim_number) == (
        fixed.patient_control_number,
        "1",
        "",
    )


async def test_v8_a_rejection_does_not_stop_the_filing_clock(cycle: Cycle) -> None:
    """A year less two weeks after the service: the deadline stands, and the alarm rings."""
    today = datetime.now(UTC).date()
    last_day = today + timedelta(days=14)
    if (last_day.month, last_day.day) == (2, 29):
        last_day -= timedelta(days=1)
    served = last_day.replace(year=last_day.year - 1)
    medicare = FIRST.model_copy(update={"filing_code": "MB"})
    a = await cycle.bill(
        coded_line("99213", 12_000, date_of_service=served),
        coverages=(medicare,),
        date_of_service=served,
    )
    assert (await cycle.claim(a))["filing_deadline"] == last_day.isoformat()
    [found] = claim_837p.read(list(cycle.gateway.partner.taken.values())[-1]).contents
    await cycle.answer(status_for(found, {a.patient_control_number: "A7"}, source="PR"))
    view = await cycle.claim(a)
    assert (view["status"], view["filing_deadline"]) == ("payer_rejected", last_day.isoformat())
    assert "T102" in [each["code"] for each in view["findings"]]
    assert await cycle.claims.published(DenialOpened) == []


async def test_a_claim_of_another_tenant_is_nobodys_here(cycle: Cycle) -> None:
    """Its cents wait in this tenant's queue, its remittance clears, no claim of the other moves.
    A person who knows better says which claim it is."""
    theirs = coded(
        coded_line("99213", 10_000), coverages=(FIRST,), tenant_id=cycle.claims.other_tenant
    )
    await cycle.claims.deliver(theirs)
    [foreign] = await cycle.claims.published(ClaimReady, cycle.claims.other_tenant)
    a = await cycle.bill(coded_line("99213", 10_000))
    await cycle.remit(
        remittance([about(foreign, (10_000, 6_000, [("CO", "45", 4_000)]))], trace="STRAY")
    )
    async with cycle.claims.client() as client:
        [row] = (await client.get("/unposted-payments")).json()["items"]
    assert (row["paid_cents"], row["reason"]) == (6_000, "claim_unknown")
    assert await cycle.claims.published(ClaimAdjudicated, cycle.claims.other_tenant) == []
    await cycle.deposit("STRAY", 6_000)
    assert await cycle.clearing("STRAY") == 0
    assert await cycle.books_hold()
    [stray] = (await cycle.gateway.get("/unmatched-claims"))["items"]
    path = f"/remittances/{stray['remittance_id']}/claims/{stray['ordinal']}:match"
    async with cycle.gateway.under_test.client() as client:
        done = await client.post(path, json={"claim_id": str(a.claim_id)})
    assert done.status_code == 202, done.text
    await cycle.gateway.under_test.run_job("tell_matches")
    await cycle.pass_on()
    [decided] = await cycle.decisions(a)
    assert decided.money.paid_cents == 6_000
    async with cycle.claims.client() as client:
        assert (await client.get("/unposted-payments")).json()["items"] == []
    assert await cycle.clearing("STRAY") == 0
    assert await cycle.books_hold()
