"""Trying a connection out: step by step, up to the first that fails, and nothing is delivered."""

import contextlib
from functools import partial

from payer_gateway.clearinghouse import PartnerRefused, PartnerUnavailable, Transport
from payer_gateway.domain.connection_test import ConnectionTest, Step
from payer_gateway.handlers.outside import in_turns, transport_of
from payer_gateway.handlers.register import subscriptions
from payer_gateway.storage import connection_tests, partners
from rcm.events import JobContext

TESTS_PER_TURN = 20
PREPARE = "prepare address, certificates and credentials"


@subscriptions.every(seconds=1.0)
async def try_connections(context: JobContext) -> None:
    """Partners that are switched off too: a connection is tried before it is used."""
    if not context.tenants:
        return
    async with context.database.transaction(context.tenants) as tx:
        waiting = await connection_tests.unfinished(tx, limit=TESTS_PER_TURN)
    turns = {
        ("trying", each.tenant_id, each.partner_id): partial(_try, context, each)
        for each in reversed(waiting)
    }
    await in_turns(context, turns)


async def _try(context: JobContext, test: ConnectionTest) -> None:
    async with context.database.transaction((test.tenant_id,)) as tx:
        partner = await partners.partner(tx, test.partner_id)
    assert partner is not None  # noqa: S101 - tests refer to their partner
    try:
        transport = await transport_of(context, partner)
    except PartnerUnavailable as failure:
        steps = [Step(PREPARE, succeeded=False, found=str(failure))]
    else:
        async with contextlib.aclosing(transport):
            steps = await _steps(transport)
    async with context.database.transaction((test.tenant_id,)) as tx:
        await connection_tests.finish(tx, test, steps, at=context.clock.now())


async def _steps(transport: Transport) -> list[Step]:
    steps = []
    for check in transport.checks():
        try:
            steps.append(Step(check.name, succeeded=True, found=await check.act()))
        except (PartnerRefused, PartnerUnavailable) as failure:
            steps.append(Step(check.name, succeeded=False, found=str(failure)))
            break
    return steps
