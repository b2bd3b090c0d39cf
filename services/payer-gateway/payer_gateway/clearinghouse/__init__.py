"""The outside: how a file reaches a partner, and how we fetch what the partner has for us.

A transport is a class with the methods of `Transport`; a new kind is one module and one line in
`TRANSPORTS`. The wire contract of each kind is `docs/reference/transports.md`.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from uuid import UUID

import httpx

from payer_gateway.clearinghouse.core import MIME, SOAP, CoreTransport, Wrapping
from payer_gateway.clearinghouse.folder import FolderTransport
from payer_gateway.clearinghouse.https import HttpsTransport
from payer_gateway.clearinghouse.sftp import SftpTransport
from payer_gateway.clearinghouse.transport import (
    Check,
    FileUnavailable,
    PartnerRefused,
    PartnerUnavailable,
    RealTime,
    Transport,
    Waiting,
)
from payer_gateway.domain.connection import ADDRESSES, Credentials, TransportKind
from payer_gateway.domain.partner import TradingPartner

__all__ = [
    "Check",
    "Clearinghouse",
    "FileUnavailable",
    "PartnerRefused",
    "PartnerUnavailable",
    "RealTime",
    "Transport",
    "TurnKey",
    "Waiting",
]

# Enough that partners which hang leave room for the others until their breakers open.
TURNS_AT_ONCE = 32
TurnKey = tuple[str, UUID, UUID]
"""The work, the tenant, the partner."""


@dataclass(frozen=True, slots=True)
class Clearinghouse:
    """Makes the transport of a partner. One HTTP client serves all partners of a process that ask
    for no trust of their own."""

    client: httpx.AsyncClient
    allow_http: bool
    folder_root: Path | None = None
    patience_s: float = 2.0
    """How long a job waits for the turns that it began."""
    turns: dict[TurnKey, asyncio.Task[None]] = field(default_factory=dict)
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(TURNS_AT_ONCE))

    @classmethod
    def open(cls, *, production: bool, folder_root: Path | None = None) -> "Clearinghouse":
        """Plain http is for a twin on the same machine, never for production."""
        return cls(httpx.AsyncClient(), allow_http=not production, folder_root=folder_root)

    def transport(self, partner: TradingPartner, credentials: Credentials) -> Transport:
        """Raises `PartnerUnavailable` when the partner's address may not be used as it is."""
        if not partner.base_url.startswith(ADDRESSES[partner.transport]):
            raise PartnerUnavailable("the partner's address is of another kind than its transport")
        if partner.base_url.startswith("http://") and not self.allow_http:
            raise PartnerUnavailable("the partner's address is not https")
        return TRANSPORTS[partner.transport](self, partner, credentials)

    async def aclose(self) -> None:
        """What is under way stops where it stands: an open intent is taken up by the next start."""
        turns = list(self.turns.values())
        for turn in turns:
            turn.cancel()
        await asyncio.gather(*turns, return_exceptions=True)
        await self.client.aclose()


def _https(house: Clearinghouse, partner: TradingPartner, credentials: Credentials) -> Transport:
    return HttpsTransport(house.client, partner, credentials)


def _sftp(_house: Clearinghouse, partner: TradingPartner, credentials: Credentials) -> Transport:
    return SftpTransport(partner, credentials)


def _folder(house: Clearinghouse, partner: TradingPartner, _credentials: Credentials) -> Transport:
    return FolderTransport(house.folder_root, partner)


def _core(wrapping: Wrapping) -> "Factory":
    def made(house: Clearinghouse, partner: TradingPartner, credentials: Credentials) -> Transport:
        return CoreTransport(house.client, partner, credentials, wrapping)

    return made


Factory = Callable[[Clearinghouse, TradingPartner, Credentials], Transport]

TRANSPORTS: Mapping[TransportKind, Factory] = MappingProxyType(
    {
        "https": _https,
        "sftp": _sftp,
        "folder": _folder,
        "core_mime": _core(MIME),
        "core_soap": _core(SOAP),
    }
)
