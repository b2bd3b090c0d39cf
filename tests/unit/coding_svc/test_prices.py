"""What the fee schedule pays, by the formula of CMS: (work x GPCI + practice x GPCI + malpractice x
GPCI) x conversion factor, rounded once; then modifiers; then multiple procedures by value.

Relative values are made up (work 1.00, practice 1.00 or 0.50 in a facility, malpractice 0.10), the
factor is that of 2026 for those outside alternative models, 33.4009.
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from coding_svc.domain.codes import Fee, Locality, ReleaseName
from coding_svc.domain.encounter import CodedLine
from coding_svc.domain.fee import NO_INDEX, Price, price_lines

DAY = date(2026, 5, 14)
FACTOR = 334_009
ONE = Fee(
    code="40000", modifier="", status="A", work=100, practice_nonfacility=100,
    practice_facility=50, malpractice=10, component="0", global_days="000", pre=10, intra=70,
    post=20, multiple="0", bilateral="0", assistant="0", co_surgeon="0", team="0",
    endoscopic_base="", factor=FACTOR,
)  # fmt: skip
MANHATTAN = Locality("13202", "NY", "01", 1_094, 1_181, 1_675)
"""Indices of the size that they have; not of any year."""


class Schedule:
    """Fees by code and modifier."""

    release = ReleaseName("pfs", "made-up")

    def __init__(self, *fees: Fee) -> None:
        self._fees = {(fee.code, fee.modifier): fee for fee in fees}

    def fee(self, code: str, modifier: str = "") -> Fee | None:
        return self._fees.get((code, modifier))


SCHEDULE = Schedule(
    ONE,
    replace(ONE, code="50011", bilateral="1"),
    replace(ONE, code="50012", bilateral="2"),
    replace(ONE, code="50013", bilateral="3"),
    replace(ONE, code="70001", work=1_000, multiple="2"),
    replace(ONE, code="70002", work=500, multiple="2"),
    replace(ONE, code="70003", work=200, multiple="2", bilateral="1"),
    replace(ONE, code="71000"),
    replace(ONE, code="71000", modifier="26", work=60, practice_nonfacility=20),
    replace(ONE, code="71000", modifier="TC", work=0, practice_nonfacility=80),
    replace(ONE, code="60001", status="B"),
    replace(ONE, code="60002", status="C"),
    replace(ONE, code="60003", status="R"),
    replace(ONE, code="60004", status="T"),
    replace(ONE, code="80000", pre=0, intra=0, post=0),
)


def line(text: str) -> CodedLine:
    """CODE-MOD-MOD xUNITS @PLACE."""
    words = text.split()
    code, *modifiers = words[0].split("-")
    units = next((word[1:] for word in words if word.startswith("x")), "1")
    place = next((word[1:] for word in words if word.startswith("@")), None)
    return CodedLine(
        code, DAY, modifiers=tuple(modifiers), quantity=Decimal(units), place_of_service_code=place
    )


def priced(text: str, *, place: str = "11", locality: Locality = NO_INDEX) -> list[Price]:
    lines = [line(each.strip()) for each in text.split(";")]
    return price_lines(lines, place=place, fees=SCHEDULE, locality=locality)


# 2.10 units in an office are 7,014.189 cents, 1.60 in a facility 5,344.144.
VECTORS = [
    # the formula and the place
    ("40000", [7_014]),
    ("40000 @22", [5_344]),
    ("40000 @11", [7_014]),
    ("40000 x3", [21_043]),
    ("40000 x0.5", [3_507]),
    # assistants and co-surgeons (Claims Processing Manual ch. 12 §20.4)
    ("40000-80", [1_122]),
    ("40000-81", [1_122]),
    ("40000-82", [1_122]),
    ("40000-AS", [954]),
    ("40000-80-AS", [954]),
    ("40000-AS-82", [954]),
    ("40000-80-81", [1_122]),
    ("40000-62", [4_384]),
    ("40000-62-62", [4_384]),
    # both sides, by indicator
    ("50011-50", [10_521]),
    ("50012-50", [7_014]),
    ("50013-50", [14_028]),
    ("40000-50", [7_014]),
    # shares of the package: surgery with the care before, care after, care before, return
    ("40000-54", [5_611]),
    ("40000-55", [1_403]),
    ("40000-56", [701]),
    ("40000-78", [4_910]),
    ("80000-54", [7_014]),
    # components have rows of their own
    ("71000", [7_014]),
    ("71000-26", [3_006]),
    ("71000-TC", [3_006]),
    # status
    ("60001", [None]),
    ("60002", [None]),
    ("60003", [7_014]),
    ("60004", [7_014]),
    ("99999", [None]),
    # many procedures: the dearest in full, then halves, whatever their order
    ("70001", [37_075]),
    ("70001; 70002", [37_075, 10_187]),
    ("70002; 70001", [10_187, 37_075]),
    ("70001; 70002; 70003", [37_075, 10_187, 5_177]),
    ("70001; 40000", [37_075, 7_014]),
    ("70001; 70002-78", [37_075, 14_262]),
    ("70001; 70003-50", [37_075, 7_766]),
]


@pytest.mark.parametrize(("lines", "cents"), VECTORS)
def test_a_line_has_its_price(lines: str, cents: list[int | None]) -> None:
    assert [each.amount_cents for each in priced(lines)] == cents


def test_procedures_of_another_day_are_not_ranked_with_these() -> None:
    lines = [line("70001"), replace(line("70002"), date_of_service=date(2026, 5, 15))]
    found = price_lines(lines, place="11", fees=SCHEDULE)
    assert [each.amount_cents for each in found] == [37_075, 20_375]


def test_the_place_of_the_claim_counts_where_the_line_has_none() -> None:
    assert [each.amount_cents for each in priced("40000", place="22")] == [5_344]
    assert [each.amount_cents for each in priced("40000 @11", place="22")] == [7_014]


def test_the_locality_s_indices_weigh_each_part() -> None:
    # (1.00 x 1.094 + 1.00 x 1.181 + 0.10 x 1.675) x 33.4009 = 81.5817 dollars
    assert [each.amount_cents for each in priced("40000", locality=MANHATTAN)] == [8_158]


@pytest.mark.parametrize(
    ("code", "reason"), [("60001", "status B has no amount"), ("99999", "not in the fee schedule")]
)
def test_no_price_says_why(code: str, reason: str) -> None:
    assert priced(code) == [Price(None, reason)]


def test_it_is_rounded_once_and_half_up() -> None:
    # 0.5 cents exactly: one unit of 0.01 at 0.5 dollars is half a cent.
    fees = Schedule(replace(ONE, work=1, practice_nonfacility=0, malpractice=0, factor=5_000))
    assert price_lines([line("40000")], place="11", fees=fees)[0].amount_cents == 1
    # Three of them are 1.5 cents and not three times 1.
    assert price_lines([line("40000 x3")], place="11", fees=fees)[0].amount_cents == 2
