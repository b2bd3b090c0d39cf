"""What of a segment names a person, and what stands in its place on a screen."""

from collections.abc import Sequence
from typing import Final

MASK: Final = "•••"
_PATIENTS: Final = frozenset({"IL", "QC", "03", "74", "GD", "S1", "LW"})
_PERSON_IDS: Final = frozenset({"SY", "1W", "F6", "NQ", "Y4", "EA", "3H", "GH", "HJ", "IG", "49"})
_PLACES: Final[dict[str, frozenset[int]]] = {
    "ISA": frozenset({2, 4}),
    "N2": frozenset({1, 2}),
    "N3": frozenset({1, 2}),
    "N4": frozenset({1, 3}),
    "DMG": frozenset({2, 3, 4, 5}),
    "PER": frozenset({2, 4, 6, 8}),
    "NTE": frozenset({2}),
    "MSG": frozenset({1}),
    "K3": frozenset({1}),
    "PAT": frozenset({6, 8}),
    "INS": frozenset({12}),
    "STC": frozenset({12}),
    "III": frozenset({4}),
    "IK4": frozenset({4}),
}
"""Elements that may hold a person's data whatever stands beside them, or a password (ISA)."""


_PROCEDURES: Final[dict[str, frozenset[int]]] = {
    "SV1": frozenset({1}),
    "SV2": frozenset({2}),
    "SV3": frozenset({1}),
    "SVC": frozenset({1, 6}),
    "SVD": frozenset({3}),
}
"""Composites of a procedure: their seventh part is a description in free words."""
_DESCRIPTION: Final = 6


def masked(elements: Sequence[str]) -> list[str]:
    """The segment's elements with every person's value behind a mask."""
    hidden = _hidden(elements)
    described = _PROCEDURES.get(elements[0] if elements else "", frozenset())
    return [
        MASK
        if place in hidden and element.strip()
        else _without_description(element)
        if place in described
        else element
        for place, element in enumerate(elements)
    ]


def _without_description(composite: str) -> str:
    """What stands behind the qualifier of two letters is the file's own separator."""
    separator = composite[2:3]
    parts = composite.split(separator) if separator else [composite]
    if len(parts) <= _DESCRIPTION or not parts[_DESCRIPTION]:
        return composite
    return separator.join((*parts[:_DESCRIPTION], MASK, *parts[_DESCRIPTION + 1 :]))


def _hidden(elements: Sequence[str]) -> frozenset[int]:
    name = elements[0] if elements else ""
    qualifier = elements[1] if len(elements) > 1 else ""
    if name == "NM1":
        is_person = qualifier in _PATIENTS or list(elements[2:3]) == ["1"]
        return frozenset({3, 4, 5, 7, 9}) if is_person else frozenset()
    if name == "REF":
        return frozenset({2, 3}) if qualifier in _PERSON_IDS else frozenset()
    return _PLACES.get(name, frozenset())
