"""The outside: how a file reaches a partner, and how we fetch what the partner has for us.

A transport is a class with `put`, `list_after` and `get`; a new kind is one module and one line in
`TRANSPORTS`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import httpx

from payer_gateway.clearinghouse.https import HttpsTransport
from payer_gateway.clearinghouse.transport import (
    PartnerRefused,
    PartnerUnavailable,
    Transport,
    Waiting,
)
from payer_gateway.domain.partner import TradingPartner, TransportKind

__all__ = ["Clearinghouse", "PartnerRefused", "PartnerUnavailable", "Transport", "Waiting"]

# A partner that answers slowly holds up only its own files, but not for ever.
TIMEOUT = httpx.Timeout(30.0, connect=5.0)


@dataclass(frozen=True, slots=True)
class Clearinghouse:
    """Makes the transport of a partner. One HTTP client serves all partners of a process."""

    client: httpx.AsyncClient
    allow_http: bool

    @classmethod
    def open(cls, *, production: bool) -> "Clearinghouse":
        """Plain http is for a twin on the same machine, never for production."""
        return cls(httpx.AsyncClient(timeout=TIMEOUT), allow_http=not production)

    def transport(self, partner: TradingPartner, secret: bytes | None) -> Transport:
        """Raises `PartnerUnavailable` when the partner's address may not be used as it is."""
        return TRANSPORTS[partner.transport](self, partner, secret)

    async def aclose(self) -> None:
        await self.client.aclose()


def _https(house: Clearinghouse, partner: TradingPartner, secret: bytes | None) -> Transport:
    if not house.allow_http and not partner.base_url.startswith("https://"):
        raise PartnerUnavailable("the partner's address is not https")
    return HttpsTransport(house.client, partner, secret)


Factory = Callable[[Clearinghouse, TradingPartner, bytes | None], Transport]

TRANSPORTS: Mapping[TransportKind, Factory] = MappingProxyType({"https": _https})
