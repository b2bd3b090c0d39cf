"""What a service process has of the code sets: the shelf, its readers, and a search."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import UUID

from pydantic_settings import BaseSettings, SettingsConfigDict

from coding_svc.codebook import starter
from coding_svc.codebook.library import Library
from coding_svc.codebook.likeness import LexicalSearcher, PhraseBook
from coding_svc.codebook.procedures import ProcedureTables, weight_of
from coding_svc.codebook.services import ServiceList
from coding_svc.codebook.shelf import Book, Shelf, in_force
from coding_svc.domain.codes import Books
from coding_svc.domain.procedure_tables import Picked
from coding_svc.domain.release import Release
from coding_svc.domain.suggestions.book import Searcher, SuggestionBook

SEARCHED = {
    "icd10cm": "SELECT code, title FROM search WHERE search MATCH ? ORDER BY bm25(search, 0, 4, 1)",
    "hcpcs": "SELECT code, title FROM search WHERE search MATCH ? ORDER BY bm25(search, 0, 4, 1)",
    "icd10pcs": "SELECT code, title FROM search WHERE search MATCH ? ORDER BY bm25(search, 0, 1)",
}
LISTED = {
    "icd10cm": "SELECT code, title FROM code WHERE code >= ? AND code < ? ORDER BY code",
    "hcpcs": "SELECT code, title FROM code WHERE code >= ? AND code < ? ORDER BY code",
    "icd10pcs": "SELECT code, title FROM code WHERE code >= ? AND code < ? ORDER BY code",
}


class CodeSettings(BaseSettings):
    """Where the releases lie (`RCM_CODES_DIR`)."""

    model_config = SettingsConfigDict(env_prefix="RCM_", extra="ignore")

    codes_dir: Path = Path("/var/lib/rcm/codes")


Likeness = Callable[[Book, LexicalSearcher], Searcher]


@dataclass(frozen=True, slots=True)
class Match:
    """A code that a search found."""

    code: str
    title: str


class Catalogue:
    """Opened once a process. Releases are immutable, so readers are never closed or renewed."""

    def __init__(self, directory: Path, *, likeness: Likeness | None = None) -> None:
        """`likeness` makes a better searcher of the lexical one, where that is installed."""
        self._likeness = likeness
        self._shelf = Shelf(directory)
        self._library = Library(self._shelf)
        self._starter: tuple[Release, ...] | None = None
        self._phrases: dict[UUID, PhraseBook] = {}
        self._searchers: dict[UUID, Searcher] = {}
        self._tables: dict[UUID, ProcedureTables] = {}
        self._lists: dict[UUID, ServiceList] = {}

    def releases(self, activated: Iterable[Release]) -> list[Release]:
        """Those in force for a tenant: its own and what everyone has."""
        if not self._starter:
            lying = self._shelf.releases() if self._shelf.directory.is_dir() else []
            self._starter = tuple(each for each in lying if starter.is_starter(each))
        return [*self._starter, *activated]

    def books(self, activated: Iterable[Release], on: date) -> Books:
        """What answers for a date of service. Raises `LoadRefused` when an activated release does
        not lie on this machine."""
        return self._library.books(self.releases(activated), on)

    def suggestion_book(self, activated: Iterable[Release], on: date) -> SuggestionBook | None:
        """What a note of that day is read against; None without a release of ICD-10-CM."""
        all_ = self.releases(activated)
        diagnoses = self._library.books(all_, on).diagnoses
        release = in_force([each for each in all_ if each.kind == "icd10cm"], on)
        if diagnoses is None or release is None:
            return None
        if release.release_id not in self._phrases:
            book = self._shelf.book(release.release_id)
            table = in_force([each for each in all_ if each.kind == "icd10cm-neoplasms"], on)
            phrases = PhraseBook(book, self._shelf.book(table.release_id) if table else None)
            lexical = LexicalSearcher(book, counts=phrases.counts)
            searcher = self._likeness(book, lexical) if self._likeness else lexical
            self._searchers[release.release_id] = searcher
            self._phrases[release.release_id] = phrases
        return SuggestionBook(
            diagnoses=diagnoses,
            phrases=self._phrases[release.release_id],
            searcher=self._searchers[release.release_id],
            procedures=self._services(all_, "hcpcs", on),
            chargemaster=self._services(all_, "chargemaster", on),
        )

    def _services(self, releases: list[Release], kind: str, on: date) -> ServiceList | None:
        release = in_force([each for each in releases if each.kind == kind], on)
        if release is None:
            return None
        if release.release_id not in self._lists:
            self._lists[release.release_id] = ServiceList(self._shelf.book(release.release_id))
        return self._lists[release.release_id]

    def pick_procedure(
        self, activated: Iterable[Release], on: date, chosen: str
    ) -> tuple[Release, Picked] | None:
        """What may follow the characters of an ICD-10-PCS code; None without its tables."""
        release = self._in_force(activated, "icd10pcs-tables", on)
        if release is None:
            return None
        if release.release_id not in self._tables:
            self._tables[release.release_id] = ProcedureTables(self._shelf.book(release.release_id))
        return release, self._tables[release.release_id].pick(chosen)

    def drg_weight(self, activated: Iterable[Release], drg: str, on: date) -> str | None:
        """The weight of a DRG; None where the tenant has no table of them."""
        release = self._in_force(activated, "ms-drg", on)
        return weight_of(self._shelf.book(release.release_id), drg) if release else None

    def _in_force(self, activated: Iterable[Release], kind: str, on: date) -> Release | None:
        return in_force([each for each in self.releases(activated) if each.kind == kind], on)

    def search(
        self, activated: Iterable[Release], kind: str, text: str, *, on: date, limit: int
    ) -> tuple[Release, Sequence[Match]] | None:
        """Codes by what they mean, best first, or by their beginning; None without a release.

        What has every word comes first; where that is little, what is most like it follows, by
        meaning where `[semantic]` is installed."""
        activated = tuple(activated)
        release = self._in_force(activated, kind, on)
        if release is None:
            return None
        book = self._shelf.book(release.release_id)
        plain = text.replace(".", "").upper().strip()
        rows = []
        if re.fullmatch(r"[A-Z][0-9A][0-9A-Z]{0,5}|[0-9][0-9A-Z]{0,6}", plain):
            rows = book.rows(f"{LISTED[kind]} LIMIT ?", plain, plain + "~", limit)
        if not rows:
            rows = (
                book.rows(f"{SEARCHED[kind]} LIMIT ?", _query(text), limit) if _query(text) else []
            )
            if kind == "icd10cm" and len(rows) < limit:
                rows = [
                    *rows,
                    *self._like(
                        activated,
                        on,
                        text,
                        known={code for code, _ in rows},
                        limit=limit - len(rows),
                    ),
                ]
        return release, [Match(code, title) for code, title in rows]

    def _like(
        self, activated: Iterable[Release], on: date, text: str, *, known: set[str], limit: int
    ) -> Iterator[tuple[str, str]]:
        book = self.suggestion_book(activated, on)
        if book is None:
            return
        for each in book.searcher.search([text], limit + len(known))[0]:
            if each.code not in known and limit > 0:
                limit -= 1
                yield each.code, each.title


def _query(text: str) -> str:
    """Words in FTS5's language: each quoted, the last as a beginning, so that typing narrows."""
    words = re.findall(r"[0-9A-Za-z]+", text)[:20]
    quoted = [f'"{word}"' for word in words]
    return " ".join([*quoted[:-1], quoted[-1] + "*"]) if quoted else ""
