"""Payers by the ids that claims carry, and the partner that reaches each."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field, StringConstraints

from payer_gateway.api.partners import Word
from payer_gateway.api.register import Body, ValidView, View, found, router
from payer_gateway.domain.partner import Payer
from payer_gateway.storage import payers
from rcm.errors import Pointer, Unprocessable
from rcm.service import IfMatch, Page, Paging, RequestClock, RequestTx, versioned

PAYERS_MAX = 1_000
PayerId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{2,80}$")]
Search = Annotated[
    str | None,
    Query(description="Part of a name, or the beginning of an id."),
    StringConstraints(strip_whitespace=True, min_length=1, max_length=60),
]


class PayerBody(Body):
    name: Word
    partner_id: UUID


class PayerRow(PayerBody):
    payer_id: PayerId


class PayersPut(Body):
    """Several payers at once: all are taken, or none."""

    payers: Annotated[list[PayerRow], Field(min_length=1, max_length=PAYERS_MAX)]


class PayerView(View):
    payer_id: str
    name: str
    partner_id: UUID
    version: int


class PayersView(View):
    items: list[PayerView]


@router.put("/payers", scope="Payer.u")
async def put_payers(body: PayersPut, tx: RequestTx, clock: RequestClock) -> PayersView:
    """Insert or replace in bulk."""
    rows = _rows(tx, body)
    await _check(tx, rows)
    saved = await payers.put(tx, rows, at=clock.now())
    return PayersView(items=[PayerView.model_validate(each) for each in saved])


@router.post("/payers:validate", scope="Payer.u", audit=False)
async def validate_payers(body: PayersPut, tx: RequestTx) -> ValidView:
    """Refuses what `PUT /payers` would refuse. Keeps nothing."""
    await _check(tx, _rows(tx, body))
    return ValidView()


@router.put("/payers/{payer_id}", scope="Payer.u")
async def put_payer(
    payer_id: PayerId,
    body: PayerBody,
    *,
    tx: RequestTx,
    clock: RequestClock,
    if_match: IfMatch,
    response: Response,
) -> PayerView:
    """Insert, or replace; with `If-Match` only the version that was seen."""
    before = await payers.find(tx, payer_id)
    if before is not None:
        if_match.require(before.version)
    row = Payer(tx.tenant_id, payer_id, body.name, body.partner_id)
    if not await payers.known_partners(tx, [body.partner_id]):
        raise _unknown_partner([Pointer("/partner_id", "is not one of your trading partners")])
    saved = (await payers.put(tx, [row], at=clock.now()))[0]
    versioned(response, saved.version)
    return PayerView.model_validate(saved)


@router.get("/payers", scope="Payer.s")
async def get_payers(
    tx: RequestTx,
    paging: Paging,
    *,
    partner_id: Annotated[UUID | None, Query()] = None,
    search: Search = None,
) -> Page[PayerView]:
    """By id; with `search` those whose name holds it, or whose id begins with it."""
    after = paging.after(str)
    rows = await payers.list_page(
        tx,
        partner_id=partner_id,
        search=search,
        after=after[0] if after else None,
        limit=paging.fetch,
    )
    return Page[PayerView].of(
        rows, paging, key=lambda row: (row.payer_id,), view=PayerView.model_validate
    )


@router.get("/payers/{payer_id}", scope="Payer.r")
async def get_payer(payer_id: PayerId, tx: RequestTx, response: Response) -> PayerView:
    payer = found(await payers.find(tx, payer_id), "payer")
    versioned(response, payer.version)
    return PayerView.model_validate(payer)


def _rows(tx: RequestTx, body: PayersPut) -> list[Payer]:
    return [Payer(tx.tenant_id, each.payer_id, each.name, each.partner_id) for each in body.payers]


async def _check(tx: RequestTx, rows: list[Payer]) -> None:
    known = await payers.known_partners(tx, [each.partner_id for each in rows])
    seen: set[str] = set()
    pointers = []
    for position, each in enumerate(rows):
        if each.partner_id not in known:
            place = f"/payers/{position}/partner_id"
            pointers.append(Pointer(place, "is not one of your trading partners"))
        if each.payer_id in seen:
            pointers.append(Pointer(f"/payers/{position}/payer_id", "is given twice"))
        seen.add(each.payer_id)
    if pointers:
        raise _unknown_partner(pointers)


def _unknown_partner(pointers: list[Pointer]) -> Unprocessable:
    return Unprocessable(
        "payers_invalid", "A payer needs a trading partner of yours.", tuple(pointers)
    )
