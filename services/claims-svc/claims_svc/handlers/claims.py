"""Codings become claims, and the gateway's reports move them."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from claims_svc import storage
from claims_svc.domain.change import Change
from claims_svc.domain.claim import Claim
from claims_svc.domain.coordination import Decided
from claims_svc.domain.intake import Desk
from claims_svc.domain.lifecycle import SubmissionEvent
from claims_svc.domain.lineage import Coding
from claims_svc.domain.pricing import DEFAULT_SCHEDULE
from claims_svc.domain.submission import follow_submission
from claims_svc.handlers.register import CLOCK, cause_of, keep, park_unknown, subscriptions
from rcm.contracts.coding import (
    AnyEncounterCoded,
    EncounterCoded,
    EncounterVoided,
    InstitutionalEncounterCoded,
)
from rcm.contracts.payer import (
    AcknowledgmentOverdue,
    ClaimAcknowledged,
    ClaimRejected,
    ClaimStatusReported,
    ClaimSubmitted,
)
from rcm.db import Tx
from rcm.events import Received

Step = tuple[Received[Any], Change]
"""A change, with the event that caused it."""


@subscriptions.on(EncounterCoded, InstitutionalEncounterCoded, EncounterVoided)
async def open_claims(
    batch: Sequence[Received[AnyEncounterCoded | EncounterVoided]], tx: Tx
) -> None:
    """A coding becomes a claim, or changes the ones that were made from its encounter."""
    now, desk = CLOCK.now(), await _desk(batch, tx)
    steps: list[Step] = []
    for received in batch:
        event, cause = received.event, cause_of(received, tx, now)
        if isinstance(event, EncounterVoided):
            changes = desk.void(event, cause)
        else:
            assert tx.keyring is not None  # noqa: S101 - claims-svc always has a keyring
            changes = desk.code(Coding(event, received.open(tx.keyring)), cause)
        steps += [(received, change) for change in changes]
    await _keep(steps, tx)


@subscriptions.on(
    ClaimSubmitted, ClaimAcknowledged, ClaimRejected, ClaimStatusReported, AcknowledgmentOverdue
)
async def record_submissions(batch: Sequence[Received[SubmissionEvent]], tx: Tx) -> None:
    """What became of claims on their way, and who is silent. A report for a claim that is not there
    waits for it."""
    claims = await storage.by_id(
        tx, [(received.tenant_id, received.event.claim_id) for received in batch]
    )
    park_unknown(
        [found for found in batch if (found.tenant_id, found.event.claim_id) not in claims]
    )
    now, steps = CLOCK.now(), list[Step]()
    for received in batch:
        key = (received.tenant_id, received.event.claim_id)
        change = follow_submission(claims[key], received.event, cause_of(received, tx, now))
        if change is not None:
            claims[key] = change.claim
            steps.append((received, change))
    await _keep(steps, tx)


async def _desk(batch: Sequence[Received[AnyEncounterCoded | EncounterVoided]], tx: Tx) -> Desk:
    """Everything that the domain may ask for about these encounters, in a few queries."""
    codings = [found.event for found in batch if not isinstance(found.event, EncounterVoided)]
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
    charges = await storage.charges_of(tx, claims)
    return Desk.of(claims, charges, schedules, billed, decided=await _decided(batch, claims, tx))


async def _decided(
    batch: Sequence[Received[AnyEncounterCoded | EncounterVoided]], claims: Sequence[Claim], tx: Tx
) -> dict[UUID, Decided]:
    """What payers decided on the claims that are about to be voided, where there may be several."""
    ends = {found.event.encounter_id for found in batch if isinstance(found.event, EncounterVoided)}
    asked = [
        claim
        for claim in claims
        if len(claim.content.coverages) > 1 and ends.intersection(claim.encounter_ids)
    ]
    return {key: record.decided for key, record in (await storage.records(tx, asked)).items()}


async def _keep(steps: Sequence[Step], tx: Tx) -> None:
    """Save, book and publish a set of changes."""
    if steps:
        events = [received.causes(event) for received, change in steps for event in change.events]
        await keep(tx, [change for _, change in steps], events)


def _visit(event: AnyEncounterCoded) -> tuple[UUID, UUID, date, str]:
    provider = event.rendering_provider or event.billing_provider
    return event.tenant_id, event.patient_id, event.date_of_service, provider.npi
