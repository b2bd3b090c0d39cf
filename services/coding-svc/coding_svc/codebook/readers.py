"""The code sets as the edits ask for them, read from opened releases."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache

from coding_svc.codebook.shelf import Book
from coding_svc.domain.code_patterns import CodePattern
from coding_svc.domain.codes import (
    AddOn,
    Article,
    DiagnosisCode,
    Fee,
    Locality,
    Note,
    NoteKind,
    ProcedureCode,
    ReleaseName,
    UnitLimit,
)

# A day's claims ask for the same few thousand codes over and over.
CODES_KEPT = 20_000
FISCAL_YEAR_BEGINS = 10
"""October: ICD-10-CM is published by the government's fiscal year."""


class BookReader:
    """What every reader has: its release."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._release = ReleaseName(book.release.kind, book.release.label)

    @property
    def release(self) -> ReleaseName:
        return self._release


class DiagnosisBook(BookReader):
    """ICD-10-CM. Its notes with codes are kept in memory: ten thousand, asked for all day."""

    def __init__(self, book: Book) -> None:
        super().__init__(book)
        self._notes = _notes(book)
        self._chapters = [
            (str(low), str(high), str(holder))
            for holder, low, high in book.rows(
                "SELECT holder, low, high FROM holder WHERE holder LIKE 'chapter %'"
            )
            if low
        ]
        self.find = lru_cache(CODES_KEPT)(self._find)
        self.notes = lru_cache(CODES_KEPT)(self._notes_of)
        self.children = lru_cache(CODES_KEPT)(self._children)

    @property
    def last_day(self) -> date:
        begins = self._book.release.effective_from
        return date(begins.year + (begins.month >= FISCAL_YEAR_BEGINS), 9, 30)

    def _find(self, code: str) -> DiagnosisCode | None:
        row = self._book.row(
            """SELECT code, title, parent, block, is_billable, seventh_of, is_manifestation,
                      valid_to FROM code WHERE code = ?""",
            code,
        )
        return _diagnosis(row) if row else None

    def _notes_of(self, code: str, kind: NoteKind) -> Sequence[Note]:
        found: list[Note] = []
        for holder in self._above(code):
            found += self._notes.get((holder, kind), ())
        return tuple(found)

    def _above(self, code: str) -> list[str]:
        holders: list[str] = []
        at, block = code, ""
        while at and (row := self.find(at)):
            holders.append(at)
            at, block = row.parent, row.block
        if block:
            holders.append(f"block {block}")
        holders += [name for low, high, name in self._chapters if low <= code[:3] <= high]
        return holders

    def seventh_characters(self, holder: str) -> Mapping[str, str]:
        return dict(
            self._book.rows(
                "SELECT character, meaning FROM seventh_character WHERE holder = ?", holder
            )
        )

    def _children(self, code: str) -> Sequence[DiagnosisCode]:
        rows = self._book.rows(
            """SELECT code, title, parent, block, is_billable, seventh_of, is_manifestation,
                      valid_to FROM code WHERE parent = ? ORDER BY code""",
            code,
        )
        return tuple(_diagnosis(row) for row in rows) if code else ()

    def billable_below(self, code: str, limit: int) -> Sequence[str]:
        rows = self._book.rows(
            """SELECT code FROM code WHERE code > ? AND code < ? AND is_billable = 1
                ORDER BY code LIMIT ?""",
            code,
            code + "~",
            limit,
        )
        return [code for (code,) in rows]


def _diagnosis(row: Sequence[object]) -> DiagnosisCode:
    code, title, parent, block, billable, seventh_of, manifestation, valid_to = row
    return DiagnosisCode(
        code=str(code),
        title=str(title),
        parent=str(parent),
        block=str(block),
        is_billable=bool(billable),
        seventh_of=str(seventh_of),
        is_manifestation=bool(manifestation),
        valid_to=_day(valid_to),
    )


def _notes(book: Book) -> dict[tuple[str, str], list[Note]]:
    patterns: dict[int, list[CodePattern]] = {}
    for note_id, low, high, places, characters, tails, ending, is_open in book.rows(
        "SELECT note_id, low, high, places, characters, tails, ending, is_open FROM note_pattern"
    ):
        ranges = [each.split("-") for each in tails.split()]
        patterns.setdefault(note_id, []).append(
            CodePattern(
                low=low,
                high=high,
                places=tuple(int(place) for place in places),
                characters=characters,
                tails=tuple((first, last) for first, last in ranges),
                ending=ending,
                is_open=bool(is_open),
            )
        )
    notes: dict[tuple[str, str], list[Note]] = {}
    for note_id, holder, kind, text in book.rows("SELECT note_id, holder, kind, text FROM note"):
        note = Note(note_id, holder, kind, text, tuple(patterns.get(note_id, ())))
        notes.setdefault((holder, kind), []).append(note)
    return notes


class ProcedureBook(BookReader):
    """HCPCS Level II."""

    def __init__(self, book: Book) -> None:
        super().__init__(book)
        self.find = lru_cache(CODES_KEPT)(self._find)

    def _find(self, code: str) -> ProcedureCode | None:
        row = self._book.row(
            """SELECT code, title, is_modifier, coverage, added, terminated FROM code
                WHERE code = ?""",
            code,
        )
        if row is None:
            return None
        code_, title, is_modifier, coverage, added, terminated = row
        return ProcedureCode(
            code_, title, bool(is_modifier), coverage, _day(added), _day(terminated)
        )


class PairBook(BookReader):
    """NCCI procedure-to-procedure edits."""

    def __init__(self, book: Book) -> None:
        super().__init__(book)
        self._windows = lru_cache(CODES_KEPT)(self._read)

    def indicators(self, codes: frozenset[str], on: date) -> Mapping[tuple[str, str], int]:
        day = on.year * 10_000 + on.month * 100 + on.day
        return {
            (column_1, column_2): modifier
            for column_1, column_2, effective, deleted, modifier in self._windows(codes)
            if effective <= day <= deleted
        }

    def _read(self, codes: frozenset[str]) -> Sequence[tuple[str, str, int, int, int]]:
        """A claim's pairs in one question: thirty take as long as two asked one by one."""
        places = ",".join("?" * len(codes))
        return self._book.rows(
            f"""SELECT column_1, column_2, effective, deleted, modifier FROM pair
                 WHERE column_1 IN ({places}) AND column_2 IN ({places})""",
            *codes,
            *codes,
        )


class UnitLimitBook(BookReader):
    """Medically unlikely edits."""

    def __init__(self, book: Book) -> None:
        super().__init__(book)
        self.limit = lru_cache(CODES_KEPT)(self._limit)

    def _limit(self, code: str) -> UnitLimit | None:
        row = self._book.row(
            "SELECT units, adjudication, rationale FROM unit_limit WHERE code = ?", code
        )
        return UnitLimit(*row) if row else None


CONTRACTOR_DEFINED = "CCCCC"
"""Stands in the column of primaries where each contractor says which they are."""


class AddOnBook(BookReader):
    """Add-on code edits."""

    def __init__(self, book: Book) -> None:
        super().__init__(book)
        self.add_on = lru_cache(CODES_KEPT)(self._add_on)

    def _add_on(self, code: str, on: date) -> AddOn | None:
        day = on.isoformat()
        rows = self._book.rows(
            """SELECT primary_code, type FROM add_on WHERE add_on = ?
                AND coalesce(effective, '') <= ? AND coalesce(deleted, '9') > ?
                AND coalesce(add_on_deleted, '9') > ? AND coalesce(primary_deleted, '9') > ?""",
            code, day, day, day, day,
        )  # fmt: skip
        if not rows:
            return None
        # One code has one type; where a file says two, the laxer one rules.
        primaries = frozenset(primary for primary, _ in rows if primary != CONTRACTOR_DEFINED)
        return AddOn(max(type_ for _, type_ in rows), primaries)


class FeeBook(BookReader):
    """The physician fee schedule."""

    def __init__(self, book: Book) -> None:
        super().__init__(book)
        self.fee = lru_cache(CODES_KEPT)(self._fee)

    def _fee(self, code: str, modifier: str = "") -> Fee | None:
        row = self._book.row("SELECT * FROM fee WHERE code = ? AND modifier = ?", code, modifier)
        return Fee(*row) if row else None


class LocalityBook(BookReader):
    """GPCIs, with the ZIP codes of a second release when there is one."""

    def __init__(self, book: Book, zips: Book | None = None) -> None:
        super().__init__(book)
        self._zips = zips
        self.locality = lru_cache(CODES_KEPT)(self._locality)

    def _locality(self, contractor: str, locality: str) -> Locality | None:
        row = self._book.row(
            """SELECT contractor, state, locality, work, practice, malpractice FROM locality
                WHERE contractor = ? AND locality = ?""",
            contractor,
            locality,
        )
        return Locality(*row) if row else None

    def of_zip(self, postal_code: str) -> Locality | None:
        if self._zips is None:
            return None
        row = self._zips.row("SELECT contractor, locality FROM zip WHERE zip = ?", postal_code[:5])
        return self.locality(*row) if row else None


class ArticleBook(BookReader):
    """Medicare billing articles."""

    def __init__(self, book: Book) -> None:
        super().__init__(book)
        self._article = lru_cache(CODES_KEPT)(self._read)

    def articles(self, procedure_code: str, contractor: str, on: date) -> Sequence[Article]:
        day = on.isoformat()
        rows = self._book.rows(
            """SELECT DISTINCT p.article_id, p.version FROM article_procedure p
                JOIN article_contractor c USING (article_id, version)
                JOIN article a USING (article_id, version)
                WHERE p.code = ? AND c.contractor = ? AND coalesce(a.effective, '') <= ?
                  AND (coalesce(a.ended, '') = '' OR a.ended >= ?)""",
            procedure_code, contractor, day, day,
        )  # fmt: skip
        return [self._article(*row) for row in rows]

    def _read(self, article_id: int, version: int) -> Article:
        title = self._book.row(
            "SELECT title FROM article WHERE article_id = ? AND version = ?", article_id, version
        )
        covered: dict[int, set[str]] = {}
        noncovered: set[str] = set()
        for is_covered, group, code in self._book.rows(
            """SELECT is_covered, group_number, code FROM article_diagnosis
                WHERE article_id = ? AND version = ?""",
            article_id,
            version,
        ):
            plain = code.replace(".", "")
            (covered.setdefault(group, set()) if is_covered else noncovered).add(plain)
        groups = {group: frozenset(codes) for group, codes in covered.items()}
        return Article(article_id, version, title[0], groups, frozenset(noncovered))


class TaxonomyBook(BookReader):
    """Provider taxonomy."""

    def has(self, code: str) -> bool:
        return self._book.row("SELECT 1 FROM taxonomy WHERE code = ?", code) is not None


def _day(text: object) -> date | None:
    return date.fromisoformat(str(text)) if text else None
