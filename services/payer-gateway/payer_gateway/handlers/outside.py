"""Working with many partners at once: each by itself, so that a silent one delays nobody else.

A partner has one turn of each work at a time. A job waits a moment for the turns that it began; a
turn that takes longer goes on by itself, and the next job passes it by.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from prometheus_client import Counter, Gauge

from payer_gateway.clearinghouse import Clearinghouse, PartnerUnavailable, Transport, TurnKey
from payer_gateway.domain.breaker import Breaker, breaker, pause_s
from payer_gateway.domain.connection import Credentials
from payer_gateway.domain.partner import TradingPartner
from payer_gateway.storage import links, partners
from rcm import log
from rcm.events import JobContext
from rcm.security.seal import SealError

_log = log.get(__name__)

PARTNER_FAILURES = Counter(
    "payer_gateway_partner_failures", "Turns that a partner did not answer", ["work"]
)
BREAKER_OPEN = Gauge(
    "payer_gateway_breaker_open", "Whether a partner is left alone after failures", ["partner_id"]
)

Work = Callable[[JobContext, TradingPartner, Transport], Awaitable[None]]


async def each_partner(
    context: JobContext, found: Sequence[TradingPartner], work: Work, *, name: str
) -> None:
    """Run `work` for every partner. One that does not answer is left alone for a while."""
    turns = {
        (name, partner.tenant_id, partner.partner_id): partial(_turn, context, partner, work, name)
        for partner in found
    }
    await in_turns(context, turns)


async def in_turns(
    context: JobContext, turns: Mapping[TurnKey, Callable[[], Coroutine[Any, Any, None]]]
) -> None:
    """Begin the turns whose last one is over, and wait a moment for them. What goes wrong is raised
    after all have had their turn."""
    house: Clearinghouse = context.resources
    begun = []
    for key, act in turns.items():
        if key not in house.turns:
            turn = house.turns[key] = asyncio.create_task(_in_slot(house, act))
            turn.add_done_callback(partial(_over, house, key))
            begun.append(turn)
    if begun:
        await _await(begun, house.patience_s)


def _over(house: Clearinghouse, key: TurnKey, _turn: asyncio.Task[None]) -> None:
    del house.turns[key]


async def _in_slot(house: Clearinghouse, act: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async with house.slots:
        await act()


async def _await(begun: Sequence[asyncio.Task[None]], patience_s: float) -> None:
    try:
        done, late = await asyncio.wait(begun, timeout=patience_s)
    except asyncio.CancelledError:
        # Another process may lead this job now.
        for turn in begun:
            turn.cancel()
        raise
    for turn in late:
        turn.add_done_callback(_report)
    failures = [error for turn in done if isinstance(error := turn.exception(), Exception)]
    if failures:
        raise ExceptionGroup("some partners could not be served", failures)


def _report(turn: asyncio.Task[None]) -> None:
    if not turn.cancelled() and isinstance(error := turn.exception(), Exception):
        log.failure(_log, "a partner could not be served", error)


async def _turn(context: JobContext, partner: TradingPartner, work: Work, name: str) -> None:
    try:
        transport = await transport_of(context, partner)
        async with contextlib.aclosing(transport):
            await work(context, partner, transport)
    except PartnerUnavailable as failure:
        await _leave_alone(context, partner, reason=str(failure), name=name)
    else:
        BREAKER_OPEN.labels(str(partner.partner_id)).set(0)


async def transport_of(context: JobContext, partner: TradingPartner) -> Transport:
    """Raises `PartnerUnavailable` when address, certificates or credentials cannot be used."""
    house: Clearinghouse = context.resources
    credentials = Credentials()
    if partner.has_credentials:
        async with context.database.transaction((partner.tenant_id,)) as tx:
            try:
                credentials = await partners.credentials_of(tx, partner)
            except SealError as failure:
                raise PartnerUnavailable(f"credentials: {failure}") from failure
    return house.transport(partner, credentials)


async def _leave_alone(
    context: JobContext, partner: TradingPartner, *, reason: str, name: str
) -> None:
    PARTNER_FAILURES.labels(name).inc()
    now = context.clock.now()
    async with context.database.transaction((partner.tenant_id,)) as tx:
        failures = (await links.link(tx, partner)).failures + 1
        retry_at = now + timedelta(seconds=pause_s(partner.terms, failures))
        await links.record_failure(tx, partner, reason=reason, retry_at=retry_at, failed_in=name)
        after = await links.link(tx, partner)
    is_open = breaker(partner.terms, after, now=now) is Breaker.OPEN
    BREAKER_OPEN.labels(str(partner.partner_id)).set(is_open)
