"""Tables declared by their columns: what a heading is called, what a cell must be.

A cell that is not what its column says is a fault with row and column; the file is then refused
whole. A published layout is so a list of columns, and a loader is made of it.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import islice

from coding_svc.codebook.faults import LoadFault, LoadRefused
from coding_svc.codebook.files import Source, table
from coding_svc.codebook.kinds import Loader, Loading

FAULTS_MAX = 50
ROWS_A_STATEMENT = 20_000
Cell = str | int | None
Reader = Callable[[str], Cell]
"""From the text of a cell to what is stored. Raises `ValueError` with the reason."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its place in our table, the headings it is published under, what it holds."""

    headings: tuple[str, ...]
    read: Reader
    is_optional: bool = False


def loader(
    name: str, columns: Sequence[Column], *, only: Callable[[tuple[Cell, ...]], bool] | None = None
) -> Loader:
    """Fills table `name`, whose columns stand in the order given. Rows that are empty in their
    first column (footnotes, copyright lines) and rows that `only` refuses are passed over."""

    def load(database: sqlite3.Connection, sources: Sequence[Source], loading: Loading) -> None:
        del loading
        faults: list[LoadFault] = []
        marks = ", ".join("?" * len(columns))
        for source in sources:
            rows = _rows(source, columns, faults)
            kept = (row for row in rows if only is None or only(row))
            while block := list(islice(kept, ROWS_A_STATEMENT)):
                database.executemany(f"INSERT OR REPLACE INTO {name} VALUES ({marks})", block)
        if faults:
            raise LoadRefused(*faults)

    return load


def _rows(
    source: Source, columns: Sequence[Column], faults: list[LoadFault]
) -> Iterator[tuple[Cell, ...]]:
    needed = [each for each in columns if not each.is_optional]
    extra = [each for each in columns if each.is_optional]
    order = [*needed, *extra]
    found = table(
        source,
        {each.headings[0]: each.headings for each in needed},
        optional={each.headings[0]: each.headings for each in extra},
    )
    back = [order.index(each) for each in columns]
    for number, cells in found:
        if not cells[0].strip():
            continue
        values: list[Cell] = []
        for column, cell in zip(order, cells, strict=True):
            try:
                values.append(column.read(cell.strip()))
            except ValueError as reason:
                place = column.headings[0]
                faults.append(LoadFault(source.name, str(reason), number, place))
                if len(faults) >= FAULTS_MAX:
                    raise LoadRefused(*faults) from None
                break
        else:
            yield tuple(values[at] for at in back)


def text(cell: str) -> str:
    return " ".join(cell.split())


def code(pattern: str, what: str) -> Reader:
    """A code of a fixed shape."""
    shape = re.compile(pattern)

    def read(cell: str) -> str:
        if not shape.fullmatch(cell.upper()):
            raise ValueError(f"is not {what}")
        return cell.upper()

    return read


procedure = code(r"[0-9A-Z]{5}", "a code of five characters")


def choice(**meanings: Cell) -> Reader:
    """One of the values that begin so, stored as what it means; the empty one only itself."""

    def read(cell: str) -> Cell:
        for begins, meaning in meanings.items():
            wanted = begins.removeprefix("_").lower()
            if cell.lower().startswith(wanted) if wanted else not cell:
                return meaning
        raise ValueError(f"is none of {', '.join(each.removeprefix('_') for each in meanings)}")

    return read


def whole(cell: str) -> int:
    if not re.fullmatch(r"[0-9,]{1,12}", cell):
        raise ValueError("is not a whole number")
    return int(cell.replace(",", ""))


def scaled(digits: int) -> Reader:
    """A decimal as a whole number of its smallest part, exactly; empty is 0."""

    def read(cell: str) -> int:
        try:
            value = Decimal(cell.replace(",", "").replace("$", "") or "0").scaleb(digits)
        except InvalidOperation:
            raise ValueError("is not a number") from None
        if value != value.to_integral_value():
            raise ValueError(f"has more than {digits} decimals")
        return int(value)

    return read


def day(cell: str) -> str | None:
    """CCYYMMDD, CCYY-MM-DD or MM/DD/CCYY as an ISO date; empty and `*` are none."""
    if cell in {"", "*", "0"}:
        return None
    for form in ("%Y%m%d", "%Y-%m-%d", "%m/%d/%Y", "%Y-%m-%d %H:%M:%S"):
        try:
            return datetime.strptime(cell, form).date().isoformat()  # noqa: DTZ007 - a date
        except ValueError:
            continue
    raise ValueError("is not a date")


def julian(cell: str) -> str | None:
    """YYYYDDD as an ISO date; empty is none."""
    if cell in {"", "0"}:
        return None
    if not re.fullmatch(r"[12][0-9]{6}", cell) or not 1 <= int(cell[4:]) <= 366:
        raise ValueError("is not a date of the form YYYYDDD")
    return (date(int(cell[:4]), 1, 1) + timedelta(days=int(cell[4:]) - 1)).isoformat()
