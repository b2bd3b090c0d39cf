"""A service as one value: its name, its routes, its subscriptions, its schema."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware

from rcm.db import Database
from rcm.events.subscriptions import Subscriptions
from rcm.migrations import EVENTS, SECURITY, upgrade
from rcm.security.jwks import JwksCache
from rcm.security.seal import Keyring, keyring_of
from rcm.security.tenants import TenantDirectory
from rcm.security.tokens import TokenVerifier
from rcm.service import health, openapi, problems
from rcm.service.envelope import Envelope
from rcm.service.kit import Kit, ResourceFactory, Verifier
from rcm.service.routing import ApiRoute
from rcm.settings import Settings


@dataclass(frozen=True, slots=True)
class Service:
    """Made by `create_service`, one for each service, at import; opens nothing by itself."""

    name: str
    router: APIRouter
    subscriptions: Subscriptions
    migrations: tuple[Path, ...]
    resources: ResourceFactory | None = None

    @property
    def version(self) -> str:
        """The installed distribution's version."""
        try:
            return metadata.version(self.name)
        except metadata.PackageNotFoundError:
            return "0.0.0"

    def kit(
        self,
        settings: Settings,
        *,
        keyring: Keyring | None = None,
        verifier: Verifier | None = None,
    ) -> Kit:
        """What requests need: opened lazily, so it can be made while the database is away. Tests
        may give a keyring or a verifier of their own."""
        keys = keyring or keyring_of(settings)
        database = Database(
            settings.database_url.get_secret_value(),
            application_name=f"{self.name} {settings.role}",
            keyring=keys,
            pool_size=settings.database_pool_size,
        )
        checked = verifier or TokenVerifier(
            JwksCache(settings.jwks_url),
            issuer=settings.issuer,
            audience=settings.audience,
            algorithms=settings.token_algorithms,
        )
        opened = self.resources(settings) if self.resources is not None else None
        tenants = TenantDirectory(database)
        return Kit(self.name, settings, database, keys, checked, tenants, opened)

    def app(self, settings: Settings, *, kit: Kit | None = None) -> FastAPI:
        """The HTTP application, which needs no lifespan: `app.state.kit.close()` is all
        that ends it."""
        made = kit or self.kit(settings)
        probes = health.Health(settings.role, made.database, self.migrations)
        return build_app(self, made, probes)

    def openapi(self) -> dict[str, Any]:
        """The API's document, without opening anything."""
        return openapi.document(_bare_app(self, middleware=[]))

    async def migrate(self, owner_url: str) -> None:
        """Bring the schema to its newest revisions, as the database's owner."""
        await upgrade(owner_url, self.name, self.migrations)

    def run(self) -> None:
        """Run the role that the settings name until SIGTERM; exits the process."""
        from rcm.service.runtime import main  # noqa: PLC0415 - only a process needs the server

        main(self)


def create_service(
    name: str,
    *,
    router: APIRouter,
    subscriptions: Subscriptions,
    migrations: Sequence[Path],
    resources: Callable[[Settings], object] | None = None,
) -> Service:
    """Declare a service. `migrations` are its own and, where it keeps books, `LEDGER`; the kit's
    branches for events and security come with every service. Fails at import when a route would be
    open to anyone."""
    for route in router.routes:
        if not isinstance(route, ApiRoute):
            raise TypeError(f"{name}: {route} is not a route of an ApiRouter, so nothing guards it")
    places = dict.fromkeys((EVENTS, SECURITY, *migrations))
    return Service(name, router, subscriptions, tuple(places), resources)


def build_app(service: Service, kit: Kit, probes: health.Health, *, api: bool = True) -> FastAPI:
    """The application of one process; without `api` it answers probes only."""
    settings = kit.settings
    envelope = Middleware(
        Envelope,
        body_limit_bytes=settings.body_limit_bytes,
        secure=settings.environment == "production",
    )
    app = _bare_app(service, middleware=[envelope], api=api)
    app.state.kit = kit
    app.state.health = probes
    problems.install(app)
    health.install(app, probes)
    return app


def _bare_app(service: Service, *, middleware: list[Middleware], api: bool = True) -> FastAPI:
    app = FastAPI(
        title=service.name,
        version=service.version,
        # The stock documentation pages load scripts from elsewhere; /openapi.json is all we serve.
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json" if api else None,
        redirect_slashes=False,
        middleware=middleware,
        # The framework's own spans and metrics would name raw paths.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    if api:
        app.include_router(service.router)
        app.openapi = lambda: openapi.document(app)  # type: ignore[method-assign]
    return app
