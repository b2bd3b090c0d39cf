"""Two files side by side, claim by claim: claims are matched by number, wherever they stand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from rcm_x12.document import Document, Segment

_CLAIMS: Final = {"CLM": 1, "CLP": 1, "TRN": 2, "AK2": 2}
"""Segments that open a claim (or what stands for one), and the element that names it."""
_ENDS: Final = frozenset({"SE", "GE", "GS", "ST", "IEA", "ISA", "HL", "PLB", "AK9", "LX"})
"""LX ends a claim of an 835 only; in an 837 it opens a line."""


@dataclass(frozen=True, slots=True)
class Change:
    """One segment that only one of the files has."""

    sign: str
    unit: str
    elements: tuple[str, ...]


def differences(left: Document, right: Document) -> Iterator[Change]:
    """Every segment that differs, unit by unit in the order of the left file, then the rest."""
    before, after = _units(left), _units(right)
    for unit in dict.fromkeys([*before, *after]):
        yield from _changes(unit, before.get(unit, []), after.get(unit, []))


def _units(document: Document) -> dict[str, list[tuple[str, ...]]]:
    """Segments by the claim that they belong to; what is no claim's is its set's."""
    units: dict[str, list[tuple[str, ...]]] = {}
    unit, set_id, sets = "envelope", "", 0
    for interchange in document.interchanges:
        for segment in interchange.segments:
            if not segment.elements:
                continue
            if segment.id == "ST":
                sets, set_id = sets + 1, segment.element(1)
            unit = _unit(segment, unit, f"set {sets}", set_id)
            units.setdefault(unit, []).append(segment.elements)
    return units


def _unit(segment: Segment, unit: str, current: str, set_id: str) -> str:
    if segment.id in {"ISA", "GS", "GE", "IEA", "TA1"}:
        return "envelope"
    if segment.id in _CLAIMS and (segment.id != "TRN" or set_id not in {"835", "820"}):
        return f"{segment.id} {segment.element(_CLAIMS[segment.id])}"
    if segment.id in _ENDS and not (segment.id == "LX" and set_id == "837"):
        return current
    return unit if unit != "envelope" else current


def _changes(
    unit: str, left: Sequence[tuple[str, ...]], right: Sequence[tuple[str, ...]]
) -> Iterator[Change]:
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    for tag, start, end, begin, finish in matcher.get_opcodes():
        if tag != "equal":
            yield from (Change("-", unit, one) for one in left[start:end])
            yield from (Change("+", unit, one) for one in right[begin:finish])
