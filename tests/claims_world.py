"""One claim in memory: what happens to it, what it says, and the accounts as they stand.

After every step its money adds up, agrees with the books, and no receivable is below zero.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from claims_svc.domain.adjudication import Record, post_payment
from claims_svc.domain.change import Change
from claims_svc.domain.claim import Cause, Claim
from claims_svc.domain.intake import Desk
from claims_svc.domain.lifecycle import may_move
from claims_svc.domain.lineage import Coding
from rcm.contracts.coding import AnyEncounterCoded
from rcm.contracts.payer import ClaimPaymentReported
from rcm.contracts.values import Coverage, LinePayment, Persons, ServiceLine
from rcm.ids import new_id
from rcm.ledger.accounts import AccountCode
from rcm.ledger.entries import Entry
from rcm.testing.claims import MOMENT, PRIMARY, coded, payment


def cause(kind: str = "Test") -> Cause:
    """A new event."""
    return Cause(kind, "test", MOMENT, event_id=new_id())


def opened(event: AnyEncounterCoded) -> Persons:
    """The person block of an event that was not published."""
    assert event.person.value is not None
    return event.person.value


@dataclass
class World:
    """One claim, what happened to it, and the accounts as they stand."""

    record: Record
    changes: list[Change] = field(default_factory=list)
    accounts: Counter[tuple[str, str]] = field(default_factory=Counter)

    @classmethod
    def of(cls, *lines: ServiceLine, coverages: tuple[Coverage, ...] = (PRIMARY,)) -> "World":
        return cls.from_coding(coded(*lines, coverages=coverages))

    @classmethod
    def from_coding(cls, event: AnyEncounterCoded) -> "World":
        """The claim that a coding opens."""
        [change] = Desk().code(Coding(event, opened(event)), cause())
        world = cls(Record(change.claim))
        world.apply(change)
        assert change.claim.status == "ready", change.claim.findings
        return world

    @property
    def claim(self) -> Claim:
        return self.record.claim

    def number(self, line: int) -> str:
        return f"{self.claim.patient_control_number}{line:02d}"

    def pay(self, *lines: LinePayment, **changes: object) -> Change:
        return self.post(payment(self.claim.patient_control_number, *lines, **changes))

    def post(self, event: ClaimPaymentReported) -> Change:
        change = post_payment(self.record, event, cause())
        assert isinstance(change, Change), change
        self.apply(change)
        return change

    def apply(self, change: Change) -> None:
        self.record = self.record.after(change)
        self.changes.append(change)
        self.book(change.entries)
        for edge in change.edges:
            if edge.axis == "lifecycle" and edge.from_value is not None:
                assert may_move(edge.from_value, edge.to_value), edge  # type: ignore[arg-type]
        money = self.claim.money
        assert money.charge_cents == (
            money.paid_cents
            + money.contractual_cents
            + money.other_adjustment_cents
            + money.patient_responsibility_cents
            + money.insurance_balance_cents
        )
        assert self.open_cents == (
            money.insurance_balance_cents if self.claim.charge_entry_id else 0
        )
        assert self.accounts[AccountCode.PATIENT_TRANSFER, ""] == money.patient_responsibility_cents
        receivables = [c for (code, _), c in self.accounts.items() if code == AccountCode.AR_PAYER]
        assert all(cents >= 0 for cents in receivables)

    def book(self, entries: tuple[Entry, ...]) -> None:
        for entry in entries:
            for posting in entry.postings:
                debit, credit = posting.debit, posting.credit
                self.accounts[debit.code, debit.payer_id or ""] += posting.cents
                self.accounts[credit.code, credit.payer_id or ""] -= posting.cents

    @property
    def open_cents(self) -> int:
        return sum(c for (code, _), c in self.accounts.items() if code == AccountCode.AR_PAYER)

    def cents(self, code: AccountCode, payer_id: str = "") -> int:
        return self.accounts[code, payer_id]

    def told(self, kind: type[Any]) -> list[Any]:
        """The events of this kind so far."""
        return [e for change in self.changes for e in change.events if isinstance(e, kind)]
