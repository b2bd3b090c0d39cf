"""What the edits judge."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import wraps
from typing import Any, Literal, TypeVar

from coding_svc.domain.codes import Books, DiagnosisCode, Setting
from coding_svc.domain.encounter import CodedDiagnosis, CodedLine, Coding

T = TypeVar("T")
Sex = Literal["M", "F", "U"]
FACILITY_PLACES = frozenset(
    {"19", "21", "22", "23", "24", "26", "31", "34", "41", "42", "51", "52", "53", "56", "61"}
)
"""Places of service where the fee schedule pays the facility amount (CMS)."""


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """What of a patient matters to a code; names nobody."""

    birth_date: date = field(repr=False)
    sex: Sex = "U"

    def age_years(self, on: date) -> int:
        had_birthday = (on.month, on.day) >= (self.birth_date.month, self.birth_date.day)
        return on.year - self.birth_date.year - (not had_birthday)

    def age_days(self, on: date) -> int:
        return (on - self.birth_date).days


@dataclass(frozen=True, slots=True)
class PastService:
    """A service of another claim of the same patient, by the same provider or group."""

    procedure_code: str
    date_of_service: date
    quantity: Decimal = Decimal(1)
    modifiers: tuple[str, ...] = ()
    diagnosis_codes: tuple[str, ...] = ()
    is_same_provider: bool = True


def once_a_case(work: Callable[["Case"], Iterable[T]]) -> Callable[["Case"], tuple[T, ...]]:
    """What several rules ask of a case is worked out for the first of them."""

    @wraps(work)
    def found(case: "Case") -> tuple[T, ...]:
        known: tuple[T, ...] | None = case.worked_out.get(work)
        if known is None:
            known = case.worked_out[work] = tuple(work(case))
        return known

    return found


@dataclass(frozen=True, slots=True)
class Case:
    """One coding and what surrounds it."""

    coding: Coding
    books: Books
    patient: PatientFacts | None = None
    history: tuple[PastService, ...] = ()
    setting: Setting = "practitioner"
    contractor: str = ""
    """The MAC that judges medical necessity; empty where no Medicare rules apply."""
    is_inpatient: bool = False
    worked_out: dict[Any, Any] = field(default_factory=dict, init=False, compare=False, repr=False)
    """By `once_a_case`."""

    @property
    def day(self) -> date:
        """The day that decides which codes are valid: discharge for an inpatient, else service."""
        coding = self.coding
        return (self.is_inpatient and coding.end_date_of_service) or coding.date_of_service

    @property
    def is_medicare(self) -> bool:
        """Whether the primary coverage is Medicare Part A or B."""
        return _is_medicares(self.coding)

    @once_a_case
    def known_diagnoses(self) -> Iterator[tuple[int, DiagnosisCode]]:
        """Position (from 1) and row of each diagnosis that the release knows."""
        book = self.books.diagnoses
        for position, diagnosis in enumerate(self.coding.diagnoses, start=1):
            found = book.find(diagnosis.code) if book else None
            if found:
                yield position, found

    def place_of(self, line: CodedLine) -> str:
        return line.place_of_service_code or self.coding.place_of_service_code

    def is_facility(self, line: CodedLine) -> bool:
        return self.place_of(line) in FACILITY_PLACES

    def pointed(self, line: CodedLine) -> list[CodedDiagnosis]:
        """The diagnoses that a line points at, in its order."""
        diagnoses = self.coding.diagnoses
        return [diagnoses[at] for at in line.diagnosis_pointers if 0 <= at < len(diagnoses)]


def numbered(lines: Sequence[CodedLine]) -> Iterator[tuple[int, CodedLine]]:
    """Lines as people count them."""
    return enumerate(lines, start=1)


def same_provider(coding: Coding, other: Coding) -> bool:
    """Whether two codings are of one provider as a payer counts: of one person, and for Medicare of
    one group and specialty (claims processing manual ch. 12 §30.6.5)."""
    one, two = (each.rendering_provider or each.billing_provider for each in (coding, other))
    is_one_specialty = one.taxonomy_code is not None and one.taxonomy_code == two.taxonomy_code
    is_one_group = coding.billing_provider.npi == other.billing_provider.npi
    return one.npi == two.npi or (_is_medicares(coding) and is_one_group and is_one_specialty)


def _is_medicares(coding: Coding) -> bool:
    primary = [each for each in coding.coverages if each.rank == "primary"]
    return bool(primary) and primary[0].filing_code in {"MA", "MB"}
