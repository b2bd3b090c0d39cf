"""Claims leave: the intent is committed, then the act, then the record of it.

A crash before the act leaves an intent, one after it an intent that the partner has already taken.
Both are offered again: same name, same bytes, same numbers. So no claim leaves under two numbers,
none is lost, and none counts as sent that was not.
"""

from collections.abc import Sequence
from datetime import datetime

from payer_gateway.clearinghouse import PartnerRefused, PartnerUnavailable, Transport
from payer_gateway.domain.cut_off import is_due
from payer_gateway.domain.partner import TradingPartner
from payer_gateway.domain.transmission import Transmission
from payer_gateway.handlers.outside import each_partner
from payer_gateway.handlers.register import caused, subscriptions
from payer_gateway.handlers.writing import write_transmission
from payer_gateway.storage import interchanges, links, submissions, transmissions
from rcm.contracts.payer import ClaimSubmitted
from rcm.db import Tx
from rcm.events import JobContext, publish
from rcm.events.faults import buggify

# A partner with a long queue gets its turn again a second later, after the others.
FILES_PER_TURN = 10


@subscriptions.every(seconds=1.0)
async def send_batches(context: JobContext) -> None:
    """Every open intent, then every queue that is old or long enough, or whose cut-off has come."""
    if not context.tenants:
        return
    now = context.clock.now()
    async with context.database.transaction(context.tenants) as tx:
        found = await links.partners_due(tx, now=now)
    kinds = {each.partner.partner_id: _due_kinds(each, now) for each in found}
    due = [
        each.partner for each in found if each.has_open_intents or kinds[each.partner.partner_id]
    ]

    async def work(context: JobContext, partner: TradingPartner, transport: Transport) -> None:
        await send_to(context, partner, transport, kinds=kinds[partner.partner_id])

    await each_partner(context, due, work, name=links.SENDING)


def _due_kinds(due: links.Due, now: datetime) -> Sequence[str]:
    return [
        queue.kind
        for queue in due.queues
        if is_due(due.partner.terms, queue, now=now, wanted=due.wanted)
    ]


async def send_to(
    context: JobContext, partner: TradingPartner, transport: Transport, *, kinds: Sequence[str]
) -> None:
    """Raises `PartnerUnavailable`; what is then still an intent is taken up by the next turn. The
    first failure ends the turn, so a partner that may be dead is tried with one file."""
    began_at = context.clock.now()
    async with context.database.transaction((partner.tenant_id,)) as tx:
        waiting = await transmissions.unsent(tx, partner)
    for transmission in waiting:
        await deliver(context, transmission, transport)
    for kind in kinds:
        await _send_queue(context, partner, transport, kind=kind)
    async with context.database.transaction((partner.tenant_id,)) as tx:
        await links.record_contact(tx, partner)
        await links.clear_flush(tx, partner, asked_before=began_at)


async def _send_queue(
    context: JobContext, partner: TradingPartner, transport: Transport, *, kind: str
) -> None:
    for _ in range(FILES_PER_TURN):
        written = await write_transmission(context, partner, kind)
        if written is None:
            break
        buggify("send.written")
        await deliver(context, written, transport)


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
