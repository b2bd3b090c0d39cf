"""Door 2 of claims-svc: codings become claims, the gateway's reports move them, payments post.

Every handler works on the whole batch: one query loads what the events are about, the domain
decides event by event in memory, and everything is saved, booked and published in sets.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from claims_svc import storage
from claims_svc.domain import books
from claims_svc.domain.adjudication import post_payment
from claims_svc.domain.change import Change, Unpostable
from claims_svc.domain.claim import Cause
from claims_svc.domain.decision import REVERSAL
from claims_svc.domain.intake import Desk
from claims_svc.domain.lifecycle import SubmissionEvent
from claims_svc.domain.lineage import Coding
from claims_svc.domain.pricing import DEFAULT_SCHEDULE
from claims_svc.domain.submission import follow_submission
from rcm.clock import SystemClock
from rcm.contracts.coding import EncounterCoded, EncounterVoided
from rcm.contracts.payer import (
    ClaimAcknowledged,
    ClaimPaymentReported,
    ClaimRejected,
    ClaimStatusReported,
    ClaimSubmitted,
    RemittanceReceived,
)
from rcm.db import Tx
from rcm.events import Park, Received, Subscriptions, publish
from rcm.ledger import post

subscriptions = Subscriptions("claims-svc")
CLAIM_UNKNOWN = "claim_unknown"
CLOCK = SystemClock()

Step = tuple[Received[Any], Change]
"""A change, with the event that caused it."""


@subscriptions.on(EncounterCoded, EncounterVoided)
async def open_claims(batch: Sequence[Received[EncounterCoded | EncounterVoided]], tx: Tx) -> None:
    """A coding becomes a claim, or changes the ones that were made from its encounter."""
    now, desk = CLOCK.now(), await _desk(batch, tx)
    steps: list[Step] = []
    for received in batch:
        event, cause = received.event, _cause(received, tx, now)
        if isinstance(event, EncounterVoided):
            changes = desk.void(event, cause)
        else:
            assert tx.keyring is not None  # noqa: S101 - claims-svc always has a keyring
            changes = desk.code(Coding(event, received.open(tx.keyring)), cause)
        steps += [(received, change) for change in changes]
    await _keep(steps, tx)


@subscriptions.on(ClaimSubmitted, ClaimAcknowledged, ClaimRejected, ClaimStatusReported)
async def record_submissions(batch: Sequence[Received[SubmissionEvent]], tx: Tx) -> None:
    """What became of claims on their way. A report for a claim that is not there waits for it."""
    claims = await storage.by_id(
        tx, [(received.tenant_id, received.event.claim_id) for received in batch]
    )
    _park_unknown(
        [found for found in batch if (found.tenant_id, found.event.claim_id) not in claims]
    )
    now, steps = CLOCK.now(), list[Step]()
    for received in batch:
        key = (received.tenant_id, received.event.claim_id)
        change = follow_submission(claims[key], received.event, _cause(received, tx, now))
        if change is not None:
            claims[key] = change.claim
            steps.append((received, change))
    await _keep(steps, tx)


@subscriptions.on(ClaimPaymentReported)
async def post_remittances(batch: Sequence[Received[ClaimPaymentReported]], tx: Tx) -> None:
    """Payers' decisions, posted to the cent. What cannot be posted now waits, with its cents."""
    claims = await storage.by_control_number(
        tx, [(found.tenant_id, found.event.patient_control_number) for found in batch]
    )
    _park_unknown([found for found in batch if _payment_key(found) not in claims])
    reversed_claims = [
        claims[_payment_key(found)].claim_id
        for found in batch
        if found.event.claim_status_code == REVERSAL
    ]
    records = await storage.records(tx, list(claims.values()), reversing=reversed_claims)
    now, steps = CLOCK.now(), list[Step]()
    unpostable: dict[str, list[Received[ClaimPaymentReported]]] = {}
    for received in batch:
        claim_id = claims[_payment_key(received)].claim_id
        change = post_payment(records[claim_id], received.event, _cause(received, tx, now))
        if isinstance(change, Unpostable):
            unpostable.setdefault(change.reason, []).append(received)
        elif change is not None:
            records[claim_id] = records[claim_id].after(change)
            steps.append((received, change))
    for reason, found in unpostable.items():
        raise Park([received.event_id for received in found], reason)
    await _keep(steps, tx)


@subscriptions.on(RemittanceReceived)
async def post_provider_adjustments(batch: Sequence[Received[RemittanceReceived]], tx: Tx) -> None:
    """What payers took or gave beside the claims (PLB), and interest."""
    found = (
        books.provider_adjustments(received.event, received.event_id, tx.actor)
        for received in batch
    )
    entries = [entry for entry in found if entry is not None]
    if entries:
        await post(tx, entries)


async def _desk(batch: Sequence[Received[EncounterCoded | EncounterVoided]], tx: Tx) -> Desk:
    """Everything that the domain may ask for about these encounters, in four queries."""
    codings = [found.event for found in batch if isinstance(found.event, EncounterCoded)]
    claims = await storage.by_encounter(
        tx, [(found.tenant_id, found.event.encounter_id) for found in batch]
    )
    lines = [line for event in codings for line in event.lines]
    schedules = await storage.schedules_for(
        tx,
        [event.tenant_id for event in codings],
        [line.procedure_code for line in lines if line.charge_amount_cents is None],
        [
            DEFAULT_SCHEDULE,
            *(event.coverages[0].payer_id for event in codings if event.coverages),
        ],
    )
    billed = await storage.billed_for(tx, [_visit(event) for event in codings])
    return Desk.of(claims, await storage.charges_of(tx, claims), schedules, billed)


async def _keep(steps: Sequence[Step], tx: Tx) -> None:
    """Save, book and publish a set of changes."""
    if not steps:
        return
    await storage.save(tx, [change for _, change in steps])
    entries = [entry for _, change in steps for entry in change.entries]
    if entries:
        await post(tx, entries)
    await publish(
        tx, [received.causes(event) for received, change in steps for event in change.events]
    )


def _park_unknown(unknown: Sequence[Received[Any]]) -> None:
    if unknown:
        raise Park([received.event_id for received in unknown], CLAIM_UNKNOWN)


def _payment_key(received: Received[ClaimPaymentReported]) -> tuple[UUID, str]:
    return received.tenant_id, received.event.patient_control_number


def _visit(event: EncounterCoded) -> tuple[UUID, UUID, date, str]:
    provider = event.rendering_provider or event.billing_provider
    return event.tenant_id, event.patient_id, event.date_of_service, provider.npi


def _cause(received: Received[Any], tx: Tx, now: datetime) -> Cause:
    return Cause(received.event_type, tx.actor, now, event_id=received.event_id)
