"""The three elements of medical decision making, each graded with the rule that grades it."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal


class Grade(IntEnum):
    """Of an element and of the whole decision making."""

    NONE = 0
    STRAIGHTFORWARD = 1
    LOW = 2
    MODERATE = 3
    HIGH = 4

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Element:
    """An element's grade and the sentence that says why."""

    name: Literal["problems", "data", "risk"]
    grade: Grade
    why: str


@dataclass(frozen=True, slots=True)
class Problems:
    """How many problems of each kind were addressed at the visit."""

    self_limited: int = 0
    stable_chronic: int = 0
    acute_uncomplicated: int = 0
    chronic_worsening: int = 0
    """With exacerbation, progression or side effects of treatment."""
    undiagnosed: int = 0
    """New, with uncertain prognosis."""
    acute_systemic: int = 0
    acute_complicated_injury: int = 0
    chronic_severe: int = 0
    """With severe exacerbation, progression or side effects."""
    threat_to_life: int = 0
    """Acute or chronic, to life or bodily function."""


@dataclass(frozen=True, slots=True)
class DataReviewed:
    """What was reviewed, ordered and talked over. A test counts once, ordered or reviewed."""

    external_notes: int = 0
    """Each unique source."""
    tests_reviewed: int = 0
    tests_ordered: int = 0
    independent_historian: bool = False
    independent_interpretation: bool = False
    """Of a test that somebody else performed and nobody here bills for."""
    discussion: bool = False
    """Of management or a test, with an external professional or source."""


Risk = Literal[
    "none", "minimal", "low", "over_the_counter_drug", "minor_surgery", "prescription_drug",
    "minor_surgery_with_risk", "elective_major_surgery", "social_determinants", "drug_monitoring",
    "elective_major_surgery_with_risk", "emergency_major_surgery", "hospitalization",
    "limited_by_prognosis", "parenteral_controlled_substance",
]  # fmt: skip
RISKS: dict[Risk, Grade] = {
    "none": Grade.NONE,
    "minimal": Grade.STRAIGHTFORWARD,
    "low": Grade.LOW,
    "over_the_counter_drug": Grade.LOW,
    "minor_surgery": Grade.LOW,
    "prescription_drug": Grade.MODERATE,
    "minor_surgery_with_risk": Grade.MODERATE,
    "elective_major_surgery": Grade.MODERATE,
    "social_determinants": Grade.MODERATE,
    "drug_monitoring": Grade.HIGH,
    "elective_major_surgery_with_risk": Grade.HIGH,
    "emergency_major_surgery": Grade.HIGH,
    "hospitalization": Grade.HIGH,
    "limited_by_prognosis": Grade.HIGH,
    "parenteral_controlled_substance": Grade.HIGH,
}


def grade_of_problems(problems: Problems) -> Element:
    """The highest kind that is there; two of a lesser kind make the next."""
    rules: list[tuple[bool, Grade, str]] = [
        (problems.threat_to_life > 0, Grade.HIGH, "a threat to life or bodily function"),
        (problems.chronic_severe > 0, Grade.HIGH, "a chronic illness with severe exacerbation"),
        (problems.chronic_worsening > 0, Grade.MODERATE, "a chronic illness that worsens"),
        (problems.stable_chronic > 1, Grade.MODERATE, "two or more stable chronic illnesses"),
        (problems.undiagnosed > 0, Grade.MODERATE, "an undiagnosed problem, uncertain prognosis"),
        (problems.acute_systemic > 0, Grade.MODERATE, "an acute illness with systemic symptoms"),
        (problems.acute_complicated_injury > 0, Grade.MODERATE, "an acute complicated injury"),
        (problems.self_limited > 1, Grade.LOW, "two or more self-limited problems"),
        (problems.stable_chronic > 0, Grade.LOW, "one stable chronic illness"),
        (problems.acute_uncomplicated > 0, Grade.LOW, "an acute uncomplicated illness or injury"),
        (problems.self_limited > 0, Grade.STRAIGHTFORWARD, "one self-limited problem"),
    ]
    return _first("problems", rules, "no problem was addressed")


def grade_of_data(data: DataReviewed) -> Element:
    """Category 1 counts tests, notes and the historian; 2 interpretation; 3 discussion."""
    items = data.external_notes + data.tests_reviewed + data.tests_ordered
    with_historian = items + data.independent_historian
    categories = [
        with_historian >= 3,
        data.independent_interpretation,
        data.discussion,
    ]
    rules: list[tuple[bool, Grade, str]] = [
        (sum(categories) >= 2, Grade.HIGH, "two of three categories"),
        (categories[0], Grade.MODERATE, "three or more tests, documents or historians"),
        (categories[1], Grade.MODERATE, "an independent interpretation of a test"),
        (categories[2], Grade.MODERATE, "a discussion with an external professional"),
        (items >= 2, Grade.LOW, "two tests or documents"),
        (data.independent_historian, Grade.LOW, "an independent historian"),
    ]
    name = "minimal data" if items else "no data"
    return _first("data", rules, name, least=Grade.STRAIGHTFORWARD)


def grade_of_risk(risks: tuple[Risk, ...]) -> Element:
    """The highest risk of what was decided or done."""
    highest: Risk = max(risks, key=lambda each: RISKS[each], default="none")
    return Element("risk", RISKS[highest], highest.replace("_", " "))


def _first(
    name: Literal["problems", "data", "risk"],
    rules: list[tuple[bool, Grade, str]],
    otherwise: str,
    *,
    least: Grade = Grade.NONE,
) -> Element:
    for holds, grade, why in rules:
        if holds:
            return Element(name, grade, why)
    return Element(name, least, otherwise)
