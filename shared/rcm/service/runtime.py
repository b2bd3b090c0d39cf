"""One process of a service: the parts of its role side by side, until a signal or a death.

Every part is a task. When one ends before it was told to, the whole process ends with exit code 1
and a line that names it: a process that serves HTTP while its relay is dead looks healthy and is
not. SIGTERM stops all parts, which then have `drain_timeout_s` to finish what they have in hand.
"""

import asyncio
import contextlib
import gc
import signal
import socket
import sys
from collections.abc import Awaitable, Iterator, Mapping
from dataclasses import dataclass

import uvicorn
from fastapi import FastAPI
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from rcm import log, telemetry
from rcm.security.audit import AuditKeyUnusable
from rcm.security.seal import KeyringUnusable
from rcm.service.app import Service, build_app
from rcm.service.components import Misconfigured, Parts, parts_of
from rcm.service.health import Health
from rcm.service.kit import Kit
from rcm.service.protocol import PatientProtocol
from rcm.settings import Settings

EXIT_OK, EXIT_DEATH, EXIT_MISCONFIGURED = 0, 1, 2
_CANCEL_TIMEOUT_S = 2.0
_KEEP_ALIVE_S = 30
_BACKLOG = 2048

_logger = log.get(__name__)


def main(service: Service) -> None:
    """Read the settings, run, exit. What is missing in the settings is said in one line."""
    try:
        settings = Settings()
    except ValidationError as error:
        found = "; ".join(sorted({_setting(found) for found in error.errors()}))
        sys.stderr.write(f"{service.name} cannot start: check the settings {found}\n")
        sys.exit(EXIT_MISCONFIGURED)
    log.configure(service=service.name, role=settings.role, level=settings.log_level)
    tracing = telemetry.configure(
        service=service.name, version=service.version, otlp_endpoint=settings.otlp_endpoint
    )
    _calm_collector()
    try:
        code = asyncio.run(serve(service, settings))
    except (KeyringUnusable, AuditKeyUnusable, Misconfigured) as error:
        sys.stderr.write(f"{service.name} cannot start: {error}\n")
        code = EXIT_MISCONFIGURED
    except OSError as error:
        log.failure(_logger, "the process could not start", error)
        code = EXIT_DEATH
    tracing.shutdown()
    sys.exit(code)


def _calm_collector() -> None:
    """Collect cycles rarely, and never look at what was imported. A batch makes hundreds of objects
    an event, all freed by their counts; at the stock thresholds looking for cycles among them takes
    a third of a worker's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


async def serve(service: Service, settings: Settings, stop: asyncio.Event | None = None) -> int:
    """Run the settings' role until `stop` (or SIGTERM, SIGINT) and return the exit code."""
    stopping = stop or asyncio.Event()
    asyncio.get_running_loop().set_exception_handler(log.on_loop_exception)
    kit = service.kit(settings)
    parts = parts_of(service, kit)
    health = Health(
        settings.role,
        kit.database,
        service.migrations,
        parts.components,
        topics_present=parts.topics_present,
    )
    app = build_app(service, kit, health, api=settings.role in {"api", "all"})
    with _listening(settings) as listener, _signals(stopping):
        host, port = listener.getsockname()[:2]
        _logger.info("the process listens", host=host, port=port)
        work: dict[str, Awaitable[None]] = {
            "http": _Server(_http(app, settings)).run_until(stopping, listener, health),
            "loop": health.loop.run(stopping),
            **{name: part.run(stopping) for name, part in parts.components.items()},
        }
        code = await _until_stopped(work, stopping, settings.drain_timeout_s)
    await _close(parts, kit)
    _logger.info("the process ends", exit_code=code)
    return code


def _http(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """uvicorn as a plain server: it logs nothing of a request and trusts no proxy's headers."""
    return uvicorn.Config(
        app,
        http=PatientProtocol,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        ws="none",
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=max(1, int(settings.drain_timeout_s)),
    )


async def _until_stopped(
    work: Mapping[str, Awaitable[None]], stop: asyncio.Event, drain_timeout_s: float
) -> int:
    """Wait for the stop or for the first death, then let the rest finish within the time."""
    tasks = {asyncio.ensure_future(part): name for name, part in work.items()}
    waiter = asyncio.ensure_future(stop.wait())
    done, _ = await asyncio.wait({*tasks, waiter}, return_when=asyncio.FIRST_COMPLETED)
    early = set() if stop.is_set() else done
    waiter.cancel()
    stop.set()
    ended, late = await asyncio.wait(tasks, timeout=drain_timeout_s)
    for task in late:
        _logger.error("a task did not finish in time", task=tasks[task], timeout_s=drain_timeout_s)
        task.cancel()
    if late:
        await asyncio.wait(late, timeout=_CANCEL_TIMEOUT_S)
    deaths = [_death(tasks[task], task, early=task in early) for task in ended]
    return EXIT_DEATH if late or any(deaths) else EXIT_OK


def _death(name: str, task: "asyncio.Future[None]", *, early: bool) -> bool:
    """Whether the task ended as it should not have; if so, say so."""
    error = asyncio.CancelledError() if task.cancelled() else task.exception()
    if error is not None:
        log.failure(_logger, "a task died, so the process ends", error, task=name)
    elif early:
        _logger.error("a task returned before the process was told to stop", task=name)
    else:
        return False
    telemetry.TASK_DEATHS.labels(name).inc()
    return True


async def _close(parts: Parts, kit: Kit) -> None:
    """Give back what is open; what does not close in time ends with the process."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_CANCEL_TIMEOUT_S):
            await parts.close()
            await kit.close()


@dataclass(slots=True)
class _Stopper:
    stop: asyncio.Event

    def __call__(self, number: signal.Signals) -> None:
        _logger.info("the process was told to stop", signal=number.name)
        self.stop.set()


@contextlib.contextmanager
def _signals(stop: asyncio.Event) -> Iterator[None]:
    """SIGTERM and SIGINT stop the process, the second one as well as the first: once is enough."""
    loop, stopper = asyncio.get_running_loop(), _Stopper(stop)
    numbers = (signal.SIGTERM, signal.SIGINT)
    for number in numbers:
        loop.add_signal_handler(number, stopper, number)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


@contextlib.contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    """Our own socket, so that port 0 can be asked for and told."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listener = socket.create_server(
            (settings.host, settings.port), family=family, backlog=_BACKLOG
        )
    except OSError as error:
        place = f"{settings.host} port {settings.port}"
        raise Misconfigured(
            f"nothing can listen on {place} ({error.strerror}); choose another by RCM_PORT"
        ) from None
    with listener:
        yield listener


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling: the process has one."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def run_until(self, stop: asyncio.Event, listener: socket.socket, health: Health) -> None:
        """Serve until `stop`; then refuse new work, finish what runs, and return."""

        async def end() -> None:
            await stop.wait()
            health.draining = True
            self.should_exit = True

        ending = asyncio.ensure_future(end())
        try:
            await self.serve(sockets=[listener])
        finally:
            ending.cancel()


def _setting(error: ErrorDetails) -> str:
    """The variable, or our own sentence about several; never a value, which may be a secret."""
    if error["loc"]:
        return f"RCM_{str(error['loc'][0]).upper()}"
    return error["msg"].removeprefix("Value error, ")
