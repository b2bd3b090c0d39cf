"""Silence is an answer too: each late hop is said once, and nothing is sent again for it."""

from payer_gateway.handlers.register import subscriptions
from payer_gateway.storage import submissions
from rcm.contracts.payer import AcknowledgmentOverdue
from rcm.events import JobContext, publish

ALARMS_PER_TURN = 1_000


@subscriptions.every(seconds=30.0)
async def raise_overdue(context: JobContext) -> None:
    """999, clearinghouse and payer answers that are later than agreed with the partner."""
    if not context.tenants:
        return
    async with context.database.transaction(context.tenants) as tx:
        late = await submissions.mark_overdue(tx, now=context.clock.now(), limit=ALARMS_PER_TURN)
        await publish(
            tx,
            [
                AcknowledgmentOverdue(
                    tenant_id=each.tenant_id,
                    claim_id=each.claim_id,
                    submission_id=each.submission_id,
                    hop=each.hop,
                    due_at=each.due_at,
                )
                for each in late
            ],
        )
