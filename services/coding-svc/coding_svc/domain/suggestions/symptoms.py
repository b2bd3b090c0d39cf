"""Symptoms yield to the diagnosis that explains them, and the vague code to the exact one."""

from collections.abc import Sequence
from functools import lru_cache

from coding_svc.domain.notes.tables import listed, pairs
from coding_svc.domain.suggestions.suggestion import Suggestion

EXTERNAL = ("V", "W", "X", "Y")
ASSESSED = 0.6
"""From here on a diagnosis was assessed, and not only told in a history."""


def without_integral(found: Sequence[Suggestion]) -> list[Suggestion]:
    """A sign or symptom that belongs to a diagnosis is not coded beside it (I.B.5)."""
    explained = tuple(
        symptom
        for each in found
        if each.score >= ASSESSED
        for beginnings, symptoms in _integral()
        if each.code.startswith(beginnings)
        for symptom in symptoms
        if not each.code.startswith(symptom)
    )
    return (
        [each for each in found if not each.code.startswith(explained)] if explained else [*found]
    )


def without_vaguer(found: Sequence[Suggestion]) -> list[Suggestion]:
    """Of one category the code that says nothing more yields to one that does, if that is as sure
    or comes from what was assessed."""
    kept: list[Suggestion] = []
    for each in found:
        exact = [
            other
            for other in found
            if other is not each
            and other.code[:3] == each.code[:3]
            and other.score >= each.score * 0.6
            and "nspecified" in each.title
            and "nspecified" not in other.title
            and _names_less(each.title, other.title)
        ]
        if not exact:
            kept.append(each)
    return kept


def without_lone_causes(found: Sequence[Suggestion]) -> list[Suggestion]:
    """An external cause explains an injury; without one it is not coded (I.C.20.a.4)."""
    has_injury = any(each.code.startswith(("S", "T")) and each.score >= ASSESSED for each in found)
    return [each for each in found if has_injury or not each.code.startswith(EXTERNAL)]


def _names_less(vague: str, exact: str) -> bool:
    """Whether every word of the vague title that means anything is in the exact one."""
    drop = {"unspecified", "of", "in", "the", "with", "without", "and", "or", "site", "joint"}
    words = {word.strip(",()").lower() for word in vague.split()} - drop
    others = {word.strip(",()").lower() for word in exact.split()}
    return words <= others


@lru_cache(1)
def _integral() -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    return tuple(
        (_codes(left), _codes(right)) for left, right in pairs(__package__, "integral.txt")
    )


def _codes(text: str) -> tuple[str, ...]:
    return tuple(each.replace(".", "") for each in listed(text))
