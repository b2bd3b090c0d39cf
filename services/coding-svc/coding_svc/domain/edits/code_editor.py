"""The lists of the Medicare Code Editor that speak of one diagnosis, as families of codes."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

from coding_svc.domain.notes.tables import pairs

ListName = Literal[
    "newborn", "pediatric", "maternity", "adult", "manifestation", "unacceptable_principal",
    "questionable_admission",
]  # fmt: skip
PACKAGE = "coding_svc.domain.edits"
KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Family:
    """Codes that begin with one of a set of beginnings."""

    beginnings: frozenset[str]

    def has(self, code: str) -> bool:
        return not self.beginnings.isdisjoint(beginnings_of(code))


@lru_cache(KEPT)
def beginnings_of(code: str) -> tuple[str, ...]:
    """`E11` is `E`, `E1` and `E11`; thirty lists are asked about each code."""
    return tuple(code[:length] for length in range(1, len(code) + 1))


@cache
def family(name: ListName) -> Family:
    """A list of the editor by its name."""
    return Family(frozenset(_beginnings(name)))


def _beginnings(name: ListName) -> Iterable[str]:
    for found, codes in pairs(PACKAGE, "code_editor.txt"):
        if found == name:
            yield from codes.split()
