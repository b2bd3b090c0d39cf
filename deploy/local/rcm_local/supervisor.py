"""Keeps processes up: start, wait until ready, restart with back-off, give up, stop in order."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Literal, Protocol

import httpx

from rcm_local.children import Child
from rcm_local.problems import LocalProblem

State = Literal["starting", "ready", "restarting", "stopping", "stopped"]
Listener = Callable[[str, State], None]

CRASHES_MAX, CRASH_WINDOW_S = 5, 60.0
BACKOFF_FIRST_S, BACKOFF_MAX_S = 0.5, 10.0
WATCH_INTERVAL_S = 0.1
START_TIMEOUT_S = 60.0


class Unit(Protocol):
    """Something that is kept up: a child process or a server."""

    @property
    def name(self) -> str: ...

    @property
    def running(self) -> bool: ...

    async def start(self) -> object:
        """Return once it is ready; raises `LocalProblem` with its last words."""
        ...

    async def stop(self) -> object: ...

    def obituary(self) -> str: ...


class HttpProcess:
    """A child that is ready when it answers a GET with 200, it and not another stack's process that
    was quicker to take the port."""

    def __init__(self, child: Child, ready_url: str, *, stop_deadline_s: float = 25.0) -> None:
        self.child = child
        self.ready_url = ready_url
        self._port = httpx.URL(ready_url).port or 80
        self._stop_deadline_s = stop_deadline_s

    @property
    def name(self) -> str:
        return self.child.name

    @property
    def running(self) -> bool:
        return self.child.running

    async def start(self) -> None:
        await self.child.reap_leftover()
        self.child.start()
        deadline = time.monotonic() + START_TIMEOUT_S
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            while not (await _answers(client, self.ready_url) and self.child.listens(self._port)):
                if time.monotonic() >= deadline or not self.running:
                    problem = LocalProblem(self.obituary())
                    await self.child.kill()
                    raise problem
                await asyncio.sleep(0.1)

    async def stop(self) -> None:
        await self.child.stop(self._stop_deadline_s)

    def obituary(self) -> str:
        return self.child.obituary()


class Supervisor:
    """Groups of units in the order of their start. `tell` hears of every change of state."""

    def __init__(self, tell: Listener) -> None:
        self._tell = tell
        self._groups: list[tuple[Unit, ...]] = []
        self.states: dict[str, State] = {}
        self.on_change: Callable[[], None] = lambda: None

    async def start(self, *units: Unit) -> None:
        """Start units side by side and wait until all are ready; they will be stopped side by side
        as well. Raises `LocalProblem` when one does not come."""
        self._groups.append(units)
        await together(*(self._start(unit) for unit in units))

    def unit(self, name: str) -> Unit:
        """One of those that were started; raises `KeyError` for any other name."""
        return {unit.name: unit for group in self._groups for unit in group}[name]

    async def watch(self) -> None:
        """Restart whatever ends, for ever. Raises `LocalProblem` when a unit keeps ending."""
        await together(*(self._keep(unit) for group in self._groups for unit in group))

    async def stop(self) -> None:
        """Stop all, the last group first; whatever does not end in time is killed."""
        while self._groups:
            await asyncio.gather(*(self._stop(unit) for unit in self._groups.pop()))

    async def _start(self, unit: Unit) -> None:
        self._change(unit, "starting")
        await unit.start()
        self._change(unit, "ready")

    async def _stop(self, unit: Unit) -> None:
        self._change(unit, "stopping")
        await unit.stop()
        self._change(unit, "stopped")

    async def _keep(self, unit: Unit) -> None:
        crashes: deque[float] = deque(maxlen=CRASHES_MAX)
        while True:
            await _ended(unit)
            self._change(unit, "restarting")
            crashes.append(time.monotonic())
            if len(crashes) == CRASHES_MAX and crashes[-1] - crashes[0] < CRASH_WINDOW_S:
                raise LocalProblem(f"{unit.name} keeps ending: {unit.obituary()}")
            await asyncio.sleep(min(BACKOFF_FIRST_S * 2 ** (len(crashes) - 1), BACKOFF_MAX_S))
            try:
                await unit.start()
            except LocalProblem:
                continue  # it counts as one more end
            self._change(unit, "ready")

    def _change(self, unit: Unit, state: State) -> None:
        self.states[unit.name] = state
        self._tell(unit.name, state)
        self.on_change()


async def together(*parts: Coroutine[Any, Any, object]) -> None:
    """Run all at once; the first failure cancels the others and is raised as it is."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _ended(unit: Unit) -> None:
    while unit.running:  # noqa: ASYNC110 - a process that ends sets no event
        await asyncio.sleep(WATCH_INTERVAL_S)


async def _answers(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
