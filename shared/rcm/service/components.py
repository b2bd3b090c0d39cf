"""The long-running parts of a process by its role: relay, consumer, jobs, parking, sealer."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rcm import log
from rcm.clock import Clock
from rcm.db import Database, DatabaseUnavailable, StatementFailed
from rcm.events import Consumer, JobRunner, ParkingWorker, Relay, ensure_topics
from rcm.events.topics import admin, planned
from rcm.security.audit import AuditSealer
from rcm.security.tenants import TenantDirectory
from rcm.service.app import Service
from rcm.service.health import Component
from rcm.service.kit import Kit

# Consumer, jobs, parking and sealer use one connection each, jobs at times a few.
WORKER_POOL_SIZE = 8
SEAL_EVERY_S = 5.0
_BACKOFF_S = (0.5, 15.0)

_logger = log.get(__name__)


class Misconfigured(Exception):  # noqa: N818
    """A setting that the role needs is missing; the sentence names it."""


@dataclass(slots=True)
class Parts:
    """What runs beside HTTP, and what is to be closed after it."""

    components: dict[str, Component] = field(default_factory=dict)
    databases: list[Database] = field(default_factory=list)
    topics_present: Callable[[], Awaitable[bool]] | None = None

    async def close(self) -> None:
        for database in self.databases:
            await database.close()


def parts_of(service: Service, kit: Kit) -> Parts:
    """The parts of the settings' role. Consumers and jobs have a small pool of their own, so that
    neither they nor the API can take the other's connections."""
    settings, parts = kit.settings, Parts()
    if settings.role == "api":
        return parts
    topics = Topics(service, kit)
    parts.components["topics"] = topics
    parts.topics_present = topics.present
    if settings.role in {"relay", "all"}:
        relay_url = settings.relay_database_url
        if relay_url is None:
            raise Misconfigured("a relay needs RCM_RELAY_DATABASE_URL, its own role's address")
        parts.components["relay"] = Relay(
            relay_url.get_secret_value(),
            settings.kafka_bootstrap,
            prefix=settings.topic_prefix,
            name=f"{service.name}-relay",
        )
    if settings.role in {"worker", "all"}:
        _add_worker(service, kit, parts)
    return parts


def _add_worker(service: Service, kit: Kit, parts: Parts) -> None:
    settings, url = kit.settings, kit.settings.database_url.get_secret_value()
    database = Database(
        url,
        application_name=f"{service.name} worker",
        keyring=kit.keyring,
        pool_size=WORKER_POOL_SIZE,
    )
    parts.databases.append(database)
    directory = TenantDirectory(database)
    prefix, tenants = settings.topic_prefix, directory.active
    parts.components["consumer"] = Consumer(
        service.subscriptions, database, settings.kafka_bootstrap, prefix=prefix, tenants=tenants
    )
    parts.components["jobs"] = JobRunner(
        service.subscriptions,
        database,
        url,
        tenants=tenants,
        clock=kit.clock,
        resources=kit.resources,
    )
    parts.components["parking"] = ParkingWorker(
        service.subscriptions, database, url, prefix=prefix, tenants=tenants
    )
    sealer = AuditSealer.of(settings, service.name)
    if sealer is not None:
        parts.components["audit"] = Sealing(sealer, database, directory, kit.clock)


class Topics:
    """Sees to it that the service's topics exist: creates them where nobody else does, and waits
    for them in production, where a service may not create any."""

    def __init__(self, service: Service, kit: Kit) -> None:
        self._settings = kit.settings
        self._subscriptions = service.subscriptions
        self._found = False

    def health(self) -> Mapping[str, Any]:
        return {"ready": self._found}

    async def present(self) -> bool:
        return self._found

    async def run(self, stop: asyncio.Event) -> None:
        delay_s = _BACKOFF_S[0]
        while not stop.is_set():
            if not self._found:
                self._found = await _unless_stopped(self._see_to_it(), stop) or False
            await _sleep(stop, None if self._found else delay_s * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
            delay_s = min(delay_s * 2, _BACKOFF_S[1])

    async def _see_to_it(self) -> bool:
        settings = self._settings
        try:
            if settings.environment != "production":
                await ensure_topics(
                    settings.kafka_bootstrap,
                    settings.topic_prefix,
                    subscriptions=[self._subscriptions],
                )
                return True
            async with admin(settings.kafka_bootstrap) as client:
                there = set(await client.list_topics())
        # The client's own errors are RuntimeErrors.
        except (OSError, RuntimeError, TimeoutError) as error:
            _logger.warning("the broker does not answer yet", error_type=type(error).__name__)
            return False
        missing = {
            settings.topic_prefix + plan.name for plan in planned([self._subscriptions])
        } - there
        for name in sorted(missing):
            _logger.warning("a topic is missing", topic=name)
        return not missing


class Sealing:
    """Seals what the service's audit says, every few seconds."""

    def __init__(
        self, sealer: AuditSealer, database: Database, tenants: TenantDirectory, clock: Clock
    ) -> None:
        self._sealer, self._database = sealer, database
        self._tenants, self._clock = tenants, clock
        self._sealed = 0

    def health(self) -> Mapping[str, Any]:
        return {"ready": True, "sealed": self._sealed}

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                self._sealed += await self._sealer.run(
                    self._database, await self._tenants.everyone(), self._clock.now()
                )
            except (DatabaseUnavailable, StatementFailed, OSError) as error:
                log.failure(_logger, "the audit could not be sealed now", error)
            await _sleep(stop, SEAL_EVERY_S)


async def _sleep(stop: asyncio.Event, seconds: float | None) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


async def _unless_stopped(work: Awaitable[bool], stop: asyncio.Event) -> bool | None:
    """The result, or None when the process is to stop before there is one."""
    working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if working.done():
        return working.result()
    working.cancel()
    await asyncio.wait({working})
    return None
