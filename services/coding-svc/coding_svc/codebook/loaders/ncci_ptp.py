"""NCCI procedure-to-procedure edits: quarterly, one file set a setting, 4.1 million pairs in all.

Columns (CMS): Column 1, Column 2, in existence prior to 1996, Effective Date, Deletion Date (`*` is
none), Modifier (0 not allowed, 1 allowed, 9 not applicable), rationale. A pair may have several
windows that do not meet, so the key holds the effective date.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import islice

from coding_svc.codebook.faults import LoadFault, LoadRefused
from coding_svc.codebook.files import Source, table
from coding_svc.codebook.kinds import Kind, Loading, register

SCHEMA = """
CREATE TABLE pair (
  column_1 TEXT NOT NULL, column_2 TEXT NOT NULL, effective INTEGER NOT NULL,
  deleted INTEGER NOT NULL, modifier INTEGER NOT NULL,
  PRIMARY KEY (column_1, column_2, effective)
) WITHOUT ROWID
"""
COLUMNS = {
    "column_1": ("Column 1", "Column1"),
    "column_2": ("Column 2", "Column2"),
    "effective": ("Effective Date", "Effective"),
    "deleted": ("Deletion Date", "Deletion"),
    "modifier": ("Modifier",),
}
OPEN = 99991231
"""Stands for "no deletion date"; dates are CCYYMMDD as numbers, which compare as they should."""
MODIFIERS = {"0": 0, "1": 1, "9": 9}
FAULTS_MAX = 50
ROWS_A_STATEMENT = 50_000

PairRow = tuple[str, str, int, int, int]


def load(database: sqlite3.Connection, sources: Sequence[Source], loading: Loading) -> None:
    """Every file of the set. Each row is checked; a shifted column is named with its row."""
    del loading
    faults: list[LoadFault] = []
    for source in sources:
        rows = _rows(source, faults)
        while block := list(islice(rows, ROWS_A_STATEMENT)):
            database.executemany("INSERT OR IGNORE INTO pair VALUES (?, ?, ?, ?, ?)", block)
    if faults:
        raise LoadRefused(*faults)


def _rows(source: Source, faults: list[LoadFault]) -> Iterator[PairRow]:
    dates = _Dates()
    for number, (first, second, effective, deleted, modifier) in table(source, COLUMNS):
        if len(first) == len(second) == 5 and modifier in MODIFIERS:
            try:
                yield first, second, dates[effective], dates[deleted], MODIFIERS[modifier]
                continue
            except ValueError:
                column = "Effective or Deletion Date"
        elif modifier.strip() not in MODIFIERS:
            column = "Modifier"
        else:
            column = "Column 1 or 2"
        faults.append(LoadFault(source.name, "is not as published", number, column))
        if len(faults) >= FAULTS_MAX:
            raise LoadRefused(*faults)


class _Dates(dict[str, int]):
    """CCYYMMDD by its text; there are a few hundred in millions of rows."""

    def __missing__(self, text: str) -> int:
        plain = text.strip()
        if plain in {"*", ""}:
            day = OPEN
        elif len(plain) == 8 and plain.isdecimal() and "19600101" <= plain <= "21001231":
            day = int(plain)
        else:
            raise ValueError("not a date")
        self[text] = day
        return day


def _kind(setting: str, words: str) -> Kind:
    return register(
        Kind(
            name=f"ncci-ptp-{setting}",
            summary=f"NCCI procedure-to-procedure edits: {words}",
            capability=f"bundling edits (NCCI PTP), {words}",
            published_as="the quarterly PTP file set",
            licence="operator",
            schema=SCHEMA,
            load=load,
            counted="pair",
            rows_min=1,
            rows_max=12_000_000,
        )
    )


PRACTITIONER = _kind("practitioner", "practitioners")
OUTPATIENT_HOSPITAL = _kind("outpatient-hospital", "outpatient hospitals")
