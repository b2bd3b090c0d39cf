"""The slow way through a claim that cannot be read as it stands."""

from collections.abc import Callable, Sequence

from rcm_x12.elements import typed_fault
from rcm_x12.findings import Finding
from rcm_x12.layout import Element, Loop, SegmentUse, guide
from rcm_x12.pieces import at
from rcm_x12.scalars import cents, quantity

VERSION = "005010X221A1"


def _uses() -> dict[str, SegmentUse]:
    """One declaration of each segment of 2100 and 2110, for the kinds of their elements."""
    found: dict[str, SegmentUse] = {}

    def visit(loop: Loop) -> None:
        for child in loop.children:
            if isinstance(child, Loop):
                visit(child)
            else:
                found.setdefault(child.id, child)

    visit(guide(VERSION).root)
    return found


_BY_ID = _uses()
_SHORTEST = {
    "CLP": 5,
    "SVC": 4,
    "CAS": 4,
    "DTM": 3,
    "REF": 3,
    "AMT": 3,
    "QTY": 3,
    "LQ": 3,
    "NM1": 3,
}
_EMPTY = {"CAS": "0", "SVC": "0", "CLP": "0", "AMT": "0", "QTY": "0"}


def repaired(raw: Sequence[str], element: str, report: Callable[[int, Finding], None]) -> list[str]:
    """The segments with what cannot be read taken out, each named by `report(index, finding)`."""
    out = []
    for index, segment in enumerate(raw):
        parts = segment.split(element)
        tag = parts[0]
        shortest = _SHORTEST.get(tag, 1)
        if len(parts) < shortest:
            report(index, Finding("element-missing", "error", "the segment is cut short", tag))
            parts += [""] * (shortest - len(parts))
        if tag == "CAS" and len(parts) % 3 == 0:
            parts.append("")  # a reason ends the segment, and its amount must have a place
        for place, declared in enumerate(_declared(tag, len(parts) - 1), 1):
            # A reason makes its amount required, in every triplet of an adjustment; the quantity
            # behind the amount may always stay away.
            owed = tag == "CAS" and declared.number == _MONEY and at(parts, place - 1) != ""
            is_needed = place < shortest or owed
            fault = _unreadable(at(parts, place), declared, required=is_needed)
            if fault:
                found = Finding(fault, "error", _SAY[fault], tag, element=place)
                report(index, found)
                parts[place] = _EMPTY.get(tag, "") if declared.type == "R" else ""
        if tag == "DTM" and not parts[2]:
            continue
        out.append(element.join(parts))
    return out


def _declared(tag: str, count: int) -> Sequence[Element]:
    """The elements of a segment. A CAS that is longer than it may be goes on in triplets, which the
    reader takes as long as there are any."""
    elements = list(_BY_ID[tag].elements) if tag in _BY_ID else []
    if tag == "CAS":
        elements += [elements[(place - 2) % 3 + 1] for place in range(len(elements) + 1, count + 1)]
    return elements


_SAY = {
    "amount": "not an amount in dollars and at most two decimals",
    "quantity": "not a number",
    "date": "not a date as CCYYMMDD",
    "element-missing": "an amount or a count is missing",
}
_MONEY = "782"


def _unreadable(text: str, declared: Element, *, required: bool) -> str:
    if not text:
        return "element-missing" if required and declared.type == "R" else ""
    try:
        if declared.number == _MONEY:
            cents(text)
        elif declared.type == "R":
            quantity(text)
    except ValueError:
        return "amount" if declared.number == _MONEY else "quantity"
    return "date" if declared.type == "DT" and typed_fault(text, "DT", 8, 8) else ""
