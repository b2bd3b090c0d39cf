"""Partners' files come in: each is stored whole, with the cursor behind it, before anything reads
it; only then may the partner let go of it. A crash in between fetches the file again and finds it
stored."""

from payer_gateway.clearinghouse import (
    FileUnavailable,
    PartnerRefused,
    PartnerUnavailable,
    Transport,
    Waiting,
)
from payer_gateway.domain.partner import TradingPartner
from payer_gateway.handlers.outside import each_partner
from payer_gateway.handlers.register import subscriptions
from payer_gateway.storage import interchanges, links
from rcm.events import JobContext
from rcm.events.faults import buggify
from rcm.ids import new_id

# A partner with many files gets its turn again soon, after the others.
LISTS_PER_TURN = 10


@subscriptions.every(seconds=0.5)
async def collect_inbound(context: JobContext) -> None:
    """Fetch what each partner has for us since the last time."""
    if not context.tenants:
        return
    async with context.database.transaction(context.tenants) as tx:
        found = await links.partners_to_ask(tx, now=context.clock.now())
    await each_partner(context, found, collect_from, name=links.COLLECTING)


async def collect_from(context: JobContext, partner: TradingPartner, transport: Transport) -> None:
    """Raises `PartnerUnavailable`; what was fetched before stays fetched, and a file that cannot be
    had holds up none behind it."""
    async with context.database.transaction((partner.tenant_id,)) as tx:
        cursor = (await links.link(tx, partner)).inbound_cursor
    failed: dict[str, FileUnavailable] = {}
    try:
        for _ in range(LISTS_PER_TURN):
            listed = await transport.list_after(cursor)
            waiting = [each for each in listed if each.name not in failed]
            if not waiting:
                break
            for each in waiting:
                failure = await _fetch(context, partner, transport, each)
                if failure is not None and each.cursor != cursor:
                    # A cursor behind it would hide it for good.
                    raise failure
                if failure is not None:
                    failed[each.name] = failure
            # All are stored before the first is let go: one that cannot be, holds up no other.
            for each in waiting:
                if each.name not in failed:
                    await transport.settle(each.name)
            cursor = waiting[-1].cursor
    except PartnerRefused as refusal:
        # Asking for a file is never wrong by itself, so a no may pass.
        raise PartnerUnavailable(f"while collecting: {refusal}") from refusal
    if failed:
        raise next(iter(failed.values()))
    async with context.database.transaction((partner.tenant_id,)) as tx:
        await links.record_collected(tx, partner, at=context.clock.now())


async def _fetch(
    context: JobContext, partner: TradingPartner, transport: Transport, waiting: Waiting
) -> FileUnavailable | None:
    """Store one file; or why it, and it alone, cannot be had."""
    try:
        content = await transport.get(waiting.name)
    except FileUnavailable as failure:
        return failure
    buggify("collect.fetched")
    await _store(context, partner, waiting, content)
    return None


async def _store(
    context: JobContext, partner: TradingPartner, waiting: Waiting, content: bytes
) -> None:
    now = context.clock.now()
    file = interchanges.NewFile(
        tenant_id=partner.tenant_id,
        interchange_id=new_id(),
        direction="received",
        partner_id=partner.partner_id,
        file_name=waiting.name,
        content=content,
    )
    async with context.database.transaction((partner.tenant_id,)) as tx:
        await interchanges.keep(tx, file, at=now)
        await links.record_collected(tx, partner, at=now, cursor=waiting.cursor)
        buggify("collect.storing")
    buggify("collect.stored")
