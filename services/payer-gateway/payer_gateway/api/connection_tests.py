"""Trying a partner's connection out: asked for here, made by a job, told here."""

from datetime import datetime
from uuid import UUID

from fastapi import Response

from payer_gateway.api.register import View, found, router
from payer_gateway.domain.connection_test import ConnectionTest
from payer_gateway.storage import connection_tests, partners
from rcm.ids import new_id
from rcm.service import RequestClock, RequestTx


class StepView(View):
    """One thing that was tried, and what it showed, in words."""

    name: str
    succeeded: bool
    found: str


class ConnectionTestView(View):
    """Unfinished until a job has tried it, a second or so later."""

    test_id: UUID
    partner_id: UUID
    requested_at: datetime
    finished_at: datetime | None
    succeeded: bool | None
    steps: list[StepView]


@router.post(
    "/trading-partners/{partner_id}:test",
    status_code=202,
    scope="TradingPartner.u",
    audit_id="partner_id",
)
async def post_connection_test(
    partner_id: UUID, tx: RequestTx, clock: RequestClock, response: Response
) -> ConnectionTestView:
    """Connect, log in, look: nothing is delivered, nothing taken away."""
    partner = found(await partners.partner(tx, partner_id), "trading partner")
    test = ConnectionTest(tx.tenant_id, new_id(), partner.partner_id, clock.now())
    await connection_tests.add(tx, test)
    response.headers["Location"] = f"/trading-partners/{partner_id}/tests/{test.test_id}"
    return ConnectionTestView.model_validate(test)


@router.get("/trading-partners/{partner_id}/tests/{test_id}", scope="TradingPartner.r")
async def get_connection_test(partner_id: UUID, test_id: UUID, tx: RequestTx) -> ConnectionTestView:
    test = await connection_tests.find(tx, partner_id, test_id)
    return ConnectionTestView.model_validate(found(test, "connection test"))
