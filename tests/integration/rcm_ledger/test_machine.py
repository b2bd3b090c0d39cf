"""Whatever happens to claims in whatever order, the ledger holds what sixty lines of Python hold,
refuses what they refuse, and every invariant stays green."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from rcm.db import Database
from rcm.ids import new_id
from rcm.ledger import BelowZero, Entry, Posting, balances, post, read_entries, reversal_of
from rcm.ledger.moves import (
    PatientClaim,
    PayerClaim,
    Remittance,
    refund_paid,
    refund_promised,
    within,
)
from rcm.migrations import LEDGER, DatabaseUrls
from rcm.testing.databases import connected, service_database
from rcm.testing.ledger import Model, Overdrawn, entry, red_codes
from rcm.testing.samples import DAY

if TYPE_CHECKING:
    from conftest import Servers

CENTS = st.integers(1, 20_000)
LINES = st.integers(1, 3)


class Books(RuleBasedStateMachine):
    """Both books of one tenant in one ledger, so that transfers clear within it."""

    runner: ClassVar[asyncio.Runner]
    database: ClassVar[Database]
    claims = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.tenant = new_id()
        self.patient_id = new_id()
        self.last: list[Entry] = []

    @rule(target=claims, cents=CENTS)
    def charge(self, cents: int) -> PayerClaim:
        claim = PayerClaim(new_id(), "DEMO1")
        self.book(sum((claim.charged(cents + line, line) for line in (1, 2, 3)), ()))
        return claim

    @rule(claim=claims, line=LINES, paid=CENTS, contractual=CENTS)
    def remit(self, claim: PayerClaim, line: int, paid: int, contractual: int) -> None:
        """An 835 line: what the receivable cannot take is the payer's credit."""
        remittance = Remittance("DEMO1", f"T{paid % 3}")
        line_open = self.line_open_cents(claim, line)
        taken, excess = within(line_open, paid)
        given_up, _ = within(line_open - taken, contractual)
        self.book(
            claim.paid(taken, remittance, line)
            + claim.overpaid(excess, remittance, line)
            + claim.contractual(given_up, remittance.cause(line, "CO", "45"))
        )

    @rule(claim=claims, line=LINES)
    def deny(self, claim: PayerClaim, line: int) -> None:
        """A workable denial moves nothing, so there is no entry at all."""
        del claim, line

    @rule(claim=claims, line=LINES, cents=CENTS)
    def take_too_much(self, claim: PayerClaim, line: int, cents: int) -> None:
        """Blind posting: the ledger decides, and the model must decide the same."""
        del line
        self.book(claim.written_off(cents, "small_balance"))

    @rule(claim=claims, cents=CENTS)
    def transfer_to_patient(self, claim: PayerClaim, cents: int) -> None:
        share, _ = within(self.model.open_cents(claim.receivable), cents)
        patient = self.patient(claim)
        self.book(claim.passed_to_patient(share) + patient.share_changed(share, open_cents=0))

    @rule(claim=claims, cents=CENTS)
    def share_shrinks(self, claim: PayerClaim, cents: int) -> None:
        patient = self.patient(claim)
        passed, _ = within(-self.passed_cents(claim), cents)
        open_cents = self.model.open_cents(patient.receivable)
        self.book(
            claim.passed_to_patient(-passed) + patient.share_changed(-passed, open_cents=open_cents)
        )

    @rule(claim=claims, cents=CENTS)
    def patient_pays(self, claim: PayerClaim, cents: int) -> None:
        patient = self.patient(claim)
        taken, ahead = within(self.model.open_cents(patient.receivable), cents)
        self.book(patient.paid(taken, "BATCH1") + patient.paid_ahead(ahead, "BATCH1"))

    @rule(claim=claims, cents=CENTS)
    def credit_pays(self, claim: PayerClaim, cents: int) -> None:
        self.book(self.patient(claim).applied(cents))

    @rule(claim=claims, cents=CENTS)
    def refund(self, claim: PayerClaim, cents: int) -> None:
        credit = self.patient(claim).unapplied
        self.book(refund_promised(credit, cents) + refund_paid(credit, cents))

    @rule(claim=claims, cents=CENTS)
    def payer_takes_back(self, claim: PayerClaim, cents: int) -> None:
        self.book(Remittance("DEMO1", "T0").took_back(cents, claim))

    @precondition(lambda self: self.model.reversible())
    @rule(data=st.data())
    def reverse(self, data: st.DataObject) -> None:
        """Void a charge, take a payment back: an exact mirror, or a refusal when it cannot be."""
        original = data.draw(st.sampled_from(self.model.reversible()))
        self.submit([self.undo(original)])

    @precondition(lambda self: self.model.reversible())
    @rule(data=st.data())
    def reverse_and_correct(self, data: st.DataObject) -> None:
        """In one call the reversal and the new entry stand or fall together."""
        original = data.draw(st.sampled_from(self.model.reversible()))
        self.submit([self.undo(original), entry(self.tenant, original.postings)])

    @precondition(lambda self: self.last)
    @rule()
    def repeat(self) -> None:
        """The same delivery again is no delivery."""
        posted = self.run(self.last)
        assert posted == set()

    @invariant()
    def the_ledger_holds_what_the_model_holds(self) -> None:
        async def compare() -> None:
            async with self.database.transaction([self.tenant]) as tx:
                held = await balances(tx, [(self.tenant, found) for found in self.model.cents])
                read = await read_entries(tx, [(self.tenant, key) for key in self.model.entries])
                red = await red_codes(tx)
            assert {account: found.cents for (_, account), found in held.items()} == {
                account: self.model.open_cents(account) for account in self.model.cents
            }
            assert {key[1]: found for key, found in read.items()} == self.model.entries
            assert red == set()

        self.runner.run(compare())

    def book(self, postings: Sequence[Posting]) -> None:
        if postings:
            self.submit([entry(self.tenant, postings)])

    def submit(self, batch: list[Entry]) -> None:
        try:
            self.model.post(batch)
        except Overdrawn:
            with pytest.raises(BelowZero):
                self.run(batch)
        else:
            assert self.run(batch) == {found.entry_id for found in batch}
            self.last = batch

    def run(self, batch: list[Entry]) -> set[object]:
        async def in_transaction() -> set[object]:
            async with self.database.transaction([self.tenant]) as tx:
                return set((await post(tx, batch)).new_ids)

        return self.runner.run(in_transaction())

    def undo(self, original: Entry) -> Entry:
        return reversal_of(original, source_event_id=new_id(), effective_on=DAY, actor="test")

    def patient(self, claim: PayerClaim) -> PatientClaim:
        return PatientClaim(claim.claim_id, self.patient_id)

    def passed_cents(self, claim: PayerClaim) -> int:
        """Negative what the patient's books owe the transfer account, as they see it."""
        moved = [
            leg.cents if leg.credit == claim.receivable else -leg.cents
            for found in self.model.entries.values()
            for leg in found.postings
            if {leg.debit.code, leg.credit.code} == {"AR_PAYER", "PATIENT_TRANSFER"}
            and claim.receivable in (leg.debit, leg.credit)
        ]
        return -sum(moved)

    def line_open_cents(self, claim: PayerClaim, line: int) -> int:
        """What is open on a line and in the whole claim, whichever is less."""
        sides = [
            leg.cents if leg.debit == claim.receivable else -leg.cents
            for found in self.model.entries.values()
            for leg in found.postings
            if leg.line_number == line and claim.receivable in (leg.debit, leg.credit)
        ]
        return max(0, min(sum(sides), self.model.open_cents(claim.receivable)))


@contextmanager
def machine_on(url: str) -> Iterator[type[Books]]:
    with asyncio.Runner() as runner:

        async def connect() -> Database:
            return Database(url, application_name="machine", pool_size=1)

        database = runner.run(connect())
        yield type("BoundBooks", (Books,), {"runner": runner, "database": database})
        runner.run(database.close())


PROFILE = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


def test_the_ledger_agrees_with_the_model(ledger_urls: DatabaseUrls) -> None:
    with machine_on(ledger_urls.app) as machine:
        run_state_machine_as_test(machine, settings=PROFILE)


@pytest.fixture
async def damaged_url(servers: "Servers", request: pytest.FixtureRequest) -> AsyncIterator[str]:
    async with service_database(servers.postgres_admin_url, "ledger", [LEDGER]) as urls:
        name = urls.app.rsplit("/", 1)[1]
        async with connected(servers.postgres_admin_url, name) as admin:
            await admin.execute(request.param)
        yield urls.app


@pytest.mark.parametrize(
    "damaged_url",
    [
        "ALTER TABLE ledger_posting DISABLE TRIGGER ledger_book_legs",
        "ALTER TABLE ledger_balance DROP CONSTRAINT ledger_balance_not_below_zero",
        "ALTER TABLE ledger_account DISABLE TRIGGER ledger_open_balances",
        "DROP INDEX ledger_entry_reversed_once; ALTER TABLE ledger_entry "
        "DROP CONSTRAINT ledger_entry_once, DROP CONSTRAINT ledger_entry_pkey CASCADE",
    ],
    ids=["no balances kept", "no bounds", "no balances opened", "no names kept"],
    indirect=True,
)
def test_the_machine_notices_a_broken_ledger(damaged_url: str) -> None:
    """The control: without its guards the ledger and the model part."""
    quick = settings(PROFILE, phases=(Phase.generate,), print_blob=False)
    noticed = (Exception, pytest.fail.Exception)
    with machine_on(damaged_url) as machine, pytest.raises(noticed):
        run_state_machine_as_test(machine, settings=quick)
