"""Builds what goes back: 277CA per batch, and one remittance per payer and billing provider.

The 999 comes from the codec's own findings. Times on the answers come from the interchange that is
answered, not from a wall clock, so the same file in the same state gets the same bytes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256

from payer_twin.scenarios import Rejection, Scenario
from rcm_x12.claim_837p import Batch, Claim, Payer, Provider
from rcm_x12.remittance_835 import (
    BankAccount,
    ClaimPayment,
    Header,
    Payee,
    ProviderAdjustment,
    Remittance,
)
from rcm_x12.remittance_835 import Payer as PayerOf835
from rcm_x12.status_277ca import (
    ClaimAcknowledgment,
    ClaimStatus,
    ProviderStatus,
    Status,
    StatusCode,
    Totals,
)
from rcm_x12.values import Address, Contact, Name, Reference

_ADDRESS = Address("1 ASSURANCE PLAZA", "COLUMBUS", "OH", "432150001")
_CONTACT = Contact("EDI SUPPORT", telephone="8005550142")


@dataclass(frozen=True, slots=True)
class Decision:
    """One received claim, what the table says, and the number the payer gave it."""

    claim: Claim
    scenario: Scenario
    payer_claim_number: str
    """Empty when the claim was rejected."""
    rejection: Rejection | None = None


def claim_acknowledgment(
    batch: Batch, decisions: Sequence[Decision], at: datetime, number: str
) -> ClaimAcknowledgment:
    """The 277CA of one batch."""
    payers = {decision.claim.payer for decision in decisions}
    payer = next(iter(payers)) if len(payers) == 1 else Payer("PAYER TWIN", "PAYERTWIN")
    day = at.date()
    taken = _status(StatusCode("A1", "19", "PR"), day, batch_cents(decisions))
    return ClaimAcknowledgment(
        reference=number,
        created_at=at,
        source=Name(payer.name, is_person=False, id_qualifier="PI", id=payer.id),
        source_entity_code="PR",
        source_trace_number=number,
        received_on=day,
        processed_on=day,
        receiver=Name(
            batch.submitter.name, is_person=False, id_qualifier="46", id=batch.submitter.id
        ),
        batch_reference=batch.reference,
        statuses=(taken,),
        totals=_totals(decisions),
        providers=tuple(_provider(group, day) for group in _by_provider(decisions)),
    )


def batch_cents(decisions: Iterable[Decision]) -> int:
    return sum(decision.claim.charge_cents for decision in decisions)


def _totals(decisions: Sequence[Decision]) -> Totals:
    refused = [one for one in decisions if one.rejection]
    taken = [one for one in decisions if not one.rejection]
    return Totals(
        len(taken) or None,
        len(refused) or None,
        batch_cents(taken) if taken else None,
        batch_cents(refused) if refused else None,
    )


def _by_provider(decisions: Iterable[Decision]) -> Iterable[list[Decision]]:
    groups: dict[Provider, list[Decision]] = {}
    for decision in decisions:
        groups.setdefault(decision.claim.billing_provider, []).append(decision)
    return groups.values()


def _provider(decisions: list[Decision], day: date) -> ProviderStatus:
    provider = decisions[0].claim.billing_provider
    taken = _status(StatusCode("A1", "19", "PR"), day, batch_cents(decisions))
    return ProviderStatus(
        provider=Name(
            provider.name,
            provider.first_name,
            provider.middle_name,
            provider.suffix,
            provider.is_person,
            "XX" if provider.npi else "FI",
            provider.npi or provider.tax_id,
        ),
        claims=tuple(_claim(decision, day) for decision in decisions),
        trace_number="0",
        statuses=(taken,),
        totals=_totals(decisions),
    )


def _claim(decision: Decision, day: date) -> ClaimStatus:
    claim = decision.claim
    person = claim.dependent.person if claim.dependent else claim.subscriber.person
    refused = decision.rejection
    code = StatusCode("A2", "20", "PR")
    if refused:
        code = StatusCode(refused.category_code, refused.status_code, refused.entity_code)
    days = [line.service_from for line in claim.lines]
    return ClaimStatus(
        patient=Name(
            person.last_name,
            person.first_name,
            person.middle_name,
            person.suffix,
            id_qualifier="MI",
            id=claim.subscriber.member_id,
        ),
        control_number=claim.control_number,
        statuses=(_status(code, day, claim.charge_cents, refused=refused is not None),),
        payer_claim_number=decision.payer_claim_number,
        service_from=min(days),
        service_to=max(line.service_to or line.service_from for line in claim.lines),
    )


def _status(code: StatusCode, day: date, amount_cents: int, *, refused: bool = False) -> Status:
    return Status((code,), day, "U" if refused else "WQ", amount_cents)


@dataclass(frozen=True, slots=True)
class Cycle:
    """What one payer pays one provider in one go."""

    payer: Payer
    provider: Provider
    claims: tuple[ClaimPayment, ...]
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
    total = sum(claim.paid_cents for claim in cycle.claims)
    adjustments: list[ProviderAdjustment] = []
    period = date(at.year, 12, 31)
    npi = cycle.provider.npi or cycle.provider.tax_id
    owed = cycle.owed_cents
    if total < 0:
        adjustments.append(ProviderAdjustment(npi, period, "FB", total, trace_number))
        owed -= total
    elif owed:
        taken = min(owed, total)
        if taken:
            adjustments.append(ProviderAdjustment(npi, period, "FB", taken, cycle.owed_reference))
        owed -= taken
    payment = total - sum(one.amount_cents for one in adjustments)
    header = _header(cycle, payment, trace_number, at)
    return Paid(Remittance(header, cycle.claims, tuple(adjustments)), owed)


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
