"""Levels of visits by decision making and by time (AMA/CMS framework of 2021 and 2023)."""

from datetime import date

import pytest
from coding_world import suggestion_book

from coding_svc.domain.notes import read_note
from coding_svc.domain.suggestions import suggest
from coding_svc.domain.visits import (
    DataReviewed,
    Grade,
    Problems,
    Risk,
    VisitFacts,
    families,
    grade_of_data,
    grade_of_problems,
    grade_of_risk,
    level_of,
    propose,
)

SF, LOW, MODERATE, HIGH = Grade.STRAIGHTFORWARD, Grade.LOW, Grade.MODERATE, Grade.HIGH
DAY = date(2026, 5, 14)


@pytest.mark.parametrize(
    ("problems", "grade"),
    [
        ({}, Grade.NONE),
        ({"self_limited": 1}, SF),
        ({"self_limited": 2}, LOW),
        ({"stable_chronic": 1}, LOW),
        ({"acute_uncomplicated": 1}, LOW),
        ({"stable_chronic": 2}, MODERATE),
        ({"chronic_worsening": 1}, MODERATE),
        ({"undiagnosed": 1}, MODERATE),
        ({"acute_systemic": 1}, MODERATE),
        ({"acute_complicated_injury": 1}, MODERATE),
        ({"chronic_severe": 1, "self_limited": 5}, HIGH),
        ({"threat_to_life": 1}, HIGH),
    ],
)
def test_problems_are_graded_by_number_and_kind(problems: dict[str, int], grade: Grade) -> None:
    assert grade_of_problems(Problems(**problems)).grade == grade


@pytest.mark.parametrize(
    ("data", "grade"),
    [
        ({}, SF),
        ({"tests_ordered": 1}, SF),
        ({"tests_ordered": 1, "tests_reviewed": 1}, LOW),
        ({"external_notes": 2}, LOW),
        ({"independent_historian": True}, LOW),
        ({"tests_ordered": 3}, MODERATE),
        ({"tests_ordered": 2, "independent_historian": True}, MODERATE),
        ({"independent_interpretation": True}, MODERATE),
        ({"discussion": True}, MODERATE),
        ({"discussion": True, "independent_interpretation": True}, HIGH),
        ({"discussion": True, "tests_ordered": 3}, HIGH),
        ({"tests_ordered": 30}, MODERATE),
    ],
)
def test_data_are_graded_by_categories(data: dict[str, int], grade: Grade) -> None:
    assert grade_of_data(DataReviewed(**data)).grade == grade  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("risks", "grade"),
    [
        ((), Grade.NONE),
        (("minimal",), SF),
        (("over_the_counter_drug",), LOW),
        (("over_the_counter_drug", "prescription_drug"), MODERATE),
        (("social_determinants",), MODERATE),
        (("hospitalization", "minimal"), HIGH),
        (("drug_monitoring",), HIGH),
    ],
)
def test_risk_is_the_highest(risks: tuple[Risk, ...], grade: Grade) -> None:
    assert grade_of_risk(risks).grade == grade


# Problems, data, risk as grades; two of three decide.
TWO_OF_THREE = [
    ("office_established", (SF, SF, SF), "99212"),
    ("office_established", (LOW, SF, LOW), "99213"),
    ("office_established", (MODERATE, SF, SF), "99212"),
    ("office_established", (MODERATE, SF, MODERATE), "99214"),
    ("office_established", (HIGH, HIGH, SF), "99215"),
    ("office_new", (LOW, LOW, SF), "99203"),
    ("office_new", (MODERATE, HIGH, SF), "99204"),
    ("hospital_initial", (LOW, LOW, SF), "99221"),
    ("hospital_subsequent", (MODERATE, MODERATE, SF), "99232"),
    ("emergency", (HIGH, SF, HIGH), "99285"),
    ("home_new", (MODERATE, MODERATE, SF), "99344"),
    ("nursing_subsequent", (LOW, SF, LOW), "99308"),
]
PROBLEMS = {SF: {"self_limited": 1}, LOW: {"stable_chronic": 1}, MODERATE: {"undiagnosed": 1},
            HIGH: {"threat_to_life": 1}}  # fmt: skip
DATA = {SF: {}, LOW: {"tests_ordered": 2}, MODERATE: {"tests_ordered": 3},
        HIGH: {"tests_ordered": 3, "discussion": True}}  # fmt: skip
RISK: dict[Grade, tuple[Risk, ...]] = {
    SF: ("minimal",), LOW: ("low",), MODERATE: ("prescription_drug",), HIGH: ("hospitalization",),
}  # fmt: skip


@pytest.mark.parametrize(("family", "grades", "code"), TWO_OF_THREE)
def test_two_of_three_elements_decide(
    family: str, grades: tuple[Grade, Grade, Grade], code: str
) -> None:
    problems, data, risk = grades
    facts = VisitFacts(
        problems=Problems(**PROBLEMS[problems]),
        data=DataReviewed(**DATA[data]),  # type: ignore[arg-type]
        risks=RISK[risk],
    )
    found = level_of(family, facts)
    assert (found.code, found.basis) == (code, "decision_making")


# Minutes are met or exceeded.
MINUTES = [
    ("office_new", 14, None), ("office_new", 15, "99202"), ("office_new", 29, "99202"),
    ("office_new", 30, "99203"), ("office_new", 45, "99204"), ("office_new", 60, "99205"),
    ("office_established", 9, None), ("office_established", 10, "99212"),
    ("office_established", 20, "99213"), ("office_established", 30, "99214"),
    ("office_established", 39, "99214"), ("office_established", 40, "99215"),
    ("hospital_initial", 39, None), ("hospital_initial", 75, "99223"),
    ("consultation", 40, "99244"), ("emergency", 200, None),
]  # fmt: skip


@pytest.mark.parametrize(("family", "minutes", "code"), MINUTES)
def test_minutes_decide_where_they_are_told(family: str, minutes: int, code: str | None) -> None:
    found = level_of(family, VisitFacts(minutes=minutes))
    assert (found.code, found.basis) == (code, "time" if code else "none")


PROLONGED = [
    ("office_new", 74, False, None), ("office_new", 75, False, ("99417", 1)),
    ("office_new", 90, False, ("99417", 2)), ("office_established", 55, False, ("99417", 1)),
    ("office_established", 68, True, None), ("office_established", 69, True, ("G2212", 1)),
    ("office_new", 104, True, ("G2212", 2)), ("office_new", 60, False, None),
]  # fmt: skip


@pytest.mark.parametrize(("family", "minutes", "is_medicare", "units"), PROLONGED)
def test_minutes_beyond_the_highest_level_are_prolonged(
    family: str, minutes: int, *, is_medicare: bool, units: tuple[str, int] | None
) -> None:
    found = level_of(family, VisitFacts(minutes=minutes, is_medicare=is_medicare)).prolonged
    assert ((found.code, found.units) if found else None) == units


def test_the_higher_of_both_is_reported_and_each_is_shown() -> None:
    found = level_of("office_established", VisitFacts(Problems(self_limited=1), minutes=31))
    assert (found.code, found.basis) == ("99214", "time")
    assert (found.by_decision_making, found.by_time) == ("99212", "99214")
    assert "time: 31 minutes, reaches 30" in found.rationale


def test_every_family_rises_by_decision_making_and_by_time() -> None:
    for family in families():
        codes = [level_of(family, VisitFacts(minutes=each)).by_time for each in range(120)]
        told = [code for code in codes if code]
        assert told == sorted(told)


NOTE = """HPI: Doing well.
RESULTS
Hemoglobin A1c is 8.
ASSESSMENT AND PLAN
Type 2 diabetes.
- Her glucose is elevated.
- Increase metformin 1000 mg twice daily. We will order a lipid panel and a CMP.
Hypertension.
- Stable.
I spent 25 minutes with her.
"""


def test_a_note_proposes_its_elements_with_their_places() -> None:
    found = propose(read_note(NOTE), suggest(NOTE, DAY, suggestion_book(DAY)))
    assert found.facts == VisitFacts(
        problems=Problems(chronic_worsening=1, stable_chronic=1),
        data=DataReviewed(tests_reviewed=1, tests_ordered=2),
        risks=("prescription_drug",),
        minutes=25,
    )
    told = {(name, NOTE[span.start : span.end].lower()) for name, span in found.evidence}
    assert ("test", "lipid panel") in told
    assert ("stable_chronic", "hypertension") in told
    assert level_of("office_established", found.facts).code == "99214"
