"""What one service process holds for its requests, and how an endpoint asks for it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Protocol, cast

from fastapi import Depends, Request

from rcm.clock import Clock, SystemClock
from rcm.db import Database, Tx
from rcm.security.seal import Keyring
from rcm.security.tenants import TenantDirectory
from rcm.security.tokens import Principal
from rcm.settings import Settings


class Verifier(Protocol):
    """Who a bearer token speaks for; refuses with `Unauthorized` (`rcm.security.tokens`)."""

    async def verify(self, token: str) -> Principal: ...


@dataclass(frozen=True, slots=True)
class Kit:
    """The process's share of a request: made once, before the first one arrives."""

    service: str
    settings: Settings
    database: Database
    keyring: Keyring
    verifier: Verifier
    tenants: TenantDirectory
    resources: object = None
    clock: Clock = field(default_factory=SystemClock)

    async def close(self) -> None:
        """Close the pool, and what the service opened as resources where that has `aclose`."""
        await self.database.close()
        aclose = getattr(self.resources, "aclose", None)
        if aclose is not None:
            await aclose()


@dataclass(slots=True)
class Call:
    """The request's own share, set by the route before the endpoint runs."""

    principal: Principal
    tx: Tx | None = None


def kit_of(request: Request) -> Kit:
    """The kit of the application that serves this request."""
    return cast("Kit", request.app.state.kit)


def call_of(request: Request) -> Call:
    """The caller and the transaction; present on every route of an `ApiRouter`."""
    return cast("Call", request.state.call)


async def _principal(request: Request) -> Principal:
    return call_of(request).principal


async def _tx(request: Request) -> Tx:
    tx = call_of(request).tx
    if tx is None:
        raise RuntimeError("this request has no transaction: is the route an ApiRouter's?")
    return tx


async def _resources(request: Request) -> object:
    return kit_of(request).resources


async def _clock(request: Request) -> Clock:
    return kit_of(request).clock


CurrentPrincipal = Annotated[Principal, Depends(_principal)]
"""Who calls: subject, tenant, scopes, roles."""

RequestTx = Annotated[Tx, Depends(_tx)]
"""The request's transaction, within its tenant. It commits before the response is sent; raising
rolls it back. It is closed by the time a streamed body is sent: read first, then respond."""

ServiceResources = Annotated[Any, Depends(_resources)]
"""What the service's `resources` callable returned (opened catalogues, clients)."""

RequestClock = Annotated[Clock, Depends(_clock)]
"""Where an endpoint takes the time from, to hand it to the domain as a value."""

ResourceFactory = Callable[[Settings], object]
