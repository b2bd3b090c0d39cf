"""Working with many partners at once: each by itself, so that a silent one delays nobody else."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from payer_gateway.clearinghouse import Clearinghouse, PartnerUnavailable, Transport
from payer_gateway.domain.partner import TradingPartner, backoff_s
from payer_gateway.storage import partners
from rcm.events import JobContext
from rcm.security.seal import SealError

# Enough to keep the line busy, few enough to leave connections for others.
PARTNERS_AT_ONCE = 8

Work = Callable[[JobContext, TradingPartner, Transport], Awaitable[None]]


async def each_partner(context: JobContext, found: Sequence[TradingPartner], work: Work) -> None:
    """Run `work` for every partner. A partner that does not answer is left alone for a while; what
    else goes wrong is raised after all have had their turn."""
    slots = asyncio.Semaphore(PARTNERS_AT_ONCE)

    async def one(partner: TradingPartner) -> None:
        async with slots:
            await _with_partner(context, partner, work)

    outcomes = await asyncio.gather(*map(one, found), return_exceptions=True)
    failures = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    if failures:
        raise ExceptionGroup("some partners could not be served", failures)


async def _with_partner(context: JobContext, partner: TradingPartner, work: Work) -> None:
    try:
        transport = await _transport(context, partner)
        await work(context, partner, transport)
    except PartnerUnavailable as failure:
        await _leave_alone(context, partner, str(failure))


async def _transport(context: JobContext, partner: TradingPartner) -> Transport:
    house: Clearinghouse = context.resources
    secret = None
    if partner.has_credentials:
        async with context.database.transaction((partner.tenant_id,)) as tx:
            try:
                secret = await partners.credentials_of(tx, partner)
            except SealError as failure:
                raise PartnerUnavailable(f"credentials: {failure}") from failure
    return house.transport(partner, secret)


async def _leave_alone(context: JobContext, partner: TradingPartner, reason: str) -> None:
    now = context.clock.now()
    async with context.database.transaction((partner.tenant_id,)) as tx:
        link = await partners.link(tx, partner)
        pause = timedelta(seconds=backoff_s(link.failures + 1))
        await partners.record_failure(tx, partner, reason=reason, retry_at=now + pause)
