"""Routes: which partner takes a kind of transaction for a payer, and from when to when."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from payer_gateway.api.payers import PayerId
from payer_gateway.api.register import Body, ValidView, View, found, router
from payer_gateway.domain.route import Route, overlapping
from payer_gateway.domain.transaction import TransactionType
from payer_gateway.storage import payers, routes
from rcm.errors import Conflict, Pointer, Unprocessable
from rcm.ids import new_id
from rcm.service import Page, Paging, RequestClock, RequestTx, RequiredIfMatch, versioned


class RouteBody(Body):
    """Without a route, the payer's own partner takes everything."""

    payer_id: PayerId
    transaction_type: TransactionType
    partner_id: UUID
    receiver_payer_id: PayerId | None = None
    """The payer's id as this partner knows it; the payer's own when left out."""
    requires_enrollment: bool = False
    effective_from: date
    effective_to: date | None = None
    """The last day; open when left out."""

    def route(self, tenant_id: UUID, route_id: UUID, version: int = 1) -> Route:
        fields = self.model_dump() | {"receiver_payer_id": self.receiver_payer_id or self.payer_id}
        return Route(tenant_id=tenant_id, route_id=route_id, version=version, **fields)


class RouteView(View):
    route_id: UUID
    payer_id: str
    transaction_type: str
    partner_id: UUID
    receiver_payer_id: str
    requires_enrollment: bool
    effective_from: date
    effective_to: date | None
    version: int


@router.post("/routes", status_code=201, scope="Route.c", audit_id="route_id")
async def post_route(
    body: RouteBody, tx: RequestTx, clock: RequestClock, response: Response
) -> RouteView:
    route = body.route(tx.tenant_id, new_id())
    await _check(tx, route)
    await routes.add(tx, route, at=clock.now())
    response.headers["Location"] = f"/routes/{route.route_id}"
    versioned(response, route.version)
    return RouteView.model_validate(route)


@router.post("/routes:validate", scope="Route.c", audit=False)
async def validate_route(body: RouteBody, tx: RequestTx) -> ValidView:
    """Refuses what `POST /routes` would refuse. Keeps nothing."""
    await _check(tx, body.route(tx.tenant_id, new_id()))
    return ValidView()


@router.put("/routes/{route_id}", scope="Route.u", audit_id="route_id")
async def put_route(
    route_id: UUID,
    body: RouteBody,
    *,
    tx: RequestTx,
    clock: RequestClock,
    if_match: RequiredIfMatch,
    response: Response,
) -> RouteView:
    before = found(await routes.find(tx, route_id, lock=True), "route")
    if_match.require(before.version)
    route = body.route(tx.tenant_id, route_id, before.version + 1)
    await _check(tx, route)
    await routes.replace(tx, route, at=clock.now())
    versioned(response, route.version)
    return RouteView.model_validate(route)


@router.delete(
    "/routes/{route_id}", status_code=204, scope="Route.d", audit_id="route_id",
    response_class=Response,
)  # fmt: skip
async def delete_route(route_id: UUID, tx: RequestTx) -> Response:
    """The payer's own partner takes over at once. To end a route some day, set `effective_to`."""
    route = found(await routes.find(tx, route_id, lock=True), "route")
    await routes.remove(tx, route)
    return Response(status_code=204)


@router.get("/routes", scope="Route.s")
async def get_routes(
    tx: RequestTx,
    paging: Paging,
    *,
    payer_id: Annotated[PayerId | None, Query()] = None,
    partner_id: Annotated[UUID | None, Query()] = None,
) -> Page[RouteView]:
    after = paging.after(UUID)
    rows = await routes.list_page(
        tx,
        payer_id=payer_id,
        partner_id=partner_id,
        after=after[0] if after else None,
        limit=paging.fetch,
    )
    return Page[RouteView].of(
        rows, paging, key=lambda row: (row.route_id,), view=RouteView.model_validate
    )


@router.get("/routes/{route_id}", scope="Route.r")
async def get_route(route_id: UUID, tx: RequestTx, response: Response) -> RouteView:
    route = found(await routes.find(tx, route_id), "route")
    versioned(response, route.version)
    return RouteView.model_validate(route)


async def _check(tx: RequestTx, route: Route) -> None:
    pointers = []
    if not await routes.lock_payer(tx, route.payer_id):
        pointers.append(Pointer("/payer_id", "is not one of your payers"))
    if not await payers.known_partners(tx, [route.partner_id]):
        pointers.append(Pointer("/partner_id", "is not one of your trading partners"))
    if route.effective_to is not None and route.effective_to < route.effective_from:
        pointers.append(Pointer("/effective_to", "lies before the first day"))
    if pointers:
        raise Unprocessable("route_invalid", "The route leads nowhere.", tuple(pointers))
    others = await routes.of_payer(tx, route.payer_id, route.transaction_type)
    if overlapping(route, others):
        raise Conflict(
            "route_overlaps",
            "Another route holds for this payer and kind on some of these days.",
            (Pointer("/effective_from", "meets another route"),),
        )
