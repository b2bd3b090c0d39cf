"""A patient's account: what a decision or a payment moves, as ledger postings.

AR_PATIENT per claim is what is open; PATIENT_TRANSFER per claim is the patient's whole share and
must agree with the payers' books; UNAPPLIED is the patient's money that no claim takes.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from patient_billing_svc.domain.charge import Charge
from rcm.ledger.accounts import Account as LedgerAccount
from rcm.ledger.accounts import AccountCode
from rcm.ledger.entries import Posting
from rcm.ledger.moves import PatientClaim, within


@dataclass(frozen=True, slots=True)
class Account:
    """One patient's money at one organisation."""

    tenant_id: UUID
    account_id: UUID
    patient_id: UUID
    receivable_cents: int = 0
    unapplied_cents: int = 0

    @property
    def balance_cents(self) -> int:
        """What the patient owes; negative when we hold more of their money than they owe."""
        return self.receivable_cents - self.unapplied_cents


@dataclass(frozen=True, slots=True)
class Allocation:
    """Patient's money put on a claim; negative when it comes off again."""

    claim_id: UUID
    cents: int


@dataclass(frozen=True, slots=True)
class Step:
    """What one decision did: the account and the charge after it, and how the money moved."""

    account: Account
    charge: Charge
    postings: tuple[Posting, ...]
    allocations: tuple[Allocation, ...]
    change_cents: int


def charge(account: Account, before: Charge | None, after: Charge) -> Step:
    """Post the difference between the patient's old and new share of a claim.

    A higher share takes unapplied money first; a lower one gives back what was paid too much.
    """
    open_cents = before.open_cents if before else 0
    change_cents = after.due_cents - (before.due_cents if before else 0)
    claim = PatientClaim(after.claim_id, account.patient_id)
    postings = claim.share_changed(change_cents, open_cents=open_cents)
    if change_cents >= 0:
        wanted_cents = open_cents + change_cents if change_cents else 0
        moved_cents = min(account.unapplied_cents, wanted_cents)
        postings += claim.applied(moved_cents)
        open_cents += change_cents - moved_cents
    else:
        gone_cents, overpaid_cents = within(open_cents, -change_cents)
        moved_cents = -overpaid_cents
        open_cents -= gone_cents
    return Step(
        _after(account, change_cents=change_cents, moved_cents=moved_cents),
        replace(after, open_cents=open_cents),
        postings,
        (Allocation(after.claim_id, moved_cents),) if moved_cents else (),
        change_cents,
    )


def _after(account: Account, *, change_cents: int, moved_cents: int) -> Account:
    """`moved_cents` went from unapplied to the receivable, or back when negative."""
    return replace(
        account,
        receivable_cents=account.receivable_cents + change_cents - moved_cents,
        unapplied_cents=account.unapplied_cents - moved_cents,
    )


def unapplied(account: Account) -> LedgerAccount:
    """The patient's money that no claim takes: one ledger account for all claims."""
    return LedgerAccount(AccountCode.UNAPPLIED, patient_id=account.patient_id)
