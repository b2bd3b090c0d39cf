"""Claims leave: the intent is committed, then the act, then the record of it.

A crash before the act leaves an intent, one after it an intent that the partner has already taken.
Both are offered again: same name, same bytes, same numbers. So no claim leaves under two numbers,
none is lost, and none counts as sent that was not.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from payer_gateway.clearinghouse import PartnerRefused, PartnerUnavailable, Transport
from payer_gateway.domain import batch
from payer_gateway.domain.lifecycle import TransmissionStatus
from payer_gateway.domain.partner import Numbers, TradingPartner
from payer_gateway.domain.submission import Queued, Unsendable, professional_claim, unsendable
from payer_gateway.domain.transmission import Transmission
from payer_gateway.handlers.outside import each_partner
from payer_gateway.handlers.register import caused, subscriptions
from payer_gateway.storage import interchanges, partners, queue, submissions, transmissions
from rcm.contracts.claims import ClaimReady
from rcm.contracts.payer import ClaimSubmitted
from rcm.db import Tx
from rcm.events import JobContext, Received, publish
from rcm.events.faults import buggify
from rcm.ids import new_id
from rcm.security.seal import Keyring, SealError
from rcm_x12 import claim_837p as x12
from rcm_x12.findings import WriteRefused

# A partner with a long queue gets its turn again a second later, after the others.
FILES_PER_TURN = 10


@subscriptions.every(seconds=1.0)
async def send_batches(context: JobContext) -> None:
    """Every open intent, then every queue that is old or long enough."""
    if not context.tenants:
        return
    async with context.database.transaction(context.tenants) as tx:
        due = await partners.partners_due(tx, now=context.clock.now())
    await each_partner(context, due, send_to)


async def send_to(context: JobContext, partner: TradingPartner, transport: Transport) -> None:
    """Raises `PartnerUnavailable`; what is then still an intent is taken up by the next turn."""
    began_at = context.clock.now()
    async with context.database.transaction((partner.tenant_id,)) as tx:
        waiting = await transmissions.unsent(tx, partner)
    for transmission in waiting:
        await deliver(context, transmission, transport)
    for _ in range(FILES_PER_TURN):
        written = await write_transmission(context, partner)
        if written is None:
            break
        buggify("send.written")
        await deliver(context, written, transport)
    async with context.database.transaction((partner.tenant_id,)) as tx:
        await partners.record_contact(tx, partner)
        await partners.clear_flush(tx, partner, asked_before=began_at)


async def write_transmission(context: JobContext, partner: TradingPartner) -> Transmission | None:
    """The intent: queued claims, control numbers, name and bytes, all in one transaction."""
    now = context.clock.now()
    async with context.database.transaction((partner.tenant_id,)) as tx:
        queued = await queue.take(tx, partner, limit=batch.CLAIMS_PER_FILE)
        if not queued:
            return None
        assert tx.keyring is not None  # noqa: S101 - every service database has one
        claims, refused = await asyncio.to_thread(_translate, tx.keyring, queued)
        numbers = await partners.next_numbers(tx, partner)
        written, also_refused = await asyncio.to_thread(_write, partner, numbers, claims, now)
        await _refuse(tx, partner.tenant_id, {**refused, **also_refused}, at=now)
        if written is None:
            return None
        saved = await _save(tx, partner, numbers, written, at=now)
        buggify("send.writing")
        return saved


def _translate(
    keyring: Keyring, queued: Sequence[Queued]
) -> tuple[dict[UUID, x12.Claim], dict[UUID, str]]:
    """Open each person block, and turn our words into X12's."""
    claims: dict[UUID, x12.Claim] = {}
    refused: dict[UUID, str] = {}
    for each in queued:
        event = ClaimReady.model_validate_json(each.claim)
        received = Received.of(event, event_id=each.source_event_id)
        try:
            claims[each.submission_id] = professional_claim(event, received.open(keyring))
        except (Unsendable, SealError) as reason:
            refused[each.submission_id] = str(reason)
    return claims, refused


def _write(
    partner: TradingPartner, numbers: Numbers, claims: Mapping[UUID, x12.Claim], at: datetime
) -> tuple[batch.WrittenFile | None, Mapping[UUID, str]]:
    if not claims:
        return None, {}
    try:
        return batch.write(partner, numbers, claims, at=at), {}
    except WriteRefused:
        found = batch.sort_out(partner, claims, at=at)
    if not found.writable:
        return None, found.refused
    return batch.write(partner, numbers, found.writable, at=at), found.refused


async def _refuse(tx: Tx, tenant_id: UUID, reasons: Mapping[UUID, str], *, at: datetime) -> None:
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
        file_name=numbers.file_name(partner),
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
        kind=batch.KIND,
        control_number=numbers.interchange_control_number,
    )
    await interchanges.keep(tx, file, at=at)
    await transmissions.add(tx, transmission)
    await queue.mark_sending(
        tx, partner.tenant_id, transmission.transmission_id, written.places, at=at
    )
    return transmission


async def deliver(context: JobContext, transmission: Transmission, transport: Transport) -> None:
    """The act, outside any transaction, and its record. Raises `PartnerUnavailable`."""
    tenants = (transmission.tenant_id,)
    async with context.database.transaction(tenants) as tx:
        content = await interchanges.content(
            tx, transmission.tenant_id, transmission.interchange_id
        )
    try:
        await transport.put(transmission.file_name, content)
    except PartnerRefused as refusal:
        async with context.database.transaction(tenants) as tx:
            await transmissions.record_attempt(tx, transmission, error=str(refusal), refused=True)
        return
    except PartnerUnavailable as failure:
        async with context.database.transaction(tenants) as tx:
            await transmissions.record_attempt(tx, transmission, error=str(failure))
        raise
    buggify("send.acted")
    async with context.database.transaction(tenants) as tx:
        await record_sent(tx, transmission, at=context.clock.now())
        buggify("send.recording")
    buggify("send.recorded")


async def record_sent(tx: Tx, transmission: Transmission, *, at: datetime) -> None:
    """Once, whoever learns of it first: we, or the reader of the partner's answer."""
    if not await transmissions.record_sent(tx, transmission, at=at):
        return
    sent = await submissions.mark_sent(
        tx, transmission.tenant_id, transmission.transmission_id, at=at
    )
    await publish(
        tx,
        [
            caused(
                each,
                ClaimSubmitted(
                    tenant_id=each.tenant_id,
                    claim_id=each.claim_id,
                    submission_id=each.submission_id,
                    patient_control_number=each.patient_control_number,
                    payer_id=each.payer_id,
                    transmission_id=transmission.transmission_id,
                    interchange_control_number=transmission.interchange_control_number,
                    group_control_number=transmission.group_control_number,
                    transaction_set_control_number=each.set_control_number or "",
                    batch_reference=each.batch_reference or "",
                    charge_cents=each.charge_cents,
                    submitted_at=at,
                ),
            )
            for each in sent
        ],
    )
