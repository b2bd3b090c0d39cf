"""NPPES: the register of providers, 330 columns and ten gigabytes, streamed.

Kept are the columns that a claim can be judged by. `states=NY,NJ` or `npis=FILE` keeps a part: a
practice rarely needs nine million providers.
"""

import csv
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path

from coding_svc.codebook.faults import LoadFault, LoadRefused
from coding_svc.codebook.files import Source
from coding_svc.codebook.kinds import Kind, Loading, register

SCHEMA = """
CREATE TABLE provider (
  npi TEXT PRIMARY KEY, entity_type TEXT NOT NULL, name TEXT NOT NULL, given_name TEXT NOT NULL,
  street TEXT NOT NULL, city TEXT NOT NULL, state TEXT NOT NULL, postal_code TEXT NOT NULL,
  taxonomies TEXT NOT NULL, primary_taxonomy TEXT NOT NULL, enumerated TEXT, updated TEXT,
  deactivated TEXT, reactivated TEXT
) WITHOUT ROWID
"""
STREET = "Provider First Line Business Practice Location Address"
CITY = "Provider Business Practice Location Address City Name"
STATE = "Provider Business Practice Location Address State Name"
POSTAL_CODE = "Provider Business Practice Location Address Postal Code"
ORGANIZATION = "Provider Organization Name (Legal Business Name)"
FAMILY_NAME = "Provider Last Name (Legal Name)"
PLAIN = (
    "NPI", "Entity Type Code", ORGANIZATION, FAMILY_NAME, "Provider First Name", STREET, CITY,
    STATE, POSTAL_CODE, "Provider Enumeration Date", "Last Update Date", "NPI Deactivation Date",
    "NPI Reactivation Date",
)  # fmt: skip
TAXONOMIES = 15
ROWS_A_STATEMENT = 10_000


def load(database: sqlite3.Connection, sources: Sequence[Source], loading: Loading) -> None:
    wanted = _Wanted(loading.options)
    for source in sources:
        # Beside the register the archive holds other names, endpoints and a page of headings.
        if "npidata_pfile" not in source.name.lower() or "fileheader" in source.name.lower():
            continue
        rows = _rows(source, wanted)
        while block := list(islice(rows, ROWS_A_STATEMENT)):
            marks = ", ".join("?" * 14)
            database.executemany(f"INSERT OR REPLACE INTO provider VALUES ({marks})", block)


class _Wanted:
    """Which providers to keep."""

    def __init__(self, options: Mapping[str, str]) -> None:
        self._states = frozenset(options.get("states", "").upper().split(",")) - {""}
        listed = options.get("npis")
        self._npis = frozenset(Path(listed).read_text().split()) if listed else None

    def has(self, npi: str, state: str) -> bool:
        if self._npis is not None:
            return npi in self._npis
        return not self._states or state in self._states


def _rows(source: Source, wanted: _Wanted) -> Iterator[tuple[object, ...]]:
    with source.text() as text:
        reader = csv.reader(text)
        head = next(reader, [])
        missing = [name for name in PLAIN if name not in head]
        if missing:
            raise LoadRefused(LoadFault(source.name, f"has no column {missing[0]}", 1))
        at = {name: place for place, name in enumerate(head)}
        for row in reader:
            if wanted.has(row[at["NPI"]], row[at[STATE]]):
                yield _provider(source, reader.line_num, row, at)


def _provider(
    source: Source, number: int, row: Sequence[str], at: Mapping[str, int]
) -> tuple[object, ...]:
    npi, entity, organization, family, given, *address, _, _, _, _ = (
        row[at[name]] for name in PLAIN
    )
    if not (len(npi) == 10 and npi.isdecimal()):
        raise LoadRefused(LoadFault(source.name, "is not an NPI", number, "NPI"))
    taxonomies, primary = _taxonomies(row, at)
    dates = [
        _day(row[at[name]], LoadFault(source.name, "is not a date", number, name))
        for name in PLAIN[-4:]
    ]
    return (npi, entity, organization or family, given, *address, taxonomies, primary, *dates)


def _taxonomies(row: Sequence[str], at: Mapping[str, int]) -> tuple[str, str]:
    found, primary = [], ""
    for number in range(1, TAXONOMIES + 1):
        place = at.get(f"Healthcare Provider Taxonomy Code_{number}")
        if place is None or not row[place]:
            continue
        found.append(row[place])
        switch = at.get(f"Healthcare Provider Primary Taxonomy Switch_{number}")
        if switch is not None and row[switch] == "Y":
            primary = row[place]
    return " ".join(found), primary


def _day(cell: str, otherwise: LoadFault) -> str | None:
    if not cell:
        return None
    try:
        return datetime.strptime(cell, "%m/%d/%Y").date().isoformat()  # noqa: DTZ007 - a date
    except ValueError:
        raise LoadRefused(otherwise) from None


KIND = register(
    Kind(
        name="nppes",
        summary="Providers by NPI (NPPES)",
        capability="the check of providers against the national register",
        published_as="the monthly or weekly NPPES archive",
        licence="public",
        schema=SCHEMA,
        load=load,
        counted="provider",
        rows_min=1,
        rows_max=20_000_000,
        suffixes=frozenset({".csv"}),
    )
)
