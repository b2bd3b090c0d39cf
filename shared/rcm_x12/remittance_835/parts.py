"""One segment of a claim or line of an 835 to what it says.

All amounts, dates and numbers are assumed to be readable: ValueError or IndexError otherwise.
"""

from typing import Any, Final

from rcm_x12.pieces import at
from rcm_x12.quick import quick
from rcm_x12.remittance_835.values import Remark
from rcm_x12.scalars import CENTS, DATES, QUANTITIES
from rcm_x12.values import Adjustment, Amount, Name, Quantity, Reference

MEMO_MAX: Final = 10_000
"""Of each memory of what recurs; a larger one is slower than what it saves."""

Part = tuple[int, Any, int, int]
"""Kind, value, and for a CAS its sum and the part of it that is the patient's."""
# Kinds are small integers because the loops compare them. What is above AMOUNT is rare in a line.
CAS, DATE, AMOUNT, REFERENCE, REMARK, QUANTITY, NAME, REST = range(8)

_BEHIND: Final = frozenset({"PLB", "LX", "SE", "TS2", "TS3", "GE", "IEA", "ST", "GS", "ISA"})
"""Segments that end a claim; anything else belongs to it."""
ONE_TRIPLET: Final = 4
"""Elements of a CAS with one reason and no quantity."""

adjustment = quick(Adjustment)
_amount = quick(Amount)
_reference = quick(Reference)
_name = quick(Name)


class Ended(Exception):  # noqa: N818 - it says what the text is
    """The text of a claim goes on with what stands behind it."""


def read_part(parts: list[str]) -> Part:  # noqa: PLR0911 - one return for each kind of segment
    """What a segment under CLP or SVC says."""
    tag = parts[0]
    if tag == "CAS":
        return _read_adjustments(parts)
    if tag == "AMT":
        return AMOUNT, (_amount(parts[1], CENTS[parts[2]]),), 0, 0
    if tag == "NM1":
        return NAME, (parts[1], read_name(parts)), 0, 0
    if tag == "REF":
        return REFERENCE, (_reference(parts[1], parts[2], ""),), 0, 0
    if tag == "DTM":
        return DATE, (parts[1], DATES[parts[2]]), 0, 0
    if tag == "LQ":
        return REMARK, Remark(parts[1], parts[2]), 0, 0
    if tag == "QTY":
        return QUANTITY, Quantity(parts[1], QUANTITIES[parts[2]]), 0, 0
    if tag in _BEHIND:
        raise Ended
    return REST, parts, 0, 0


def _read_adjustments(cas: list[str]) -> Part:
    """The triplets of one CAS; an empty quantity keeps its place."""
    group = cas[1]
    if len(cas) == ONE_TRIPLET:
        total = CENTS[cas[3]]
        only = (adjustment(group, cas[2], total, None),)
        return CAS, only, total, total if group == "PR" else 0
    several, total = [], 0
    for place in range(2, len(cas), 3):
        if not cas[place] and not at(cas, place + 1):
            continue
        amount, count = CENTS[cas[place + 1]], at(cas, place + 2)
        quantity = QUANTITIES[count] if count else None
        several.append(adjustment(group, cas[place], amount, quantity))
        total += amount
    return CAS, tuple(several), total, total if group == "PR" else 0


def read_name(nm1: list[str]) -> Name:
    if len(nm1) < 10:
        nm1 += [""] * (10 - len(nm1))
    name: Name = _name(nm1[3], nm1[4], nm1[5], nm1[7], nm1[2] == "1", nm1[8], nm1[9])
    return name
