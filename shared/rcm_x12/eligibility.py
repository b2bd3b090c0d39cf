"""Values that 270 and 271 share: who is asked, who asks, and who the patient is."""

from dataclasses import dataclass, field
from datetime import date

from rcm_x12.values import Address, Name, QualifiedDate


@dataclass(frozen=True, slots=True)
class Trace:
    """TRN: a number that the answer repeats, and who gave it."""

    number: str
    originator_id: str
    """TRN03: ten characters, a 1 or 9 and a tax id, or the submitter's own."""
    originator_detail: str = ""
    """TRN04: a division of the originator."""
    is_answered: bool = False
    """TRN01: 1 as its originator gave it, 2 as the other side repeats it."""


@dataclass(frozen=True, slots=True)
class Identification:
    """REF: a qualifier, a number, and what the payer calls it (the name of a plan or group)."""

    qualifier: str
    value: str = field(repr=False)
    description: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ProviderRole:
    """PRV: what a provider does here (PE performing, RF referring, ...), and its taxonomy or id."""

    role_code: str
    qualifier: str = ""
    """PXC taxonomy, HPI national provider id, ..."""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Relationship:
    """INS: how the person belongs to the subscriber. Only a multiple birth needs its rank."""

    code: str
    """18 self, 01 spouse, 19 child, 34 other adult, G8 other, ..."""
    birth_rank: int | None = None
    """INS17: 1 for the first born of twins."""
    is_changed: bool = False
    """INS03 and INS04 of a 271: the payer corrects what the inquiry said."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One HI composite, without the dot."""

    code: str
    code_type: str = "ABF"
    """ABK principal (always first), ABF any other."""


@dataclass(frozen=True, slots=True)
class Industry:
    """III: a place of service (ZZ), a nature of injury (GR, NI), or a part of the body as text."""

    qualifier: str = ""
    code: str = ""
    category: str = ""
    """III03: 44 when `text` names a part of the body."""
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Source:
    """2100A: the payer, or who answers in its place."""

    name: Name
    entity_code: str = "PR"


@dataclass(frozen=True, slots=True)
class Receiver:
    """2100B: the provider, or who asks in its place."""

    name: Name
    entity_code: str = "1P"
    references: tuple[Identification, ...] = ()
    address: Address | None = None
    role: ProviderRole | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """2100C or 2100D: a subscriber or dependent, as the provider or the payer knows them."""

    name: Name = field(repr=False)
    """With the member id (MI) at 2100C; a dependent has none of its own."""
    birth_date: date | None = field(default=None, repr=False)
    sex: str = field(default="", repr=False)
    address: Address | None = field(default=None, repr=False)
    references: tuple[Identification, ...] = ()
    """6P group number, SY social security number, EJ our patient account, ..."""
    role: ProviderRole | None = None
    relationship: Relationship | None = None
    diagnoses: tuple[Diagnosis, ...] = ()
    dates: tuple[QualifiedDate, ...] = ()
    """291 plan, 346 begin of plan, 347 its end, 307 eligibility, 102 card issue, ..."""
