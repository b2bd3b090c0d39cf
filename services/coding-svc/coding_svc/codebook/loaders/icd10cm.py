"""ICD-10-CM: the tabular list as XML (NCHS), with every note, and the billable list beside it.

The XML alone knows no validity; the list of codes (`icd10cm_codes_YYYY.txt`, or the one that comes
with the XML) says which of them may be billed. Expanding 7th characters naively makes codes that do
not exist (S06.-X7D), so what is expanded is kept only when the list has it.
"""

import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from xml.etree.ElementTree import Element, iterparse

from coding_svc.codebook.faults import LoadFault, LoadRefused
from coding_svc.codebook.files import Source
from coding_svc.codebook.kinds import Kind, Loading, register
from coding_svc.domain.code_patterns import patterns_of
from coding_svc.domain.suggestions.phrases import bags_of, stems_in

SCHEMA = """
CREATE TABLE code (
  code TEXT PRIMARY KEY, title TEXT NOT NULL, parent TEXT NOT NULL, block TEXT NOT NULL,
  is_billable INTEGER NOT NULL, seventh_of TEXT NOT NULL, is_manifestation INTEGER NOT NULL,
  valid_to TEXT
) WITHOUT ROWID;
CREATE INDEX code_parent ON code (parent);
CREATE TABLE note (
  note_id INTEGER PRIMARY KEY, holder TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL
);
CREATE INDEX note_holder ON note (holder, kind);
CREATE TABLE note_pattern (
  note_id INTEGER NOT NULL, low TEXT NOT NULL, high TEXT NOT NULL, places TEXT NOT NULL,
  characters TEXT NOT NULL, tails TEXT NOT NULL, ending TEXT NOT NULL, is_open INTEGER NOT NULL
);
CREATE INDEX note_pattern_note ON note_pattern (note_id);
CREATE TABLE holder (
  holder TEXT PRIMARY KEY, low TEXT NOT NULL, high TEXT NOT NULL, title TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE seventh_character (
  holder TEXT NOT NULL, character TEXT NOT NULL, meaning TEXT NOT NULL,
  PRIMARY KEY (holder, character)
) WITHOUT ROWID;
CREATE VIRTUAL TABLE search USING fts5(
  code UNINDEXED, title, terms, tokenize = "porter unicode61 remove_diacritics 2", prefix = '3 4'
);
CREATE TABLE phrase (
  bag TEXT NOT NULL, code TEXT NOT NULL, cost INTEGER NOT NULL, PRIMARY KEY (bag, code)
) WITHOUT ROWID;
CREATE TABLE word (stem TEXT PRIMARY KEY, titles INTEGER NOT NULL) WITHOUT ROWID
"""
NOTES = {
    "includes": "includes", "inclusionTerm": "inclusion", "excludes1": "excludes1",
    "excludes2": "excludes2", "codeFirst": "code_first", "useAdditionalCode": "use_additional",
    "codeAlso": "code_also", "notes": "note",
}  # fmt: skip
WITH_PATTERNS = frozenset({"excludes1", "excludes2", "code_first", "use_additional", "code_also"})
MANIFESTATION = re.compile(r"diseases? classified elsewhere", re.IGNORECASE)
LONGEST = 7
"""Characters of a code; the last tells the encounter."""
_RANGE = re.compile(r"\(([A-Z][0-9A][0-9A-Z])-([A-Z][0-9A][0-9A-Z])\)\s*$")


@dataclass
class _Writer:
    """Rows on their way into the tables."""

    database: sqlite3.Connection
    billable: frozenset[str]
    codes: dict[str, tuple[str, str, str, int, str, int]] = field(default_factory=dict)
    notes: list[tuple[int, str, str, str]] = field(default_factory=list)
    patterns: list[tuple[int, str, str, str, str, str, str, int]] = field(default_factory=list)
    holders: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    sevenths: list[tuple[str, str, str]] = field(default_factory=list)
    terms: dict[str, list[str]] = field(default_factory=dict)

    def note(self, holder: str, kind: str, text: str) -> None:
        note_id = len(self.notes) + 1
        self.notes.append((note_id, holder, kind, text))
        for each in patterns_of(text) if kind in WITH_PATTERNS else ():
            tails = " ".join(f"{low}-{high}" for low, high in each.tails)
            places = "".join(map(str, each.places))
            self.patterns.append(
                (note_id, each.low, each.high, places, each.characters, tails, each.ending,
                 int(each.is_open))
            )  # fmt: skip

    def flush(self) -> None:
        many = self.database.executemany
        many(
            "INSERT INTO code VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
            ((code, *row) for code, row in sorted(self.codes.items())),
        )
        many("INSERT INTO note VALUES (?, ?, ?, ?)", self.notes)
        many("INSERT INTO note_pattern VALUES (?, ?, ?, ?, ?, ?, ?, ?)", self.patterns)
        many(
            "INSERT INTO holder VALUES (?, ?, ?, ?)",
            ((holder, *row) for holder, row in sorted(self.holders.items())),
        )
        many("INSERT OR IGNORE INTO seventh_character VALUES (?, ?, ?)", self.sevenths)
        many(
            "INSERT INTO search (code, title, terms) VALUES (?, ?, ?)",
            (
                (code, row[0], " ; ".join(self._terms_of(code)))
                for code, row in sorted(self.codes.items())
                if row[3]
            ),
        )

        many("INSERT INTO phrase VALUES (?, ?, ?)", _phrases(self.codes, self.terms))
        many("INSERT INTO word VALUES (?, ?)", _word_counts(self.codes, self.terms).items())

    def _terms_of(self, code: str) -> Iterator[str]:
        """A code is also found by the inclusion terms of the codes that it specifies."""
        while code:
            yield from self.terms.get(code, ())
            code = self.codes[code][1] if code in self.codes else ""


_Codes = dict[str, tuple[str, str, str, int, str, int]]


def _phrases(codes: _Codes, terms: dict[str, list[str]]) -> Iterator[tuple[str, str, int]]:
    """The bags of every title and inclusion term. A code that only adds a 7th character has its
    parent's; which encounter it is, a note tells elsewhere."""
    for code, (title, parent, _, _, seventh_of, _) in codes.items():
        if seventh_of and len(code) == LONGEST and parent in codes:
            continue
        found: dict[str, int] = {}
        for phrase in (title, *terms.get(code, ())):
            for bag, cost in bags_of(phrase):
                found[bag] = min(cost, found.get(bag, cost))
        yield from ((bag, code, cost) for bag, cost in found.items())


def _word_counts(codes: _Codes, terms: dict[str, list[str]]) -> Counter[str]:
    """How many titles have a word: the rarer, the more it says."""
    counts: Counter[str] = Counter()
    for code, row in codes.items():
        if row[3]:
            counts.update(
                {stem for text in (row[0], *terms.get(code, ())) for stem in stems_in(text)}
            )
    return counts


def load(database: sqlite3.Connection, sources: Sequence[Source], loading: Loading) -> None:
    """Needs the tabular XML and a list of codes, a code a line; takes a list of ended ones."""
    del loading
    tabular = [each for each in sources if each.suffix == ".xml"]
    lists = [each for each in sources if each.suffix == ".txt"]
    if len(tabular) != 1 or not lists:
        raise LoadRefused(
            LoadFault(
                sources[0].name, "the tabular list (XML) and the list of codes (txt) are needed"
            )
        )
    writer = _Writer(database, frozenset(_listed(lists)))
    for chapter in _chapters(tabular[0]):
        _take_chapter(writer, chapter)
    writer.flush()
    for source in sources:
        if source.suffix == ".tsv":
            database.executemany("UPDATE code SET valid_to = ? WHERE code = ?", _ended(source))


def _ended(source: Source) -> Iterator[tuple[str, str]]:
    """The last day of codes that later addenda deleted: `code<TAB>CCYY-MM-DD` a line."""
    with source.text() as text:
        for number, line in enumerate(text, start=1):
            code, _, day = line.strip().partition("\t")
            try:
                yield date.fromisoformat(day).isoformat(), code
            except ValueError:
                raise LoadRefused(
                    LoadFault(source.name, "is not a code and a date", number)
                ) from None


def _chapters(source: Source) -> Iterator[Element]:
    with source.open() as stream:
        first = stream.read(4096)
        if b"<!DOCTYPE" in first or b"<!ENTITY" in first:
            raise LoadRefused(
                LoadFault(source.name, "declares a document type, which NCHS does not")
            )
    with source.open() as stream:
        for _, element in iterparse(stream):  # noqa: S314 - a file of the operator's, without DTD
            if element.tag == "chapter":
                yield element
                element.clear()


def _listed(lists: Sequence[Source]) -> Iterator[str]:
    for source in lists:
        with source.text() as text:
            for line in text:
                word = line[:8].split()[:1]
                if word and re.fullmatch(r"[A-Z][0-9A][0-9A-Z]{1,5}", word[0]):
                    yield word[0]


def _take_chapter(writer: _Writer, chapter: Element) -> None:
    title = chapter.findtext("desc", "").strip()
    span = _RANGE.search(title)
    holder = f"chapter {chapter.findtext('name', '').strip()}"
    low, high = span.groups() if span else ("", "")
    writer.holders[holder] = (low, high, title)
    _take_notes(writer, chapter, holder)
    for section in chapter.iter("section"):
        name = section.attrib["id"]
        low, _, high = name.partition("-")
        block = f"block {name}"
        writer.holders[block] = (low, high or low, section.findtext("desc", "").strip())
        _take_notes(writer, section, block)
        for diag in section.findall("diag"):
            _take_code(writer, diag, parent="", block=name, sevenths=("", {}))


def _take_notes(writer: _Writer, element: Element, holder: str) -> None:
    for tag, kind in NOTES.items():
        for group in element.findall(tag):
            for note in group.findall("note"):
                text = " ".join("".join(note.itertext()).split())
                if text:
                    writer.note(holder, kind, text)
                    if kind == "inclusion":
                        writer.terms.setdefault(holder, []).append(text)


def _take_code(
    writer: _Writer,
    diag: Element,
    *,
    parent: str,
    block: str,
    sevenths: tuple[str, dict[str, str]],
) -> None:
    code = diag.findtext("name", "").strip().replace(".", "")
    title = " ".join(diag.findtext("desc", "").split())
    defined = {
        each.attrib["char"]: (each.text or "").strip()
        for each in diag.findall("sevenChrDef/extension")
    }
    if defined:
        sevenths = (code, defined)
        writer.sevenths += [(code, character, text) for character, text in defined.items()]
    children = diag.findall("diag")
    holder, extensions = sevenths
    _add(writer, code, title, parent=parent, block=block, seventh_of=holder)
    _take_notes(writer, diag, code)
    for child in children:
        _take_code(writer, child, parent=code, block=block, sevenths=sevenths)
    if not children:
        for character, meaning in extensions.items():
            extended = code.ljust(6, "X") + character
            if extended in writer.billable:
                _add(
                    writer, extended, f"{title}, {meaning}", parent=code, block=block,
                    seventh_of=holder,
                )  # fmt: skip


def _add(
    writer: _Writer, code: str, title: str, *, parent: str, block: str, seventh_of: str
) -> None:
    billable = code in writer.billable and not _is_header(writer, code)
    manifestation = bool(MANIFESTATION.search(title))
    writer.codes[code] = (title, parent, block, int(billable), seventh_of, int(manifestation))


def _is_header(writer: _Writer, code: str) -> bool:
    """The list that comes with the XML has the headers too: what has longer codes is one."""
    return code in _headers(writer.billable)


_HEADERS: dict[int, frozenset[str]] = {}


def _headers(listed: frozenset[str]) -> frozenset[str]:
    key = id(listed)
    if key not in _HEADERS:
        _HEADERS.clear()
        _HEADERS[key] = frozenset(
            code[:length] for code in listed for length in range(3, len(code))
        )
    return _HEADERS[key]


def check(database: sqlite3.Connection) -> Sequence[str]:
    """Codes that every release since 2016 has, and one note that every release has."""
    found = []
    for code, billable in (("E119", 1), ("E11", 0), ("S72001A", 1), ("Z0000", 1)):
        row = database.execute("SELECT is_billable FROM code WHERE code = ?", (code,)).fetchone()
        if row is None or row[0] != billable:
            found.append("well-known codes are missing or not what they should be")
            break
    if not database.execute("SELECT 1 FROM note WHERE kind = 'excludes1' LIMIT 1").fetchone():
        found.append("no Excludes1 note was found")
    return found


KIND = register(
    Kind(
        name="icd10cm",
        summary="Diagnoses: ICD-10-CM with its notes",
        capability="diagnosis codes, their notes and their search",
        published_as="the tabular list (XML) with its list of codes (txt)",
        licence="public",
        schema=SCHEMA,
        load=load,
        counted="code",
        rows_min=60_000,
        rows_max=150_000,
        check=check,
        suffixes=frozenset({".xml", ".txt", ".tsv"}),
    )
)
