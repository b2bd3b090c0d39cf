"""The level: two of three elements, or the minutes; whichever is higher is the one to report."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from coding_svc.domain.notes.tables import lines
from coding_svc.domain.visits.elements import (
    DataReviewed,
    Element,
    Grade,
    Problems,
    Risk,
    grade_of_data,
    grade_of_problems,
    grade_of_risk,
)

ELEMENTS_NEEDED = 2
NO_PROBLEMS, NO_DATA = Problems(), DataReviewed()


@dataclass(frozen=True, slots=True)
class VisitFacts:
    """What decides a level. Minutes are the professional's own, on the day of the visit."""

    problems: Problems = NO_PROBLEMS
    data: DataReviewed = NO_DATA
    risks: tuple[Risk, ...] = ()
    minutes: int | None = None
    is_medicare: bool = False


@dataclass(frozen=True, slots=True)
class Prolonged:
    """Minutes beyond the highest level by time."""

    code: str
    units: int


@dataclass(frozen=True, slots=True)
class Level:
    """A level and how it was reckoned."""

    code: str | None
    basis: Literal["decision_making", "time", "none"]
    decision_making: Grade
    by_decision_making: str | None
    by_time: str | None
    elements: tuple[Element, ...]
    rationale: tuple[str, ...]
    prolonged: Prolonged | None = None


@dataclass(frozen=True, slots=True)
class _Step:
    code: str
    grade: Grade
    minutes: int | None


def families() -> Sequence[str]:
    """Kinds of visits that have levels."""
    return tuple(_steps())


def level_of(family: str, facts: VisitFacts) -> Level:
    """The higher of the level by decision making and the level by time. Raises KeyError for a
    family that is not one of `families`."""
    steps = _steps()[family]
    elements = (
        grade_of_problems(facts.problems),
        grade_of_data(facts.data),
        grade_of_risk(facts.risks),
    )
    # Two of three must meet a grade: it is the second highest.
    reached = sorted((each.grade for each in elements), reverse=True)[ELEMENTS_NEEDED - 1]
    by_grade = _highest(each for each in steps if each.grade <= reached)
    minutes = facts.minutes or 0
    by_time = _highest(each for each in steps if each.minutes and each.minutes <= minutes)
    chosen = max(filter(None, (by_grade, by_time)), key=steps.index, default=None)
    # The same level by both is reported by decision making, which needs no clock in the record.
    basis: Literal["decision_making", "time", "none"] = "none"
    if chosen is not None:
        basis = "decision_making" if chosen == by_grade else "time"
    return Level(
        code=chosen.code if chosen else None,
        basis=basis,
        decision_making=reached,
        by_decision_making=by_grade.code if by_grade else None,
        by_time=by_time.code if by_time else None,
        elements=elements,
        rationale=tuple(_rationale(elements, reached, steps, facts)),
        prolonged=_prolonged(by_time, facts) if by_time and by_time == steps[-1] else None,
    )


def _highest(steps: Iterable[_Step]) -> _Step | None:
    found = None
    for each in steps:
        found = each
    return found


def _rationale(
    elements: Sequence[Element], reached: Grade, steps: Sequence[_Step], facts: VisitFacts
) -> Sequence[str]:
    found = [f"{each.name}: {each.grade.word}, {each.why}" for each in elements]
    met = [each.name for each in elements if each.grade >= reached]
    found.append(f"decision making: {reached.word}, met by {' and '.join(met)}")
    if facts.minutes is None:
        found.append("time: not told")
    elif not any(each.minutes for each in steps):
        found.append("time: does not decide this kind of visit")
    else:
        reached_by = [each for each in steps if each.minutes and each.minutes <= facts.minutes]
        least = f"reaches {reached_by[-1].minutes}" if reached_by else "reaches no level"
        found.append(f"time: {facts.minutes} minutes, {least}")
    return found


def _prolonged(step: _Step, facts: VisitFacts) -> Prolonged | None:
    rule = _prolonging().get((step.code, facts.is_medicare))
    if rule is None or facts.minutes is None or facts.minutes < rule[1]:
        return None
    code, first, each = rule
    return Prolonged(code, 1 + (facts.minutes - first) // each)


@lru_cache(1)
def _steps() -> Mapping[str, tuple[_Step, ...]]:
    found: dict[str, list[_Step]] = {}
    for line in lines(__package__, "levels.txt"):
        family, code, grade, minutes = (part.strip() for part in line.split("|"))
        step = _Step(code, Grade[grade.upper()], None if minutes == "-" else int(minutes))
        found.setdefault(family, []).append(step)
    return {family: tuple(steps) for family, steps in found.items()}


@lru_cache(1)
def _prolonging() -> Mapping[tuple[str, bool], tuple[str, int, int]]:
    found = {}
    for line in lines(__package__, "prolonged.txt"):
        highest, code, first, each, medicare = (part.strip() for part in line.split("|"))
        found[highest, medicare == "yes"] = (code, int(first), int(each))
    return found
