"""Stored files are read, oldest first: each is one transaction, all of it or nothing."""

import asyncio
from dataclasses import replace
from uuid import UUID

from payer_gateway.domain import inbound
from payer_gateway.domain.inbound import Inbound, refused_usage
from payer_gateway.domain.interchange import FoundIn, Interchange
from payer_gateway.handlers.acknowledging import acknowledge
from payer_gateway.handlers.answers import take_277ca, take_999, take_ta1
from payer_gateway.handlers.inquiry_answers import take_271, take_277
from payer_gateway.handlers.register import subscriptions
from payer_gateway.handlers.remittances import take_835
from payer_gateway.storage import interchanges
from rcm.contracts.values import Finding
from rcm.db import StatementFailed, Tx
from rcm.events import JobContext
from rcm.events.faults import buggify
from rcm.security.seal import SealError

FILES_PER_TURN = 50
OF_THE_VALUE = ("22", "54")
"""The classes of SQLSTATEs that say that a value is at fault, not the moment: what it is (a NUL in
a claim's number), or how long (one that no index takes)."""


@subscriptions.every(seconds=0.5)
async def read_inbound(context: JobContext) -> None:
    """A file that cannot be read never stands in the way of the next one."""
    if not context.tenants:
        return
    async with context.database.transaction(context.tenants) as tx:
        waiting = await interchanges.unread(tx, limit=FILES_PER_TURN)
    failures = []
    for file in waiting:
        try:
            await read_or_keep(context, file)
        except Exception as failure:  # noqa: BLE001 - raised below, after the other files
            failures.append(failure)
    if failures:
        raise ExceptionGroup("some received files could not be worked on", failures)


async def read_or_keep(context: JobContext, file: Interchange) -> None:
    """What the database will never take, and what no event can say, is kept for a person: tried
    again it would fail again, before all files behind it."""
    try:
        await read_file(context, file)
    except StatementFailed as failure:
        if not failure.sqlstate.startswith(OF_THE_VALUE):
            raise
        await _keep(context, file, NOT_STORABLE)
    except ValueError:
        await _keep(context, file, NOT_STORABLE)


NOT_STORABLE = Finding(code="not-storable", message="it holds values that cannot be stored")


async def _keep(context: JobContext, file: Interchange, finding: Finding) -> None:
    async with context.database.transaction((file.tenant_id,)) as tx:
        if await interchanges.take(tx, file):
            kept = replace(file, status="unreadable")
            await _apply(context, tx, kept, Inbound(findings=(finding,)))
            await interchanges.mark(tx, kept, at=context.clock.now())


async def read_file(context: JobContext, file: Interchange) -> None:
    """Parsing happens outside any transaction, and off the event loop."""
    found = await parsed(context, file.tenant_id, file.interchange_id)
    buggify("read.parsed")
    async with context.database.transaction((file.tenant_id,)) as tx:
        if not await interchanges.take(tx, file):
            return
        earlier = await interchanges.earlier_copy(tx, file)
        if earlier is not None:
            file = replace(file, status="duplicate", duplicate_of=earlier)
        else:
            found = refused_usage(found, await interchanges.usages_allowed(tx, file)) or found
            file = replace(file, status="read" if found.is_readable else "unreadable")
            await _apply(context, tx, file, found)
        file = replace(file, kind=_kind(found), control_number=found.control_number)
        await interchanges.mark(tx, file, at=context.clock.now())
        buggify("read.applying")
    buggify("read.applied")


async def parsed(context: JobContext, tenant_id: UUID, interchange_id: UUID) -> Inbound:
    """What a stored file holds. Parsing happens outside any transaction, and off the loop."""
    async with context.database.transaction((tenant_id,)) as tx:
        try:
            content = await interchanges.content(tx, tenant_id, interchange_id)
        except (SealError, interchanges.Damaged) as failure:
            return Inbound(findings=(Finding(code="not-opened", message=str(failure)),))
    return await asyncio.to_thread(inbound.read, content)


async def _apply(context: JobContext, tx: Tx, file: Interchange, found: Inbound) -> None:
    now = context.clock.now()
    noted = [FoundIn(file.interchange_id, each) for each in found.findings]
    for verdict in found.verdicts:
        noted += await take_ta1(tx, file, verdict, at=now)
    for acknowledgment in found.acknowledgments:
        noted += await take_999(tx, file, acknowledgment, at=now)
    for status in found.statuses:
        noted += await take_277ca(tx, file, status, at=now)
    for coverage in found.coverages:
        noted += await take_271(tx, file, coverage, at=now)
    for claim_status in found.claim_statuses:
        noted += await take_277(tx, file, claim_status, at=now)
    sets = iter(found.remittances)
    while (remittance := await asyncio.to_thread(next, sets, None)) is not None:
        noted += await take_835(tx, file, remittance, at=now)
    await interchanges.add_findings(tx, file.tenant_id, noted, at=now)
    await acknowledge(tx, file, found, at=now)


def _kind(found: Inbound) -> str | None:
    return ", ".join(found.kinds)[:80] or None
