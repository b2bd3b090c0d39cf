"""What is suggested, and what may be set."""

from dataclasses import dataclass
from typing import Literal

from coding_svc.domain.codes import ReleaseName
from coding_svc.domain.notes import Span, Status

System = Literal["icd10cm", "icd10pcs", "hcpcs", "chargemaster"]
Method = Literal["lexicon", "title", "index", "search", "semantic", "combination", "guideline"]
AskKind = Literal["side", "type", "encounter", "first", "additional", "link", "cause"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a code is here or why it is this one: a stable name, and a sentence with its source."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Ask:
    """What the note does not say and the code needs; `choices` are the codes that would follow."""

    kind: AskKind
    text: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Competitor:
    """A code that fits the same words, less well."""

    code: str
    title: str
    score: float


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One code for a coder to take, change or refuse. Codes have no dot."""

    code: str
    system: System
    title: str
    evidence: tuple[Span, ...]
    """Characters of the note; the strongest first."""
    assertion: Status
    method: Method
    score: float
    """From 0 to 1. An order, not a probability, until a tenant's own figures calibrate it."""
    release: ReleaseName
    competing: tuple[Competitor, ...] = ()
    reasons: tuple[Reason, ...] = ()
    asks: tuple[Ask, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to ask that would change the code."""
        return not any(ask.kind in {"side", "type", "encounter"} for ask in self.asks)


@dataclass(frozen=True, slots=True)
class SuggestionSettings:
    """How a note is read."""

    is_inpatient: bool = False
    """At discharge of an inpatient, what is probable is coded as if it were so (II.H); an
    outpatient's is not (IV.H)."""
    with_unasserted: bool = False
    """Also what is denied, the family's or uncertain, marked so: for measuring, and for showing a
    coder why a code is not there."""
    limit: int = 25
    minimum_score: float = 0.0


OUTPATIENT = SuggestionSettings()
