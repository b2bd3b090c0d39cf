"""Who appears in an 837: submitter, receiver, providers, payers, subscribers and patients."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from rcm_x12.values import Address, Contact, Reference


@dataclass(frozen=True, slots=True)
class Organization:
    """Submitter (1000A) or receiver (1000B): a name and the id agreed with the partner."""

    name: str
    """Or the last name of a person who submits for themselves."""
    id: str
    contact: Contact | None = None
    second_contact: Contact | None = None
    is_person: bool = False
    first_name: str = ""
    middle_name: str = ""


@dataclass(frozen=True, slots=True)
class Provider:
    """Any provider loop: billing, rendering, referring, facility, supervising, ordering."""

    name: str
    """Organisation, or last name of a person."""
    npi: str = ""
    is_person: bool = False
    first_name: str = ""
    middle_name: str = ""
    suffix: str = ""
    taxonomy_code: str = ""
    tax_id: str = field(default="", repr=False)
    """Nine digits: REF*EI, or REF*SY for a person who uses a social security number."""
    tax_id_qualifier: str = "EI"
    address: Address | None = None
    references: tuple[Reference, ...] = ()
    contact: Contact | None = None
    second_contact: Contact | None = None
    """Only of the billing provider."""


@dataclass(frozen=True, slots=True)
class Person:
    """A subscriber or patient. A subscriber may be an employer (workers' compensation)."""

    last_name: str = field(repr=False)
    first_name: str = field(default="", repr=False)
    middle_name: str = field(default="", repr=False)
    suffix: str = field(default="", repr=False)
    birth_date: date | None = field(default=None, repr=False)
    sex: str = field(default="", repr=False)
    """M, F or U."""
    address: Address | None = field(default=None, repr=False)
    is_person: bool = True
    death_date: date | None = field(default=None, repr=False)
    weight_pounds: Decimal | None = field(default=None, repr=False)
    is_pregnant: bool = False
    contact: Contact | None = field(default=None, repr=False)
    """PER of 2010BA and 2010CA, in property and casualty."""


@dataclass(frozen=True, slots=True)
class Payer:
    """2010BB, 2330B: NM1*PR. A plan that is to be paid (2010AC) is one with a tax id."""

    name: str
    id: str
    id_qualifier: str = "PI"
    address: Address | None = None
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class Subscriber:
    """2000B SBR and 2010BA: who holds the coverage that this claim goes to."""

    person: Person = field(repr=False)
    member_id: str = field(repr=False)
    """As on the card."""
    rank: str = "P"
    """SBR01: P, S, T, or A-H beyond the third."""
    filing_code: str = "CI"
    """SBR09."""
    group_number: str = ""
    group_name: str = ""
    """Only without a group number."""
    insurance_type_code: str = ""
    """SBR05: why Medicare is secondary."""
    references: tuple[Reference, ...] = ()
    id_qualifier: str = "MI"
    """NM108: MI, or II for a standard unique health identifier."""


@dataclass(frozen=True, slots=True)
class Dependent:
    """2000C: a patient who is not the subscriber and has no member id of their own."""

    person: Person = field(repr=False)
    relationship_code: str
    """PAT01: 01 spouse, 19 child, G8 other."""
    references: tuple[Reference, ...] = ()
