"""Door 2 of coding-svc: what happens elsewhere, and what time brings. It listens to nobody: codes
start here."""

from uuid import UUID

from coding_svc.desk.reading import READER, read_chart
from coding_svc.storage import charts
from rcm.events import JobContext, Subscriptions

subscriptions = Subscriptions("coding-svc")

CHARTS_A_TURN = 20


@subscriptions.every(seconds=2.0)
async def read_documents(context: JobContext) -> None:
    """Read what arrived since the last turn. One chart is one transaction, so one that cannot be
    read keeps no other from being read; its failure is told at the end of the turn."""
    failures: list[Exception] = []
    for tenant_id in context.tenants:
        async with context.database.transaction((tenant_id,), actor=READER) as tx:
            waiting = await charts.unread(tx, tenant_id, limit=CHARTS_A_TURN)
        for chart_id in waiting:
            try:
                await _read(context, tenant_id, chart_id)
            except Exception as error:  # noqa: BLE001 - told below, once the others are read
                failures.append(error)
    if failures:
        raise ExceptionGroup("charts could not be read", failures)


async def _read(context: JobContext, tenant_id: UUID, chart_id: UUID) -> None:
    async with context.database.transaction((tenant_id,), actor=READER) as tx:
        await read_chart(tx, context.resources, chart_id, now=context.clock.now())
