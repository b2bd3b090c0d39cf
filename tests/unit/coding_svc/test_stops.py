"""Every hard stop: a clean coding passes, one change makes exactly its finding appear."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from coding_svc.domain.encounter import CodedDiagnosis, CodedLine, Coding
from coding_svc.domain.stops import check, stop, stops
from rcm.testing.claims import CLINIC, DAY, PRIMARY, SECONDARY, STAY

TODAY = date(2026, 4, 1)
LINE = CodedLine("99213", DAY, (0,))
CLEAN = Coding(
    date_of_service=DAY,
    place_of_service_code="11",
    billing_provider=CLINIC,
    coverages=(PRIMARY,),
    diagnoses=(CodedDiagnosis("E119", "ABK"), CodedDiagnosis("I10", "ABF")),
    lines=(LINE,),
)
WRONG_NPI = CLINIC.model_copy(update={"npi": "1234567890"})


def lines(**changes: Any) -> dict[str, Any]:
    return {"lines": (replace(LINE, **changes),)}


CASES: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({}, []),
    ({"diagnoses": ()}, [("C101", "/diagnoses"), ("C107", "/lines/0/diagnosis_pointers/0")]),
    ({"lines": ()}, [("C102", "/lines")]),
    ({"lines": (LINE,) * 51}, [("C102", "/lines")]),
    ({"diagnoses": (CodedDiagnosis("1119", "ABK"),)}, [("C103", "/diagnoses/0/code")]),
    ({"diagnoses": (CodedDiagnosis("E119", "ABF"),)}, [("C104", "/diagnoses/0/code_type")]),
    (
        {"diagnoses": (CodedDiagnosis("E119", "ABK"), CodedDiagnosis("E119", "ABF"))},
        [("C105", "/diagnoses/1/code")],
    ),
    (lines(procedure_code="9921"), [("C106", "/lines/0/procedure_code")]),
    (lines(modifiers=("25", "5")), [("C106", "/lines/0/modifiers")]),
    (lines(modifiers=("25", "26", "27", "28", "29")), [("C106", "/lines/0/modifiers")]),
    (lines(diagnosis_pointers=()), [("C107", "/lines/0/diagnosis_pointers")]),
    (lines(diagnosis_pointers=(0, 0)), [("C107", "/lines/0/diagnosis_pointers")]),
    (lines(diagnosis_pointers=(0, 2)), [("C107", "/lines/0/diagnosis_pointers/1")]),
    (lines(diagnosis_pointers=(-1,)), [("C107", "/lines/0/diagnosis_pointers/0")]),
    ({"end_date_of_service": date(2026, 4, 2)}, [("C108", "/end_date_of_service")]),
    (lines(end_date_of_service=date(2026, 3, 1)), [("C108", "/lines/0/end_date_of_service")]),
    (lines(date_of_service=date(2026, 3, 5)), [("C109", "/lines/0/date_of_service")]),
    ({"billing_provider": WRONG_NPI}, [("C110", "/billing_provider/npi")]),
    ({"rendering_provider": WRONG_NPI}, [("C110", "/rendering_provider/npi")]),
    ({"place_of_service_code": "1"}, [("C111", "/place_of_service_code")]),
    (lines(place_of_service_code="x1"), [("C111", "/lines/0/place_of_service_code")]),
    ({"coverages": (SECONDARY,)}, [("C112", "/coverages")]),
    ({"coverages": (PRIMARY, PRIMARY)}, [("C112", "/coverages")]),
    (lines(units="MJ", quantity=Decimal("1.5")), [("C113", "/lines/0/quantity")]),
    (lines(revenue_code="0510"), [("C114", "/lines/0/revenue_code")]),
    (lines(units="DA"), [("C114", "/lines/0/units")]),
]
BILL_LINE = CodedLine("", DAY, revenue_code="0120", units="DA")
BILL = replace(
    CLEAN, place_of_service_code="", lines=(BILL_LINE, BILL_LINE) * 50, institutional=STAY
)


def bill_lines(**changes: Any) -> dict[str, Any]:
    return {"lines": (replace(BILL_LINE, **changes),)}


BILLS: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({}, []),
    ({"lines": (BILL_LINE,) * 1_000}, [("C102", "/lines")]),
    (bill_lines(procedure_code="9921"), [("C106", "/lines/0/procedure_code")]),
    (bill_lines(revenue_code="120"), [("C114", "/lines/0/revenue_code")]),
    (bill_lines(units="MJ"), [("C114", "/lines/0/units")]),
    (
        {"institutional": STAY.model_copy(update={"attending_provider": WRONG_NPI})},
        [("C110", "/institutional/attending_provider/npi")],
    ),
]


@pytest.mark.parametrize(("changes", "expected"), BILLS)
def test_hard_stops_of_a_bill(changes: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    found = check(replace(BILL, **changes), today=TODAY)
    assert [(finding.code, finding.location) for finding in found] == expected


@pytest.mark.parametrize(("changes", "expected"), CASES)
def test_hard_stops(changes: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    found = check(replace(CLEAN, **changes), today=TODAY)
    assert [(finding.code, finding.location) for finding in found] == expected


def test_every_stop_has_a_case_and_a_sentence() -> None:
    assert set(stops()) == {code for _, expected in CASES for code, _ in expected}
    assert all(rule.__doc__ for rule in stops().values())


def test_two_stops_with_one_code_fail_at_once() -> None:
    with pytest.raises(TypeError, match="C101"):
        stop("C101")(stops()["C101"])
