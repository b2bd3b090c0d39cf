"""Builds what pays: one remittance per payer and billing provider, and what it leaves behind."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Final

from pydantic import TypeAdapter

from payer_twin.plan import Delivery
from rcm_x12.claim.parties import Payer, Provider
from rcm_x12.remittance_835 import (
    BankAccount,
    ClaimPayment,
    Header,
    Payee,
    ProviderAdjustment,
    Remittance,
)
from rcm_x12.remittance_835 import Payer as PayerOf835
from rcm_x12.values import Address, Contact, Reference

FORWARD_BALANCE: Final = "FB"
PLAIN_DELIVERY: Final = Delivery()
_ADDRESS = Address("1 ASSURANCE PLAZA", "COLUMBUS", "OH", "432150001")
_CONTACT = Contact("EDI SUPPORT", telephone="8005550142")


@dataclass(frozen=True, slots=True)
class Route:
    """Back to where the claim came from: envelope addresses, seen from the payer."""

    sender_id: str
    receiver_id: str
    sender_qualifier: str
    receiver_qualifier: str
    application_sender: str
    application_receiver: str
    usage: str


@dataclass(frozen=True, slots=True)
class Item:
    """What one step of one claim puts into an 835."""

    route: Route
    payer: Payer
    provider: Provider
    claims: tuple[ClaimPayment, ...] = field(default=(), repr=False)
    cuts: tuple[tuple[str, int, str], ...] = ()
    """PLB: reason, cents, reference."""
    decision: ClaimPayment | None = field(default=None, repr=False)
    """What the claim was paid in all, when this is its payment."""
    is_reversal: bool = False
    set_key: str = ""
    """Items of one key share an ST; the empty one is everybody's of the same payer and provider."""
    file_key: str = ""
    delivery: Delivery = PLAIN_DELIVERY


ITEM: Final = TypeAdapter(Item)
PAYMENT: Final = TypeAdapter(ClaimPayment)


@dataclass(frozen=True, slots=True)
class Cycle:
    """What one payer pays one provider in one go."""

    payer: Payer
    provider: Provider
    claims: tuple[ClaimPayment, ...]
    cuts: tuple[tuple[str, int, str], ...] = ()
    owed_cents: int = 0
    """What earlier cycles left for this one to take back."""
    owed_reference: str = ""


@dataclass(frozen=True, slots=True)
class Paid:
    """A remittance and what it leaves for the next cycle."""

    remittance: Remittance
    owed_cents: int


def remittance(cycle: Cycle, trace_number: str, at: datetime) -> Paid:
    """One ST. A payment is never negative: the shortfall is carried forward by PLB*FB."""
    period = date(at.year, 12, 31)
    npi = cycle.provider.npi or cycle.provider.tax_id
    cuts = list(cycle.cuts)
    total = sum(claim.paid_cents for claim in cycle.claims) - sum(cut[1] for cut in cuts)
    owed = cycle.owed_cents
    if total < 0:
        cuts.append((FORWARD_BALANCE, total, trace_number))
        owed -= total
    elif owed:
        taken = min(owed, total)
        if taken:
            cuts.append((FORWARD_BALANCE, taken, cycle.owed_reference))
        owed -= taken
    adjustments = tuple(ProviderAdjustment(npi, period, *cut) for cut in cuts)
    payment = sum(claim.paid_cents for claim in cycle.claims) - sum(cut[1] for cut in cuts)
    header = _header(cycle, payment, trace_number, at)
    return Paid(Remittance(header, cycle.claims, adjustments), owed)


def shares_set(items: Iterable[Item]) -> bool:
    """Whether forward balances may be recovered here: not from claims that stand apart."""
    return all(not item.set_key for item in items)


def _header(cycle: Cycle, payment_cents: int, trace_number: str, at: datetime) -> Header:
    payer, provider = cycle.payer, cycle.provider
    company = "1" + _digits(payer.id)
    moves = payment_cents > 0
    tax_id = (Reference("TJ", provider.tax_id),) if provider.npi and provider.tax_id else ()
    return Header(
        payment_cents=payment_cents,
        payment_method="ACH" if moves else "NON",
        effective_on=at.date() + timedelta(days=1),
        trace_number=trace_number,
        originating_company_id=company,
        payer=PayerOf835(
            payer.name,
            address=_ADDRESS,
            references=(Reference("2U", payer.id),),
            technical_contact=_CONTACT,
        ),
        payee=Payee(
            provider.name if not provider.is_person else f"{provider.first_name} {provider.name}",
            provider.npi or provider.tax_id,
            "XX" if provider.npi else "FI",
            provider.address,
            tax_id,
        ),
        handling_code="I" if moves else "H",
        payment_format="CCP" if moves else "",
        sender_account=BankAccount("01", "999999992", "DA", "1000200030") if moves else None,
        sender_company_id=company if moves else "",
        receiver_account=BankAccount("01", "999988880", "DA", "5000600070") if moves else None,
        produced_on=at.date(),
    )


def _digits(text: str) -> str:
    """Nine digits that stand for a payer's tax id."""
    return f"{int(sha256(text.encode()).hexdigest(), 16) % 1_000_000_000:09d}"
