"""Trading partners and the payers that they reach."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field, SecretStr, StringConstraints

from payer_gateway.api.register import Body, View, found, router
from payer_gateway.domain.partner import CLAIMS_PER_SET_LIMIT, Link, Payer, Terms, TradingPartner
from payer_gateway.storage import partners as storage
from payer_gateway.storage import payers
from rcm.errors import Conflict, Pointer, Unprocessable
from rcm.ids import new_id
from rcm.service import IfMatch, Page, Paging, RequestClock, RequestTx, versioned

PAYERS_MAX = 1_000
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
EnvelopeId = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{2,15}$")]
"""ISA06 and ISA08 hold fifteen characters."""
Qualifier = Annotated[str, Field(pattern=r"^[0-9A-Z]{2}$")]
PayerId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{2,80}$")]
Address = Annotated[str, Field(pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$", max_length=500)]
YEAR_S = 366 * 86_400
DueSeconds = Annotated[int, Field(ge=1, le=YEAR_S)]


class TermsBody(Body):
    """Sizes and times agreed with a partner; seconds."""

    claims_per_set: Annotated[int, Field(ge=1, le=CLAIMS_PER_SET_LIMIT)] = CLAIMS_PER_SET_LIMIT
    send_after_s: Annotated[int, Field(ge=0, le=86_400)] = 5
    collect_every_s: Annotated[int, Field(ge=0, le=86_400)] = 2
    file_answer_due_s: DueSeconds = 2 * 86_400
    clearinghouse_answer_due_s: DueSeconds = 3 * 86_400
    payer_answer_due_s: DueSeconds = 7 * 86_400


class PartnerCreate(Body):
    """A clearinghouse or payer that takes our files."""

    name: Word
    submitter_id: EnvelopeId
    submitter_name: Word
    submitter_contact: Word
    submitter_phone: Annotated[str, Field(pattern=r"^[0-9]{10,15}$")]
    receiver_id: EnvelopeId
    receiver_name: Word
    base_url: Address
    transport: Literal["https"] = "https"
    usage_indicator: Literal["T", "P"] = "T"
    sender_qualifier: Qualifier = "ZZ"
    receiver_qualifier: Qualifier = "ZZ"
    active: bool = True
    terms: TermsBody = Field(default_factory=TermsBody)
    bearer_token: SecretStr | None = None
    """Sealed on arrival and never shown again."""


class TermsView(View):
    claims_per_set: int
    send_after_s: int
    collect_every_s: int
    file_answer_due_s: int
    clearinghouse_answer_due_s: int
    payer_answer_due_s: int


class PartnerView(View):
    partner_id: UUID
    name: str
    submitter_id: str
    submitter_name: str
    submitter_contact: str
    submitter_phone: str
    receiver_id: str
    receiver_name: str
    base_url: str
    transport: str
    usage_indicator: str
    sender_qualifier: str
    receiver_qualifier: str
    active: bool
    has_credentials: bool
    terms: TermsView
    version: int


class LinkView(View):
    """How the connection fares."""

    polled_at: datetime | None
    failures: int
    retry_at: datetime | None
    last_error: str | None


class PartnerDetail(PartnerView):
    link: LinkView


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


@router.post("/trading-partners", status_code=201, scope="TradingPartner.c", audit_id="partner_id")
async def post_trading_partner(
    body: PartnerCreate, tx: RequestTx, clock: RequestClock, response: Response
) -> PartnerView:
    fields = body.model_dump(exclude={"terms", "bearer_token"})
    partner = TradingPartner(
        tenant_id=tx.tenant_id,
        partner_id=new_id(),
        terms=Terms(**body.terms.model_dump()),
        has_credentials=body.bearer_token is not None,
        **fields,
    )
    if await storage.name_taken(tx, partner.name):
        raise Conflict(
            "partner_exists",
            "A trading partner has this name already.",
            (Pointer("/name", "is taken"),),
        )
    await storage.add_partner(tx, partner, at=clock.now())
    if body.bearer_token is not None:
        secret = body.bearer_token.get_secret_value().encode()
        await storage.put_credentials(tx, partner.partner_id, secret)
    response.headers["Location"] = f"/trading-partners/{partner.partner_id}"
    versioned(response, partner.version)
    return PartnerView.model_validate(partner)


@router.get("/trading-partners", scope="TradingPartner.s")
async def get_trading_partners(tx: RequestTx, paging: Paging) -> Page[PartnerView]:
    after = paging.after(UUID)
    rows = await storage.list_partners(tx, after=after[0] if after else None, limit=paging.fetch)
    return Page[PartnerView].of(
        rows, paging, key=lambda row: (row.partner_id,), view=PartnerView.model_validate
    )


@router.get("/trading-partners/{partner_id}", scope="TradingPartner.r")
async def get_trading_partner(partner_id: UUID, tx: RequestTx, response: Response) -> PartnerDetail:
    partner = found(await storage.partner(tx, partner_id), "trading partner")
    link: Link = await storage.link(tx, partner)
    versioned(response, partner.version)
    return PartnerDetail(
        **PartnerView.model_validate(partner).model_dump(), link=LinkView.model_validate(link)
    )


@router.put("/payers", scope="Payer.u")
async def put_payers(body: PayersPut, tx: RequestTx, clock: RequestClock) -> PayersView:
    """Insert or replace in bulk."""
    rows = [Payer(tx.tenant_id, each.payer_id, each.name, each.partner_id) for each in body.payers]
    await _check(tx, rows)
    saved = await payers.put(tx, rows, at=clock.now())
    return PayersView(items=[PayerView.model_validate(each) for each in saved])


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
    partner_id: Annotated[UUID | None, Query()] = None,
) -> Page[PayerView]:
    after = paging.after(str)
    rows = await payers.list_page(
        tx, partner_id=partner_id, after=after[0] if after else None, limit=paging.fetch
    )
    return Page[PayerView].of(
        rows, paging, key=lambda row: (row.payer_id,), view=PayerView.model_validate
    )


@router.get("/payers/{payer_id}", scope="Payer.r")
async def get_payer(payer_id: PayerId, tx: RequestTx, response: Response) -> PayerView:
    payer = found(await payers.find(tx, payer_id), "payer")
    versioned(response, payer.version)
    return PayerView.model_validate(payer)


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
