"""The values of a 277 response: one `Response` is one ST."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from rcm_x12.claim_status import Person
from rcm_x12.values import Contact, Name, Procedure

FINAL: Final = "F"
"""First letter of the categories that say that adjudication is over; A acknowledged, P pending, R
more data wanted, E the system failed, D0 no such claim."""


@dataclass(frozen=True, slots=True)
class StatusCode:
    """One STC composite: category, claim status, who is meant, and RX for a code of NCPDP."""

    category_code: str
    status_code: str
    entity_code: str = ""
    code_list: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """STC: one to three composites as of a day, and money where the payer tells it."""

    codes: tuple[StatusCode, ...]
    effective_on: date
    """STC02."""
    charge_cents: int | None = None
    """STC04."""
    paid_cents: int | None = None
    """STC05."""
    adjudicated_on: date | None = None
    """STC06."""
    paid_on: date | None = None
    """STC08: of the cheque or transfer."""
    payment_number: str = ""
    """STC09: the cheque or transfer."""

    @property
    def category(self) -> str:
        """First letter of the leading code: A, P, F, R, E or D."""
        return self.codes[0].category_code[:1] if self.codes else ""

    @property
    def is_final(self) -> bool:
        return self.category == FINAL


def newest(statuses: Sequence[Status]) -> Status | None:
    """The status of the latest day; of several of one day the last that was sent."""
    current: Status | None = None
    for one in statuses:
        if current is None or one.effective_on >= current.effective_on:
            current = one
    return current


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """2220: what became of a line."""

    procedure: Procedure
    charge_cents: int
    paid_cents: int
    quantity: Decimal
    statuses: tuple[Status, ...]
    service_from: date
    service_to: date | None = None
    revenue_code: str = ""
    line_control_number: str = ""
    """REF*FJ: our REF*6R."""

    @property
    def current(self) -> Status | None:
        return newest(self.statuses)


@dataclass(frozen=True, slots=True)
class ClaimStatus:
    """2200D or 2200E: what became of a claim."""

    trace_number: str
    """TRN02 of the 276; 0 when nobody asked."""
    statuses: tuple[Status, ...]
    service_from: date | None = None
    service_to: date | None = None
    payer_claim_number: str = ""
    """REF*1K."""
    patient_account_number: str = ""
    """REF*EJ: our CLM01."""
    bill_type: str = ""
    """REF*BLT."""
    prescription_number: str = ""
    """REF*XZ."""
    voucher_number: str = ""
    """REF*VV."""
    clearinghouse_trace_number: str = ""
    """REF*D9."""
    services: tuple[ServiceStatus, ...] = ()

    @property
    def current(self) -> Status | None:
        """The status that counts: a payer may tell the whole history."""
        return newest(self.statuses)


@dataclass(frozen=True, slots=True)
class Dependent:
    """2000E."""

    person: Person
    claims: tuple[ClaimStatus, ...]


@dataclass(frozen=True, slots=True)
class Subscriber:
    """2000D."""

    person: Person
    claims: tuple[ClaimStatus, ...] = ()
    dependents: tuple[Dependent, ...] = ()


@dataclass(frozen=True, slots=True)
class ResponseProvider:
    """2000C. Statuses here speak of all the provider's inquiries; claims may then be absent."""

    names: tuple[Name, ...]
    subscribers: tuple[Subscriber, ...] = ()
    statuses: tuple[Status, ...] = ()
    trace_number: str = ""
    """2200C TRN02, a number without meaning that the guide demands; 0 when empty."""


@dataclass(frozen=True, slots=True)
class ResponseReceiver:
    """2000B. Statuses here speak of the whole inquiry; all below may then be absent."""

    submitter: Name
    providers: tuple[ResponseProvider, ...] = ()
    statuses: tuple[Status, ...] = ()
    trace_number: str = ""
    """2200B TRN02: BHT03 of the 276."""


@dataclass(frozen=True, slots=True)
class ResponseSource:
    """2000A."""

    payer: Name
    receivers: tuple[ResponseReceiver, ...]
    contact: Contact | None = None
    """PER*IC: whom to call."""


@dataclass(frozen=True, slots=True)
class Response:
    """One ST."""

    reference: str
    """BHT03, the payer's own."""
    created_at: datetime
    sources: tuple[ResponseSource, ...]

    @property
    def claims(self) -> Iterator[ClaimStatus]:
        """Every claim that is answered for, in file order."""
        for source in self.sources:
            for receiver in source.receivers:
                for provider in receiver.providers:
                    for subscriber in provider.subscribers:
                        yield from subscriber.claims
                        for dependent in subscriber.dependents:
                            yield from dependent.claims
