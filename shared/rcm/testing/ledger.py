"""Entries for tests, and the ledger's rules again in sixty lines that share nothing with it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from uuid import UUID

from rcm.db import Tx
from rcm.ids import new_id
from rcm.ledger.accounts import Account
from rcm.ledger.entries import Entry, Posting, entry_id_of
from rcm.ledger.invariants import InvariantResult, Snapshots, check
from rcm.testing.samples import DAY


def entry(
    tenant_id: UUID,
    postings: Iterable[Posting],
    *,
    kind: str = "test",
    source_event_id: UUID | None = None,
    effective_on: date = DAY,
    part: str = "",
) -> Entry:
    """An entry with an event of its own, unless one is given."""
    event_id = source_event_id or new_id()
    return Entry(
        entry_id_of(event_id, kind, part),
        tenant_id,
        kind,
        event_id,
        effective_on,
        "test",
        tuple(postings),
        part=part,
    )


def renumbered(found: Entry) -> Entry:
    """The same entry under an id that nobody derived."""
    return replace(found, entry_id=new_id())


async def red_codes(tx: Tx) -> set[str]:
    """Codes of the invariants that do not hold for the tenants of this transaction."""
    return {result.code for result in await results(tx) if not result.holds}


async def results(tx: Tx) -> Sequence[InvariantResult]:
    """Every invariant, in a transaction that is open already."""

    return await check(Snapshots({"test": tx}, timedelta(0)))


class Overdrawn(Exception):  # noqa: N818
    """The model refuses what the ledger must refuse."""


@dataclass
class Model:
    """Every account's balance in a dictionary, debits positive; entries that know each other."""

    cents: dict[Account, int] = field(default_factory=dict)
    entries: dict[UUID, Entry] = field(default_factory=dict)
    reversed_by: dict[UUID, UUID] = field(default_factory=dict)

    def post(self, batch: Sequence[Entry]) -> None:
        """Take all or nothing. Raises `Overdrawn` where a bounded account would fall below zero."""
        after = dict(self.cents)
        for found in batch:
            for leg in found.postings:
                after[leg.debit] = after.get(leg.debit, 0) + leg.cents
                after[leg.credit] = after.get(leg.credit, 0) - leg.cents
        for account, cents in after.items():
            if account.bounded and (cents if account.normal_debit else -cents) < 0:
                raise Overdrawn
        self.cents = after
        for found in batch:
            self.entries[found.entry_id] = found
            if found.reverses:
                self.reversed_by[found.reverses] = found.entry_id

    def open_cents(self, account: Account) -> int:
        """What the account holds, on the side it grows on."""
        cents = self.cents.get(account, 0)
        return cents if account.normal_debit else -cents

    def reversible(self) -> list[Entry]:
        """Entries that were not reversed yet and are no reversals."""
        return [
            found
            for found in self.entries.values()
            if found.entry_id not in self.reversed_by and not found.reverses
        ]
