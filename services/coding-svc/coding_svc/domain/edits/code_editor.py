"""The lists of the Medicare Code Editor that speak of one diagnosis, as families of codes."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Literal

from coding_svc.domain.notes.tables import pairs

ListName = Literal[
    "newborn", "pediatric", "maternity", "adult", "manifestation", "unacceptable_principal",
    "questionable_admission",
]  # fmt: skip
PACKAGE = "coding_svc.domain.edits"
LONGEST = 7


@dataclass(frozen=True, slots=True)
class Family:
    """Codes that begin with one of a set of beginnings."""

    beginnings: frozenset[str]

    def has(self, code: str) -> bool:
        return any(code[:length] in self.beginnings for length in range(1, LONGEST + 1))


@cache
def family(name: ListName) -> Family:
    """A list of the editor by its name."""
    return Family(frozenset(_beginnings(name)))


def _beginnings(name: ListName) -> Iterable[str]:
    for found, codes in pairs(PACKAGE, "code_editor.txt"):
        if found == name:
            yield from codes.split()
