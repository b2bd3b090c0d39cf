"""`python -m payer_twin` starts the twin; `python -m payer_twin identity` shows what to pin."""

import asyncio
import json
import signal
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from payer_twin.app import create_app
from payer_twin.doors import sftp
from payer_twin.doors.core import create_core_app
from payer_twin.identity import Identity
from payer_twin.settings import TwinSettings


class _Server(uvicorn.Server):
    """One of several in a process: whoever runs them all hears the signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """None of its own."""
        yield


def main() -> None:
    """Listen, say where, serve until stopped."""
    settings = TwinSettings()
    if sys.argv[1:] == ["identity"]:
        sys.stdout.write(json.dumps(Identity.of(settings).published(), indent=2) + "\n")
        return
    asyncio.run(_serve(settings))


async def _serve(settings: TwinSettings) -> None:
    identity = Identity.of(settings)
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        twin = app.state.twin
        listeners = {"http": socket.create_server((settings.host, settings.port))}
        servers = [(_server(app), listeners["http"])]
        if settings.core_port is not None:
            listeners["https"] = socket.create_server((settings.host, settings.core_port))
            servers.append((_server(create_core_app(twin), identity), listeners["https"]))
        where = {scheme: one.getsockname()[1] for scheme, one in listeners.items()}
        acceptor = None
        if settings.sftp_port is not None:
            acceptor = await sftp.listen(twin, identity)
            where["sftp"] = acceptor.get_port()
        app.state.ports = where
        for scheme, port in where.items():
            sys.stdout.write(f"payer-twin listens on {scheme}://{settings.host}:{port}\n")
        sys.stdout.flush()
        await _until_stopped(servers)
        if acceptor is not None:
            acceptor.close()
            await acceptor.wait_closed()


def _server(app: Any, identity: Identity | None = None) -> uvicorn.Server:
    secured = {}
    if identity is not None:
        secured = {
            "ssl_certfile": str(identity.certificate_file),
            "ssl_keyfile": str(identity.tls_key_file),
            "ssl_version": ssl.PROTOCOL_TLS_SERVER,
        }
    # The lifespan is entered once, by the process and not by each server.
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        lifespan="off",
        **secured,  # type: ignore[arg-type]
    )
    return _Server(config)


async def _until_stopped(servers: list[tuple[uvicorn.Server, socket.socket]]) -> None:
    def stop() -> None:
        for server, _ in servers:
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    await asyncio.gather(*(server.serve(sockets=[one]) for server, one in servers))


if __name__ == "__main__":
    main()
