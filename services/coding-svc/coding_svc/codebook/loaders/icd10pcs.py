"""ICD-10-PCS: the order file (codes, titles) and the tables that say which codes are legal.

A code is legal when the values of its axes 4 to 7 stand in one row of the table of its first three
characters.
"""

import re
import sqlite3
from collections.abc import Sequence
from xml.etree.ElementTree import Element, iterparse

from coding_svc.codebook.faults import LoadFault, LoadRefused
from coding_svc.codebook.files import Source
from coding_svc.codebook.kinds import Kind, Loading, register

CODES_SCHEMA = """
CREATE TABLE code (
  code TEXT PRIMARY KEY, title TEXT NOT NULL, short TEXT NOT NULL, is_billable INTEGER NOT NULL
) WITHOUT ROWID;
CREATE VIRTUAL TABLE search USING fts5(
  code UNINDEXED, title, tokenize = "porter unicode61 remove_diacritics 2"
)
"""
TABLES_SCHEMA = """
CREATE TABLE axis_value (
  table_name TEXT NOT NULL, row_number INTEGER NOT NULL, axis INTEGER NOT NULL,
  value TEXT NOT NULL, label TEXT NOT NULL,
  PRIMARY KEY (table_name, row_number, axis, value)
) WITHOUT ROWID
"""
ROWS_NUMBER_FROM = 1


def load_codes(database: sqlite3.Connection, sources: Sequence[Source], loading: Loading) -> None:
    """Fixed width: order 1-5, code 7-13, billable flag 15, short title 17-76, title from 78."""
    del loading
    faults: list[LoadFault] = []
    rows: list[tuple[str, str, str, int]] = []
    for source in sources:
        with source.text() as text:
            for number, line in enumerate(text, start=1):
                code, flag = line[6:13].strip(), line[14:15]
                if not line.strip():
                    continue
                if not line[:5].isdecimal() or flag not in {"0", "1"}:
                    faults.append(LoadFault(source.name, "is not a line of the order file", number))
                    if len(faults) > 50:
                        raise LoadRefused(*faults)
                    continue
                rows.append((code, line[77:].strip(), line[16:76].strip(), int(flag)))
    if faults:
        raise LoadRefused(*faults)
    database.executemany("INSERT OR REPLACE INTO code VALUES (?, ?, ?, ?)", rows)
    database.execute("INSERT INTO search SELECT code, title FROM code WHERE is_billable = 1")


def load_tables(database: sqlite3.Connection, sources: Sequence[Source], loading: Loading) -> None:
    del loading
    for source in sources:
        with source.open() as stream:
            if b"<!ENTITY" in stream.read(4096):
                raise LoadRefused(LoadFault(source.name, "declares entities, which CMS does not"))
        with source.open() as stream:
            for _, element in iterparse(stream):  # noqa: S314 - without DTD, as checked
                if element.tag == "pcsTable":
                    database.executemany(
                        "INSERT OR REPLACE INTO axis_value VALUES (?, ?, ?, ?, ?)", _values(element)
                    )
                    element.clear()


def _values(table: Element) -> list[tuple[str, int, int, str, str]]:
    first = [label for axis in table.findall("axis") for label in axis.findall("label")][:3]
    name = "".join(label.attrib["code"] for label in first)
    found = [
        (name, 0, place, label.attrib["code"], (label.text or "").strip())
        for place, label in enumerate(first, start=1)
    ]
    for number, row in enumerate(table.findall("pcsRow"), start=ROWS_NUMBER_FROM):
        for axis in row.findall("axis"):
            place = int(axis.attrib["pos"])
            found += [
                (name, number, place, label.attrib["code"], (label.text or "").strip())
                for label in axis.findall("label")
            ]
    return found


def check_codes(database: sqlite3.Connection) -> Sequence[str]:
    bad = database.execute("SELECT code FROM code WHERE is_billable = 1 LIMIT 1000").fetchall()
    shape = re.compile(r"[0-9A-HJ-NP-Z]{7}")
    if not all(shape.fullmatch(row[0]) for row in bad):
        return ["billable codes are not seven characters: columns may have moved"]
    return ()


CODES = register(
    Kind(
        name="icd10pcs",
        summary="Inpatient procedures: ICD-10-PCS codes",
        capability="ICD-10-PCS codes",
        published_as="the ICD-10-PCS order file",
        licence="public",
        schema=CODES_SCHEMA,
        load=load_codes,
        counted="code",
        rows_min=1,
        rows_max=300_000,
        check=check_codes,
        suffixes=frozenset({".txt"}),
    )
)
TABLES = register(
    Kind(
        name="icd10pcs-tables",
        summary="The tables of ICD-10-PCS",
        capability="the picker of ICD-10-PCS codes by axis",
        published_as="the ICD-10-PCS tables (XML)",
        licence="public",
        schema=TABLES_SCHEMA,
        load=load_tables,
        counted="axis_value",
        rows_min=1,
        rows_max=500_000,
        suffixes=frozenset({".xml"}),
    )
)
