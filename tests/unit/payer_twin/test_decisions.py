"""What the twin decides: the published table, applied to the cent."""

from dataclasses import replace

import pytest
import x12_claims
import x12_world as world
from hypothesis import given
from hypothesis import strategies as st

from payer_twin.adjudication import adjudicate, reverse
from payer_twin.plan import Denial, Pay, Rules
from payer_twin.remitting import Cycle, remittance
from payer_twin.scenarios import BY_CODE, choose
from rcm_x12.claim_837p import Claim
from rcm_x12.remittance_835 import balance, write
from rcm_x12.values import Procedure

PAYING = {
    code: step for code, row in BY_CODE.items() for step in row.steps if isinstance(step, Pay)
}


@pytest.mark.parametrize(
    ("member_id", "charge_cents", "procedures", "code"),
    [
        ("M100T20", 12000, ("99213",), "denied-authorization"),
        ("M100T20", 12003, ("99213",), "denied-authorization"),
        ("M100", 12003, ("99213",), "coinsurance"),
        ("M100", 12003, ("36416",), "coinsurance"),
        ("M100", 12000, ("99213", "36416"), "bundled"),
        ("M100", 12000, ("99213",), "default"),
        ("M100T99", 12003, ("99213",), "default"),
        ("M100T60", 12003, ("99213",), "duplicate-835"),
        ("T", 12000, (), "default"),
        ("10020", 12000, ("99213",), "default"),
        ("M100T30", 12000, ("99213",), "rejected"),
    ],
)
def test_the_table_is_read_from_the_top(
    member_id: str, charge_cents: int, procedures: tuple[str, ...], code: str
) -> None:
    assert choose(member_id, charge_cents, procedures).code == code


@pytest.mark.parametrize(
    ("code", "paid", "patient", "cuts"),
    [
        ("default", 12000, 0, {("CO", "45"): 3000}),
        ("paid-in-full", 11250, 0, {("CO", "45"): 3750}),
        ("deductible", 7000, 5000, {("CO", "45"): 3000, ("PR", "1"): 5000}),
        ("coinsurance", 9600, 2400, {("CO", "45"): 3000, ("PR", "2"): 2400}),
        ("copay", 9500, 2500, {("CO", "45"): 3000, ("PR", "3"): 2500}),
        (
            "deductible-and-coinsurance",
            7200,
            4800,
            {("CO", "45"): 3000, ("PR", "1"): 3000, ("PR", "2"): 1800},
        ),
        ("zero-pay-deductible", 0, 12000, {("CO", "45"): 3000, ("PR", "1"): 12000}),
        ("denied-authorization", 0, 0, {("CO", "197"): 15000}),
        ("denied-information", 0, 0, {("CO", "16"): 15000}),
        ("denied-late", 0, 0, {("CO", "29"): 15000}),
        ("denied-necessity", 0, 0, {("CO", "50"): 15000}),
        ("line-denied", 8000, 0, {("CO", "45"): 2000, ("CO", "197"): 5000}),
    ],
)
def test_each_scenario_pays_what_it_says(
    code: str, paid: int, patient: int, cuts: dict[tuple[str, str], int]
) -> None:
    decided = adjudicate(world.CLAIM, PAYING[code], "TW1")
    found: dict[tuple[str, str], int] = {}
    for line in decided.services:
        for each in line.adjustments:
            key = (each.group_code, each.reason_code)
            found[key] = found.get(key, 0) + each.amount_cents
    assert (decided.paid_cents, decided.patient_responsibility_cents) == (paid, patient)
    assert found == cuts
    assert decided.status_code == "1"


def test_a_bundled_line_is_denied_alone() -> None:
    lines = (world.CLAIM.lines[0], replace(world.CLAIM.lines[1], procedure=Procedure("36416")))
    decided = adjudicate(
        replace(world.CLAIM, lines=lines), PAYING["bundled"], "TW1", ("36416", "99080")
    )
    assert [line.paid_cents for line in decided.services] == [8000, 0]
    assert decided.services[1].remark_codes == ("M15",)


def test_remarks_on_a_stay_stand_where_an_mia_has_them() -> None:
    """MIA05, and MIA20 to MIA23: amounts lie between them."""
    remarks = ("N1", "N2", "N4", "N5", "N8")
    for count in (1, 2, 5):
        step = Pay(rules=Rules(denial=Denial("CO", "16", remarks[:count])))
        decided = adjudicate(x12_claims.BILL, step, "TW1", ())
        assert decided.inpatient_remarks is not None
        assert decided.inpatient_remarks.remark_codes == remarks[:count]


@given(world.claims(), st.sampled_from(list(PAYING.values())))
def test_every_decision_balances_and_so_does_its_reversal(claim: Claim, pay: Pay) -> None:
    decided = adjudicate(claim, pay, "TW1")
    back = reverse(decided)
    cycle = Cycle(claim.payer, claim.billing_provider, (decided, back))
    paid = remittance(cycle, "TRACE1", world.MOMENT)
    assert balance(paid.remittance) == []
    assert paid.remittance.header.payment_cents == 0
    assert paid.owed_cents == 0


def test_a_reversal_negates_every_amount_under_the_same_groups() -> None:
    decided = adjudicate(world.CLAIM, PAYING["deductible"], "TW1")
    back = reverse(decided)
    assert (back.status_code, back.patient_responsibility_cents) == ("22", None)
    assert (back.charge_cents, back.paid_cents) == (-15000, -7000)
    assert [a.group_code for s in back.services for a in s.adjustments] == [
        a.group_code for s in decided.services for a in s.adjustments
    ]


def test_a_negative_cycle_is_lifted_to_zero_and_taken_back_later() -> None:
    decided = adjudicate(world.CLAIM, PAYING["default"], "TW1")
    first = remittance(
        Cycle(world.PAYER, world.BILLING, (reverse(decided),)), "TRACE1", world.MOMENT
    )
    assert (first.remittance.header.payment_cents, first.owed_cents) == (0, 12000)
    assert [(p.reason_code, p.amount_cents) for p in first.remittance.provider_adjustments] == [
        ("FB", -12000)
    ]
    smaller = adjudicate(world.CLAIM, PAYING["deductible"], "TW2")
    second = remittance(
        Cycle(world.PAYER, world.BILLING, (smaller,), (), 12000, "TRACE1"), "TRACE2", world.MOMENT
    )
    assert (second.remittance.header.payment_cents, second.owed_cents) == (0, 5000)
    third = remittance(
        Cycle(world.PAYER, world.BILLING, (decided,), (), 5000, "TRACE2"), "TRACE3", world.MOMENT
    )
    assert (third.remittance.header.payment_cents, third.owed_cents) == (7000, 0)
    for each in (first, second, third):
        assert world.oxedi_findings(write(world.ENVELOPE, [each.remittance])) == []
