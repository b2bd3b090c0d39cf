"""Health as an orchestrator asks for it: alive, ready, started; and the metrics.

Alive: the event loop turns and every task of the process says it makes progress. Ready: the
database can be written to, under a role that sees one tenant at a time, and a consumer knows its
partitions (a worker). Kafka
being away makes no API unready: taking work while it is away is what the outbox is for.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import orjson
from fastapi import FastAPI, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from rcm import log, telemetry
from rcm.db import Database, DatabaseUnavailable, StatementFailed
from rcm.migrations import missing_revisions
from rcm.settings import Role

LOOP_LAG_MAX_S = 5.0
# Half of the time after which the broker takes a consumer's partitions away.
STUCK_S = 150.0
_CHECK_TIMEOUT_S = 3.0
_CHECK_AGE_S = 1.0

_logger = log.get(__name__)


class Component(Protocol):
    """A long-running part of the process (`rcm.events`): runs until it is told to stop."""

    async def run(self, stop: asyncio.Event) -> None: ...

    def health(self) -> Mapping[str, Any]:
        """`ready`, and the age in seconds of its last poll or turn (`last_poll_age_s`,
        `last_turn_age_s`); whatever else an operator likes to see."""
        ...


@dataclass(slots=True)
class Health:
    """What the process knows of itself."""

    role: Role
    database: Database
    migrations: Sequence[Path]
    components: Mapping[str, Component] = field(default_factory=dict)
    loop: telemetry.LoopWatch = field(default_factory=telemetry.LoopWatch)
    topics_present: Callable[[], Awaitable[bool]] | None = None
    draining: bool = False
    _started: bool = False
    _found: tuple[bool, bool] = (False, False)
    _checked_at: float = float("-inf")
    _checking: asyncio.Lock = field(default_factory=asyncio.Lock)

    def alive(self) -> tuple[bool, dict[str, Any]]:
        parts = {name: dict(part.health()) for name, part in self.components.items()}
        lag_ms = round(self.loop.lag_s * 1000)
        good = self.loop.lag_s < LOOP_LAG_MAX_S
        good = good and all(map(_makes_progress, parts.values()))
        return good, {"loop_lag_ms": lag_ms, "components": parts}

    async def ready(self) -> tuple[bool, dict[str, Any]]:
        found: dict[str, Any] = {"draining": self.draining}
        writable, walled = await self._database()
        found |= {"database_writable": writable, "tenants_walled": walled}
        found["components"] = parts = {
            name: bool(part.health().get("ready", True)) for name, part in self.components.items()
        }
        serves_http = self.role in {"api", "all"}
        good = writable and walled and not self.draining
        good = good and (serves_http or all(parts.values()))
        return good, found

    async def started(self) -> tuple[bool, dict[str, Any]]:
        """Once started, always started: later trouble is readiness' business."""
        if self._started:
            return True, {}
        schema = await _within_time(self._schema_at_head())
        topics = self.role == "api" or self.topics_present is None
        topics = topics or await _within_time(self._topics_present())
        self._started = schema and topics
        return self._started, {"schema_at_head": schema, "topics_present": topics}

    async def _database(self) -> tuple[bool, bool]:
        """Whether it can be written to, and whether the role stands under the tenants' wall. Asked
        at most once a second and one at a time, however often the probes come."""
        async with self._checking:
            if time.monotonic() - self._checked_at > _CHECK_AGE_S:
                writable = await _within_time(_is_writable(self.database))
                self._found = (writable, writable and await _within_time(_is_walled(self.database)))
                self._checked_at = time.monotonic()
        return self._found

    async def _schema_at_head(self) -> bool:
        return not await missing_revisions(self.database, self.migrations)

    async def _topics_present(self) -> bool:
        return self.topics_present is None or await self.topics_present()


def _makes_progress(part: Mapping[str, Any]) -> bool:
    """A part that is connected and yet has not turned for long is stuck; one that waits for its
    broker or database is not, and a restart would not help it."""
    ages_s = [part[name] for name in ("last_poll_age_s", "last_turn_age_s") if name in part]
    return not part.get("ready", True) or all(age_s < STUCK_S for age_s in ages_s)


async def _is_writable(database: Database) -> bool:
    async with database.transaction() as tx:
        return not await tx.fetchval("SELECT pg_is_in_recovery()")


async def _is_walled(database: Database) -> bool:
    """A superuser sees every tenant's rows whatever the policies say."""
    async with database.transaction() as tx:
        above = await tx.fetchval(
            "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
        )
    if above:
        _logger.error("the database role stands above the wall between tenants")
    return not above


async def _within_time(check: Awaitable[bool]) -> bool:
    """False when the answer does not come, for whatever reason: a probe never fails itself."""
    try:
        async with asyncio.timeout(_CHECK_TIMEOUT_S):
            return await check
    except (DatabaseUnavailable, StatementFailed, TimeoutError):
        return False
    except Exception as error:  # noqa: BLE001 - a probe answers no, it does not break
        log.failure(_logger, "a health check failed", error)
        return False


def install(app: FastAPI, health: Health) -> None:
    """Add the probes and the metrics; they are for the platform, not part of the API."""

    async def livez(_request: Request) -> Response:
        return _answer(*health.alive())

    async def readyz(_request: Request) -> Response:
        return _answer(*await health.ready())

    async def startupz(_request: Request) -> Response:
        return _answer(*await health.started())

    async def metrics(_request: Request) -> Response:
        telemetry.POOL_IN_USE.labels(health.role).set(_in_use(health.database))
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    for endpoint in (livez, readyz, startupz, metrics):
        app.add_route(f"/{endpoint.__name__}", endpoint, include_in_schema=False)


def _answer(good: bool, found: Mapping[str, Any]) -> Response:  # noqa: FBT001 - the answer itself
    body = orjson.dumps({"ok": good, **found}, default=str)
    return Response(body, 200 if good else 503, media_type="application/json")


def _in_use(database: Database) -> int:
    checked_out = getattr(database.engine.pool, "checkedout", None)
    return int(checked_out()) if checked_out is not None else 0
