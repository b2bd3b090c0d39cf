"""What a remittance does beside its claims: provider adjustments, and its money at the bank."""

from collections.abc import Sequence

from claims_svc import storage
from claims_svc.domain import books
from claims_svc.handlers.register import subscriptions
from rcm.contracts.payer import DepositMatched, DepositUnmatched, RemittanceReceived
from rcm.db import Tx
from rcm.events import Received
from rcm.ledger import Entry, post, reversal_of


@subscriptions.on(RemittanceReceived)
async def post_provider_adjustments(batch: Sequence[Received[RemittanceReceived]], tx: Tx) -> None:
    """What payers took or gave beside the claims (PLB), and interest."""
    await storage.announce(tx, [received.event for received in batch])
    found = (
        books.provider_adjustments(received.event, received.event_id, tx.actor)
        for received in batch
    )
    entries = [entry for entry in found if entry is not None]
    if entries:
        await post(tx, entries)


@subscriptions.on(DepositMatched, DepositUnmatched)
async def post_deposits(
    batch: Sequence[Received[DepositMatched | DepositUnmatched]], tx: Tx
) -> None:
    """Cash takes a remittance's clearing account to zero; a match undone gives it back."""
    entries = [_entry(received.event, tx) for received in batch]
    booked = [entry for entry in entries if entry is not None]
    if booked:
        await post(tx, booked)


def _entry(event: DepositMatched | DepositUnmatched, tx: Tx) -> Entry | None:
    if isinstance(event, DepositMatched):
        return books.deposited(event, tx.actor)
    fields = event.model_dump(exclude={"unmatched_at"})
    matched = DepositMatched(**fields, matched_at=event.unmatched_at)
    booked = books.deposited(matched, tx.actor)
    if booked is None:
        return None
    return reversal_of(
        booked,
        source_event_id=event.match_id,
        effective_on=event.deposited_on,
        actor=tx.actor,
    )
