"""`@every` jobs: each is run by one process of the service at a time, whoever holds its lock."""

import asyncio
import contextlib
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rcm import log
from rcm.clock import Clock, SystemClock
from rcm.db import Database, DatabaseUnavailable, StatementFailed
from rcm.events import telemetry
from rcm.events.consumer import Tenants
from rcm.events.session import JOB_SPACE, Session, opened
from rcm.events.subscriptions import Job, JobContext, Subscriptions

_log = log.get(__name__)

PING_S = 5.0
BACKOFF_S = 2.0
NO_TENANTS: tuple[()] = ()


@dataclass(slots=True)
class _Run:
    """What `health` shows of a job."""

    leads: bool = False
    runs: int = 0
    failures: int = 0
    last_ended: float | None = None


class JobRunner:
    """`JobRunner(subscriptions, database, database_url, tenants=directory.active).run(stop)`.

    `database_url` is the app role's, direct: one session holds the advisory locks of the jobs that
    this process leads. When the session is lost, running jobs are cancelled, because another
    process may start them. A job that raises is logged and runs again at its next turn.
    """

    def __init__(
        self,
        subscriptions: Subscriptions,
        database: Database,
        database_url: str,
        *,
        tenants: Tenants | None = None,
        clock: Clock | None = None,
        resources: Any = None,
    ) -> None:
        self.name = subscriptions.consumer
        self._jobs: Sequence[Job] = subscriptions.jobs
        self._database, self._url = database, database_url
        self._tenants, self._resources = tenants, resources
        self._clock = clock or SystemClock()
        self._runs = {job.name: _Run() for job in self._jobs}

    def health(self) -> dict[str, Any]:
        """Per job: whether this process leads it, runs, failures, and seconds since the last."""
        now = time.monotonic()
        return {
            "ready": True,
            "jobs": {
                name: {
                    "leads": run.leads,
                    "runs": run.runs,
                    "failures": run.failures,
                    "last_ended_age_s": None
                    if run.last_ended is None
                    else round(now - run.last_ended, 3),
                }
                for name, run in self._runs.items()
            },
        }

    async def run(self, stop: asyncio.Event) -> None:
        """Run jobs until `stop`; the ones under way are then finished."""
        if not self._jobs:
            await stop.wait()
            return
        while not stop.is_set():
            try:
                async with opened(self._url, f"{self.name}-jobs") as session:
                    await self._lead(session, stop)
            except (DatabaseUnavailable, StatementFailed) as error:
                _log.warning("jobs lost their session", error_type=type(error).__name__)
                await _sleep(stop, BACKOFF_S)

    async def _lead(self, session: Session, stop: asyncio.Event) -> None:
        """Keep trying for the locks that others hold, and run the jobs whose lock is ours."""
        running: dict[str, asyncio.Task[None]] = {}
        try:
            while not stop.is_set():
                for job in self._jobs:
                    if job.name not in running and await session.try_lock(
                        JOB_SPACE, [lock_key(self.name, job.name)], 1
                    ):
                        running[job.name] = asyncio.create_task(self._repeat(job, stop))
                        self._runs[job.name].leads = True
                await _sleep(stop, PING_S)
                await session.ping()
            await asyncio.gather(*running.values())
        finally:
            for task in running.values():
                task.cancel()
            await asyncio.gather(*running.values(), return_exceptions=True)
            for run in self._runs.values():
                run.leads = False

    async def _repeat(self, job: Job, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self._once(job)
            await _sleep(stop, job.seconds)

    async def _once(self, job: Job) -> None:
        run, outcome = self._runs[job.name], "ok"
        try:
            tenants = tuple(await self._tenants()) if self._tenants else NO_TENANTS
            await job.function(JobContext(self._database, tenants, self._clock, self._resources))
        except Exception as error:  # noqa: BLE001 - one bad turn must not end the job
            log.failure(_log, "a job failed", error, job=job.name)
            outcome = "failed"
            run.failures += 1
        run.runs += 1
        run.last_ended = time.monotonic()
        telemetry.JOB_RUNS.labels(self.name, job.name, outcome).inc()


def lock_key(service: str, job: str) -> int:
    """Whoever holds this lock of `JOB_SPACE` runs the job."""
    return zlib.crc32(f"{service}/{job}".encode()) & 0x7FFFFFFF


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
