"""The tables of ICD-10-PCS, read for the picker, and the weights of MS-DRGs."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from coding_svc.codebook.shelf import Book
from coding_svc.domain.procedure_tables import OF_TABLE, Picked, Row, pick

TABLES_KEPT = 1_000
WEIGHT_DECIMALS = 4


class ProcedureTables:
    """A release of the tables."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._heads = _heads(book)
        self._rows = lru_cache(TABLES_KEPT)(self._rows_of)

    def pick(self, chosen: str) -> Picked:
        """What may follow the characters chosen so far."""
        name = chosen[:OF_TABLE]
        return pick(chosen, self._heads, self._rows(name) if name in self._heads else ())

    def _rows_of(self, name: str) -> Sequence[Row]:
        found: dict[int, dict[int, dict[str, str]]] = {}
        for number, axis, value, label in self._book.rows(
            """SELECT row_number, axis, value, label FROM axis_value
                WHERE table_name = ? AND row_number > 0""",
            name,
        ):
            found.setdefault(number, {}).setdefault(axis, {})[value] = label
        return tuple(
            Row(tuple(axes.get(place, {}) for place in range(OF_TABLE + 1, 8)))
            for _, axes in sorted(found.items())
        )


def _heads(book: Book) -> Mapping[str, Sequence[str]]:
    heads: dict[str, dict[int, str]] = {}
    for name, axis, label in book.rows(
        "SELECT table_name, axis, label FROM axis_value WHERE row_number = 0"
    ):
        heads.setdefault(name, {})[axis] = label
    return {
        name: tuple(label for _, label in sorted(found.items())) for name, found in heads.items()
    }


def weight_of(book: Book, drg: str) -> str | None:
    """The relative weight of a DRG, as published."""
    row = book.row("SELECT weight FROM drg WHERE drg = ?", drg)
    if row is None:
        return None
    whole, part = divmod(row[0], 10**WEIGHT_DECIMALS)
    return f"{whole}.{part:0{WEIGHT_DECIMALS}d}"
