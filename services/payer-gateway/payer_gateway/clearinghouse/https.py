"""Files over HTTPS: put under a fixed name, list after a cursor, get by name, ask in real time."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from payer_gateway.clearinghouse.transport import (
    Check,
    PartnerRefused,
    PartnerUnavailable,
    Waiting,
    require_size,
)
from payer_gateway.clearinghouse.web import exchange, needs_own_client, own_client, timeouts
from payer_gateway.domain.connection import Credentials
from payer_gateway.domain.partner import TradingPartner

# The request itself is bad: offering it again changes nothing. Everything else may pass.
REFUSALS = frozenset({400, 409, 411, 413, 414, 415, 422})
X12_MEDIA_TYPE = "application/edi-x12"


class _Listed(BaseModel):
    model_config = ConfigDict(extra="ignore")

    name: str
    cursor: str


class _Listing(BaseModel):
    model_config = ConfigDict(extra="ignore")

    items: list[_Listed]


class HttpsTransport:
    """One partner over HTTPS, with a bearer token when credentials were given."""

    def __init__(
        self, client: httpx.AsyncClient, partner: TradingPartner, credentials: Credentials
    ) -> None:
        self._connection = partner.connection
        self._own = needs_own_client(partner.connection, credentials)
        self._client = own_client(partner.connection, credentials) if self._own else client
        self._base_url = partner.base_url.rstrip("/")
        self._submitter_id = partner.submitter_id
        token = credentials.bearer_token
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def put(self, file_name: str, content: bytes) -> None:
        require_size(content)
        await self._call(
            "POST",
            "/interchanges",
            params={"file_name": file_name},
            content=content,
            headers={"Content-Type": X12_MEDIA_TYPE, "Idempotency-Key": file_name},
        )

    async def list_after(self, cursor: str) -> Sequence[Waiting]:
        body = await self._call("GET", "/interchanges", params={"after": cursor})
        try:
            listing = _Listing.model_validate_json(body)
        except ValidationError:
            raise PartnerUnavailable("the partner's list cannot be read") from None
        return [Waiting(each.name, each.cursor) for each in listing.items]

    async def get(self, name: str) -> bytes:
        return await self._call("GET", f"/interchanges/{quote(name, safe='')}")

    async def settle(self, name: str) -> None:
        """The cursor of the next list says it."""

    async def ask(self, payload_type: str, content: bytes) -> bytes:
        require_size(content)
        return await self._call(
            "POST",
            "/realtime",
            params={"payload_type": payload_type},
            content=content,
            headers={"Content-Type": X12_MEDIA_TYPE},
        )

    def checks(self) -> Sequence[Check]:
        return [Check("list what waits", self._check_list)]

    async def aclose(self) -> None:
        if self._own:
            await self._client.aclose()

    async def _check_list(self) -> str:
        waiting = await self.list_after("")
        return f"The partner answers, and lists {len(waiting)} files."

    async def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """The body of a good answer."""
        try:
            request = self._client.build_request(
                method,
                self._base_url + path,
                params={"submitter_id": self._submitter_id, **(params or {})},
                content=content,
                headers=self._headers | dict(headers or {}),
                timeout=timeouts(self._connection),
            )
        except httpx.InvalidURL:
            raise PartnerUnavailable("the partner's address is not a URL") from None
        response = await exchange(self._client, request, connection=self._connection)
        require_success(response)
        return response.content


def require_success(response: httpx.Response) -> None:
    if response.is_success:
        return
    if response.status_code in REFUSALS:
        raise PartnerRefused(f"HTTP {response.status_code}")
    raise PartnerUnavailable(f"HTTP {response.status_code}")
