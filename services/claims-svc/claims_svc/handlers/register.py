"""The register that the doors of this room sign into, and what several of them do."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from claims_svc import storage
from claims_svc.domain.change import Change
from claims_svc.domain.claim import Cause
from rcm.clock import SystemClock
from rcm.db import Tx
from rcm.events import Caused, Park, Received, Subscriptions, publish
from rcm.ledger import Entry, post

subscriptions = Subscriptions("claims-svc")
CLAIM_UNKNOWN = "claim_unknown"
CLOCK = SystemClock()


def cause_of(received: Received[Any], tx: Tx, now: datetime) -> Cause:
    """What a step of a claim remembers of the event behind it."""
    return Cause(received.event_type, tx.actor, now, event_id=received.event_id)


def park_unknown(unknown: Sequence[Received[Any]]) -> None:
    """Reports for claims that are not there wait for them."""
    if unknown:
        raise Park([received.event_id for received in unknown], CLAIM_UNKNOWN)


async def keep(
    tx: Tx, changes: Sequence[Change], events: Sequence[Caused], entries: Sequence[Entry] = ()
) -> None:
    """Save, book and publish a set of changes."""
    if changes:
        await storage.save(tx, changes)
    booked = [*entries, *(entry for change in changes for entry in change.entries)]
    if booked:
        await post(tx, booked)
    await publish(tx, events)
