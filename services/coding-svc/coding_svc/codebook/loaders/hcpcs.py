"""HCPCS Level II: the contractor's file (ANWEB), fixed width, from CMS.

Places are those of the official record layout, counted from 1. Codes that begin with a digit are
CPT's and codes that begin with D are the ADA's: a file that has them is refused, not trimmed.
"""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from coding_svc.codebook.faults import LoadFault, LoadRefused
from coding_svc.codebook.files import Source
from coding_svc.codebook.kinds import Kind, Loading, register

SCHEMA = """
CREATE TABLE code (
  code TEXT PRIMARY KEY, is_modifier INTEGER NOT NULL, title TEXT NOT NULL, short TEXT NOT NULL,
  coverage TEXT NOT NULL, betos TEXT NOT NULL, pricing TEXT NOT NULL,
  added TEXT, effective TEXT, terminated TEXT
) WITHOUT ROWID;
CREATE VIRTUAL TABLE search USING fts5(
  code UNINDEXED, title, terms, tokenize = "porter unicode61 remove_diacritics 2"
)
"""
CODE, CONTINUED, MODIFIER, MODIFIER_CONTINUED = "3", "4", "7", "8"
SHORTEST_RECORD = 268


@dataclass
class _Record:
    """One code, its long text joined from its records."""

    line: str
    is_modifier: bool
    parts: list[str] = field(default_factory=list)


def load(database: sqlite3.Connection, sources: Sequence[Source], loading: Loading) -> None:
    del loading
    records: dict[str, _Record] = {}
    faults: list[LoadFault] = []
    for source in sources:
        _read(source, records, faults)
    if faults:
        raise LoadRefused(*faults)
    database.executemany("INSERT INTO code VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _rows(records))
    database.execute("INSERT INTO search SELECT code, title, short FROM code WHERE is_modifier = 0")


def _read(source: Source, records: dict[str, _Record], faults: list[LoadFault]) -> None:
    with source.text() as text:
        for number, line in enumerate(text, start=1):
            kind = line[10:11]
            if len(line.rstrip("\r\n")) < SHORTEST_RECORD or not line[5:10].strip().isdecimal():
                continue
            if kind not in {CODE, CONTINUED, MODIFIER, MODIFIER_CONTINUED}:
                continue
            is_modifier = kind in {MODIFIER, MODIFIER_CONTINUED}
            code = line[3:5] if is_modifier else line[:5]
            if not re.fullmatch(r"[0-9A-Z]{2}" if is_modifier else r"[A-CE-Z][0-9]{4}", code):
                faults.append(LoadFault(source.name, "is no HCPCS II code", number, "HCPCS"))
                continue
            record = records.get(code)
            if record is None:
                record = records[code] = _Record(line, is_modifier)
            record.parts.append(line[11:91].strip())


def _rows(records: dict[str, _Record]) -> Iterator[tuple[object, ...]]:
    for code, record in sorted(records.items()):
        line = record.line
        yield (
            code,
            int(record.is_modifier),
            " ".join(part for part in record.parts if part),
            line[91:119].strip(),
            line[229:230].strip(),
            line[256:259].strip(),
            line[119:127].strip(),
            _day(line[268:276]),
            _day(line[276:284]),
            _day(line[284:292]),
        )


def _day(text: str) -> str | None:
    plain = text.strip()
    if not re.fullmatch(r"[0-9]{8}", plain) or plain == "00000000":
        return None
    return f"{plain[:4]}-{plain[4:6]}-{plain[6:]}"


def check(database: sqlite3.Connection) -> Sequence[str]:
    """An injection, a wheelchair and a modifier that every year has."""
    wanted = [("A0428", 0), ("J1100", 0), ("RT", 1)]
    for code, is_modifier in wanted:
        query = "SELECT 1 FROM code WHERE code = ? AND is_modifier = ?"
        if database.execute(query, (code, is_modifier)).fetchone() is None:
            return ["well-known codes are missing: columns may have moved"]
    return ()


KIND = register(
    Kind(
        name="hcpcs",
        summary="HCPCS Level II codes and modifiers",
        capability="HCPCS II codes and their validity",
        published_as="the ANWEB text file of a quarter",
        licence="public",
        schema=SCHEMA,
        load=load,
        counted="code",
        rows_min=5_000,
        rows_max=30_000,
        check=check,
        suffixes=frozenset({".txt"}),
    )
)
