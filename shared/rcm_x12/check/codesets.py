"""Code sets that live outside of the guides and change by date.

Bare values of a few are shipped; the others belong to the operator, who loads them from a file of
four columns with a header, separated by commas or tabs:

    set,code,valid_from,valid_to
    carc,45,1995-01-01,
    icd-10-cm,E119,2015-10-01,2026-09-30

Dates are ISO and may be empty (open). Codes stand as X12 sends them: without dots. A set that is
not loaded is never held against a file.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from functools import cache
from importlib.resources import files
from typing import Protocol

from rcm_x12.findings import X12Error


class Standing(Enum):
    """What a code set says of a code on a day."""

    VALID = "valid"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    """Known, but not on that day: not any more, or not yet."""
    NOT_LOADED = "not loaded"


SETS = {
    "place-of-service": "CMS place of service codes",
    "state": "states and provinces (USPS, Canada Post)",
    "country": "ISO 3166 alpha-2 countries",
    "status-category": "claim status category codes",
    "claim-status": "claim status codes",
    "currency": "ISO 4217 currencies",
    "icd-10-cm": "diagnoses",
    "icd-10-pcs": "inpatient procedures",
    "icd-9-cm": "diagnoses and procedures before October 2015",
    "hcpcs": "HCPCS level I and II procedures",
    "modifier": "procedure modifiers",
    "ndc": "national drug codes of eleven digits",
    "carc": "claim adjustment reason codes",
    "rarc": "remittance advice remark codes",
    "taxonomy": "provider taxonomy",
    "revenue": "NUBC revenue codes",
}
"""Names that the rules ask for."""


class CodeSets(Protocol):
    """Anything that can say whether a code was valid on a day."""

    def look(self, name: str, code: str, on: date) -> Standing: ...


Span = tuple[date, date]
_EVER: tuple[Span, ...] = ((date.min, date.max),)


@dataclass(frozen=True, slots=True)
class CodeTable:
    """Code sets in memory: set to code to the spans in which it is valid."""

    sets: Mapping[str, Mapping[str, tuple[Span, ...]]] = field(default_factory=dict, repr=False)

    def look(self, name: str, code: str, on: date) -> Standing:
        table = self.sets.get(name)
        if table is None:
            return Standing.NOT_LOADED
        spans = table.get(code)
        if spans is None:
            return Standing.UNKNOWN
        valid = any(start <= on <= end for start, end in spans)
        return Standing.VALID if valid else Standing.EXPIRED


class CodeFileInvalid(X12Error):  # noqa: N818 - it says what is wrong
    """A code file cannot be used; `errors` names every line that is wrong."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors


_ERRORS_MAX = 20


def load_codes(lines: Iterable[str], base: CodeTable | None = None) -> CodeTable:
    """The code sets of a file, beside those of `base` (the shipped ones unless told otherwise).

    A set that the file holds takes the place of the base's. Raises CodeFileInvalid.
    """
    rows = iter(lines)
    header = next(rows, "").lstrip("\ufeff")
    tab = "\t" in header
    names = [name.strip().lower() for name in header.split("\t" if tab else ",")]
    if names != ["set", "code", "valid_from", "valid_to"]:
        raise CodeFileInvalid(["line 1: the header must be set, code, valid_from, valid_to"])
    found: dict[str, dict[str, tuple[Span, ...]]] = {}
    errors: list[str] = []
    for number, row in enumerate(csv.reader(rows, delimiter="\t" if tab else ","), 2):
        if row and not _take(row, found):
            errors.append(f"line {number}: {_reason(row)}")
            if len(errors) == _ERRORS_MAX:
                break
    if errors:
        raise CodeFileInvalid(errors)
    return CodeTable({**(shipped() if base is None else base).sets, **found})


def _take(row: list[str], found: dict[str, dict[str, tuple[Span, ...]]]) -> bool:
    cells = [cell.strip() for cell in row]
    if len(cells) != 4 or cells[0] not in SETS or not cells[1]:
        return False
    try:
        start = date.fromisoformat(cells[2]) if cells[2] else date.min
        end = date.fromisoformat(cells[3]) if cells[3] else date.max
    except ValueError:
        return False
    if end < start:
        return False
    table = found.setdefault(cells[0], {})
    table[cells[1]] = (*table.get(cells[1], ()), (start, end))
    return True


def _reason(row: list[str]) -> str:
    if len(row) != 4:
        return "it does not have four columns"
    if row[0].strip() not in SETS:
        return "there is no code set of this name"
    if not row[1].strip():
        return "the code is empty"
    return "valid_from and valid_to are not dates in order"


@cache
def shipped() -> CodeTable:
    """The code sets that come with the product, as bare values."""
    table = {}
    text = files("rcm_x12.check").joinpath("codes", "shipped.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line and not line.startswith(";"):
            name, _, codes = line.partition(": ")
            table[name] = dict.fromkeys(codes.split(), _EVER)
    return CodeTable(table)
