"""A bank's statement as CSV: the caller says which column is what, and hears of every wrong cell by
row and field. No value of the file is ever quoted."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType

from payer_gateway.domain.deposits.deposit import Imported, Misread, NewDeposit
from payer_gateway.domain.deposits.trace import trace_in
from rcm.money import LIMIT_CENTS

ROWS_MAX = 20_000
ERRORS_MAX = 100
CELL_MAX = 80
"""Longest reference or trace that is kept."""

DATE_FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "YYYY-MM-DD": "%Y-%m-%d",
        "MM/DD/YYYY": "%m/%d/%Y",
        "MM/DD/YY": "%m/%d/%y",
        "YYYYMMDD": "%Y%m%d",
    }
)
_AMOUNT = re.compile(
    r"(?P<open>\()?(?P<sign>[+-])?\$?(?P<whole>\d{1,3}(,\d{3})+|\d+)(\.(?P<cents>\d{2}))?(?(open)\))"
)


@dataclass(frozen=True, slots=True)
class CsvLayout:
    """Which header names which field. `trace_number` may hold a whole TRN segment; without that
    column, or where it is empty, `description` is searched for one."""

    deposited_on: str
    amount: str
    bank_reference: str
    trace_number: str | None = None
    originating_company_id: str | None = None
    description: str | None = None
    date_format: str = "YYYY-MM-DD"
    delimiter: str = ","

    def columns(self) -> dict[str, str]:
        """Fields of the layout that name a column."""
        named = {
            "deposited_on": self.deposited_on,
            "amount": self.amount,
            "bank_reference": self.bank_reference,
            "trace_number": self.trace_number,
            "originating_company_id": self.originating_company_id,
            "description": self.description,
        }
        return {field: header for field, header in named.items() if header is not None}


def read_csv(content: str, layout: CsvLayout) -> Imported:
    """Every credit of the statement, or what is wrong with it: all errors, not the first only."""
    rows = csv.reader(
        io.StringIO(content.lstrip("\ufeff")), delimiter=layout.delimiter, strict=True
    )
    try:
        table = [row for row in rows if any(cell.strip() for cell in row)]
    except csv.Error:
        return Imported(errors=(Misread(rows.line_num, "row", "is not CSV"),))
    if not table:
        return Imported(errors=(Misread(1, "row", "the file is empty"),))
    headers = [cell.strip() for cell in table[0]]
    missing = [
        Misread(1, field, "no column has this header, or several have")
        for field, header in layout.columns().items()
        if headers.count(header) != 1
    ]
    if missing:
        return Imported(errors=tuple(missing))
    if len(table) - 1 > ROWS_MAX:
        return Imported(errors=(Misread(ROWS_MAX + 2, "row", f"more than {ROWS_MAX} rows"),))
    places = {field: headers.index(header) for field, header in layout.columns().items()}
    return _imported(table, places, DATE_FORMATS[layout.date_format])


def _imported(table: list[list[str]], places: Mapping[str, int], date_format: str) -> Imported:
    deposits, errors, skipped = list[NewDeposit](), list[Misread](), 0
    seen: set[str] = set()
    for number, row in enumerate(table[1:], 2):
        if len(row) != len(table[0]):
            errors.append(Misread(number, "row", "has not as many cells as the header"))
            continue
        cells = {field: row[place].strip() for field, place in places.items()}
        wrong = list(_wrong(number, cells, date_format, seen))
        seen.add(cells["bank_reference"])
        if wrong:
            errors += wrong
        elif (cents := _cents(cells["amount"]) or 0) > 0:
            deposits.append(_deposit(cells, cents, date_format))
        else:
            skipped += 1
    return Imported(() if errors else tuple(deposits), skipped, tuple(errors[:ERRORS_MAX]))


def _wrong(
    number: int, cells: Mapping[str, str], date_format: str, seen: set[str]
) -> Iterator[Misread]:
    if _day(cells["deposited_on"], date_format) is None:
        yield Misread(number, "deposited_on", "is not a date of the given format")
    if _cents(cells["amount"]) is None:
        yield Misread(number, "amount", "is not an amount with two decimals or none")
    reference = cells["bank_reference"]
    if not reference:
        yield Misread(number, "bank_reference", "is empty")
    elif reference in seen:
        yield Misread(number, "bank_reference", "stands in an earlier row too")
    for field in ("bank_reference", "originating_company_id"):
        if len(cells.get(field, "")) > CELL_MAX:
            yield Misread(number, field, f"is longer than {CELL_MAX} characters")
    if (
        "TRN*" not in cells.get("trace_number", "")
        and len(cells.get("trace_number", "")) > CELL_MAX
    ):
        yield Misread(number, "trace_number", f"is longer than {CELL_MAX} characters")


def _deposit(cells: Mapping[str, str], cents: int, date_format: str) -> NewDeposit:
    told = cells.get("trace_number", "")
    trace = trace_in(told) or (None if told else trace_in(cells.get("description", "")))
    day = _day(cells["deposited_on"], date_format)
    assert day is not None  # noqa: S101 - `_wrong` looked
    company = cells.get("originating_company_id", "")
    if trace is not None:
        return NewDeposit(
            cells["bank_reference"], day, cents, trace.number, company or trace.company_id
        )
    return NewDeposit(cells["bank_reference"], day, cents, told, company)


def _day(text: str, date_format: str) -> date | None:
    try:
        return datetime.strptime(text, date_format).date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None


def _cents(text: str) -> int | None:
    """Signed cents; parentheses and a minus both mean money that left."""
    found = _AMOUNT.fullmatch(text.replace(" ", ""))
    if found is None:
        return None
    cents = int(found["whole"].replace(",", "")) * 100 + int(found["cents"] or 0)
    if cents > LIMIT_CENTS:
        return None
    return -cents if found["open"] or found["sign"] == "-" else cents
