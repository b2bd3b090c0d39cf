"""The parts of verification that need no database."""

import pytest

from rcm.ledger import AccountCode
from rcm.ledger.checks import cash_residual_cents
from rcm.ledger.cli import BooksNotFound, databases_from, results_table
from rcm.ledger.invariants import Found, InvariantResult

A = AccountCode
ORDERLY = {
    (A.REMIT_CLEARING, A.AR_PAYER): 7_000,
    (A.REMIT_CLEARING, A.UNAPPLIED): 500,
    (A.PROVIDER_ADJ, A.REMIT_CLEARING): 2_500,
    (A.REMIT_CLEARING, A.INTEREST_INCOME): 125,
    (A.CASH, A.REMIT_CLEARING): 5_125,
    (A.PSP_CLEARING, A.AR_PATIENT): 300,
    (A.PSP_CLEARING, A.UNAPPLIED): 50,
    (A.PATIENT_TRANSFER, A.UNAPPLIED): 40,
    (A.UNAPPLIED, A.AR_PATIENT): 10,
    (A.UNAPPLIED, A.REFUND_PAYABLE): 30,
    (A.REFUND_PAYABLE, A.CASH): 20,
    (A.AR_PAYER, A.REVENUE): 99_999,
}
HELD_CENTS = 500 + 50 + 40 - 10 - 30


def test_orderly_cash_leaves_no_residue() -> None:
    assert cash_residual_cents(ORDERLY, HELD_CENTS) == 0
    assert cash_residual_cents({}, 0) == 0


@pytest.mark.parametrize(
    ("flow", "residue"),
    [
        ((A.CASH, A.REVENUE), 9),
        ((A.REMIT_CLEARING, A.ADJ_CONTRACTUAL), 9),
        ((A.ADJ_OTHER, A.PSP_CLEARING), -9),
        ((A.CASH, A.PATIENT_TRANSFER), 9),
    ],
)
def test_cash_that_no_rule_explains_is_a_residue(
    flow: tuple[AccountCode, AccountCode], residue: int
) -> None:
    assert cash_residual_cents(ORDERLY | {flow: 9}, HELD_CENTS) == residue


@pytest.mark.parametrize("lost", [1, -1])
def test_an_unapplied_cent_too_few_or_many_is_a_residue(lost: int) -> None:
    assert cash_residual_cents(ORDERLY, HELD_CENTS - lost) == lost


STACK = {"books": {"claims-svc": "postgresql://stack"}}


def test_databases_come_from_options_then_environment_then_the_running_stack() -> None:
    both = {"environment": "a=postgresql://e, b=postgresql://f", "stack": STACK}
    assert databases_from(["x=postgresql://o?a=b"], **both) == {"x": "postgresql://o?a=b"}
    assert databases_from([], **both) == {"a": "postgresql://e", "b": "postgresql://f"}
    assert databases_from([], environment="", stack=STACK) == STACK["books"]


@pytest.mark.parametrize("stack", [{}, {"books": {}}])
def test_without_any_books_it_says_what_to_do(stack: dict[str, object]) -> None:
    with pytest.raises(BooksNotFound, match="start the stack"):
        databases_from([], environment="", stack=stack)


def test_half_a_pair_is_refused() -> None:
    with pytest.raises(BooksNotFound, match="NAME=URL"):
        databases_from(["postgresql"], environment="", stack={})


@pytest.mark.parametrize(
    ("result", "holds"),
    [
        (InvariantResult("I2", "t", "d", Found(3)), True),
        (InvariantResult("I2", "t", "d", Found(3, note="2 wait")), True),
        (InvariantResult("I2", "t", "d", Found(3, breaches=1, first=("id",))), False),
        (InvariantResult("I2", "t", "d", Found(0), error="no answer"), False),
    ],
)
def test_only_what_was_checked_and_found_right_holds(result: InvariantResult, holds: bool) -> None:  # noqa: FBT001
    assert result.holds is holds
    assert results_table([result]).row_count == 1
