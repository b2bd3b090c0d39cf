"""What a careful coder does with a note's suggestions, as rules that a reader can check.

A rule lets the easy ones go. Of the others a coder takes what the note surely states, asks the
physician where a code needs what the note leaves open, and lays aside what is in doubt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from rcm_local.demo.practice import Body

SURE = 0.8
"""The score of a problem that is assessed under its own name."""
DIAGNOSES_MAX, POINTERS_MAX = 12, 4
"""What a claim and one of its lines take."""
VISIT_FAMILY = "office_established"
NEVER_FIRST_EDITS = frozenset({"D120", "D130", "D132"})
"""Manifestations, external causes and statuses are not the first diagnosis."""

# Diagnoses of low risk that may leave without a person, with the drugs that are taken for them.
_RELEASED = (
    "E03", "E11", "E55", "E78", "F32", "F33", "F41", "G43", "G56", "I10", "J0", "J3", "J45", "K21",
    "K59", "L70", "M17", "M19", "M25", "M54", "M77", "N20", "N39", "R05", "Z79",
)  # fmt: skip
# Sure enough includes the codes of long-term drugs, which stand beside what was assessed. What is
# less sure than that, but not far-fetched, is for a person to weigh.
_RELEASE_SCORE, _DOUBT_SCORE = 0.7, 0.5
RELEASE_RULE: Body = {
    "criteria": {"kinds": ["office"]},
    "effect": {
        "families": list(_RELEASED),
        "min_score": _RELEASE_SCORE,
        "ignore_below": _DOUBT_SCORE,
        "max_diagnoses": 4,
        "sample_permille": 100,
    },
}

# A drug that is taken for years is coded beside the illness that it is taken for.
_TAKEN_FOR: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Z794": ("E08", "E09", "E11", "E13"),
        "Z7984": ("E08", "E09", "E11", "E13"),
        "Z7985": ("E08", "E09", "E11", "E13"),
        "Z7982": ("I", "Z95", "Z8673"),
    }
)


@dataclass(frozen=True, slots=True)
class Take:
    """Code these suggestions, in this order."""

    suggestions: tuple[Body, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the physician for what the code of this suggestion needs."""

    suggestion: Body
    template: str
    question: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Lay the chart aside for a person, who may begin with the surest suggestion."""

    reason_code: str
    why: str
    surest: str = ""


@dataclass(frozen=True, slots=True)
class _Missing:
    """What a code needs, and how a physician is asked for it; without a question of its own the
    template's is asked."""

    what: str
    template: str
    question: str | None = field(default=None)


_MISSING: Mapping[str, _Missing] = MappingProxyType(
    {
        "side": _Missing("the side of the body", "laterality"),
        "encounter": _Missing("the phase of care of the injury", "encounter_phase"),
        "type": _Missing(
            "the type of the condition",
            "open_question",
            "How would you describe the type of the condition documented above?",
        ),
    }
)


def decide(suggestions: Sequence[Body], level: str | None) -> Take | Ask | Hold:
    """What to do with a chart that no rule let go. `level` is the code of the visit as the note's
    own elements give it."""
    diagnoses = [each for each in suggestions if _is_diagnosis(each)]
    sure = [each for each in diagnoses if each["score"] >= SURE]
    if not sure:
        surest = diagnoses[0]["code"] if diagnoses else ""
        why = "a diagnosis is suggested, none surely" if diagnoses else "no diagnosis is suggested"
        return Hold("no_sure_diagnosis", why, surest)
    for each in sure:
        if not each["is_complete"]:
            return _ask(each)
    if level is None:
        why = "the note says too little for a level of visit"
        return Hold("no_visit_level", why, sure[0]["code"])
    taken = [each["code"] for each in sure]
    drugs = [each for each in suggestions if each not in sure and _goes_with(each, taken)]
    return Take(tuple([*sure, *drugs][:DIAGNOSES_MAX]))


def resequenced(codes: Sequence[str], check: Body) -> list[str]:
    """The diagnoses with the first one last, when an edit says that it may not be first."""
    barred = any(found["edit"] in NEVER_FIRST_EDITS for found in check["findings"])
    return [*codes[1:], *codes[:1]] if barred else [*codes]


def objections(check: Body) -> list[str]:
    """Everything that forbids the codes to leave, in the words of its rule."""
    stops = [f"stop {each['code']} forbids it: {each['message']}" for each in check["stops"]]
    errors = [each for each in check["findings"] if each["severity"] == "error"]
    return [*stops, *(f"edit {each['edit']} forbids it: {each['message']}" for each in errors)]


def why_not_released(withheld: Sequence[str], citations: Mapping[str, str]) -> list[str]:
    """The reasons of the release rule in words; `citations` says where each edit is written."""
    return [_in_words(reason, citations) for reason in withheld]


def _ask(suggestion: Body) -> Ask:
    kind = next(ask["kind"] for ask in suggestion["asks"] if ask["kind"] in _MISSING)
    missing = _MISSING[kind]
    why = f"{missing.what} is not documented"
    return Ask(suggestion, missing.template, missing.question, why)


def _is_diagnosis(each: Body) -> bool:
    return each["system"] == "icd10cm" and each["assertion"] in {"present", "historical"}


def _goes_with(each: Body, taken: Sequence[str]) -> bool:
    illnesses = _TAKEN_FOR.get(each["code"], ())
    is_drug = each["method"] == "guideline" and each["code"].startswith("Z79")
    return is_drug and (not illnesses or any(code.startswith(illnesses) for code in taken))


_WITHHELD: Mapping[str, str] = MappingProxyType(
    {
        "no_suggestion": "nothing sure is suggested",
        "no_charges": "the visit has no level",
        "too_many_diagnoses": "more diagnoses than the rule lets go",
        "family_not_released": "a diagnosis that the rule leaves to a person",
        "other_code_systems": "a procedure is suggested",
        "unsure": "a suggestion is not sure enough",
        "no_rule": "no release rule matches",
        "in_hand": "a coder has begun already",
    }
)


def _in_words(reason: str, citations: Mapping[str, str]) -> str:
    kind, _, what = reason.partition(":")
    if kind == "asks" and what in _MISSING:
        return f"{_MISSING[what].what} is not documented"
    if kind == "edit":
        return f"edit {what} speaks ({citations[what]})" if what in citations else f"edit {what}"
    return _WITHHELD.get(reason, reason)
