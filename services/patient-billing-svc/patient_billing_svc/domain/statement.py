"""A statement: the ledger's balance of one account at one moment, claim by claim."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from patient_billing_svc.domain.account import Account
from patient_billing_svc.domain.charge import Charge, oldest_first


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One claim on a statement, with the sum that explains it."""

    claim_id: UUID
    patient_control_number: str
    date_of_service: date | None
    charge_cents: int
    discount_cents: int
    plan_paid_cents: int
    plan_pending_cents: int
    patient_paid_cents: int
    open_cents: int


@dataclass(frozen=True, slots=True)
class Statement:
    """What was asked of a patient, frozen: a statement never changes after it was issued."""

    statement_id: UUID
    account_id: UUID
    statement_number: int
    lines: tuple[StatementLine, ...]
    unapplied_cents: int
    pending_cents: int
    """Shares of claims that a payer has yet to answer for: shown, never asked for."""
    as_of: datetime
    issued_on: date
    due_on: date

    @property
    def charges_cents(self) -> int:
        return sum(line.open_cents for line in self.lines)

    @property
    def balance_cents(self) -> int:
        """The amount to pay: open charges less the patient's own unapplied money."""
        return self.charges_cents - self.unapplied_cents


def lines_of(charges: Sequence[Charge]) -> tuple[StatementLine, ...]:
    """Claims that the patient owes on and no payer is still asked about, oldest first."""
    return tuple(
        StatementLine(
            each.claim_id,
            each.patient_control_number,
            each.date_of_service,
            each.charge_cents,
            each.discount_cents,
            each.plan_paid_cents,
            each.plan_pending_cents,
            each.patient_paid_cents,
            each.open_cents,
        )
        for each in oldest_first(charges)
        if each.open_cents and each.is_billable
    )


def pending_of(charges: Sequence[Charge]) -> int:
    """What the patient may come to owe on claims that are still with a payer."""
    return sum(each.open_cents for each in charges if not each.is_billable)


def payable_cents(account: Account, charges: Sequence[Charge]) -> int:
    """What a statement of this account would ask for now; zero or less means no statement."""
    return sum(line.open_cents for line in lines_of(charges)) - account.unapplied_cents
