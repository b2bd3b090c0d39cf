"""Medicare coverage database: billing articles with their procedures and diagnoses, by contractor.

Articles hold the codes, not the LCDs. Tables are joined on id and version; an article lists groups
of covered diagnoses, which are alternatives unless a paragraph says otherwise in words.
"""

import csv
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from coding_svc.codebook.faults import LoadFault, LoadRefused
from coding_svc.codebook.files import Source
from coding_svc.codebook.kinds import Kind, Loading, register

SCHEMA = """
CREATE TABLE article (
  article_id INTEGER NOT NULL, version INTEGER NOT NULL, title TEXT NOT NULL,
  effective TEXT, ended TEXT, PRIMARY KEY (article_id, version)
) WITHOUT ROWID;
CREATE TABLE article_procedure (
  code TEXT NOT NULL, article_id INTEGER NOT NULL, version INTEGER NOT NULL,
  group_number INTEGER NOT NULL, PRIMARY KEY (code, article_id, version, group_number)
) WITHOUT ROWID;
CREATE TABLE article_diagnosis (
  article_id INTEGER NOT NULL, version INTEGER NOT NULL, is_covered INTEGER NOT NULL,
  group_number INTEGER NOT NULL, code TEXT NOT NULL,
  PRIMARY KEY (article_id, version, is_covered, code, group_number)
) WITHOUT ROWID;
CREATE TABLE article_contractor (
  article_id INTEGER NOT NULL, version INTEGER NOT NULL, contractor TEXT NOT NULL,
  PRIMARY KEY (contractor, article_id, version)
) WITHOUT ROWID;
CREATE TABLE article_group (
  article_id INTEGER NOT NULL, version INTEGER NOT NULL, is_covered INTEGER NOT NULL,
  group_number INTEGER NOT NULL, paragraph TEXT NOT NULL,
  PRIMARY KEY (article_id, version, is_covered, group_number)
) WITHOUT ROWID
"""
csv.field_size_limit(16 << 20)  # paragraphs are whole pages


@dataclass(frozen=True, slots=True)
class _Table:
    """A csv of the archive, our statement, and its columns in the order of the statement."""

    stem: str
    statement: str
    columns: tuple[str, ...]
    is_needed: bool = True


TABLES = (
    _Table(
        "article", "INSERT OR REPLACE INTO article VALUES (?, ?, ?, ?, ?)",
        ("article_id", "article_version", "title", "article_eff_date", "article_end_date"),
    ),
    _Table(
        "article_x_hcpc_code", "INSERT OR IGNORE INTO article_procedure VALUES (?, ?, ?, ?)",
        ("hcpc_code_id", "article_id", "article_version", "hcpc_code_group"),
    ),
    _Table(
        "article_x_icd10_covered", "INSERT OR IGNORE INTO article_diagnosis VALUES (?, ?, 1, ?, ?)",
        ("article_id", "article_version", "icd10_covered_group", "icd10_code_id"),
    ),
    _Table(
        "article_x_icd10_noncovered",
        "INSERT OR IGNORE INTO article_diagnosis VALUES (?, ?, 0, ?, ?)",
        ("article_id", "article_version", "icd10_noncovered_group", "icd10_code_id"),
        is_needed=False,
    ),
    _Table(
        "article_x_contractor", "INSERT OR IGNORE INTO article_contractor VALUES (?, ?, ?)",
        ("article_id", "article_version", "contractor_id"),
    ),
    _Table(
        "article_x_icd10_covered_group",
        "INSERT OR IGNORE INTO article_group VALUES (?, ?, 1, ?, ?)",
        ("article_id", "article_version", "icd10_covered_group", "paragraph"),
        is_needed=False,
    ),
)  # fmt: skip


def load(database: sqlite3.Connection, sources: Sequence[Source], loading: Loading) -> None:
    """A folder or archive with the csv files under their published names."""
    del loading
    found: dict[str, Source] = {}
    for source in sources:
        found[source.name.lower().removesuffix(".csv")] = source
    for table in TABLES:
        source_of = found.get(table.stem)
        if source_of is None:
            if table.is_needed:
                raise LoadRefused(LoadFault(sources[0].name, f"{table.stem}.csv is not there"))
            continue
        database.executemany(table.statement, _rows(source_of, table.columns))


def _rows(source: Source, columns: Sequence[str]) -> Iterator[tuple[str, ...]]:
    with source.text() as text:
        reader = csv.reader(text)
        head = [name.strip().lower() for name in next(reader, [])]
        missing = [name for name in columns if name not in head]
        if missing:
            raise LoadRefused(LoadFault(source.name, "has no such column", 1, missing[0]))
        places = [head.index(name) for name in columns]
        for row in reader:
            if len(row) < len(head):
                raise LoadRefused(LoadFault(source.name, "has too few cells", reader.line_num))
            yield tuple(row[place].strip() for place in places)


KIND = register(
    Kind(
        name="mcd-articles",
        summary="Medicare billing articles: procedures and the diagnoses that cover them",
        capability="medical necessity edits",
        published_as="the current_article archive of the Medicare coverage database",
        licence="operator",
        schema=SCHEMA,
        load=load,
        counted="article_procedure",
        rows_min=1,
        rows_max=5_000_000,
        suffixes=frozenset({".csv"}),
    )
)
