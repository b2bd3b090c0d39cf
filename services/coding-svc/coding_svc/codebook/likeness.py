"""Search by likeness within one release: full text first, then how much of the rare words agree."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from coding_svc.codebook.shelf import Book
from coding_svc.domain.codes import ReleaseName
from coding_svc.domain.notes.words import words_of
from coding_svc.domain.suggestions.book import Candidate, Entry
from coding_svc.domain.suggestions.phrases import bag_of, stems_in

FOUND_MAX = 60
"""Rows that the full-text search gives to be ranked."""
RARE_WORDS = 5
FEW = 12
"""Rows, below which the rarest word was perhaps not the one that was meant."""
"""Of a phrase; the others find most of the book and say little."""
PHRASES_KEPT, TITLES_KEPT = 200_000, 50_000
OF_PHRASE, OF_TITLE = 0.7, 0.3
"""A title that says more than the phrase is better than one that misses a word of it."""


MALIGNANT, SECONDARY, IN_SITU, BENIGN, UNCERTAIN, UNSPECIFIED = range(2, 8)
"""Columns of the table of neoplasms."""
_KINDS = {"secondary": SECONDARY, "situ": IN_SITU, "malignant": MALIGNANT, "benign": BENIGN,
          "uncertain": UNCERTAIN}  # fmt: skip
OF_NEOPLASMS = frozenset({"neoplasm", "primary", "behavior", *_KINDS})
BY_TABLE = 1
"""A title with the same words is closer than the table."""


class NeoplasmTable:
    """The table of neoplasms: a site and a kind of growth give a code."""

    def __init__(self, book: Book) -> None:
        self._cells: dict[str, dict[int, str]] = {}
        for path, column, code in book.rows(
            "SELECT t.path, c.column_number, c.code FROM term t JOIN cell c USING (term_id)"
        ):
            if code.strip("-"):
                for bag in _sites(path):
                    self._cells.setdefault(bag, {}).setdefault(column, code.strip("-"))

    def entry(self, stems: frozenset[str]) -> Entry | None:
        """The code of a growth at a site; None where the words name no site of the table."""
        site = bag_of(stems - OF_NEOPLASMS - {"in"})
        cells = self._cells.get(site) if site else None
        if cells is None:
            return None
        kind = next((column for word, column in _KINDS.items() if word in stems), UNSPECIFIED)
        return Entry(cells[kind], BY_TABLE) if kind in cells else None


def _sites(path: str) -> Iterator[str]:
    """All words of a path, and those of its end alone; of words that say the same, the first."""
    parts = [part for part in path.split(", ") if not part.lower().startswith("neoplas")]
    stems = [frozenset(stems_in(part)) - OF_NEOPLASMS for part in parts]
    if stems:
        yield bag_of(stem for part in stems for stem in part)
        yield bag_of(stems[-1])


class PhraseBook:
    """The phrases of a release of ICD-10-CM, and its table of neoplasms where that is loaded."""

    def __init__(self, book: Book, neoplasms: Book | None = None) -> None:
        self._book = book
        self._neoplasms = NeoplasmTable(neoplasms) if neoplasms else None
        self.counts: Mapping[str, int] = dict(book.rows("SELECT stem, titles FROM word"))
        self.entries = lru_cache(PHRASES_KEPT)(self._entries)

    def knows(self, stem: str) -> bool:
        return stem in self.counts

    def _entries(self, bag: str) -> Sequence[Entry]:
        rows = self._book.rows(
            "SELECT code, cost FROM phrase WHERE bag = ? ORDER BY cost, length(code), code", bag
        )
        found = [Entry(code, cost) for code, cost in rows]
        stems = frozenset(bag.split())
        if self._neoplasms and "neoplasm" in stems and (one := self._neoplasms.entry(stems)):
            found.append(one)
        return tuple(sorted(found, key=lambda each: each.cost))


class LexicalSearcher:
    """Ranks what the full-text search finds by the words that agree, the rare ones most."""

    is_semantic = False

    def __init__(self, book: Book, *, counts: Mapping[str, int] | None = None) -> None:
        self._book = book
        self._counts = dict(counts) if counts is not None else _counted(book)
        self._total = max(self._counts.values(), default=1) * 2
        self._texts = lru_cache(TITLES_KEPT)(self._stems_of_texts)
        self._release = ReleaseName(book.release.kind, book.release.label)

    @property
    def release(self) -> ReleaseName:
        return self._release

    def search(self, phrases: Sequence[str], limit: int) -> Sequence[Sequence[Candidate]]:
        return [self._search(each, limit) for each in phrases]

    def near(self, phrases: Sequence[str], limit: int) -> Sequence[Sequence[Candidate]]:
        del limit
        return [() for _ in phrases]

    def weight(self, stem: str) -> float:
        """How much a word says: the rarer, the more; one that no title has says nothing."""
        count = self._counts.get(stem, 0)
        return math.log(self._total / count) if count else 0.0

    def agreement(self, phrase: frozenset[str], code: str, title: str, terms: str) -> float:
        """How much of the phrase and of the nearest of a code's texts are in each other."""
        asked = self._weights(phrase)
        best = 0.0
        for stems in self._texts(code, title, terms):
            shared = self._weights(phrase & stems)
            own = self._weights(stems)
            if asked and own:
                best = max(best, OF_PHRASE * shared / asked + OF_TITLE * shared / own)
        return best

    def _search(self, phrase: str, limit: int) -> Sequence[Candidate]:
        stems = frozenset(stems_in(phrase))
        rows = self._rows(self._forms(phrase))
        ranked = sorted(
            (
                Candidate(code, title, round(self.agreement(stems, code, title, terms), 4))
                for code, title, terms in rows
            ),
            key=lambda each: (-each.score, len(each.code), each.code),
        )
        return ranked[:limit]

    def _rows(self, words: Sequence[str]) -> Sequence[tuple[str, str, str]]:
        """What has the rarest word, the more of the others the better: a common word alone finds
        thousands of titles that mean something else. Only a word that finds too little widens."""
        if not words:
            return ()
        rarest, *others = words
        query = f"{rarest} AND ({' OR '.join(others)})" if others else rarest
        found = self._matched(query)
        if others and len(found) < FEW:
            known = {code for code, _, _ in found}
            wider = self._matched(" OR ".join(words[:2]))
            found = [*found, *(row for row in wider if row[0] not in known)]
        return found

    def _matched(self, query: str) -> list[tuple[str, str, str]]:
        return self._book.rows(
            "SELECT code, title, terms FROM search WHERE search MATCH ? "
            f"ORDER BY bm25(search, 0, 4, 1) LIMIT {FOUND_MAX}",
            query,
        )

    def _forms(self, phrase: str) -> list[str]:
        """The rarest words, each as written or as the titles have it."""
        known = {
            stem: word.text
            for word in words_of(phrase.lower())
            for stem in word.stems
            if stem in self._counts
        }
        rare = sorted(known, key=lambda stem: self._counts[stem])[:RARE_WORDS]
        return [
            "("
            + " OR ".join(f'"{form}"' for form in sorted({stem, known[stem].replace("'", " ")}))
            + ")"
            for stem in rare
        ]

    def _weights(self, stems: Iterable[str]) -> float:
        return sum(self.weight(stem) for stem in stems)

    @staticmethod
    def _stems_of_texts(code: str, title: str, terms: str) -> tuple[frozenset[str], ...]:
        del code
        return tuple(frozenset(stems_in(each)) for each in (title, *terms.split(" ; ")) if each)


def _counted(book: Book) -> dict[str, int]:
    """A book without word counts is small enough to be counted when it is opened."""
    counts: dict[str, int] = {}
    for title, terms in book.rows("SELECT title, terms FROM search"):
        for stem in {*stems_in(title), *stems_in(terms)}:
            counts[stem] = counts.get(stem, 0) + 1
    return counts
