"""A coverage asked about, and what the payer says of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from payer_gateway.domain.eligibility_words import (
    FOLLOW_UP_WORDS,
    INFORMATION_WORDS,
    LEVEL_WORDS,
    NETWORK_WORDS,
    PERIOD_WORDS,
    REJECT_WORDS,
    REMAINING_PERIODS,
    RETRY_CODES,
)
from payer_gateway.domain.inquiry import Inquiry, next_attempt

CoverageStatus = Literal["active", "inactive", "unclear", "rejected"]
ErrorLevel = Literal["payer", "provider", "subscriber", "dependent"]
WHOLE_PLAN = "30"
"""The service type that means the plan as a whole."""
SERVICE_TYPES_MAX = 99


@dataclass(frozen=True, slots=True)
class AskedPerson:
    """Whom the question is about. Kept sealed, never shown in a log."""

    last_name: str = field(default="", repr=False)
    first_name: str = field(default="", repr=False)
    middle_name: str = field(default="", repr=False)
    birth_date: date | None = field(default=None, repr=False)
    sex: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class EligibilityQuestion:
    """A 270: one person's coverage with one payer on one day."""

    payer_name: str
    provider_npi: str
    provider_name: str
    service_date: date
    service_type_codes: tuple[str, ...]
    member_id: str = field(repr=False)
    subscriber: AskedPerson = field(repr=False)
    dependent: AskedPerson | None = field(default=None, repr=False)
    relationship_code: str = ""
    group_number: str = field(default="", repr=False)
    provider_first_name: str = ""


@dataclass(frozen=True, slots=True)
class Period:
    """A DTP beneath a benefit, or beneath the person."""

    qualifier: str
    starts_on: date
    ends_on: date | None = None


@dataclass(frozen=True, slots=True)
class Entity:
    """Whom a benefit speaks of: another payer, a primary care provider, a vendor, a contact."""

    code: str
    name: str = field(repr=False)
    id: str = field(default="", repr=False)
    telephones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Benefit:
    """One EB loop: what a person has or owes, for which services, when, and in which network."""

    information_code: str
    coverage_level_code: str = ""
    service_type_codes: tuple[str, ...] = ()
    insurance_type_code: str = ""
    plan_name: str = ""
    period_code: str = ""
    amount_cents: int | None = None
    share_ppm: int | None = None
    """EB08, exact, in millionths of the charge: 200000 is a fifth."""
    quantity_qualifier: str = ""
    quantity: Decimal | None = None
    authorization_required: bool | None = None
    network_code: str = ""
    procedure_code: str = ""
    periods: tuple[Period, ...] = ()
    messages: tuple[str, ...] = field(default=(), repr=False)
    entities: tuple[Entity, ...] = field(default=(), repr=False)

    @property
    def information(self) -> str:
        return INFORMATION_WORDS.get(self.information_code, self.information_code)

    @property
    def coverage_level(self) -> str | None:
        return _words(LEVEL_WORDS, self.coverage_level_code)

    @property
    def period(self) -> str | None:
        return _words(PERIOD_WORDS, self.period_code)

    @property
    def network(self) -> str | None:
        return _words(NETWORK_WORDS, self.network_code)

    @property
    def is_remaining(self) -> bool:
        """What is left of an amount or a number, not the whole of it."""
        return self.period_code in REMAINING_PERIODS


def _words(table: Mapping[str, str], code: str) -> str | None:
    return table.get(code, code) if code else None


@dataclass(frozen=True, slots=True)
class EligibilityError:
    """One AAA: why the payer does not answer, at which level, and what to do about it."""

    level: ErrorLevel
    code: str
    follow_up_code: str

    @property
    def reason(self) -> str:
        return REJECT_WORDS.get(self.code, f"reason {self.code}")

    @property
    def follow_up(self) -> str | None:
        return _words(FOLLOW_UP_WORDS, self.follow_up_code)

    @property
    def may_pass(self) -> bool:
        """The same question may be answered later: the payer was busy, and does not forbid it."""
        return self.code in RETRY_CODES and self.follow_up_code in {"", "R", "P", "W", "X", "Y"}


@dataclass(frozen=True, slots=True)
class EligibilityAnswer:
    """What one 271 says of the person whom we asked about."""

    benefits: tuple[Benefit, ...] = ()
    errors: tuple[EligibilityError, ...] = ()
    periods: tuple[Period, ...] = ()
    """The plan's own dates, at the person."""
    person: AskedPerson | None = field(default=None, repr=False)
    """As the payer has it: a dependent may come back as a subscriber."""
    member_id: str = field(default="", repr=False)
    group_number: str = field(default="", repr=False)
    answered_as_subscriber: bool = True

    @property
    def coverage_status(self) -> CoverageStatus:
        """Active or inactive as the payer says of the plan (service type 30), else of any service;
        a payer that says neither leaves it unclear."""
        for benefits in (self._of_plan(), self.benefits):
            codes = {each.information_code for each in benefits}
            if codes & ACTIVE:
                return "active"
            if codes & INACTIVE:
                return "inactive"
        return "rejected" if self.errors and not self.benefits else "unclear"

    @property
    def error_codes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(each.code for each in self.errors))

    def _of_plan(self) -> Sequence[Benefit]:
        return [each for each in self.benefits if WHOLE_PLAN in each.service_type_codes]

    @property
    def may_be_asked_again(self) -> bool:
        """Nothing but passing troubles stands in the way of an answer."""
        return (
            not self.benefits and bool(self.errors) and all(each.may_pass for each in self.errors)
        )


ACTIVE = frozenset({"1", "2", "3", "4", "5"})
INACTIVE = frozenset({"6", "7", "8"})


@dataclass(frozen=True, slots=True)
class EligibilityCheck:
    """A question about a coverage, and its answer once there is one."""

    inquiry: Inquiry
    patient_id: UUID | None
    provider_npi: str
    service_date: date
    service_type_codes: tuple[str, ...]
    coverage_status: CoverageStatus | None
    error_codes: tuple[str, ...]
    answer: EligibilityAnswer | None = field(default=None, repr=False)
    question: EligibilityQuestion | None = field(default=None, repr=False)


def retry_at(answer: EligibilityAnswer, attempts: int, *, at: datetime) -> datetime | None:
    """When to ask again after an answer that is none."""
    return next_attempt(attempts, at=at) if answer.may_be_asked_again else None
