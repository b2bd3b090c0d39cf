"""A patient's payment: which claims it pays, and what stays unapplied."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal
from uuid import UUID

from patient_billing_svc.domain.account import Account, Allocation, unapplied
from patient_billing_svc.domain.charge import Charge, oldest_first
from rcm.ledger.entries import Posting
from rcm.ledger.moves import PatientClaim, move, settling

Method = Literal["card", "bank_transfer", "check", "cash"]


@dataclass(frozen=True, slots=True)
class Payment:
    """Money received from a patient."""

    payment_id: UUID
    account_id: UUID
    method: Method
    paid_cents: int
    received_on: date
    external_reference: str | None = None
    allocations: tuple[Allocation, ...] = ()

    @property
    def applied_cents(self) -> int:
        return sum(each.cents for each in self.allocations)

    @property
    def unapplied_cents(self) -> int:
        return self.paid_cents - self.applied_cents

    @property
    def settlement(self) -> str:
        """The batch in which the bank will see this money: one per method and day."""
        return f"{self.method}:{self.received_on.isoformat()}"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a payment did: the account and the touched charges after it, and the postings."""

    payment: Payment
    account: Account
    charges: tuple[Charge, ...]
    postings: tuple[Posting, ...]


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a wanted allocation cannot be; `position` is its place in the request, from 0."""

    position: int | None
    reason: str


def spread(paid_cents: int, charges: Sequence[Charge]) -> tuple[Allocation, ...]:
    """Oldest date of service first, each charge up to what is open on it."""
    left_cents = paid_cents
    allocations = []
    for each in oldest_first(charges):
        cents = min(left_cents, each.open_cents)
        if cents:
            allocations.append(Allocation(each.claim_id, cents))
            left_cents -= cents
    return tuple(allocations)


def objections(
    paid_cents: int, wanted: Sequence[Allocation], charges: Sequence[Charge]
) -> list[Objection]:
    """Every reason why these allocations cannot be made as they are given."""
    open_cents = {each.claim_id: each.open_cents for each in charges}
    found = []
    for position, each in enumerate(wanted):
        if each.claim_id not in open_cents:
            found.append(Objection(position, "is not a claim of this account"))
        elif any(other.claim_id == each.claim_id for other in wanted[:position]):
            found.append(Objection(position, "names a claim that is already named"))
        elif each.cents > open_cents[each.claim_id]:
            found.append(Objection(position, "is more than the claim still owes"))
    if sum(each.cents for each in wanted) > paid_cents:
        found.append(Objection(None, "the allocations are more than the payment"))
    return found


def receive(account: Account, payment: Payment, charges: Sequence[Charge]) -> Receipt:
    """Post a payment whose allocations were made by `spread` or passed `objections`."""
    cents_of = {each.claim_id: each.cents for each in payment.allocations}
    touched = [each for each in charges if each.claim_id in cents_of]
    postings = [
        posting
        for each in touched
        for posting in PatientClaim(each.claim_id, account.patient_id).paid(
            cents_of[each.claim_id], payment.settlement
        )
    ]
    postings += move(settling(payment.settlement), unapplied(account), payment.unapplied_cents)
    return Receipt(
        payment,
        replace(
            account,
            receivable_cents=account.receivable_cents - payment.applied_cents,
            unapplied_cents=account.unapplied_cents + payment.unapplied_cents,
        ),
        tuple(
            replace(each, open_cents=each.open_cents - cents_of[each.claim_id]) for each in touched
        ),
        tuple(postings),
    )
