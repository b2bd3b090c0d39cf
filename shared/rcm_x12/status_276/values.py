"""The values of a 276: one `Inquiry` is one ST."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from rcm_x12.claim_status import Person
from rcm_x12.values import Name, Procedure


@dataclass(frozen=True, slots=True)
class ServiceInquiry:
    """2210: a line that is asked about."""

    procedure: Procedure
    charge_cents: int
    quantity: Decimal
    service_from: date
    service_to: date | None = None
    revenue_code: str = ""
    line_control_number: str = ""
    """REF*FJ: our REF*6R."""


@dataclass(frozen=True, slots=True)
class ClaimInquiry:
    """2200: a claim that is asked about."""

    trace_number: str
    """TRN02: unique for good; the 277 repeats it."""
    service_from: date | None = None
    service_to: date | None = None
    charge_cents: int | None = None
    """AMT*T3: what the claim asked for."""
    payer_claim_number: str = ""
    """REF*1K."""
    patient_account_number: str = ""
    """REF*EJ: our CLM01."""
    bill_type: str = ""
    """REF*BLT, institutional."""
    group_number: str = ""
    """REF*6P."""
    location_number: str = ""
    """REF*LU: where the payer applied what it knows of the provider."""
    prescription_number: str = ""
    """REF*XZ."""
    clearinghouse_trace_number: str = ""
    """REF*D9."""
    services: tuple[ServiceInquiry, ...] = ()


@dataclass(frozen=True, slots=True)
class Dependent:
    """2000E: a patient who is known through the subscriber."""

    person: Person
    claims: tuple[ClaimInquiry, ...]


@dataclass(frozen=True, slots=True)
class Subscriber:
    """2000D: the patient, or who insures the dependents below (then without claims)."""

    person: Person
    claims: tuple[ClaimInquiry, ...] = ()
    dependents: tuple[Dependent, ...] = ()


@dataclass(frozen=True, slots=True)
class InquiryProvider:
    """2000C: the billing provider of the claims, under one id or two."""

    names: tuple[Name, ...]
    subscribers: tuple[Subscriber, ...]


@dataclass(frozen=True, slots=True)
class InquiryReceiver:
    """2000B: who asks, and gets the answer."""

    submitter: Name
    providers: tuple[InquiryProvider, ...]


@dataclass(frozen=True, slots=True)
class InquirySource:
    """2000A."""

    payer: Name
    receivers: tuple[InquiryReceiver, ...]


@dataclass(frozen=True, slots=True)
class Inquiry:
    """One ST."""

    reference: str
    """BHT03, the sender's own."""
    created_at: datetime
    sources: tuple[InquirySource, ...]

    @property
    def claims(self) -> Iterator[ClaimInquiry]:
        """Every claim that is asked about, in file order."""
        for source in self.sources:
            for receiver in source.receivers:
                for provider in receiver.providers:
                    for subscriber in provider.subscribers:
                        yield from subscriber.claims
                        for dependent in subscriber.dependents:
                            yield from dependent.claims


def ask(
    reference: str,
    created_at: datetime,
    *,
    payer: Name,
    submitter: Name,
    provider: Name,
    subscribers: tuple[Subscriber, ...],
) -> Inquiry:
    """An inquiry of one provider to one payer."""
    asking = InquiryReceiver(submitter, (InquiryProvider((provider,), subscribers),))
    return Inquiry(reference, created_at, (InquirySource(payer, (asking,)),))
