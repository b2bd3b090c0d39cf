"""What the edits ask of the code sets. Each set answers for one date of service; a set that was
not loaded is None, and an edit that needs it has no opinion.

The answers are values; who gives them reads immutable releases, so the same question about the
same release has the same answer for ever.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, Protocol

from coding_svc.domain.code_patterns import CodePattern

NoteKind = Literal[
    "includes", "inclusion", "excludes1", "excludes2", "code_first", "use_additional",
    "code_also", "note",
]  # fmt: skip
Setting = Literal["practitioner", "outpatient_hospital", "dme"]


@dataclass(frozen=True, slots=True)
class ReleaseName:
    """The release that an answer rests on; findings cite it."""

    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class DiagnosisCode:
    """One row of ICD-10-CM, without its dot."""

    code: str
    title: str
    parent: str
    block: str
    is_billable: bool
    seventh_of: str
    """The code whose table of 7th characters rules here; empty for none."""
    is_manifestation: bool
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """A note of the tabular list, at the code, block or chapter that holds it."""

    note_id: int
    holder: str
    kind: str
    text: str
    patterns: tuple[CodePattern, ...] = ()

    def names(self, code: str) -> bool:
        """Whether the note speaks of this code. A note that narrows in words only hints."""
        for each in self.patterns:  # noqa: SIM110 - asked ten times a diagnosis, and costs half
            if each.covers(code) and not each.is_open:
                return True
        return False


class Diagnoses(Hashable, Protocol):
    """ICD-10-CM."""

    @property
    def release(self) -> ReleaseName: ...

    @property
    def last_day(self) -> date:
        """The end of the release's fiscal year; later days have codes that it does not know."""
        ...

    def find(self, code: str) -> DiagnosisCode | None: ...

    def notes(self, code: str, kind: NoteKind) -> Sequence[Note]:
        """Those of the code, of every code above it, of its block and of its chapter."""
        ...

    def seventh_characters(self, holder: str) -> Mapping[str, str]: ...

    def children(self, code: str) -> Sequence[DiagnosisCode]:
        """The codes right below."""
        ...

    def billable_below(self, code: str, limit: int) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class ProcedureCode:
    """One HCPCS Level II code or modifier."""

    code: str
    title: str
    is_modifier: bool
    coverage: str
    added: date | None
    terminated: date | None


class Procedures(Protocol):
    """HCPCS Level II."""

    @property
    def release(self) -> ReleaseName: ...

    def find(self, code: str) -> ProcedureCode | None: ...


class Pairs(Protocol):
    """NCCI procedure-to-procedure edits of a setting."""

    @property
    def release(self) -> ReleaseName: ...

    def indicators(self, codes: frozenset[str], on: date) -> Mapping[tuple[str, str], int]:
        """0, 1 or 9 by column 1 and column 2, of the edits among these codes whose window covers
        the day."""
        ...


@dataclass(frozen=True, slots=True)
class UnitLimit:
    """An MUE. Adjudication 1 judges a line, 2 and 3 all lines of a day; 2 is absolute."""

    units: int
    adjudication: int
    rationale: str = ""


class UnitLimits(Protocol):
    """Medically unlikely edits of a setting."""

    @property
    def release(self) -> ReleaseName: ...

    def limit(self, code: str) -> UnitLimit | None: ...


@dataclass(frozen=True, slots=True)
class AddOn:
    """What an add-on code needs. Type 1 one of `primaries`, type 2 any, type 3 either."""

    type: int
    primaries: frozenset[str]


class AddOns(Protocol):
    """Add-on code edits."""

    @property
    def release(self) -> ReleaseName: ...

    def add_on(self, code: str, on: date) -> AddOn | None: ...


@dataclass(frozen=True, slots=True)
class Fee:
    """One row of the physician fee schedule. Relative values are in hundredths, the conversion
    factor in ten-thousandths of a dollar, global shares in hundredths of the whole."""

    code: str
    modifier: str
    status: str
    work: int
    practice_nonfacility: int
    practice_facility: int
    malpractice: int
    component: str
    global_days: str
    pre: int
    intra: int
    post: int
    multiple: str
    bilateral: str
    assistant: str
    co_surgeon: str
    team: str
    endoscopic_base: str
    factor: int


class Fees(Protocol):
    """The physician fee schedule."""

    @property
    def release(self) -> ReleaseName: ...

    def fee(self, code: str, modifier: str = "") -> Fee | None: ...


@dataclass(frozen=True, slots=True)
class Locality:
    """Geographic indices in thousandths."""

    contractor: str
    state: str
    locality: str
    work: int
    practice: int
    malpractice: int


class Localities(Protocol):
    """GPCIs, and the locality of a ZIP code where that file is loaded."""

    @property
    def release(self) -> ReleaseName: ...

    def locality(self, contractor: str, locality: str) -> Locality | None: ...

    def of_zip(self, postal_code: str) -> Locality | None: ...


@dataclass(frozen=True, slots=True)
class Article:
    """A billing article that speaks of a procedure. Groups are alternatives."""

    article_id: int
    version: int
    title: str
    covered: Mapping[int, frozenset[str]]
    noncovered: frozenset[str]


class Articles(Protocol):
    """Medicare billing articles."""

    @property
    def release(self) -> ReleaseName: ...

    def articles(self, procedure_code: str, contractor: str, on: date) -> Sequence[Article]: ...


class Taxonomies(Protocol):
    """Provider taxonomy."""

    @property
    def release(self) -> ReleaseName: ...

    def has(self, code: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Books:
    """The releases in force for one date of service."""

    on: date
    diagnoses: Diagnoses | None = None
    procedures: Procedures | None = None
    pairs: Mapping[Setting, Pairs] = field(default_factory=dict)
    unit_limits: Mapping[Setting, UnitLimits] = field(default_factory=dict)
    add_ons: AddOns | None = None
    fees: Fees | None = None
    localities: Localities | None = None
    articles: Articles | None = None
    taxonomies: Taxonomies | None = None
