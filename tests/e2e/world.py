"""The running stack as the world sees it: public APIs with real tokens, and an operator's eyes."""

import json
import re
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
from aiokafka import AIOKafkaProducer
from e2e.clinic import REFUSED
from e2e.outside import Outside
from joserfc.jwk import ECKey

from rcm.events.jobs import lock_key
from rcm.events.session import JOB_SPACE
from rcm.ids import NO_TENANT, new_id
from rcm.security.kek import key_of
from rcm.security.seal import FileKeyring
from rcm.testing.databases import connected
from rcm.testing.service import eventually
from rcm.testing.tokens import Issuer, principal
from rcm_local.clients import DEMO_TENANT_ID
from rcm_local.stack import Stack

SERVICES = ("coding-svc", "claims-svc", "payer-gateway", "patient-billing-svc")
OTHER_TENANT = UUID("07e70de0-0000-4000-8000-000000000002")
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
RESTING = frozenset(
    {
        "held", "file_rejected", "clearinghouse_rejected", "payer_rejected", "adjudicated",
        "closed", "voided",
    }
)  # fmt: skip


@dataclass(repr=False)
class World:
    """One stack for all tests, with two tenants."""

    stack: Stack
    outside: Outside
    http: httpx.AsyncClient
    issuer: Issuer
    tenant: UUID = DEMO_TENANT_ID
    other_tenant: UUID = OTHER_TENANT
    _tokens: dict[str, tuple[str, float]] = field(default_factory=dict)

    async def token(self, client: str = "admin") -> str:
        """The identity provider's token for one of its clients."""
        token, renew_at = self._tokens.get(client, ("", 0.0))
        if time.monotonic() >= renew_at:
            secrets = json.loads((self.stack.home.root / "identity/secrets.json").read_text())
            answer = await self.http.post(
                f"{self.stack.url('identity')}/token",
                data={"grant_type": "client_credentials"},
                auth=(client, secrets[client]),
            )
            found = answer.raise_for_status().json()
            token = found["access_token"]
            self._tokens[client] = (token, time.monotonic() + found["expires_in"] - 60)
        return token

    def mint(self, *scopes: str, tenant: UUID | None = None, **claims: object) -> str:
        """A token under the provider's own key that says what the test wants it to say."""
        caller = principal(tenant or self.tenant, *(scopes or ("system/*.cruds",)))
        return self.issuer.mint(caller, **claims)  # type: ignore[arg-type]

    async def call(
        self,
        service: str,
        method: str,
        path: str,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        **rest: Any,
    ) -> httpx.Response:
        """Any answer. By default with an administrator's token, and a key on writes."""
        given = {"Authorization": f"Bearer {token or await self.token()}"}
        if method in WRITES:
            given["Idempotency-Key"] = uuid4().hex
        sent = {name: value for name, value in (given | dict(headers or {})).items() if value}
        url = self.stack.url(service) + path
        return await self.http.request(method, url, headers=sent, **rest)

    async def get(self, service: str, path: str, token: str | None = None, **query: Any) -> Any:
        """The JSON of a GET that succeeds."""
        answer = await self.call(service, "GET", path, token=token, params=query)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def post(self, service: str, path: str, body: Any = None, token: str = "") -> Any:
        """The JSON of a POST that succeeds."""
        answer = await self.call(service, "POST", path, token=token or None, json=body)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def put(self, service: str, path: str, body: Any, token: str = "") -> Any:
        """The JSON of a PUT that succeeds."""
        answer = await self.call(service, "PUT", path, token=token or None, json=body)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def claims_of(self, encounter_id: str) -> Sequence[dict[str, Any]]:
        """The claims that were made from an encounter."""
        page = await self.get("claims-svc", "/claims", encounter_id=encounter_id)
        items: Sequence[dict[str, Any]] = page["items"]
        return items

    async def resting_claim(
        self, encounter_id: str, *, status: Sequence[str] = (), timeout_s: float = 60.0
    ) -> dict[str, Any]:
        """The encounter's claim once no more answers come by themselves."""
        wanted = frozenset(status) or RESTING

        async def rests() -> dict[str, Any]:
            claims = await self.claims_of(encounter_id)
            assert claims, "no claim was made"
            assert claims[0]["status"] in wanted, f"the claim is {claims[0]['status']}"
            return claims[0]

        return await eventually(rests, timeout_s=timeout_s, pause_s=0.2)

    @asynccontextmanager
    async def superuser(self, service: str) -> AsyncIterator[asyncpg.Connection]:
        """A connection into a service's database that sees behind the tenants' wall."""
        url = self.stack.provider.postgres.address
        async with connected(url, service.replace("-", "_")) as connection:
            yield connection

    def keyring(self) -> FileKeyring:
        """The tenants' keys."""
        keys = self.stack.keys
        return FileKeyring.load(keys.keyring_file, key_of(f"file:{keys.kek_file}"))

    async def health(self, service: str) -> dict[str, Any]:
        """The parts of a service's process, as `/livez` tells of them."""
        answer = await self.http.get(self.stack.url(service) + "/livez")
        parts: dict[str, Any] = answer.json()["components"]
        return parts

    async def openapi(self, service: str) -> dict[str, Any]:
        """What the service says that it offers."""
        answer = await self.http.get(self.stack.url(service) + "/openapi.json")
        document: dict[str, Any] = answer.raise_for_status().json()
        return document

    @asynccontextmanager
    async def refusing_claims(self) -> AsyncIterator[None]:
        """claims-svc cannot save claims of one payer until the block ends: a bad migration, say."""
        payer_id = REFUSED["payer_id"]
        async with self.superuser("claims-svc") as database:
            await database.execute(
                f"""ALTER TABLE claim ADD CONSTRAINT not_now
                    CHECK (payer_id <> '{payer_id}') NOT VALID"""
            )
            try:
                yield
            finally:
                await database.execute("ALTER TABLE claim DROP CONSTRAINT not_now")

    async def send_record(self, topic: str, value: bytes, headers: Mapping[str, str]) -> None:
        """Put a record on a topic past the outbox, as a broken producer would."""
        producer = AIOKafkaProducer(bootstrap_servers=self.stack.provider.kafka.address)
        await producer.start()
        try:
            await producer.send_and_wait(
                topic,
                value,
                key=headers["ce_subject"].encode(),
                headers=[(name, text.encode()) for name, text in headers.items()],
            )
        finally:
            await producer.stop()

    @asynccontextmanager
    async def stopped(self, service: str) -> AsyncIterator[None]:
        """The service's process is down, in good order, until the block ends."""
        unit = self.stack.supervisor.unit(service)
        await unit.stop()
        try:
            yield
        finally:
            await unit.start()

    @asynccontextmanager
    async def relays_paused(self) -> AsyncIterator[None]:
        """Nothing is published meanwhile: what is written stays in the outbox."""
        await self._switch_relays(paused=True)
        try:
            yield
        finally:
            await self._switch_relays(paused=False)

    @asynccontextmanager
    async def jobs_paused(self) -> AsyncIterator[None]:
        """No service runs a job of its own meanwhile: somebody else holds the locks of all."""
        async with AsyncExitStack() as held:
            for service in SERVICES:
                database = await held.enter_async_context(self.superuser(service))
                names = (await self.health(service)).get("jobs", {}).get("jobs", {})
                await self._take_jobs(database, service, names)
            yield

    async def _take_jobs(
        self, database: asyncpg.Connection, service: str, names: Iterable[str]
    ) -> None:
        """Whoever led them so far loses its session, and what was under way with it."""
        keys = [lock_key(service, name) for name in names]

        async def taken() -> bool:
            await database.execute(
                """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE application_name = $1 AND datname = current_database()""",
                f"{service}-jobs",
            )
            for key in list(keys):
                if await database.fetchval("SELECT pg_try_advisory_lock($1, $2)", JOB_SPACE, key):
                    keys.remove(key)
            return not keys

        await eventually(taken)

    async def _switch_relays(self, *, paused: bool) -> None:
        for service in SERVICES:
            async with self.superuser(service) as database:
                await database.execute(
                    """INSERT INTO event_control (tenant_id, part, name, paused, changed_by)
                       VALUES ($1, 'relay', 'relay', $2, 'test')
                       ON CONFLICT (tenant_id, part, name) DO UPDATE SET paused = $2""",
                    NO_TENANT,
                    paused,
                )
        for service in SERVICES:
            await self._relay_is(service, paused=paused)

    async def _relay_is(self, service: str, *, paused: bool) -> None:
        """Wait until the relay has noticed."""

        async def noticed() -> bool:
            relay = (await self.health(service))["relay"]
            return bool(relay["paused"]) is paused and (relay["shards_held"] == 0) is paused

        await eventually(noticed)


def poison_headers(world: World, key: str) -> dict[str, str]:
    """Headers of a first event of an encounter, whatever its body is."""
    return {
        "ce_specversion": "1.0",
        "ce_type": "EncounterCoded",
        "ce_id": str(new_id()),
        "ce_source": "coding-svc",
        "ce_subject": key,
        "ce_sequence": "1",
        "ce_tenantid": str(world.tenant),
        "content-type": "application/json",
    }


@dataclass(frozen=True)
class Operation:
    """One method of one path of one service, from its OpenAPI document."""

    service: str
    method: str
    path: str
    document: Mapping[str, Any] = field(repr=False, compare=False)

    def __str__(self) -> str:
        return f"{self.service} {self.method} {self.path}"

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names in the path."""
        return tuple(re.findall(r"{(\w+)}", self.path))

    @property
    def scope(self) -> str:
        """What its token needs, such as `Claim.r`."""
        needed: str = self.document["security"][0]["bearer"][0]
        return needed.removeprefix("system/")

    def at(self, **values: str) -> str:
        """The path with these values in it."""
        return re.sub(r"{(\w+)}", lambda found: values[found[1]], self.path)


def operations() -> list[Operation]:
    """Everything that the four services offer, as their code declares it."""
    from rcm_local.provision import services  # noqa: PLC0415 - imports every service

    return [
        Operation(service.name, method.upper(), path, document)
        for service in services().values()
        for path, methods in service.openapi()["paths"].items()
        for method, document in methods.items()
    ]


def issuer_of(stack: Stack) -> Issuer:
    """The development identity provider's own key, for tokens that it would never mint."""
    key = json.loads((stack.home.root / "identity/signing-key.json").read_text())
    return Issuer(issuer=stack.url("identity"), key=ECKey.import_key(key))
