"""A claim is ready, held or voided: it waits for the next file, or must not leave any more."""

from collections.abc import Sequence

from payer_gateway.domain.claims import kind_of_event
from payer_gateway.handlers.register import subscriptions
from payer_gateway.storage import queue
from rcm.contracts.claims import (
    AnyClaimReady,
    ClaimHeld,
    ClaimReady,
    ClaimStatusChanged,
    InstitutionalClaimReady,
)
from rcm.db import Tx
from rcm.events import Received
from rcm.ids import derived_id


@subscriptions.on(ClaimReady, InstitutionalClaimReady)
async def queue_claims(batch: Sequence[Received[AnyClaimReady]], tx: Tx) -> None:
    """The event is kept as it came, its person block still sealed under the event's own id."""
    await queue.add(tx, [_arrived(each) for each in batch])


@subscriptions.on(ClaimHeld)
async def withdraw_claims(batch: Sequence[Received[ClaimHeld]], tx: Tx) -> None:
    """What a partner took cannot be called back; what waits, or was turned away, can."""
    held = [(each.tenant_id, each.event.claim_id) for each in batch]
    await queue.withdraw(tx, held, at=max(each.event.held_at for each in batch))


@subscriptions.on(ClaimStatusChanged)
async def withdraw_voided(batch: Sequence[Received[ClaimStatusChanged]], tx: Tx) -> None:
    """The same for a claim that is no more; other edges are none of the queue's business."""
    voided = [each for each in batch if each.event.to_status == "voided"]
    if voided:
        claims = [(each.tenant_id, each.event.claim_id) for each in voided]
        await queue.withdraw(tx, claims, at=max(each.event.changed_at for each in voided))


def _arrived(received: Received[AnyClaimReady]) -> queue.Arrived:
    claim = received.event
    return queue.Arrived(
        tenant_id=claim.tenant_id,
        submission_id=derived_id(received.event_id, "submission"),
        claim_id=claim.claim_id,
        source_event_id=received.event_id,
        correlation_id=received.correlation_id,
        patient_control_number=claim.patient_control_number,
        payer_id=claim.coverage.payer_id,
        billing_npi=claim.billing_provider.npi,
        frequency_code=claim.frequency_code,
        charge_cents=claim.charge_cents,
        claim=claim.model_dump_json(),
        ready_at=claim.ready_at,
        kind=kind_of_event(claim),
    )
