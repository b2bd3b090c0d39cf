"""Companion rules: what a payer or partner asks beyond the guide, checked before a claim leaves."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from payer_gateway.api.partners import Word
from payer_gateway.api.payers import PayerId
from payer_gateway.api.register import Body, ValidView, View, found, router
from payer_gateway.domain.companion import CompanionGuide
from payer_gateway.storage import companions, payers
from rcm.errors import Pointer, Unprocessable
from rcm.ids import new_id
from rcm.service import Page, Paging, RequestClock, RequestTx, RequiredIfMatch, versioned
from rcm_x12.check import CompanionInvalid

RULES_MAX = 1_000


class CompanionBody(Body):
    """Rules of one payer, or of everything that one partner carries. A rule names a place (`loop`,
    `segment`, `qualifier`, `element`, `component`), what `must` hold there, and a `message`."""

    name: Word
    payer_id: PayerId | None = None
    partner_id: UUID | None = None
    rules: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=RULES_MAX)]
    active: bool = True

    @model_validator(mode="after")
    def _of_one(self) -> "CompanionBody":
        if (self.payer_id is None) == (self.partner_id is None):
            raise PydanticCustomError("owner", "belongs to a payer or to a partner")
        return self

    def guide(self, tenant_id: UUID, companion_id: UUID, version: int = 1) -> CompanionGuide:
        return CompanionGuide(
            tenant_id=tenant_id,
            companion_id=companion_id,
            name=self.name,
            payer_id=self.payer_id,
            partner_id=self.partner_id,
            rules=tuple(self.rules),
            active=self.active,
            version=version,
        )


class CompanionView(View):
    companion_id: UUID
    name: str
    payer_id: str | None
    partner_id: UUID | None
    rules: list[dict[str, Any]]
    active: bool
    version: int


@router.post(
    "/companion-guides", status_code=201, scope="CompanionGuide.c", audit_id="companion_id"
)
async def post_companion_guide(
    body: CompanionBody, tx: RequestTx, clock: RequestClock, response: Response
) -> CompanionView:
    guide = body.guide(tx.tenant_id, new_id())
    await _check(tx, guide)
    await companions.put(tx, guide, at=clock.now())
    response.headers["Location"] = f"/companion-guides/{guide.companion_id}"
    versioned(response, guide.version)
    return CompanionView.model_validate(guide)


@router.post("/companion-guides:validate", scope="CompanionGuide.c", audit=False)
async def validate_companion_guide(body: CompanionBody, tx: RequestTx) -> ValidView:
    """Refuses what `POST /companion-guides` would refuse. Keeps nothing."""
    await _check(tx, body.guide(tx.tenant_id, new_id()))
    return ValidView()


@router.put("/companion-guides/{companion_id}", scope="CompanionGuide.u", audit_id="companion_id")
async def put_companion_guide(
    companion_id: UUID,
    body: CompanionBody,
    *,
    tx: RequestTx,
    clock: RequestClock,
    if_match: RequiredIfMatch,
    response: Response,
) -> CompanionView:
    before = found(await companions.find(tx, companion_id, lock=True), "companion guide")
    if_match.require(before.version)
    guide = body.guide(tx.tenant_id, companion_id, before.version + 1)
    await _check(tx, guide)
    await companions.put(tx, guide, at=clock.now())
    versioned(response, guide.version)
    return CompanionView.model_validate(guide)


@router.delete(
    "/companion-guides/{companion_id}", status_code=204, scope="CompanionGuide.d",
    audit_id="companion_id", response_class=Response,
)  # fmt: skip
async def delete_companion_guide(companion_id: UUID, tx: RequestTx) -> Response:
    guide = found(await companions.find(tx, companion_id, lock=True), "companion guide")
    await companions.remove(tx, guide)
    return Response(status_code=204)


@router.get("/companion-guides", scope="CompanionGuide.s")
async def get_companion_guides(
    tx: RequestTx,
    paging: Paging,
    *,
    payer_id: Annotated[PayerId | None, Query()] = None,
    partner_id: Annotated[UUID | None, Query()] = None,
) -> Page[CompanionView]:
    after = paging.after(UUID)
    rows = await companions.list_page(
        tx,
        payer_id=payer_id,
        partner_id=partner_id,
        after=after[0] if after else None,
        limit=paging.fetch,
    )
    return Page[CompanionView].of(
        rows, paging, key=lambda row: (row.companion_id,), view=CompanionView.model_validate
    )


@router.get("/companion-guides/{companion_id}", scope="CompanionGuide.r")
async def get_companion_guide(
    companion_id: UUID, tx: RequestTx, response: Response
) -> CompanionView:
    guide = found(await companions.find(tx, companion_id), "companion guide")
    versioned(response, guide.version)
    return CompanionView.model_validate(guide)


async def _check(tx: RequestTx, guide: CompanionGuide) -> None:
    pointers = []
    if guide.payer_id and not await payers.known(tx, guide.tenant_id, [guide.payer_id]):
        pointers.append(Pointer("/payer_id", "is not one of your payers"))
    if guide.partner_id and not await payers.known_partners(tx, [guide.partner_id]):
        pointers.append(Pointer("/partner_id", "is not one of your trading partners"))
    try:
        guide.loaded()
    except CompanionInvalid as invalid:
        # What is wrong names our own fields and places of the list; a sender's words stay out.
        pointers += [_pointer(each) for each in invalid.errors]
    if pointers:
        raise Unprocessable("companion_invalid", "The rules cannot be used.", tuple(pointers))


def _pointer(error: str) -> Pointer:
    place, separator, why = error.partition(": ")
    known = separator and place.replace("[", "").replace("]", "").replace(".", "").isalnum()
    if not known or why == "there is no such field" or "occurs twice" in why:
        return Pointer("/rules", "has a field that is not known, or a code that occurs twice")
    return Pointer("/" + place.replace("[", "/").replace("]", "").replace(".", "/"), why)
