"""Payers' decisions, posted to the cent.

What no claim takes is not lost and holds nobody up: it is kept with its reason, its money stands
apart from its remittance's, and it is tried again whenever its claim has moved, or when the gateway
says which claim it is about.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from claims_svc import storage
from claims_svc.domain import books
from claims_svc.domain.adjudication import post_payment
from claims_svc.domain.change import Change, Unpostable
from claims_svc.domain.claim import Cause
from claims_svc.domain.decision import REVERSAL
from claims_svc.domain.unposted import Arrived, Unposted
from claims_svc.handlers.register import CLAIM_UNKNOWN, CLOCK, keep, subscriptions
from rcm.contracts.payer import ClaimPaymentReported
from rcm.db import Tx
from rcm.events import Caused, JobContext, Received
from rcm.ledger import Entry

RETRIED_PER_TURN = 200


@subscriptions.on(ClaimPaymentReported)
async def post_remittances(batch: Sequence[Received[ClaimPaymentReported]], tx: Tx) -> None:
    """Payers' decisions, posted to the cent. What cannot be posted now waits, with its cents."""
    arrived = [
        Arrived(received.event, received.event_id, received.correlation_id) for received in batch
    ]
    await _post(tx, arrived)


@subscriptions.every(seconds=2)
async def retry_unposted(context: JobContext) -> None:
    """Try again what waits for a claim that has moved since, or that is there now."""
    if not context.tenants:
        return
    async with context.database.transaction(context.tenants) as tx:
        waiting = await storage.unposted_with_news(tx, limit=RETRIED_PER_TURN)
        if waiting:
            await _post(tx, waiting)


@dataclass(slots=True)
class _Outcome:
    """What a batch of payments comes to. `waiting` by remittance and ordinal."""

    steps: list[tuple[Arrived, Change]] = field(default_factory=list)
    waiting: dict[tuple[UUID, UUID, int], Unposted] = field(default_factory=dict)


async def _post(tx: Tx, batch: Sequence[Arrived]) -> None:
    outcome = await _decided(tx, batch)
    entries: list[Entry] = []
    if outcome.steps:
        now = CLOCK.now()
        posted = [(arrived.payment, change.claim.claim_id) for arrived, change in outcome.steps]
        for payment in await storage.resolve_unposted(tx, posted, at=now):
            entry = books.found(payment, tx.actor)
            entries += [entry] if entry else []
    if outcome.waiting:
        for payment in await storage.keep_unposted(tx, list(outcome.waiting.values())):
            entry = books.unposted(payment, tx.actor)
            entries += [entry] if entry else []
    events = [
        Caused(event, arrived.correlation_id, str(arrived.event_id))
        for arrived, change in outcome.steps
        for event in change.events
    ]
    await keep(tx, [change for _, change in outcome.steps], events, entries)


async def _decided(tx: Tx, batch: Sequence[Arrived]) -> _Outcome:
    claims = await storage.by_control_number(tx, [arrived.claim_key for arrived in batch])
    reversed_claims = [
        claims[arrived.claim_key].claim_id
        for arrived in batch
        if arrived.payment.claim_status_code == REVERSAL and arrived.claim_key in claims
    ]
    records = await storage.records(tx, list(claims.values()), reversing=reversed_claims)
    now, outcome = CLOCK.now(), _Outcome()
    done = await _posted_already(tx, batch)
    for arrived in batch:
        if arrived.key in done:
            continue
        claim = claims.get(arrived.claim_key)
        if claim is None:
            outcome.waiting[arrived.key] = Unposted(arrived, CLAIM_UNKNOWN, 0, now)
            continue
        cause = Cause(type(arrived.payment).__name__, tx.actor, now, event_id=arrived.event_id)
        change = post_payment(records[claim.claim_id], arrived.payment, cause)
        if isinstance(change, Unpostable):
            version = records[claim.claim_id].claim.version
            outcome.waiting[arrived.key] = Unposted(arrived, change.reason, version, now)
        elif change is not None:
            records[claim.claim_id] = records[claim.claim_id].after(change)
            outcome.waiting.pop(arrived.key, None)
            outcome.steps.append((arrived, change))
    return outcome


async def _posted_already(tx: Tx, batch: Sequence[Arrived]) -> set[tuple[UUID, UUID, int]]:
    """Those that a person matched to a claim after they had been posted to another."""
    by_hand = [arrived.key for arrived in batch if arrived.payment.matched_by == "manual"]
    return await storage.posted_keys(tx, by_hand) if by_hand else set()
