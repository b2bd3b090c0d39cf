"""What a decision moves on a patient's account, as a table and as a property."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patient_billing_svc.domain.account import Account, Allocation, charge
from patient_billing_svc.domain.charge import Charge
from rcm.ids import derived_id
from rcm.ledger.accounts import AccountCode

TENANT, PATIENT, CLAIM = (derived_id(UUID(int=0), name) for name in ("tenant", "patient", "claim"))
ACCOUNT = Account(TENANT, derived_id(TENANT, "account"), PATIENT)
CHARGE = Charge(
    claim_id=CLAIM,
    account_id=ACCOUNT.account_id,
    patient_control_number="C1",
    payer_id="DEMO1",
    outcome="paid",
    responsible_party="patient",
    date_of_service=date(2026, 3, 2),
    charge_cents=20_000,
    discount_cents=8_000,
    plan_paid_cents=7_000,
    due_cents=5_000,
    open_cents=0,
    decided_at=datetime(2026, 4, 1, tzinfo=UTC),
)


def moved(step: object) -> dict[str, int]:
    """Net cents per ledger account, debits positive."""
    found: dict[str, int] = {}
    for posting in step.postings:
        for account, cents in ((posting.debit, posting.cents), (posting.credit, -posting.cents)):
            found[account.code.value] = found.get(account.code.value, 0) + cents
    return {code: cents for code, cents in found.items() if cents}


@pytest.mark.parametrize(
    ("before", "open_before", "after", "unapplied", "expected", "open_after"),
    [
        pytest.param(
            None,
            0,
            5000,
            0,
            {"AR_PATIENT": 5000, "PATIENT_TRANSFER": -5000},
            5000,
            id="first-share",
        ),
        pytest.param(2400, 2400, 2400, 0, {}, 2400, id="same-share-moves-nothing"),
        pytest.param(
            2400, 2400, 5000, 0, {"AR_PATIENT": 2600, "PATIENT_TRANSFER": -2600}, 5000, id="more"
        ),
        pytest.param(
            5000, 5000, 2400, 0, {"AR_PATIENT": -2600, "PATIENT_TRANSFER": 2600}, 2400, id="less"
        ),
        pytest.param(
            2400,
            0,
            0,
            0,
            {"PATIENT_TRANSFER": 2400, "UNAPPLIED": -2400},
            0,
            id="paid-share-returns",
        ),
        pytest.param(
            5000,
            1000,
            2000,
            0,
            {"PATIENT_TRANSFER": 3000, "AR_PATIENT": -1000, "UNAPPLIED": -2000},
            0,
            id="partly-paid-share-shrinks",
        ),
        pytest.param(
            0,
            0,
            5000,
            2400,
            {"AR_PATIENT": 2600, "PATIENT_TRANSFER": -5000, "UNAPPLIED": 2400},
            2600,
            id="credit-pays-the-new-share",
        ),
        pytest.param(1000, 1000, 1000, 700, {}, 1000, id="credit-stays-where-no-share-grows"),
    ],
)
def test_the_difference_is_posted(
    *,
    before: int | None,
    open_before: int,
    after: int,
    unapplied: int,
    expected: dict[str, int],
    open_after: int,
) -> None:
    old = None if before is None else replace(CHARGE, due_cents=before, open_cents=open_before)
    account = replace(ACCOUNT, receivable_cents=open_before, unapplied_cents=unapplied)
    step = charge(account, old, replace(CHARGE, due_cents=after))
    assert moved(step) == expected
    assert step.charge.open_cents == open_after
    assert step.account.receivable_cents == open_after
    assert step.account.balance_cents - account.balance_cents == after - (before or 0)


def test_a_reversal_and_its_correction_keep_what_the_patient_paid() -> None:
    """V2 with the patient's money in it: 24.00 owed and paid, reversed, then 50.00 owed."""
    first = charge(ACCOUNT, None, replace(CHARGE, due_cents=2400))
    paid = replace(first.charge, open_cents=0)
    reversal = charge(replace(first.account, receivable_cents=0), paid, replace(paid, due_cents=0))
    assert reversal.account.unapplied_cents == 2400
    assert reversal.allocations == (Allocation(CLAIM, -2400),)
    corrected = charge(reversal.account, reversal.charge, replace(CHARGE, due_cents=5000))
    assert corrected.charge.open_cents == 2600
    assert corrected.account.unapplied_cents == 0
    assert corrected.charge.patient_paid_cents == 2400


SHARES = st.lists(st.tuples(st.integers(0, 100_000), st.integers(0, 100_000)), max_size=12)


@given(SHARES)
def test_any_course_of_shares_and_payments_ends_in_the_sum(course: list[tuple[int, int]]) -> None:
    """Balance = newest share - everything paid; transfer = newest share; no pot below zero."""
    account, current, transfer, paid = ACCOUNT, None, 0, 0
    for due, wish in course:
        step = charge(account, current, replace(CHARGE, due_cents=due))
        transfer -= moved(step).get(AccountCode.PATIENT_TRANSFER, 0)
        account, current = step.account, step.charge
        pays = min(wish, current.open_cents)
        paid += pays
        account = replace(account, receivable_cents=account.receivable_cents - pays)
        current = replace(current, open_cents=current.open_cents - pays)
        assert account.balance_cents == due - paid
        assert transfer == due
        assert account.receivable_cents == current.open_cents >= 0
        assert account.unapplied_cents >= 0
