"""What a 271 says: benefits, and the rejections that stand in their place."""

from dataclasses import dataclass, field
from decimal import Decimal

from rcm_x12.eligibility import Identification, Industry, ProviderRole
from rcm_x12.values import Address, Contact, Name, Procedure, QualifiedDate

_ACTIVE = frozenset({"1", "2", "3", "4", "5"})
_INACTIVE = frozenset({"6", "7", "8"})
_REMAINING = "29"


@dataclass(frozen=True, slots=True)
class Rejection:
    """AAA: why a level cannot be answered, and what to do about it."""

    reason_code: str
    """72 member id, 73 name, 71 birth date, 75 not found, 42 try later, ..."""
    follow_up_code: str
    """C correct and send again, N do not send again, R may be sent again, S and Y: wait, ..."""
    is_valid_request: bool = False
    """AAA01 Y: the request was in order, and still cannot be answered."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """HSD: how many visits, days or hours, in what period."""

    quantity_qualifier: str = ""
    """VS visits, DY days, HS hours, MN months, FL units."""
    quantity: Decimal | None = None
    measure_code: str = ""
    """HSD03: per DA day, WK week, MO month, YR year, VS visit."""
    sampling: Decimal | None = None
    """HSD04."""
    period_code: str = ""
    """HSD05, as EB06."""
    period_count: int | None = None
    frequency_code: str = ""
    """HSD07."""
    pattern_code: str = ""
    """HSD08."""


@dataclass(frozen=True, slots=True)
class Entity:
    """2120: whom a benefit speaks of: another payer, a primary care provider, a vendor, ..."""

    entity_code: str
    """P3 primary care, PR payer, PRP primary payer, SEP secondary, VN vendor, IL insured, ..."""
    name: Name
    relationship_code: str = ""
    """NM110."""
    address: Address | None = None
    contacts: tuple[Contact, ...] = ()
    role: ProviderRole | None = None


@dataclass(frozen=True, slots=True)
class Benefit:
    """2110: one EB. Its meaning depends on level, service types, period and network together."""

    code: str
    """EB01: 1-5 active, 6-8 inactive, A co-insurance, B co-payment, C deductible, F limitation,
    G out of pocket, I not covered, L primary care, R another payer, U contact, ..."""
    coverage_level_code: str = ""
    """EB02: IND, FAM, EMP, ..."""
    service_type_codes: tuple[str, ...] = ()
    """EB03, repeating."""
    insurance_type_code: str = ""
    """EB04: HM, PR, MA, MB, MC, ..."""
    plan_name: str = ""
    """EB05."""
    period_code: str = ""
    """EB06: 23 calendar year, 24 year to date, 27 visit, 29 remaining, 32 lifetime, ..."""
    amount_cents: int | None = None
    """EB07."""
    share_ppm: int | None = None
    """EB08: what the patient bears, in millionths; 200000 is 20 %."""
    quantity_qualifier: str = ""
    """EB09."""
    quantity: Decimal | None = None
    """EB10."""
    authorization: str = ""
    """EB11: Y needed, N not needed, U unknown; empty when the payer does not say."""
    network: str = ""
    """EB12: Y in network, N out of it, W both alike, U unknown; empty when it is not said."""
    procedure: Procedure | None = None
    """EB13."""
    diagnosis_pointers: tuple[int, ...] = ()
    """EB14."""
    deliveries: tuple[Delivery, ...] = ()
    references: tuple[Identification, ...] = ()
    dates: tuple[QualifiedDate, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    messages: tuple[str, ...] = field(default=(), repr=False)
    """MSG, free text of the payer."""
    industries: tuple[Industry, ...] = ()
    """2115: III, one a loop."""
    entities: tuple[Entity, ...] = ()
    """2120, within LS and LE."""

    @property
    def is_active(self) -> bool:
        return self.code in _ACTIVE

    @property
    def is_inactive(self) -> bool:
        return self.code in _INACTIVE

    @property
    def is_remaining(self) -> bool:
        """The amount or quantity is what is left, not what the plan has."""
        return self.period_code == _REMAINING
