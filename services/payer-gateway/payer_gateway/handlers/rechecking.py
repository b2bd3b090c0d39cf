"""Held remittances are read again where somebody asked for it, and claims that a person matched
are told under their own numbers. Both read the file that was kept, so nobody types money in."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from functools import partial

from payer_gateway.domain import remittance as domain
from payer_gateway.domain.inbound import Inbound
from payer_gateway.domain.interchange import FoundIn
from payer_gateway.domain.matching import NO_MATCH, Match
from payer_gateway.domain.remittance_sets import RemittanceSet
from payer_gateway.handlers.reading import parsed
from payer_gateway.handlers.register import caused, subscriptions
from payer_gateway.handlers.remittances import recheck_835, remitted
from payer_gateway.storage import exceptions, interchanges, matching, remittances
from payer_gateway.storage.matching import Untold
from payer_gateway.storage.remittances import StoredRemittance
from rcm.contracts.values import Finding
from rcm.events import JobContext, publish
from rcm.events.faults import buggify

PER_TURN = 20

GONE = Finding(code="set-not-found", message="the file no longer shows this transaction set")


@subscriptions.every(seconds=1)
async def recheck_held(context: JobContext) -> None:
    """Judge what is held again, from its bytes."""
    if not context.tenants:
        return
    async with context.database.transaction(context.tenants) as tx:
        waiting = await exceptions.to_recheck(tx, limit=PER_TURN)
    await _each(partial(_recheck, context, held) for held in waiting)


async def _recheck(context: JobContext, held: StoredRemittance) -> None:
    found = await parsed(context, held.tenant_id, held.interchange_id)
    each = await asyncio.to_thread(set_of, found, held.set_ordinal)
    now = context.clock.now()
    async with context.database.transaction((held.tenant_id,)) as tx:
        if not await exceptions.take_held(tx, held):
            return
        if each is None:
            noted = [FoundIn(held.interchange_id, GONE, held.remittance_id)]
            await exceptions.rejudge(tx, held, status=held.status, payer_id=held.payer_id, at=now)
        else:
            noted = await recheck_835(tx, held, each, at=now)
        await interchanges.add_findings(tx, held.tenant_id, noted, at=now)
        buggify("recheck.applying")


def set_of(found: Inbound, ordinal: int) -> RemittanceSet | None:
    """The ST at this place among the 835s of its file."""
    return next((each for each in found.remittances if each.ordinal == ordinal), None)


@subscriptions.every(seconds=1)
async def tell_matches(context: JobContext) -> None:
    """Report CLPs again under the claims that a person matched them to."""
    if not context.tenants:
        return
    async with context.database.transaction(context.tenants) as tx:
        waiting = await matching.untold(tx, limit=PER_TURN)
    now = context.clock.now()
    await _each(partial(_tell, context, each, now) for each in waiting)


async def _each(work: Iterable[Callable[[], Awaitable[None]]]) -> None:
    """One that fails never stands in the way of the next; what went wrong is raised at the end."""
    failures = []
    for act in work:
        try:
            await act()
        except Exception as failure:  # noqa: BLE001 - raised below, after the others
            failures.append(failure)
    if failures:
        raise ExceptionGroup("some remittances could not be worked on", failures)


async def _tell(context: JobContext, each: Untold, now: datetime) -> None:
    async with context.database.transaction((each.tenant_id,)) as tx:
        remittance = await remittances.find(tx, each.remittance_id)
    assert remittance is not None  # noqa: S101 - its claims refer to it
    found = await parsed(context, each.tenant_id, remittance.interchange_id)
    read = await asyncio.to_thread(set_of, found, remittance.set_ordinal)
    if read is None:
        return
    content = read.found.content
    matches = tuple(
        Match(each.submissions[ordinal], "manual") if ordinal in each.submissions else NO_MATCH
        for ordinal in range(1, len(content.claims) + 1)
    )
    told = domain.Context(
        each.tenant_id, each.remittance_id, remittance.payer_id, remittance.received_at, matches
    )
    async with context.database.transaction((each.tenant_id,)) as tx:
        ordinals = await matching.tell(tx, each, at=now)
        await publish(
            tx,
            [
                caused(each.submissions[ordinal], domain.payment_of(content, ordinal, told))
                for ordinal in sorted(ordinals)
            ],
        )
        await remitted(tx, content, told)
        buggify("match.telling")
