"""Trading partners: who they are, how they are reached, and how the connection fares."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Response
from pydantic import AfterValidator, Field, SecretStr, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from payer_gateway.api.register import Body, ValidView, View, found, router
from payer_gateway.domain.breaker import Breaker, breaker
from payer_gateway.domain.connection import ADDRESSES, Connection, Credentials, TransportKind
from payer_gateway.domain.partner import CLAIMS_PER_SET_LIMIT, Link, Terms, TradingPartner
from payer_gateway.storage import links
from payer_gateway.storage import partners as storage
from rcm.errors import Conflict, Pointer, Unprocessable
from rcm.ids import new_id
from rcm.service import Page, Paging, RequestClock, RequestTx, RequiredIfMatch, versioned

Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
EnvelopeId = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{2,15}$")]
"""ISA06 and ISA08 hold fifteen characters."""
Qualifier = Annotated[str, Field(pattern=r"^[0-9A-Z]{2}$")]
Address = Annotated[
    str,
    Field(
        pattern=r"^(https?://[^\s/?#@]+(/[^\s?#]*)?|sftp://[^\s/?#@]+/?"
        r"|folder:[A-Za-z0-9_-][A-Za-z0-9._/-]*)$",
        max_length=500,
    ),
]
Directory = Annotated[str, Field(pattern=r"^/?[A-Za-z0-9_-][A-Za-z0-9._/ -]*$", max_length=200)]
HostKey = Annotated[
    str,
    Field(
        pattern=r"^(|SHA256:[A-Za-z0-9+/]{43}|(ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+( \S+)?)$",
        max_length=2_000,
    ),
]
Pem = Annotated[str, StringConstraints(max_length=20_000)]
Secret = Annotated[SecretStr, Field(max_length=20_000)]
LocalTime = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
YEAR_S = 366 * 86_400
DueSeconds = Annotated[int, Field(ge=1, le=YEAR_S)]


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise PydanticCustomError("time_zone", "is not a time zone") from None
    return name


TimeZone = Annotated[str, StringConstraints(max_length=60), AfterValidator(_known_zone)]


class TermsBody(Body):
    """Sizes and times agreed with a partner; seconds."""

    claims_per_set: Annotated[int, Field(ge=1, le=CLAIMS_PER_SET_LIMIT)] = CLAIMS_PER_SET_LIMIT
    send_after_s: Annotated[int, Field(ge=0, le=86_400)] = 5
    collect_every_s: Annotated[int, Field(ge=0, le=86_400)] = 2
    file_answer_due_s: DueSeconds = 2 * 86_400
    clearinghouse_answer_due_s: DueSeconds = 3 * 86_400
    payer_answer_due_s: DueSeconds = 7 * 86_400
    cut_offs: Annotated[tuple[LocalTime, ...], Field(max_length=24)] = ()
    time_zone: TimeZone = "UTC"
    breaker_failures: Annotated[int, Field(ge=1, le=100)] = 5
    second_opinion: bool = False
    real_time_inquiries: bool = True
    """Eligibility checks and claim status inquiries are asked in real time where the transport can;
    else, or when switched off, they travel in files."""
    send_999: bool = False
    """A 999 goes back for each 835, 271, 277 and 277CA that comes."""
    send_ta1: bool = False
    """A TA1 goes back where the partner's ISA14 asks for one."""


class ConnectionBody(Body):
    """How the partner is reached beyond its address; nothing in it is secret."""

    timeout_s: Annotated[int, Field(ge=1, le=600)] = 30
    host_key: HostKey = ""
    inbound_directory: Directory = "inbound"
    outbound_directory: Directory = "outbound"
    after_pickup: Literal["delete", "archive"] = "delete"
    ca_certificate: Pem = ""


class CredentialsBody(Body):
    """Sealed on arrival and never shown again. What is left out is taken away."""

    bearer_token: Secret | None = None
    username: Annotated[str, StringConstraints(max_length=200)] = ""
    password: Secret | None = None
    private_key: Secret | None = None
    private_key_passphrase: Secret | None = None
    client_certificate: Pem = ""
    client_key: Secret | None = None

    def value(self) -> Credentials:
        given = self.model_dump(exclude_none=True)
        return Credentials(
            **{
                name: each.get_secret_value() if isinstance(each, SecretStr) else each
                for name, each in given.items()
            }
        )


class PartnerBody(Body):
    """A clearinghouse or payer that takes our files."""

    name: Word
    submitter_id: EnvelopeId
    submitter_name: Word
    submitter_contact: Word
    submitter_phone: Annotated[str, Field(pattern=r"^[0-9]{10,15}$")]
    receiver_id: EnvelopeId
    receiver_name: Word
    base_url: Address
    """`https://host/path`, `sftp://host:port` or `folder:path-below-the-root`."""
    transport: TransportKind = "https"
    usage_indicator: Literal["T", "P"] = "T"
    sender_qualifier: Qualifier = "ZZ"
    receiver_qualifier: Qualifier = "ZZ"
    active: bool = True
    terms: TermsBody = Field(default_factory=TermsBody)
    connection: ConnectionBody = Field(default_factory=ConnectionBody)

    def partner(self, tenant_id: UUID, partner_id: UUID) -> TradingPartner:
        fields = {
            name: getattr(self, name)
            for name in PartnerBody.model_fields
            if name not in {"terms", "connection"}
        }
        terms = self.terms.model_dump()
        return TradingPartner(
            tenant_id=tenant_id,
            partner_id=partner_id,
            terms=Terms(**(terms | {"cut_offs": tuple(sorted(set(self.terms.cut_offs)))})),
            connection=Connection(**self.connection.model_dump()),
            **fields,
        )


class PartnerCreate(PartnerBody):
    bearer_token: SecretStr | None = None
    """Short for `credentials` with nothing but this."""
    credentials: CredentialsBody | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "PartnerCreate":
        if self.bearer_token is not None and self.credentials is not None:
            raise PydanticCustomError("credentials", "gives a bearer token twice")
        return self

    def secrets(self) -> Credentials:
        if self.credentials is not None:
            return self.credentials.value()
        token = self.bearer_token
        return Credentials(bearer_token=token.get_secret_value() if token else "")


class TermsView(View):
    claims_per_set: int
    send_after_s: int
    collect_every_s: int
    file_answer_due_s: int
    clearinghouse_answer_due_s: int
    payer_answer_due_s: int
    cut_offs: list[str]
    time_zone: str
    breaker_failures: int
    second_opinion: bool
    real_time_inquiries: bool
    send_999: bool
    send_ta1: bool


class ConnectionView(View):
    timeout_s: int
    host_key: str
    inbound_directory: str
    outbound_directory: str
    after_pickup: str
    ca_certificate: str


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
    connection: ConnectionView
    version: int


class LinkView(View):
    """How the connection fares."""

    polled_at: datetime | None
    failures: int
    retry_at: datetime | None
    last_error: str | None
    failed_in: str | None


class PartnerDetail(PartnerView):
    link: LinkView
    breaker: Breaker


@router.post("/trading-partners", status_code=201, scope="TradingPartner.c", audit_id="partner_id")
async def post_trading_partner(
    body: PartnerCreate, tx: RequestTx, clock: RequestClock, response: Response
) -> PartnerView:
    partner = body.partner(tx.tenant_id, new_id())
    await _check(tx, partner, body.secrets())
    await storage.add_partner(tx, partner, at=clock.now())
    if body.secrets():
        await storage.put_credentials(tx, partner.partner_id, body.secrets())
    response.headers["Location"] = f"/trading-partners/{partner.partner_id}"
    versioned(response, partner.version)
    return PartnerView.model_validate(replace(partner, has_credentials=bool(body.secrets())))


@router.post("/trading-partners:validate", scope="TradingPartner.c", audit=False)
async def validate_trading_partner(body: PartnerCreate, tx: RequestTx) -> ValidView:
    """Refuses what `POST /trading-partners` would refuse. Keeps nothing."""
    await _check(tx, body.partner(tx.tenant_id, new_id()), body.secrets())
    return ValidView()


@router.put("/trading-partners/{partner_id}", scope="TradingPartner.u", audit_id="partner_id")
async def put_trading_partner(
    partner_id: UUID,
    body: PartnerBody,
    *,
    tx: RequestTx,
    clock: RequestClock,
    if_match: RequiredIfMatch,
    response: Response,
) -> PartnerView:
    """Replace all but the credentials. `active: false` leaves the partner alone: nothing is sent
    and nothing collected; claims for it wait."""
    before = found(await storage.partner(tx, partner_id, lock=True), "trading partner")
    if_match.require(before.version)
    changed = body.partner(tx.tenant_id, partner_id)
    kept = await storage.credentials_of(tx, before)
    await _check(tx, changed, kept if before.has_credentials else None)
    saved = await storage.replace_partner(tx, changed, at=clock.now())
    versioned(response, saved.version)
    return PartnerView.model_validate(saved)


@router.put(
    "/trading-partners/{partner_id}/credentials",
    status_code=204,
    scope="TradingPartner.u",
    audit_id="partner_id",
    response_class=Response,
)
async def put_credentials(partner_id: UUID, body: CredentialsBody, tx: RequestTx) -> Response:
    """Rotate: from the next connection on these are shown, and the old ones are gone."""
    partner = found(await storage.partner(tx, partner_id, lock=True), "trading partner")
    _require(body.value(), partner.transport, place="")
    await storage.put_credentials(tx, partner_id, body.value())
    return Response(status_code=204)


@router.get("/trading-partners", scope="TradingPartner.s")
async def get_trading_partners(tx: RequestTx, paging: Paging) -> Page[PartnerView]:
    after = paging.after(UUID)
    rows = await storage.list_partners(tx, after=after[0] if after else None, limit=paging.fetch)
    return Page[PartnerView].of(
        rows, paging, key=lambda row: (row.partner_id,), view=PartnerView.model_validate
    )


@router.get("/trading-partners/{partner_id}", scope="TradingPartner.r")
async def get_trading_partner(
    partner_id: UUID, tx: RequestTx, clock: RequestClock, response: Response
) -> PartnerDetail:
    partner = found(await storage.partner(tx, partner_id), "trading partner")
    link: Link = await links.link(tx, partner)
    versioned(response, partner.version)
    return PartnerDetail(
        **PartnerView.model_validate(partner).model_dump(),
        link=LinkView.model_validate(link),
        breaker=breaker(partner.terms, link, now=clock.now()),
    )


async def _check(tx: RequestTx, partner: TradingPartner, credentials: Credentials | None) -> None:
    """What holds for a partner as a whole. Without credentials they are expected later."""
    if not partner.base_url.startswith(ADDRESSES[partner.transport]):
        raise _invalid("/base_url", "is not an address of this transport")
    if partner.transport == "sftp" and not partner.connection.host_key:
        raise _invalid("/connection/host_key", "is needed: no server is trusted at first sight")
    if ".." in (
        partner.base_url
        + partner.connection.inbound_directory
        + partner.connection.outbound_directory
    ):
        raise _invalid("/connection", "leads upwards")
    if credentials:
        _require(credentials, partner.transport, place="/credentials")
    if await storage.name_taken(tx, partner.name, but_by=partner.partner_id):
        raise Conflict(
            "partner_exists",
            "A trading partner has this name already.",
            (Pointer("/name", "is taken"),),
        )


def _require(credentials: Credentials, transport: TransportKind, *, place: str) -> None:
    missing = credentials.missing(transport)
    if missing is not None:
        raise _invalid(place or "/username", missing)


def _invalid(place: str, why: str) -> Unprocessable:
    return Unprocessable(
        "partner_invalid", "The partner cannot be reached like this.", (Pointer(place, why),)
    )
