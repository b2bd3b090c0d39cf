"""The alphabetic index of ICD-10-CM, its table of drugs, its neoplasms, its external causes: one
XML layout (NCHS), a tree of terms with codes, `see` and cells."""

import sqlite3
from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element, iterparse

from coding_svc.codebook.faults import LoadFault, LoadRefused
from coding_svc.codebook.files import Source
from coding_svc.codebook.kinds import Kind, Loading, register

SCHEMA = """
CREATE TABLE term (
  term_id INTEGER PRIMARY KEY, parent_id INTEGER NOT NULL, level INTEGER NOT NULL,
  path TEXT NOT NULL, modifiers TEXT NOT NULL, code TEXT NOT NULL, see TEXT NOT NULL,
  see_also TEXT NOT NULL
);
CREATE TABLE cell (
  term_id INTEGER NOT NULL, column_number INTEGER NOT NULL, code TEXT NOT NULL,
  PRIMARY KEY (term_id, column_number)
) WITHOUT ROWID;
CREATE TABLE heading (column_number INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE VIRTUAL TABLE search USING fts5(
  path, modifiers, content = 'term', content_rowid = 'term_id',
  tokenize = "porter unicode61 remove_diacritics 2"
)
"""


def load(database: sqlite3.Connection, sources: Sequence[Source], loading: Loading) -> None:
    del loading
    for source in sources:
        _load(database, source)
    database.execute("INSERT INTO search (search) VALUES ('rebuild')")


def _load(database: sqlite3.Connection, source: Source) -> None:
    with source.open() as stream:
        if b"<!ENTITY" in stream.read(4096):
            raise LoadRefused(LoadFault(source.name, "declares entities, which NCHS does not"))
    writer = _Writer(database)
    with source.open() as stream:
        for _, element in iterparse(stream):  # noqa: S314 - a file of the operator's, without DTD
            if element.tag == "head":
                row = (int(element.attrib["col"]), _text(element))
                database.execute("INSERT OR REPLACE INTO heading VALUES (?, ?)", row)
            elif element.tag == "mainTerm":
                writer.take(element, 0, "", 0)
                element.clear()
    writer.flush()


class _Writer:
    """Terms on their way into the tables."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._first = int(
            database.execute("SELECT coalesce(max(term_id), 0) FROM term").fetchone()[0]
        )
        self._terms: list[tuple[object, ...]] = []
        self._cells: list[tuple[int, int, str]] = []

    def take(self, element: Element, parent_id: int, above: str, level: int) -> None:
        term_id = self._first + len(self._terms) + 1
        title = element.find("title")
        words, modifiers = _title(title) if title is not None else ("", "")
        path = f"{above}, {words}" if above else words
        self._terms.append(
            (
                term_id, parent_id, level, path, modifiers, _plain(element.findtext("code", "")),
                element.findtext("see", "").strip(), element.findtext("seeAlso", "").strip(),
            )
        )  # fmt: skip
        for cell in element.findall("cell"):
            code = _plain(cell.text or "")
            if code and code != "--":
                self._cells.append((term_id, int(cell.attrib["col"]), code))
        for child in element.findall("term"):
            self.take(child, term_id, path, level + 1)

    def flush(self) -> None:
        self._database.executemany("INSERT INTO term VALUES (?, ?, ?, ?, ?, ?, ?, ?)", self._terms)
        self._database.executemany("INSERT OR IGNORE INTO cell VALUES (?, ?, ?)", self._cells)


def _title(title: Element) -> tuple[str, str]:
    """The words of a term, and what may or may not be said of it (nonessential modifiers)."""
    modifiers = " ".join(_text(each) for each in title.iter("nemod"))
    return " ".join(_own(title)), modifiers


def _own(title: Element) -> Iterator[str]:
    yield from (title.text or "").split()
    for child in title:
        yield from (child.tail or "").split()


def _text(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _plain(code: str) -> str:
    return code.strip().replace(".", "")


def _kind(name: str, summary: str, capability: str, rows_min: int) -> Kind:
    return register(
        Kind(
            name=name,
            summary=summary,
            capability=capability,
            published_as=f"the NCHS XML of the {summary.lower()}",
            licence="public",
            schema=SCHEMA,
            load=load,
            counted="term",
            rows_min=rows_min,
            rows_max=200_000,
            suffixes=frozenset({".xml"}),
        )
    )


INDEX = _kind(
    "icd10cm-index", "Alphabetic index of ICD-10-CM", "suggestions by the alphabetic index", 20_000
)
DRUGS = _kind(
    "icd10cm-drugs",
    "Table of drugs and chemicals",
    "codes of poisonings and adverse effects",
    3_000,
)
NEOPLASMS = _kind("icd10cm-neoplasms", "Table of neoplasms", "codes of neoplasms by site", 400)
CAUSES = _kind(
    "icd10cm-causes", "Index of external causes", "codes of external causes of injuries", 500
)
