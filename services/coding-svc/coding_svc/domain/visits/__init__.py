"""The level of a visit: by medical decision making or by time, with the reckoning shown.

The numbers are those of the AMA's evaluation and management framework as CMS adopted it (2021 for
offices, 2023 elsewhere): two of three elements, or the minutes of the day. Bare code numbers and
minutes are facts; no descriptor is kept.
"""

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
from coding_svc.domain.visits.level import Level, Prolonged, VisitFacts, families, level_of
from coding_svc.domain.visits.proposal import Proposal, propose

__all__ = [
    "DataReviewed",
    "Element",
    "Grade",
    "Level",
    "Problems",
    "Prolonged",
    "Proposal",
    "Risk",
    "VisitFacts",
    "families",
    "grade_of_data",
    "grade_of_problems",
    "grade_of_risk",
    "level_of",
    "propose",
]
