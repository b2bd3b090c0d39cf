"""Lists of services as a note is searched for them: HCPCS Level II, and a tenant's chargemaster."""

import math
from collections.abc import Iterable, Sequence

from coding_svc.codebook.shelf import Book
from coding_svc.domain.codes import ReleaseName
from coding_svc.domain.suggestions.book import Candidate
from coding_svc.domain.suggestions.phrases import stems_in

LEAST = 0.55
"""Of a title's weight that the note must have; and always its rarest word."""
TITLES = {
    "hcpcs": "SELECT code, title FROM code WHERE is_modifier = 0 AND terminated IS NULL",
    "chargemaster": "SELECT DISTINCT code, description FROM charge",
}


# How much of it, which a title needs and a note tells by its own amount.
_AMOUNTS = frozenset({"mg", "ml", "mcg", "gm", "gram", "cc", "unit", "per", "up", "each", "dose"})


def _says_what(stem: str) -> bool:
    return stem not in _AMOUNTS and not stem[0].isdecimal()


class ServiceList:
    """A few thousand titles in memory, by their words."""

    def __init__(self, book: Book) -> None:
        self._release = ReleaseName(book.release.kind, book.release.label)
        self._titles: dict[str, tuple[str, frozenset[str]]] = {
            code: (title, frozenset(filter(_says_what, stems_in(title))))
            for code, title in book.rows(TITLES[book.release.kind])
        }
        self._codes: dict[str, list[str]] = {}
        for code, (_, stems) in self._titles.items():
            for stem in stems:
                self._codes.setdefault(stem, []).append(code)

    @property
    def release(self) -> ReleaseName:
        return self._release

    def services(self, stems: frozenset[str], limit: int) -> Sequence[Candidate]:
        asked = {code for stem in stems for code in self._by_rarest(stem)}
        found = [
            Candidate(code, self._titles[code][0], round(score, 4))
            for code in asked
            if (score := self._covered(self._titles[code][1], stems)) >= LEAST
        ]
        return sorted(found, key=lambda each: (-each.score, each.code))[:limit]

    def _by_rarest(self, stem: str) -> Iterable[str]:
        """Codes whose rarest word this is: a title is never meant without it."""
        weight = self._weight(stem) if stem in self._codes else 0.0
        return (
            code
            for code in self._codes.get(stem, ())
            if all(self._weight(other) <= weight for other in self._titles[code][1])
        )

    def _covered(self, title: frozenset[str], stems: frozenset[str]) -> float:
        whole = sum(self._weight(stem) for stem in title)
        return sum(self._weight(stem) for stem in title & stems) / whole if whole else 0.0

    def _weight(self, stem: str) -> float:
        return math.log((len(self._titles) + 1) / len(self._codes[stem]))
