"""The hybrid: what the words find and what the meaning finds, weighed together."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from coding_svc.codebook.likeness import LexicalSearcher
from coding_svc.codebook.shelf import Book
from coding_svc.domain.codes import ReleaseName
from coding_svc.domain.suggestions.book import Candidate
from coding_svc.domain.suggestions.phrases import stems_in
from coding_svc.semantic.encoder import Encoder
from coding_svc.semantic.vectors import Vectors

BY_MEANING, BY_WORDS = 0.7, 0.3
"""Measured in coding.md's prototype: better than either alone and than fusing ranks."""
NEAREST = 60
TEXTS_A_CODE = 4
TITLES_KEPT = 50_000


class SemanticSearcher:
    """Union of both, ranked by cosine and by the rare words that agree."""

    is_semantic = True

    def __init__(
        self, book: Book, lexical: LexicalSearcher, vectors: Vectors, encoder: Encoder
    ) -> None:
        self._book = book
        self._lexical = lexical
        self._vectors = vectors
        self._encoder = encoder
        self._titles = lru_cache(TITLES_KEPT)(self._title)
        self._rows_of: dict[str, list[int]] = {}
        for at, code in enumerate(vectors.codes):
            self._rows_of.setdefault(code, []).append(at)

    @property
    def release(self) -> ReleaseName:
        return self._lexical.release

    def search(self, phrases: Sequence[str], limit: int) -> Sequence[Sequence[Candidate]]:
        if not phrases:
            return []
        asked = self._encoder.encode(phrases)
        likeness = asked @ self._vectors.rows.T
        worded = self._lexical.search(phrases, NEAREST)
        return [
            self._ranked(phrase, near, words, limit)
            for phrase, near, words in zip(phrases, likeness, worded, strict=True)
        ]

    def near(self, phrases: Sequence[str], limit: int) -> Sequence[Sequence[Candidate]]:
        if not phrases:
            return []
        import numpy as np  # noqa: PLC0415 - part of the extra

        likeness = self._encoder.encode(phrases) @ self._vectors.rows.T
        # A code may have several texts, so more rows than codes are looked at.
        most = min(limit * TEXTS_A_CODE, likeness.shape[1])
        found = []
        for row in likeness:
            best: dict[str, float] = {}
            for at in np.argpartition(row, -most)[-most:]:
                code = self._vectors.codes[int(at)]
                best[code] = max(best.get(code, 0.0), float(row[at]))
            ranked = sorted(best.items(), key=lambda each: (-each[1], each[0]))[:limit]
            found.append([Candidate(code, "", round(score, 4)) for code, score in ranked])
        return found

    def _ranked(
        self, phrase: str, near: Any, words: Sequence[Candidate], limit: int
    ) -> Sequence[Candidate]:
        import numpy as np  # noqa: PLC0415 - part of the extra

        last = min(NEAREST, len(near))
        nearest = np.argpartition(near, -last)[-last:]
        codes = {self._vectors.codes[int(at)] for at in nearest}
        codes |= {base for each in words if (base := self._base(each.code))}
        stems = frozenset(stems_in(phrase))
        found = []
        for code in codes:
            title, terms = self._titles(code)
            cosine = max(float(near[at]) for at in self._rows_of[code])
            agree = self._lexical.agreement(stems, code, title, terms)
            score = BY_MEANING * cosine + BY_WORDS * agree
            found.append(Candidate(code, title, round(score, 4)))
        return sorted(found, key=lambda each: (-each.score, len(each.code), each.code))[:limit]

    def _base(self, code: str) -> str | None:
        """The code that has the vector: of one that only adds a 7th character, its parent."""
        if code in self._rows_of:
            return code
        row = self._book.row("SELECT parent FROM code WHERE code = ?", code)
        return row[0] if row and row[0] in self._rows_of else None

    def _title(self, code: str) -> tuple[str, str]:
        title = self._book.row("SELECT title FROM code WHERE code = ?", code)
        terms = self._book.rows(
            "SELECT text FROM note WHERE holder = ? AND kind = 'inclusion'", code
        )
        return (title[0] if title else "", " ; ".join(text for (text,) in terms))
