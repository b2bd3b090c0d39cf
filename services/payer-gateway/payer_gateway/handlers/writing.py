"""The intent to send one file: queued claims, control numbers, name and bytes, in one transaction.

What cannot leave is turned away here, claim by claim, with its reason; the others go.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from payer_gateway.domain import batch
from payer_gateway.domain.lifecycle import TransmissionStatus
from payer_gateway.domain.partner import Numbers, TradingPartner
from payer_gateway.domain.route import Routed
from payer_gateway.domain.submission import (
    Queued,
    Unsendable,
    not_enrolled,
    professional_claim,
    unsendable,
)
from payer_gateway.domain.transmission import Transmission
from payer_gateway.handlers.register import caused
from payer_gateway.storage import (
    enrollments,
    interchanges,
    partners,
    queue,
    routes,
    transmissions,
)
from rcm.contracts.claims import ClaimReady
from rcm.db import Tx
from rcm.events import JobContext, Received, publish
from rcm.events.faults import buggify
from rcm.ids import new_id
from rcm.security.seal import Keyring, SealError
from rcm_x12 import claim_837p as x12
from rcm_x12.findings import WriteRefused

Reasons = Mapping[UUID, str]


async def write_transmission(
    context: JobContext, partner: TradingPartner, kind: str
) -> Transmission | None:
    """None when nothing was queued, or nothing of it may leave."""
    now = context.clock.now()
    async with context.database.transaction((partner.tenant_id,)) as tx:
        routed = {
            each.payer_id: each for each in await routes.routed_to(tx, partner, kind, on=now.date())
        }
        queued = await queue.take(
            tx,
            partner.tenant_id,
            kind,
            payer_ids=list(routed),
            limit=batch.CLAIMS_PER_FILE,
        )
        if not queued:
            return None
        barred = await _not_enrolled(tx, partner.tenant_id, kind, queued=queued, routed=routed)
        assert tx.keyring is not None  # noqa: S101 - every service database has one
        free = [each for each in queued if each.submission_id not in barred]
        claims, refused = await asyncio.to_thread(_translate, tx.keyring, free, routed)
        numbers = await partners.next_numbers(tx, partner)
        written, also_refused = await asyncio.to_thread(_write, partner, numbers, claims, now)
        reasons = {**barred, **refused, **also_refused}
        await _refuse(tx, partner.tenant_id, reasons, at=now)
        if written is None:
            return None
        saved = await _save(tx, partner, numbers, written, at=now)
        buggify("send.writing")
        return saved


async def _not_enrolled(
    tx: Tx, tenant_id: UUID, kind: str, *, queued: Sequence[Queued], routed: Mapping[str, Routed]
) -> Reasons:
    """Claims whose route wants an enrollment that is not live."""
    asked = {
        (each.billing_npi, each.payer_id)
        for each in queued
        if routed[each.payer_id].requires_enrollment
    }
    if not asked:
        return {}
    missing = asked - await enrollments.live(tx, tenant_id, kind, pairs=sorted(asked))
    return {
        each.submission_id: not_enrolled(kind)
        for each in queued
        if (each.billing_npi, each.payer_id) in missing
    }


def _translate(
    keyring: Keyring, queued: Sequence[Queued], routed: Mapping[str, Routed]
) -> tuple[dict[UUID, x12.Claim], dict[UUID, str]]:
    """Open each person block, and turn our words into X12's."""
    claims: dict[UUID, x12.Claim] = {}
    refused: dict[UUID, str] = {}
    for each in queued:
        event = ClaimReady.model_validate_json(each.claim)
        received = Received.of(event, event_id=each.source_event_id)
        known_as = routed[each.payer_id].receiver_payer_id
        try:
            claims[each.submission_id] = professional_claim(
                event, received.open(keyring), receiver_payer_id=known_as
            )
        except (Unsendable, SealError) as reason:
            refused[each.submission_id] = str(reason)
    return claims, refused


def _write(
    partner: TradingPartner, numbers: Numbers, claims: Mapping[UUID, x12.Claim], at: datetime
) -> tuple[batch.WrittenFile | None, Reasons]:
    if not claims:
        return None, {}
    try:
        return batch.write(partner, numbers, claims, at=at), {}
    except WriteRefused:
        found = batch.sort_out(partner, claims, at=at)
    if not found.writable:
        return None, found.refused
    return batch.write(partner, numbers, found.writable, at=at), found.refused


async def _refuse(tx: Tx, tenant_id: UUID, reasons: Reasons, *, at: datetime) -> None:
    if reasons:
        kept = await queue.mark_unsendable(tx, tenant_id, reasons, at=at)
        await publish(tx, [caused(each, unsendable(each, at)) for each in kept])


async def _save(
    tx: Tx,
    partner: TradingPartner,
    numbers: Numbers,
    written: batch.WrittenFile,
    *,
    at: datetime,
) -> Transmission:
    transmission = Transmission(
        tenant_id=partner.tenant_id,
        transmission_id=new_id(),
        partner_id=partner.partner_id,
        interchange_id=new_id(),
        kind=written.kind,
        file_name=numbers.file_name(partner, written.kind),
        interchange_control_number=numbers.interchange_control_number,
        group_control_number=numbers.group_control_number,
        status=TransmissionStatus.SENDING,
        set_count=written.set_count,
        claim_count=len(written.places),
        charge_cents=written.charge_cents,
        attempts=0,
        last_error=None,
        written_at=at,
        sent_at=None,
        answered_at=None,
    )
    file = interchanges.NewFile(
        tenant_id=partner.tenant_id,
        interchange_id=transmission.interchange_id,
        direction="sent",
        partner_id=partner.partner_id,
        file_name=transmission.file_name,
        content=written.content,
        kind=written.kind,
        control_number=numbers.interchange_control_number,
    )
    await interchanges.keep(tx, file, at=at)
    await transmissions.add(tx, transmission)
    await queue.mark_sending(
        tx, partner.tenant_id, transmission.transmission_id, written.places, at=at
    )
    return transmission
