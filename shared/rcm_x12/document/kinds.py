"""What a transaction set is: one that can be read to values, one that is only known, or neither."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from rcm_x12.check.guides import declared
from rcm_x12.check.plan import kind_of as name_of

Standing = Literal["supported", "known", "unknown"]

_GUIDES: Final = {
    "X098": ("837P", "837"),
    "X096": ("837I", "837"),
    "X097": ("837D", "837"),
    "X222": ("837P", "837"),
    "X223": ("837I", "837"),
    "X224": ("837D", "837"),
    "X091": ("835", "835"),
    "X221": ("835", "835"),
    "X092": ("", "270 271"),
    "X279": ("", "270 271"),
    "X093": ("", "276 277"),
    "X212": ("", "276 277"),
    "X214": ("277CA", "277"),
    "X213": ("277RFI", "277"),
    "X094": ("278", "278"),
    "X216": ("278", "278"),
    "X217": ("278", "278"),
    "X210": ("275", "275"),
    "X095": ("834", "834"),
    "X220": ("834", "834"),
    "X061": ("820", "820"),
    "X218": ("820", "820"),
    "X231": ("999", "999"),
}
"""Kind and set ids by the guide's number, in 004010 and 005010; empty is the set's own id."""
_SETS: Final = frozenset({"270", "271", "275", "276", "277", "278", "820", "834", "835", "837"})
_ACKNOWLEDGMENTS: Final = frozenset({"997", "999", "824"})


@dataclass(frozen=True, slots=True)
class Kind:
    """What a set is called, and what can be done with it."""

    name: str
    """837P, 271, 277CA, ...; empty when the set is not of health care."""
    standing: Standing
    """supported: read to values; known: kept, shown and written back; unknown: the same."""
    is_adopted: bool = False
    """Whether the version is the label that HIPAA adopted, to the letter."""


@lru_cache(maxsize=256)
def kind_of(version: str, set_id: str) -> Kind:
    """By GS08 (or ST03) and ST01."""
    guide, is_adopted = declared(version, set_id)
    if guide is not None:
        return Kind(name_of(guide), "supported", is_adopted)
    name, sets = _GUIDES.get(version[6:10], ("", ""))
    if version[:6] in {"004010", "005010"} and set_id in sets.split():
        return Kind(name or set_id, "known")
    if set_id in _SETS or set_id in _ACKNOWLEDGMENTS:
        return Kind(set_id, "known")
    return Kind("", "unknown")
