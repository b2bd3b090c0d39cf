"""Values that several transaction sets share. Empty text means that the element was absent."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Address:
    """N3 and N4."""

    line_1: str = field(repr=False)
    city: str = field(repr=False)
    state: str = ""
    postal_code: str = field(default="", repr=False)
    """Five or nine digits without a dash in the United States."""
    line_2: str = field(default="", repr=False)
    country: str = ""
    """N404, only outside the United States."""
    country_subdivision: str = ""
    """N407."""


@dataclass(frozen=True, slots=True)
class Contact:
    """PER: a name and up to three numbers, digits only."""

    name: str = ""
    telephone: str = ""
    extension: str = ""
    fax: str = ""
    email: str = ""
    url: str = ""
    numbers: tuple[tuple[str, str], ...] = ()
    """All numbers with their qualifiers as they were sent, when the fields above cannot say it:
    another order, two of a kind, or other characters than digits."""


@dataclass(frozen=True, slots=True)
class Reference:
    """REF: a qualifier and a number."""

    qualifier: str
    value: str = field(repr=False)
    payer_id: str = ""
    """REF04: whose number it is, when not the payer's that the claim goes to."""


@dataclass(frozen=True, slots=True)
class Amount:
    """AMT: information in an 835, part of the proof in an 837's 2320."""

    qualifier: str
    cents: int


@dataclass(frozen=True, slots=True)
class Quantity:
    """QTY."""

    qualifier: str
    count: Decimal


@dataclass(frozen=True, slots=True)
class QualifiedDate:
    """DTP: a date, a range when `until` is given, or a date with a time (HHMM)."""

    qualifier: str
    on: date
    until: date | None = None
    time: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """NTE: what kind of note, and its text."""

    code: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Procedure:
    """The composite medical procedure of SV101, SVD03 and SVC01."""

    code: str
    qualifier: str = "HC"
    modifiers: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One CAS triplet. A positive amount reduces the payment, a negative one raises it."""

    group_code: str
    reason_code: str
    amount_cents: int
    quantity: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Name:
    """NM1: a person, or an organisation when `is_person` is false, with an id when it has one."""

    last_name: str = field(repr=False)
    """The organisation's name when it is one."""
    first_name: str = field(default="", repr=False)
    middle_name: str = field(default="", repr=False)
    suffix: str = field(default="", repr=False)
    is_person: bool = True
    id_qualifier: str = ""
    id: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class InpatientRemarks:
    """MIA: the whole segment as sent, MIA01 first; the remark codes are MIA05 and MIA20-23."""

    elements: tuple[str, ...]

    @property
    def remark_codes(self) -> tuple[str, ...]:
        at = (4, 19, 20, 21, 22)
        return tuple(self.elements[i] for i in at if i < len(self.elements) and self.elements[i])


@dataclass(frozen=True, slots=True)
class OutpatientRemarks:
    """MOA: reimbursement of an outpatient or professional claim, and up to five remark codes."""

    remark_codes: tuple[str, ...] = ()
    reimbursement_rate: Decimal | None = None
    hcpcs_payable_cents: int | None = None
    esrd_payment_cents: int | None = None
    professional_component_cents: int | None = None
