"""How a payment meets charges."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from patient_billing_svc.domain.account import Account, Allocation
from patient_billing_svc.domain.charge import Charge
from patient_billing_svc.domain.payment import Payment, objections, receive, spread
from patient_billing_svc.domain.statement import lines_of, payable_cents, pending_of
from rcm.ids import derived_id

ROOT = UUID(int=0)
OLD, NEW, OTHER = (derived_id(ROOT, name) for name in ("old", "new", "other"))
ACCOUNT = Account(ROOT, derived_id(ROOT, "account"), derived_id(ROOT, "patient"), 5_000, 0)


def open_charge(claim_id: UUID, served: date | None, cents: int) -> Charge:
    return Charge(
        claim_id=claim_id,
        account_id=ACCOUNT.account_id,
        patient_control_number="C",
        payer_id="DEMO1",
        outcome="paid",
        responsible_party="patient",
        date_of_service=served,
        charge_cents=cents * 2,
        discount_cents=cents,
        plan_paid_cents=0,
        due_cents=cents,
        open_cents=cents,
        decided_at=datetime(2026, 4, 1, tzinfo=UTC),
    )


CHARGES = [open_charge(NEW, date(2026, 3, 9), 3_000), open_charge(OLD, date(2026, 3, 1), 2_000)]


@pytest.mark.parametrize(
    ("paid", "expected"),
    [
        (1_500, [(OLD, 1_500)]),
        (2_000, [(OLD, 2_000)]),
        (2_500, [(OLD, 2_000), (NEW, 500)]),
        (9_000, [(OLD, 2_000), (NEW, 3_000)]),
    ],
)
def test_the_oldest_charge_is_paid_first(paid: int, expected: list[tuple[UUID, int]]) -> None:
    assert [(each.claim_id, each.cents) for each in spread(paid, CHARGES)] == expected


@pytest.mark.parametrize(
    ("paid", "wanted", "reasons"),
    [
        (3_000, [(NEW, 3_000)], []),
        (3_000, [(OLD, 2_001)], ["is more than the claim still owes"]),
        (3_000, [(OTHER, 1)], ["is not a claim of this account"]),
        (3_000, [(OLD, 1), (OLD, 1)], ["names a claim that is already named"]),
        (100, [(OLD, 101)], ["the allocations are more than the payment"]),
    ],
)
def test_wanted_allocations_are_checked(
    paid: int, wanted: list[tuple[UUID, int]], reasons: list[str]
) -> None:
    allocations = [Allocation(*each) for each in wanted]
    assert [found.reason for found in objections(paid, allocations, CHARGES)] == reasons


def test_the_excess_of_a_payment_is_unapplied() -> None:
    payment = Payment(
        derived_id(ROOT, "payment"),
        ACCOUNT.account_id,
        "card",
        6_000,
        date(2026, 5, 1),
        allocations=spread(6_000, CHARGES),
    )
    receipt = receive(ACCOUNT, payment, CHARGES)
    assert (payment.applied_cents, payment.unapplied_cents) == (5_000, 1_000)
    assert receipt.account.balance_cents == -1_000
    assert {each.open_cents for each in receipt.charges} == {0}
    assert sum(posting.cents for posting in receipt.postings) == 6_000
    assert {posting.debit.reference for posting in receipt.postings} == {"card:2026-05-01"}


def test_a_statement_never_asks_for_what_a_payer_may_still_pay() -> None:
    pending = replace(CHARGES[0], responsible_party="secondary")
    charges = [pending, CHARGES[1]]
    assert [line.claim_id for line in lines_of(charges)] == [OLD]
    assert pending_of(charges) == 3_000
    assert payable_cents(ACCOUNT, charges) == 2_000
    assert payable_cents(replace(ACCOUNT, unapplied_cents=2_000), charges) == 0


@pytest.mark.parametrize("open_cents", [0, 700, 2_000])
def test_an_itemization_adds_up(open_cents: int) -> None:
    assert replace(CHARGES[1], open_cents=open_cents).adds_up
