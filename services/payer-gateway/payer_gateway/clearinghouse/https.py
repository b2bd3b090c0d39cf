"""Files over HTTPS: put under a fixed name, list after a cursor, get by name."""

from collections.abc import Sequence
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from payer_gateway.clearinghouse.transport import PartnerRefused, PartnerUnavailable, Waiting
from payer_gateway.domain.partner import TradingPartner

# The request itself is bad: offering it again changes nothing. Everything else may pass.
REFUSALS = frozenset({400, 409, 411, 413, 414, 415, 422})
X12_MEDIA_TYPE = "application/edi-x12"
# Far above any 835; what a partner sends beyond it is not a file for us.
BODY_LIMIT_BYTES = 256_000_000


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
        self, client: httpx.AsyncClient, partner: TradingPartner, secret: bytes | None
    ) -> None:
        self._client = client
        self._base_url = partner.base_url.rstrip("/")
        self._submitter_id = partner.submitter_id
        self._headers = {"Authorization": f"Bearer {secret.decode()}"} if secret else {}

    async def put(self, file_name: str, content: bytes) -> None:
        await self._call(
            "POST",
            "/interchanges",
            params={"file_name": file_name, "submitter_id": self._submitter_id},
            content=content,
            headers={"Content-Type": X12_MEDIA_TYPE, "Idempotency-Key": file_name},
        )

    async def list_after(self, cursor: str) -> Sequence[Waiting]:
        body = await self._call(
            "GET",
            "/interchanges",
            params={"submitter_id": self._submitter_id, "after": cursor},
        )
        try:
            listing = _Listing.model_validate_json(body)
        except ValidationError:
            raise PartnerUnavailable("the partner's list cannot be read") from None
        return [Waiting(each.name, each.cursor) for each in listing.items]

    async def get(self, name: str) -> bytes:
        return await self._call(
            "GET",
            f"/interchanges/{quote(name, safe='')}",
            params={"submitter_id": self._submitter_id},
        )

    async def _call(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, str],
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> bytes:
        """The body of a good answer. Error texts name the status only: bodies quote files."""
        try:
            async with self._client.stream(
                method,
                self._base_url + path,
                params=params,
                content=content,
                headers=self._headers | (headers or {}),
            ) as response:
                self._check(response)
                return await _limited(response)
        except httpx.HTTPError as failure:
            raise PartnerUnavailable(f"no answer ({type(failure).__name__})") from None
        except httpx.InvalidURL:
            raise PartnerUnavailable("the partner's address is not a URL") from None

    @staticmethod
    def _check(response: httpx.Response) -> None:
        if response.is_success:
            return
        if response.status_code in REFUSALS:
            raise PartnerRefused(f"HTTP {response.status_code}")
        raise PartnerUnavailable(f"HTTP {response.status_code}")


async def _limited(response: httpx.Response) -> bytes:
    parts, size = [], 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > BODY_LIMIT_BYTES:
            raise PartnerUnavailable("the partner's answer is larger than any file")
        parts.append(part)
    return b"".join(parts)
