"""Relays and workers as processes of their own, which may kill themselves at any fault point.

`Troupe` keeps them alive: whoever dies is started again. With a seed the sequence of deaths of each
actor is the same; what else happens at that moment is not.
"""

import asyncio
import contextlib
import multiprocessing
import os
import random
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from rcm.db import Database
from rcm.events import Consumer, ParkingWorker, Relay, faults
from rcm.testing.events import Handling

SESSION_TIMEOUT_S = 6
TIERS = (timedelta(milliseconds=200),) * 20


@dataclass(frozen=True)
class Part:
    """What an actor needs to know. `chance` is that of death at each fault point."""

    role: str
    name: str
    app_url: str
    relay_url: str
    bootstrap: str
    prefix: str
    tenant: UUID
    seed: int
    chance: float


def perform(part: Part) -> None:
    """An actor's whole life."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    chance = random.Random(part.seed)  # noqa: S311 - repeatable, not secret

    def maybe_die(point: str) -> None:
        del point
        if chance.random() < part.chance:
            os.kill(os.getpid(), signal.SIGKILL)

    faults.switch_on(maybe_die)
    asyncio.run(ROLES[part.role](part))


async def _relay(part: Part) -> None:
    relay = Relay(part.relay_url, part.bootstrap, prefix=part.prefix, batch_rows=50)
    await relay.run(asyncio.Event())


async def _worker(part: Part) -> None:
    database = Database(part.app_url, application_name=part.name, pool_size=4)
    subscriptions = Handling().subscriptions()

    async def tenants() -> frozenset[UUID]:
        return frozenset({part.tenant})

    consumer = Consumer(
        subscriptions,
        database,
        part.bootstrap,
        prefix=part.prefix,
        tenants=tenants,
        tiers=TIERS,
        instance_id=part.name,
        max_records=50,
        session_timeout_s=SESSION_TIMEOUT_S,
    )
    parking = ParkingWorker(
        subscriptions,
        database,
        part.app_url,
        prefix=part.prefix,
        tenants=tenants,
        tiers=TIERS,
        poll_s=0.2,
    )
    forever = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(consumer.run(forever))
        group.create_task(parking.run(forever))


ROLES: dict[str, Callable[[Part], Any]] = {"relay": _relay, "worker": _worker}


@dataclass
class Troupe:
    """Actors by name, and how often each was killed."""

    parts: dict[str, Part]
    deaths: dict[str, int] = field(default_factory=dict)
    _processes: dict[str, Any] = field(default_factory=dict)
    _context: Any = field(default_factory=partial(multiprocessing.get_context, "forkserver"))

    def __post_init__(self) -> None:
        # Imported once by the server, so that a new actor is on stage in milliseconds.
        self._context.set_forkserver_preload(["rcm.testing.actors"])
        self.deaths = dict.fromkeys(self.parts, 0)

    @property
    def kills(self) -> int:
        return sum(self.deaths.values())

    def spare(self) -> None:
        """No more deaths from the next start on; whoever lives is replaced by an immortal."""
        self.parts = {name: replace(part, chance=0.0) for name, part in self.parts.items()}
        self.end()

    def end(self) -> None:
        for process in self._processes.values():
            process.kill()
            process.join()
        self._processes.clear()

    def look_after(self) -> None:
        """Start whoever is not there; count the dead."""
        for name, part in self.parts.items():
            process = self._processes.get(name)
            if process is not None and process.is_alive():
                continue
            if process is not None:
                if process.exitcode != -signal.SIGKILL:
                    raise AssertionError(f"{name} ended by itself with {process.exitcode}")
                self.deaths[name] += 1
            again = replace(part, seed=part.seed * 1000 + self.deaths[name])
            self._processes[name] = self._context.Process(target=perform, args=(again,))
            self._processes[name].start()


@contextlib.asynccontextmanager
async def on_stage(parts: list[Part]) -> AsyncIterator[Troupe]:
    """The actors, kept alive while the block runs and gone afterwards."""
    troupe = Troupe({part.name: part for part in parts})

    async def keep() -> None:
        while True:
            troupe.look_after()
            await asyncio.sleep(0.05)

    keeper = asyncio.create_task(keep())
    try:
        yield troupe
        if keeper.done():
            keeper.result()
    finally:
        keeper.cancel()
        with contextlib.suppress(asyncio.CancelledError, AssertionError):
            await keeper
        troupe.end()
