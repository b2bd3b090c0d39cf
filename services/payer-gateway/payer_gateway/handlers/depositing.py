"""Deposits meet their remittances by trace, whichever of the two came first."""

from itertools import repeat

from payer_gateway.domain.deposits import announced, pair_up
from payer_gateway.handlers.register import subscriptions
from payer_gateway.storage import deposits
from rcm.events import JobContext, publish
from rcm.events.faults import buggify
from rcm.ids import new_id

PER_TURN = 500


@subscriptions.every(seconds=2)
async def match_deposits(context: JobContext) -> None:
    """Match what agrees in trace, company and cents; note what agrees in all but the cents."""
    if not context.tenants:
        return
    now = context.clock.now()
    async with context.database.transaction(context.tenants) as tx:
        candidates = await deposits.by_trace(tx, limit=PER_TURN)
        outcomes = pair_up(candidates, (new_id() for _ in repeat(None)))
        await deposits.record(tx, outcomes, by="trace", at=now)
        await publish(tx, announced(outcomes, now))
        buggify("deposit.matching")
