"""A deposit, and when it is a remittance's: same trace, same payer's company, same cents."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Literal
from uuid import UUID

from payer_gateway.domain.deposits.calendar import business_days_between
from rcm.contracts.payer import DepositMatched, DepositUnmatched

LATE_AFTER_DAYS = 3
"""Business days between a remittance and its transfer, either way (CAQH CORE 370)."""
SUGGESTED_WITHIN = timedelta(days=14)
"""How far apart date and effective date may be where only the cents agree."""


class DepositStatus(StrEnum):
    OPEN = "open"
    MATCHED = "matched"
    MISMATCHED = "mismatched"
    """The trace is a remittance's, the cents are not."""


Source = Literal["manual", "bank_csv", "nacha"]


@dataclass(frozen=True, slots=True)
class NewDeposit:
    """What a bank says of one credit. Trace and company are empty where it does not say them."""

    bank_reference: str
    deposited_on: date
    amount_cents: int
    trace_number: str = ""
    originating_company_id: str = ""


@dataclass(frozen=True, slots=True)
class Deposit:
    """One credit as it is kept."""

    tenant_id: UUID
    deposit_id: UUID
    source: Source
    interchange_id: UUID | None
    bank_reference: str
    deposited_on: date
    amount_cents: int
    trace_number: str
    originating_company_id: str
    status: DepositStatus
    difference_cents: int | None
    remittance_id: UUID | None
    match_id: UUID | None
    matched_by: Literal["trace", "person"] | None
    matched_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class Misread:
    """One place of a bank's file that cannot be read: line or row from 1, and its field."""

    row: int
    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class Imported:
    """A bank's file as read. `skipped` are rows that are no money for us: debits, prenotes."""

    deposits: tuple[NewDeposit, ...] = ()
    skipped: int = 0
    errors: tuple[Misread, ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """A deposit and the remittance that may be behind it."""

    deposit: Deposit
    remittance_id: UUID
    payer_id: str
    trace_number: str
    payment_cents: int
    effective_on: date | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a deposit and a remittance come to: matched under an id, or off by some cents (positive
    when the bank saw more)."""

    pair: Pair
    match_id: UUID | None
    difference_cents: int = 0


def pair_up(candidates: Sequence[Pair], match_ids: Iterator[UUID]) -> list[Outcome]:
    """One transfer to one remittance: what agrees to the cent first, then what only has its trace.
    Candidates come in the order in which they are to be tried."""
    paid: set[UUID] = set()
    settled: dict[UUID, Outcome] = {}
    for pair in candidates:
        deposit_id = pair.deposit.deposit_id
        agrees = pair.deposit.amount_cents == pair.payment_cents
        if agrees and pair.remittance_id not in paid and deposit_id not in settled:
            paid.add(pair.remittance_id)
            settled[deposit_id] = Outcome(pair, next(match_ids))
    for pair in candidates:
        if pair.deposit.deposit_id not in settled and pair.remittance_id not in paid:
            off_cents = pair.deposit.amount_cents - pair.payment_cents
            settled[pair.deposit.deposit_id] = Outcome(pair, None, off_cents)
    return list(settled.values())


def announced(outcomes: Iterable[Outcome], at: datetime) -> list[DepositMatched]:
    """What others hear of it; a mismatch is for a person alone."""
    return [
        DepositMatched(
            tenant_id=each.pair.deposit.tenant_id,
            remittance_id=each.pair.remittance_id,
            deposit_id=each.pair.deposit.deposit_id,
            match_id=each.match_id,
            payer_id=each.pair.payer_id,
            trace_number=each.pair.trace_number,
            deposited_cents=each.pair.deposit.amount_cents,
            deposited_on=each.pair.deposit.deposited_on,
            matched_at=at,
        )
        for each in outcomes
        if each.match_id is not None
    ]


def undone(deposit: Deposit, *, payer_id: str, trace_number: str, at: datetime) -> DepositUnmatched:
    """Raises ValueError for a deposit that is not matched."""
    if deposit.remittance_id is None or deposit.match_id is None:
        raise ValueError("only a match can be undone")
    return DepositUnmatched(
        tenant_id=deposit.tenant_id,
        remittance_id=deposit.remittance_id,
        deposit_id=deposit.deposit_id,
        match_id=deposit.match_id,
        payer_id=payer_id,
        trace_number=trace_number,
        deposited_cents=deposit.amount_cents,
        deposited_on=deposit.deposited_on,
        unmatched_at=at,
    )


def days_late(since: date, today: date) -> int:
    """Business days beyond the three that a payer has; 0 while it is in time."""
    return max(0, business_days_between(since, today) - LATE_AFTER_DAYS)
