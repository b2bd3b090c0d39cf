"""A service for a test: real database, real tokens, its API over ASGI, its handlers by hand.

    @pytest.fixture
    async def claims(servers) -> AsyncIterator[ServiceUnderTest]:
        async with service_under_test(
            service, servers.postgres_admin_url, servers.kafka_bootstrap
        ) as found:
            yield found

    async def test_a_claim_opens_for_a_coded_encounter(claims):
        await claims.deliver(sample(EncounterCoded, tenant_id=claims.tenant))
        async with claims.client("Claim.rs") as client:       # a token with system/Claim.rs
            page = (await client.get("/claims")).json()       # writes get an Idempotency-Key
        [created] = await claims.published(ClaimCreated)      # from outbox and event log, decoded
        async with claims.transaction() as tx: ...            # as the app role, for one tenant

`deliver` hands events to the service's handlers in one transaction, as one polled batch, without a
broker (no inbox, no sequence gate). `run_job("send_batches")` runs an `@every` job once. With a
broker, `async with claims.running():` runs consumer, jobs, parking and relay in this process, with
topics of this test's own prefix; then `await eventually(check)` waits for what should become true.
"""

import asyncio
import contextlib
import secrets
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from rcm.contracts.base import Event
from rcm.db import Database, Tx
from rcm.events import JobContext, Received
from rcm.events.topics import admin
from rcm.ids import new_id
from rcm.migrations import DatabaseUrls
from rcm.security.audit import Signer
from rcm.security.kek import make_key_file
from rcm.security.seal import FileKeyring
from rcm.security.tenants import register
from rcm.service import Kit, Service
from rcm.service.components import parts_of
from rcm.service.health import Component
from rcm.settings import Role, Settings
from rcm.testing.databases import service_database
from rcm.testing.tokens import JWKS_URL, Issuer, principal

E = TypeVar("E", bound=Event)
T = TypeVar("T")

TENANT = UUID("7e57c0de-0000-4000-8000-000000000001")
OTHER_TENANT = UUID("7e57c0de-0000-4000-8000-000000000002")
EVERYTHING = "*.cruds"
NO_BROKER = "127.0.0.1:1"
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True)
class ServiceUnderTest:
    """One service with a database of its own and two tenants, `tenant` and `other_tenant`."""

    service: Service
    settings: Settings
    urls: DatabaseUrls
    admin_url: str = field(repr=False)
    kit: Kit
    app: FastAPI
    issuer: Issuer
    keyring: FileKeyring
    tenant: UUID = TENANT
    other_tenant: UUID = OTHER_TENANT
    _sequences: dict[tuple[str, str], int] = field(default_factory=dict)

    @property
    def database(self) -> Database:
        return self.kit.database

    def token(
        self,
        *scopes: str,
        tenant: UUID | None = None,
        roles: tuple[str, ...] = (),
        subject: str = "test-system",
    ) -> str:
        """A signed token. A scope without context is a system's: `Claim.rs`."""
        full = [scope if "/" in scope else f"system/{scope}" for scope in scopes or (EVERYTHING,)]
        caller = principal(tenant or self.tenant, *full, roles=roles, subject=subject)
        return self.issuer.mint(caller)

    def client(
        self,
        *scopes: str,
        tenant: UUID | None = None,
        roles: tuple[str, ...] = (),
        subject: str = "test-system",
    ) -> httpx.AsyncClient:
        """A client of the API with such a token (all rights when no scope is given). A write
        without an `Idempotency-Key` gets a new one."""
        token = self.token(*scopes, tenant=tenant, roles=roles, subject=subject)

        async def add_key(request: httpx.Request) -> None:
            if request.method in _WRITES:
                request.headers.setdefault("Idempotency-Key", str(new_id()))

        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://service.test",
            headers={"Authorization": f"Bearer {token}"},
            event_hooks={"request": [add_key]},
        )

    @contextlib.asynccontextmanager
    async def transaction(self, *tenants: UUID) -> AsyncIterator[Tx]:
        """A transaction of the app role, for `tenant` unless others are given."""
        async with self.database.transaction(tenants or (self.tenant,), actor="test") as tx:
            yield tx

    async def deliver(self, *events: Event | Received[Any]) -> list[Received[Any]]:
        """Give these events to their handlers as one batch in one transaction. A `Received` is
        delivered as it is, so the same one twice is a repetition."""
        batch = [self._received(found) for found in events]
        by_handler: dict[Callable[..., Awaitable[None]], list[Received[Any]]] = {}
        for received in batch:
            handler = self.service.subscriptions.handlers[type(received.event)]
            by_handler.setdefault(handler, []).append(received)
        tenants = {received.tenant_id for received in batch}
        async with self.database.transaction(tenants, actor="test") as tx:
            for handler, part in by_handler.items():
                await handler(part, tx)
        return batch

    async def run_job(self, name: str) -> None:
        """Run one `@every` job once, for both tenants."""
        [job] = [found for found in self.service.subscriptions.jobs if found.name == name]
        tenants = await self.kit.tenants.active()
        await job.function(JobContext(self.database, tenants, self.kit.clock, self.kit.resources))

    async def published(self, kind: type[E], tenant: UUID | None = None) -> list[E]:
        """All events of this type that the service has published so far, oldest first, decoded;
        person blocks are sealed."""
        return [received.event for received in await self.received(kind, tenant)]

    async def received(self, kind: type[E], tenant: UUID | None = None) -> list[Received[E]]:
        """The same as a consumer would get them, so `Received.open(keyring)` works."""
        wanted = tenant or self.tenant
        async with self.database.transaction((wanted,)) as tx:
            rows = await tx.fetch(
                """
                SELECT event_id, value, aggregate_sequence, id AS position
                FROM outbox
                WHERE tenant_id = $1 AND ce_type = $2 AND aggregate_sequence IS NOT NULL
                UNION ALL
                SELECT event_id, value, aggregate_sequence, position
                FROM event_log
                WHERE tenant_id = $1 AND ce_type = $2 AND aggregate_sequence IS NOT NULL
                ORDER BY position
                """,
                wanted,
                kind.__name__,
            )
        return [
            Received.of(
                kind.model_validate_json(row["value"]),
                event_id=row["event_id"],
                sequence=row["aggregate_sequence"],
            )
            for row in rows
        ]

    @contextlib.asynccontextmanager
    async def running(self, role: Role = "all") -> AsyncIterator[dict[str, Component]]:
        """Run the role's parts (by name: relay, consumer, jobs, parking, audit) in this process;
        at the end they finish what they have in hand. Ends with the error of a part that died."""
        stop = asyncio.Event()
        settings = self.settings.model_copy(update={"role": role})
        parts = parts_of(self.service, replace(self.kit, settings=settings))
        tasks = [asyncio.create_task(part.run(stop)) for part in parts.components.values()]
        try:
            if parts.topics_present is not None:
                await eventually(parts.topics_present, timeout_s=60)
            yield parts.components
        finally:
            stop.set()
            await asyncio.gather(*tasks)
            await parts.close()

    def _received(self, found: Event | Received[Any]) -> Received[Any]:
        if isinstance(found, Received):
            return found
        stream = (found.topic.name, found.key)
        self._sequences[stream] = self._sequences.get(stream, 0) + 1
        return Received.of(found, sequence=self._sequences[stream])


@contextlib.asynccontextmanager
async def service_under_test(
    service: Service,
    postgres_admin_url: str,
    kafka_bootstrap: str = NO_BROKER,
    **settings: Any,
) -> AsyncIterator[ServiceUnderTest]:
    """The service with a fresh database. `settings` replace single settings of `Settings`. Without
    `kafka_bootstrap` nothing may be `running()`."""
    async with service_database(postgres_admin_url, service.name, service.migrations) as urls:
        with tempfile.TemporaryDirectory(prefix="rcm-test-") as directory:
            wrapping = make_key_file(Path(directory) / "kek")
            keyring = FileKeyring.create(Path(directory) / "keyring.json", wrapping)
            Signer.create(Path(directory) / "audit.pem")
            given = _settings(urls, Path(directory), kafka_bootstrap) | settings
            made = Settings(**given)
            issuer = Issuer()
            kit = service.kit(made, keyring=keyring, verifier=issuer.verifier())
            try:
                for tenant, code in ((TENANT, "north"), (OTHER_TENANT, "south")):
                    keyring.add_tenant(tenant)
                    await register(kit.database, tenant, name_code=code)
                app = service.app(made, kit=kit)
                yield ServiceUnderTest(
                    service, made, urls, postgres_admin_url, kit, app, issuer, keyring
                )
            finally:
                await kit.close()
                if kafka_bootstrap != NO_BROKER:
                    await _delete_topics(made)


async def eventually(
    check: Callable[[], Awaitable[T]], *, timeout_s: float = 20.0, pause_s: float = 0.05
) -> T:
    """Ask until the answer is true (or an assertion holds) and return it; fail when it never is."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            found = await check()
            if found or found is None or time.monotonic() > deadline:
                assert found or found is None, "it did not become true in time"  # noqa: S101
                return found
        except AssertionError:
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(pause_s)


async def _delete_topics(settings: Settings) -> None:
    """Topics of this test's prefix, where there are any and a broker to ask."""
    with contextlib.suppress(OSError, RuntimeError):
        async with admin(settings.kafka_bootstrap) as client:
            mine = [n for n in await client.list_topics() if n.startswith(settings.topic_prefix)]
            if mine:
                await client.delete_topics(mine)


def _settings(urls: DatabaseUrls, directory: Path, kafka_bootstrap: str) -> dict[str, Any]:
    return {
        "environment": "test",
        "role": "all",
        "port": 0,
        "database_url": SecretStr(urls.app),
        "relay_database_url": SecretStr(urls.relay),
        "kafka_bootstrap": kafka_bootstrap,
        "topic_prefix": f"t{secrets.token_hex(4)}.",
        "keyring_file": directory / "keyring.json",
        "kek": f"file:{directory / 'kek'}",
        "issuer": Issuer().issuer,
        "jwks_url": JWKS_URL,
        "audit_anchor_file": directory / "anchor.jsonl",
        "audit_signing_key_file": directory / "audit.pem",
    }
