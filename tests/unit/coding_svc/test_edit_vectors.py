"""Every edit by its vectors: tables in `vectors/`, each naming its source, a case a line.

    what it is | diagnoses | lines | facts | findings

A line is CODE-MOD-MOD xUNITS *POINTERS @DAYS (`@+1` a day later, `@0..1` over two days). A fact is
age, sex, day, pos, payer, contractor, setting, inpatient=yes or history=CODE-MOD*UNITS@DAYS, with
/other for another provider's. A finding is an edit with `d` for diagnoses or `L` for
lines, as `D131 d1,2; P110 L2,1`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from coding_world import books, days_after

from coding_svc.domain.edits import (
    Case,
    EditFinding,
    PastService,
    PatientFacts,
    check,
    edits,
    same_provider,
)
from coding_svc.domain.encounter import CodedDiagnosis, CodedLine, Coding
from rcm.contracts.values import Provider
from rcm.testing.claims import CLINIC, PRIMARY

DAY = date(2026, 5, 14)
VECTORS = Path(__file__).parent / "vectors"
_LINE = re.compile(
    r"(?P<codes>\S+)(?: x(?P<units>[0-9.]+))?(?: \*(?P<pointers>[0-9+]+))?"
    r"(?: @(?P<from>[+-]?[0-9]+)(?:\.\.(?P<to>[0-9]+))?)?"
)
_PAST = re.compile(
    r"(?P<code>\w+)(?P<modifiers>(-\w\w)*)\*(?P<units>[0-9.]+)@(?P<days>-?[0-9]+)(?P<other>/other)?"
)


@dataclass(frozen=True)
class Vector:
    """One row of a table."""

    name: str
    judged: frozenset[str]
    case_text: tuple[str, str, str]
    expected: tuple[str, ...]


def vectors() -> Iterator[Vector]:
    for path in sorted(VECTORS.glob("*.txt")):
        judged: frozenset[str] = frozenset()
        for row in path.read_text().splitlines():
            if row.startswith("edits:"):
                judged = frozenset(row.split()[1:])
            elif row and not row.startswith(";"):
                name, *case, findings = [cell.strip() for cell in row.split("|")]
                expected = tuple(each.strip() for each in findings.split(";") if each.strip())
                yield Vector(f"{path.stem}: {name}", judged, tuple(case), expected)  # type: ignore[arg-type]


ALL = list(vectors())


def case_of(vector: Vector) -> Case:
    diagnoses, lines, facts_text = vector.case_text
    facts = [fact.split("=", 1) for fact in facts_text.split()]
    single = dict(facts)
    day = date.fromisoformat(single["day"]) if "day" in single else DAY
    codes = [code.strip().replace(".", "") for code in diagnoses.split(",") if code.strip()]
    coding = Coding(
        date_of_service=day,
        place_of_service_code=single.get("pos", "11"),
        billing_provider=CLINIC,
        coverages=(PRIMARY.model_copy(update={"filing_code": single.get("payer", "CI")}),),
        diagnoses=tuple(
            CodedDiagnosis(code, "ABF" if at else "ABK") for at, code in enumerate(codes)
        ),
        lines=tuple(line_of(text.strip(), day) for text in lines.split(";") if text.strip()),
    )
    return Case(
        coding=coding,
        books=books(day),
        patient=_patient(single, day),
        history=tuple(past_of(value, day) for name, value in facts if name == "history"),
        setting=single.get("setting", "practitioner"),  # type: ignore[arg-type]
        contractor=single.get("contractor", ""),
        is_inpatient="inpatient" in single,
    )


def _patient(facts: dict[str, str], day: date) -> PatientFacts | None:
    if "age" not in facts:
        return None
    born = date(day.year - int(facts["age"]), day.month, 1)
    return PatientFacts(born, facts.get("sex", "U"))  # type: ignore[arg-type]


def line_of(text: str, day: date) -> CodedLine:
    found = _LINE.fullmatch(text)
    assert found, text
    code, *modifiers = found["codes"].split("-")
    pointers = [int(each) - 1 for each in (found["pointers"] or "1").split("+")]
    begins = days_after(day, int(found["from"] or 0))
    return CodedLine(
        procedure_code=code,
        date_of_service=begins,
        diagnosis_pointers=tuple(pointers),
        modifiers=tuple(modifiers),
        quantity=Decimal(found["units"] or 1),
        end_date_of_service=days_after(day, int(found["to"])) if found["to"] else None,
    )


def past_of(text: str, day: date) -> PastService:
    found = _PAST.fullmatch(text)
    assert found, text
    return PastService(
        procedure_code=found["code"],
        date_of_service=days_after(day, int(found["days"])),
        quantity=Decimal(found["units"]),
        modifiers=tuple(found["modifiers"].split("-")[1:]),
        is_same_provider=not found["other"],
    )


def said(finding: EditFinding) -> str:
    places = [f"d{','.join(map(str, finding.diagnoses))}"] if finding.diagnoses else []
    places += [f"L{','.join(map(str, finding.lines))}"] if finding.lines else []
    return " ".join([finding.edit, *places])


@pytest.mark.parametrize("vector", ALL, ids=lambda vector: vector.name)
def test_a_case_has_exactly_its_findings(vector: Vector) -> None:
    found = check(case_of(vector), without=frozenset(edits()) - vector.judged)
    assert sorted(map(said, found)) == sorted(vector.expected)
    for each in found:
        assert each.citation
        assert each.severity in {"error", "warning", "info"}


@pytest.mark.parametrize("code", sorted(edits()))
def test_without_an_edit_its_vectors_turn_red(code: str) -> None:
    """The control: a rule that is off is missed by at least one vector that names it."""
    naming = [each for each in ALL if any(row.split()[0] == code for row in each.expected)]
    assert naming, f"{code} has no vector"
    case = case_of(naming[0])
    assert code in {each.edit for each in check(case)}
    assert code not in {each.edit for each in check(case, without=frozenset({code}))}


@pytest.mark.parametrize(
    ("diagnoses", "severity"),
    [
        ("I10, F02.80", "warning"),  # such as Alzheimer's, Parkinson's, …: it may be another one
        ("F02.80", "error"),
        ("I10, D63.1", "error"),  # kidney disease, and nothing else
    ],
)
def test_a_cause_among_examples_is_asked_about(diagnoses: str, severity: str) -> None:
    case = case_of(Vector("", frozenset(), (diagnoses, "", ""), ()))
    assert [each.severity for each in check(case) if each.edit == "D121"] == [severity]


ORTHOPEDICS, CARDIOLOGY = "207X00000X", "207RC0000X"
ONE = Provider(npi="1000000004", name="One", taxonomy_code=ORTHOPEDICS)
TWO = Provider(npi="1000000012", name="Two", taxonomy_code=ORTHOPEDICS)


@pytest.mark.parametrize(
    ("payer", "other", "changes", "is_same"),
    [
        ("CI", ONE, {}, True),
        ("CI", TWO, {}, False),
        ("MB", TWO, {}, True),
        ("MB", TWO, {"taxonomy_code": CARDIOLOGY}, False),
        ("MB", TWO, {"taxonomy_code": None}, False),
        ("MB", TWO, {"group": ONE}, False),
    ],
)
def test_medicare_counts_a_group_and_specialty_as_one(
    payer: str, other: Provider, changes: dict[str, Any], *, is_same: bool
) -> None:
    mine = Coding(
        DAY, "11", CLINIC, rendering_provider=ONE,
        coverages=(PRIMARY.model_copy(update={"filing_code": payer}),),
    )  # fmt: skip
    fields = {name: value for name, value in changes.items() if name != "group"}
    theirs = replace(
        mine,
        billing_provider=changes.get("group", CLINIC),
        rendering_provider=other.model_copy(update=fields),
    )
    assert same_provider(mine, theirs) is is_same


def test_there_are_enough_vectors() -> None:
    assert len(ALL) >= 300
    assert {row.split()[0] for each in ALL for row in each.expected} == set(edits())
