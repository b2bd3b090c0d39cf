"""Values and segments that 276 and 277 share: payer, submitter, provider, patient and dates."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from rcm_x12.findings import WriteRefused
from rcm_x12.pieces import Report, at, read_date, read_name, write_date, write_name
from rcm_x12.values import Name
from rcm_x12.walker import Node

SELF = "IL"
DEPENDENT = "QC"


@dataclass(frozen=True, slots=True)
class Person:
    """2100D or 2100E: a subscriber with its member id, or a dependent without."""

    name: Name = field(repr=False)
    birth_date: date | None = field(default=None, repr=False)
    """DMG02 of a 276; a 277 has none."""
    sex: str = field(default="", repr=False)


def write_names(code: str, names: tuple[Name, ...], place: str, most: int) -> Iterator[str]:
    """The NM1 of a loop that may repeat."""
    if not 0 < len(names) <= most:
        raise WriteRefused(place, f"it needs one to {most} names")
    return (write_name(code, name, place) for name in names)


def read_names(node: Node, loop: str) -> tuple[Name, ...]:
    return tuple(read_name(each.first("NM1") or []) for each in node.loops(loop))


def name_in(node: Node, loop: str) -> Name:
    named = node.loop(loop)
    return read_name((named.first("NM1") if named else None) or [])


def write_service_dates(start: date | None, end: date | None) -> Iterator[str]:
    """DTP*472."""
    if start is not None:
        yield write_date("472", start, end)


def read_service_dates(node: Node, report: Report) -> tuple[date | None, date | None]:
    dtp = node.first("DTP")
    found = read_date(dtp, report) if dtp else None
    return (found.on, found.until) if found else (None, None)


def references_of(node: Node) -> dict[str, str]:
    """REF values by qualifier; the guide has each at most once."""
    return {at(ref, 1): at(ref, 2) for ref in node.every("REF")}


def trace_number(node: Node | None) -> str:
    """TRN02."""
    return at((node.first("TRN") if node else None) or [], 2)
