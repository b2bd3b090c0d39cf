"""How much a mention weighs: where it stands, how many words agree, how close the title is."""

from functools import lru_cache

from coding_svc.domain.notes.sections import SectionKind
from coding_svc.domain.notes.sentences import Sentence
from coding_svc.domain.notes.tables import lines, listed

# What was assessed is what is coded; the rest of a note supports it.
SECTIONS: dict[SectionKind, float] = {
    "diagnoses": 0.95, "assessment": 0.8, "plan": 0.6, "chief_complaint": 0.55, "body": 0.7,
    "history_of_present_illness": 0.5, "past_history": 0.5, "surgical_history": 0.45,
    "procedure": 0.45, "results": 0.35, "social_history": 0.4, "review_of_systems": 0.3,
    "examination": 0.3, "family_history": 0.4, "allergies": 0.3, "medications": 0.2,
    "vitals": 0.2, "instructions": 0.1,
}  # fmt: skip
HEADING = 1.0
"""A problem that an assessment or a list of diagnoses is headed by."""
WORDS = {1: 0.82, 2: 0.93, 3: 0.98}
COST = {0: 1.0, 1: 0.97, 2: 0.92, 3: 0.85, 4: 0.7, 5: 0.62, 6: 0.5}
VAGUE = 0.6
"""Of the weight, for a code that says hardly anything."""
REPEATED = 0.03
"""Each further mention adds a little, up to three."""


def is_vague(code: str) -> bool:
    """Whether a code says hardly more than that something is there."""
    return code.startswith(_vague())


@lru_cache(1)
def _vague() -> tuple[str, ...]:
    return tuple(
        code.replace(".", "") for line in lines(__package__, "vague.txt") for code in listed(line)
    )


def weight_of(sentence: Sentence, words: int, cost: int) -> float:
    """From 0 to 1."""
    is_problem = sentence.is_heading and sentence.section in {"assessment", "diagnoses", "plan"}
    place = HEADING if is_problem else SECTIONS[sentence.section]
    return place * WORDS.get(words, 1.0) * COST.get(cost, 0.4)
