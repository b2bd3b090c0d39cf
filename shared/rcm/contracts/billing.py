"""Events of patient-billing-svc: what patients owe and what they paid."""

from datetime import date, datetime
from uuid import UUID

from rcm.contracts.base import Event, Topic
from rcm.money import Cents, PositiveCents

ACCOUNTS = Topic("billing.account.v1", "patient-billing-svc", "A patient account's money.")


class PatientBalanceChanged(Event, topic=ACCOUNTS, key="account_id"):
    """The account owes more or less than before, and because of which claim."""

    account_id: UUID
    patient_id: UUID
    claim_id: UUID | None
    change_cents: Cents
    balance_cents: Cents
    reason: str
    changed_at: datetime


class StatementIssued(Event, topic=ACCOUNTS, key="account_id"):
    """A statement went out; its total is the ledger's balance at `as_of`."""

    account_id: UUID
    statement_id: UUID
    balance_cents: PositiveCents
    as_of: datetime
    due_on: date
    issued_at: datetime


class PatientPaymentReceived(Event, topic=ACCOUNTS, key="account_id"):
    """The patient paid. What no claim takes stays on the account as unapplied."""

    account_id: UUID
    payment_id: UUID
    paid_cents: PositiveCents
    applied_cents: PositiveCents
    unapplied_cents: PositiveCents
    method: str
    received_at: datetime


class RefundIssued(Event, topic=ACCOUNTS, key="account_id"):
    """Money went back to the patient."""

    account_id: UUID
    refund_id: UUID
    refund_cents: PositiveCents
    reason: str
    issued_at: datetime


class AccountPlacedOnHold(Event, topic=ACCOUNTS, key="account_id"):
    """No statement and no collection until the hold is lifted."""

    account_id: UUID
    reason: str
    until: date | None = None
    placed_at: datetime
