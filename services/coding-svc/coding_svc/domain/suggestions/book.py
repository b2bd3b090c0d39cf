"""What suggestions ask of the code sets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from coding_svc.domain.codes import Diagnoses, ReleaseName


@dataclass(frozen=True, slots=True)
class Candidate:
    """A code that a search found for a phrase, and how well it fits (0 to 1)."""

    code: str
    title: str
    score: float


@dataclass(frozen=True, slots=True)
class Entry:
    """A code that has exactly the words of a phrase. `cost` grows with what was left out of the
    title to get there: 0 for nothing."""

    code: str
    cost: int


class Phrases(Protocol):
    """The words of the titles, inclusion terms and index entries of a release."""

    def knows(self, stem: str) -> bool:
        """Whether any title has the word."""
        ...

    def entries(self, bag: str) -> Sequence[Entry]:
        """Codes with exactly these words in any order, the cheapest first; see `bag_of`."""
        ...


class Searcher(Protocol):
    """Search by likeness: lexical, or semantic where that is installed."""

    @property
    def is_semantic(self) -> bool: ...

    @property
    def release(self) -> ReleaseName: ...

    def search(self, phrases: Sequence[str], limit: int) -> Sequence[Sequence[Candidate]]:
        """The best codes for each phrase, best first."""
        ...

    def near(self, phrases: Sequence[str], limit: int) -> Sequence[Sequence[Candidate]]:
        """The codes nearest in meaning alone; nothing where the search is lexical. Cheap enough to
        be asked of everything that a note says."""
        ...


class ServiceSearcher(Protocol):
    """A list of services, searched by its own words."""

    @property
    def release(self) -> ReleaseName: ...

    def services(self, stems: frozenset[str], limit: int) -> Sequence[Candidate]:
        """Services most of whose words are among these, best first."""
        ...


@dataclass(frozen=True, slots=True)
class SuggestionBook:
    """The code sets that can be suggested from; None for one that was not loaded."""

    diagnoses: Diagnoses
    phrases: Phrases
    searcher: Searcher
    procedures: ServiceSearcher | None = None
    """HCPCS Level II."""
    chargemaster: ServiceSearcher | None = None
    """The tenant's own services."""
