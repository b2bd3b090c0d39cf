"""Claims that were accepted and stay silent are asked about by themselves, until they are final."""

from payer_gateway.domain.claim_status import FollowUpTerms, about
from payer_gateway.domain.inquiry import Occasion, Taker
from payer_gateway.handlers.register import subscriptions
from payer_gateway.storage import routes, status_inquiries, submissions
from rcm.events import JobContext
from rcm.ids import new_id

CLAIMS_PER_TURN = 1_000


@subscriptions.every(seconds=60.0)
async def follow_up_silent(context: JobContext) -> None:
    """A 276 for each claim whose day has come. Each gets its next day in the same transaction."""
    if not context.tenants:
        return
    now = context.clock.now()
    for tenant_id in context.tenants:
        async with context.database.transaction((tenant_id,)) as tx:
            silent = await status_inquiries.take_silent(
                tx, now=now, terms=FollowUpTerms(), limit=CLAIMS_PER_TURN
            )
            takers = {
                payer_id: await routes.partner_for(tx, payer_id, "276", on=now.date())
                for payer_id in {each.payer_id for each in silent}
            }
            asked = [
                about(
                    each,
                    Taker(taker[0], taker[1].receiver_payer_id),
                    Occasion(new_id(), "follow_up", now),
                )
                for each in silent
                if (taker := takers[each.payer_id]) is not None
            ]
            if asked:
                await status_inquiries.add(tx, asked)


@subscriptions.every(seconds=3_600.0)
async def let_go_of_persons(context: JobContext) -> None:
    """The sealed claims of sendings that nobody will ask about any more."""
    if not context.tenants:
        return
    async with context.database.transaction(context.tenants) as tx:
        await submissions.let_go(tx, now=context.clock.now())
