"""One child process: its group, its log, and the record by which a later run finds a leftover.

Built on `subprocess`, not on asyncio's processes, so that a child outlives the event loop that
started it (tests use several) and always stays a direct child that can be waited for.
"""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from rcm_local.unprivileged import Command

POLL_S = 0.02


class Child:
    """A command that can be started, stopped, killed and started again under one name."""

    def __init__(
        self,
        name: str,
        command: Command,
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.name = name
        self.command = command
        self.log = log
        self.stop_signal = stop_signal
        self._environment = dict(os.environ if environment is None else environment)
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self._record = log.with_suffix(".pid")

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process is not None and self.running else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """How it ended; negative is the signal that ended it. None while it runs."""
        return None if self._process is None else self._process.poll()

    def start(self) -> None:
        """Start it in its own session, its output appended to the log."""
        if self.running:
            raise RuntimeError(f"{self.name} is running already")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                self.command.words,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                cwd=self._directory,
                start_new_session=True,
                **self.command.spawn_arguments(),
            )
        started_at = _started_at(self._process.pid)
        self._record.write_text(json.dumps({"pid": self._process.pid, "started_at": started_at}))

    async def wait(self, timeout_s: float | None = None) -> int | None:
        """Its exit code, or None when it still runs after the timeout."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while self.running:
            if deadline is not None and time.monotonic() >= deadline:
                return None
            await asyncio.sleep(POLL_S)
        return self.exit_code

    async def stop(self, deadline_s: float = 10.0) -> bool:
        """Ask it to end, and kill what is left after the deadline. Whether it ended by itself."""
        clean = True
        if self.running:
            family = self._family()
            self.signal(self.stop_signal)
            clean = await self.wait(deadline_s) is not None
            await self._end(family)
        self._record.unlink(missing_ok=True)
        return clean

    async def kill(self) -> None:
        """End it at once (SIGKILL), and wait until its own children are gone too."""
        if self.running:
            family = self._family()
            self.signal(signal.SIGKILL)
            await self._end(family)
        self._record.unlink(missing_ok=True)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process alone; its children learn of it in their own way."""
        if self._process is not None and self.running:
            self._process.send_signal(number)

    def listens(self, port: int) -> bool:
        """Whether the process itself takes connections on this port."""
        assert self._process is not None  # noqa: S101 - asked only once it was started
        try:
            held = psutil.Process(self._process.pid).net_connections("tcp")
        except psutil.Error:
            return False
        return any(each.status == psutil.CONN_LISTEN and each.laddr.port == port for each in held)

    def last_lines(self, count: int = 20) -> list[str]:
        """The end of its log."""
        try:
            with self.log.open(encoding="utf-8", errors="replace") as log:
                return [line.rstrip("\n") for line in deque(log, maxlen=count)]
        except OSError:
            return []

    def obituary(self) -> str:
        """One sentence about how it ended, and the end of its log."""
        code = self.exit_code
        how = "did not answer in time" if code is None else f"ended with code {code}"
        lines = "".join(f"\n    {line}" for line in self.last_lines())
        return f"{self.name} {how}; the end of {self.log}:{lines}"

    async def reap_leftover(self) -> bool:
        """End the process that a killed run left behind under this name, if there is one."""
        leftover = recorded_process(self._record)
        if leftover is None:
            return False
        family = [leftover, *_descendants(leftover)]
        with contextlib.suppress(psutil.NoSuchProcess):
            leftover.send_signal(self.stop_signal)
        await _gone(family, timeout_s=10.0)
        await self._end(family)
        self._record.unlink(missing_ok=True)
        return True

    def _family(self) -> list[psutil.Process]:
        """The process and what it started. PostgreSQL's children lead groups of their own, so the
        process group does not hold them."""
        assert self._process is not None  # noqa: S101 - asked only while it runs
        try:
            found = psutil.Process(self._process.pid)
        except psutil.NoSuchProcess:
            return []
        return [found, *_descendants(found)]

    async def _end(self, family: Sequence[psutil.Process]) -> None:
        """Give orphans of the family a moment to notice, then kill them, and wait for all."""
        if not self.running:
            await _gone(family, timeout_s=5.0)
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        await self.wait(5.0)
        await _gone(family, timeout_s=5.0)


async def reap_all(logs: Path, *, last: Sequence[str] = ()) -> int:
    """End every process that a killed run recorded in this directory; how many there were. Those
    named in `last` wait for the others, one by one in this order."""
    found = {path.stem: path for path in await asyncio.to_thread(lambda: list(logs.glob("*.pid")))}
    children = {name: Child(name, Command(()), log=logs / f"{name}.log") for name in found}
    first = [child for name, child in children.items() if name not in last]
    ended = await asyncio.gather(*(child.reap_leftover() for child in first))
    ended += [await children[name].reap_leftover() for name in last if name in children]
    return sum(ended)


def recorded_process(record: Path) -> psutil.Process | None:
    """The living process that a record names. A process id that was given to another process since
    does not count: the start time differs."""
    try:
        found = json.loads(record.read_text())
        process = psutil.Process(int(found["pid"]))
        same = abs(process.create_time() - float(found["started_at"])) < 1.0
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None


def _started_at(pid: int) -> float:
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return 0.0


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


async def _gone(family: Sequence[psutil.Process], *, timeout_s: float) -> bool:
    """Whether all of them ended within the time. A zombie has ended: it holds nothing any more."""
    deadline = time.monotonic() + timeout_s
    while any(alive(process) for process in family):
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(POLL_S)
    return True


def alive(process: psutil.Process) -> bool:
    """Whether it still runs. A zombie does not: it only waits for its parent to ask."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
