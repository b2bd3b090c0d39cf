"""PostgreSQL and Kafka in containers, by testcontainers; the same verbs as the embedded servers.

Containers carry a label with the stack's name, so a later start removes what a killed run left.
Data lie in named volumes when `volume` is given, else in the container.
"""

import asyncio
import contextlib
import os
import secrets
import socket
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rcm_local import kafka, postgres
from rcm_local.problems import REINSTALL, LocalProblem
from rcm_local.secret_files import read_or_make

if TYPE_CHECKING:
    from testcontainers.core.container import DockerContainer

LABEL = "rcm.stack"
START_TIMEOUT_S = 120.0


def postgres_image() -> str:
    return os.environ.get("RCM_POSTGRES_IMAGE", "postgres:18")


def kafka_image() -> str:
    return os.environ.get("RCM_KAFKA_IMAGE", "apache/kafka:4.3.1")


@dataclass(slots=True, eq=False)
class ContainerServer:
    """One server in a container. `answers` asks from outside whether it serves."""

    name: str
    image: str
    environment: Mapping[str, str] = field(repr=False)
    ports: tuple[int, int]
    address: str = field(repr=False)
    ask: Callable[[], Awaitable[bool]]
    stack: str
    volume: tuple[str, str] | None = None
    command: list[str] | None = None
    _container: "DockerContainer | None" = field(default=None, repr=False)

    async def start(self) -> str:
        """Run the container (again), and wait until the server answers; its address."""
        with engine_problems():
            await asyncio.to_thread(self._run)
        deadline = time.monotonic() + START_TIMEOUT_S
        while not await self.answers():
            if time.monotonic() >= deadline or not self.running:
                raise LocalProblem(self.obituary())
            await asyncio.sleep(0.1)
        return self.address

    async def stop(self) -> None:
        """Stop and remove the container; named volumes stay."""
        container, self._container = self._container, None
        if container is not None:
            with engine_problems():
                await asyncio.to_thread(_remove, container)

    async def kill(self) -> None:
        """SIGKILL to everything in the container; `start` starts the same container again."""
        if self._container is not None and self.running:
            with engine_problems():
                await asyncio.to_thread(self._container.get_wrapped_container().kill)

    async def restart(self) -> str:
        """Stop cleanly and start again with the same data."""
        if self._container is not None:
            wrapped = self._container.get_wrapped_container()
            with engine_problems():
                await asyncio.to_thread(lambda: wrapped.stop(timeout=15))
        return await self.start()

    async def wipe(self) -> None:
        """Remove the container and everything that it stored; the next start is empty."""
        await self.kill()
        await self.stop()
        if self.volume is not None:
            with engine_problems():
                await asyncio.to_thread(_remove_volume, self.volume[0])

    async def answers(self) -> bool:
        """Whether it serves requests now."""
        return await self.ask()

    @property
    def running(self) -> bool:
        """Whether the container runs."""
        if self._container is None:
            return False
        wrapped = self._container.get_wrapped_container()
        with engine_problems():
            wrapped.reload()
        return bool(wrapped.status == "running")

    def obituary(self) -> str:
        """One sentence, and the end of the container's log."""
        lines = ""
        if self._container is not None:
            said = self._container.get_wrapped_container().logs(tail=20).decode(errors="replace")
            lines = "".join(f"\n    {line}" for line in said.splitlines())
        return f"{self.name} (image {self.image}) does not answer; the end of its log:{lines}"

    def _run(self) -> None:
        if self._container is not None:
            self._container.get_wrapped_container().start()
            return
        from testcontainers.core.container import DockerContainer  # noqa: PLC0415 - needs Docker

        labels = {LABEL: self.stack}
        container = DockerContainer(self.image, labels=labels)
        if self.command is not None:
            container.with_command(self.command)
        for name, value in self.environment.items():
            container.with_env(name, value)
        container.with_bind_ports(*self.ports)
        if self.volume is not None:
            container.with_volume_mapping(*self.volume, mode="rw")
        container.start()
        self._container = container


@dataclass(frozen=True, slots=True)
class Stack:
    """The two containers that belong together, under a name that a later run finds again."""

    name: str
    password: str = field(repr=False)
    lasting: bool

    @classmethod
    def of(cls, directory: Path, *, lasting: bool) -> "Stack":
        """The stack of this directory. Containers that a killed run of it left are removed."""
        known = read_or_make(
            directory / "docker.json",
            lambda: {"name": f"rcm-{secrets.token_hex(4)}", "password": secrets.token_urlsafe(24)},
        )
        with engine_problems(), contextlib.closing(_client()) as client:
            label = {"label": f"{LABEL}={known['name']}"}
            for container in client.containers.list(all=True, filters=label):
                container.remove(force=True, v=True)
        return cls(known["name"], known["password"], lasting)

    def postgres(self, port: int) -> ContainerServer:
        url = f"postgresql://{postgres.USER}:{self.password}@127.0.0.1:{port}/postgres"
        options = {
            name: value
            for name, value in postgres.SETTINGS.items()
            if name not in {"listen_addresses", "unix_socket_directories"}
        }
        return ContainerServer(
            name="postgres",
            image=postgres_image(),
            environment={"POSTGRES_PASSWORD": self.password, "PGDATA": "/var/lib/rcm/postgres"},
            ports=(5432, port),
            address=url,
            ask=lambda: postgres.answers(url),
            stack=self.name,
            volume=(f"{self.name}-postgres", "/var/lib/rcm") if self.lasting else None,
            command=["postgres", *(f"--{name}={value}" for name, value in options.items())],
        )

    def kafka(self, port: int) -> ContainerServer:
        bootstrap = f"127.0.0.1:{port}"
        settings = {
            **kafka.SETTINGS,
            "controller.quorum.voters": "1@localhost:9093",
            "listeners": "PLAINTEXT://:9092,CONTROLLER://:9093",
            "advertised.listeners": f"PLAINTEXT://{bootstrap}",
            "log.dirs": "/var/lib/kafka/data",
        }
        environment = {
            f"KAFKA_{name.replace('.', '_').upper()}": value for name, value in settings.items()
        }
        return ContainerServer(
            name="kafka",
            image=kafka_image(),
            environment={**environment, "KAFKA_HEAP_OPTS": "-Xmx512m"},
            ports=(9092, port),
            address=bootstrap,
            ask=lambda: kafka.answers(bootstrap),
            stack=self.name,
            volume=(f"{self.name}-kafka", "/var/lib/kafka/data") if self.lasting else None,
        )


def missing_images() -> list[str] | None:
    """Which of the two images are not on this machine; None when no Docker engine answers."""
    if not _engine_listens():
        return None
    try:
        import docker  # noqa: PLC0415 - only where containers are wanted
    except ImportError:
        return None
    try:
        with contextlib.closing(docker.from_env(timeout=5)) as client:
            client.ping()
            missing = []
            for image in (postgres_image(), kafka_image()):
                try:
                    client.images.get(image)
                except docker.errors.ImageNotFound:
                    missing.append(image)
            return missing
    except (docker.errors.DockerException, OSError):
        return None


def _engine_listens() -> bool:
    """Whether somebody listens on the engine's usual socket; another place is taken on trust."""
    if "DOCKER_HOST" in os.environ:
        return True
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(2)
        try:
            probe.connect("/var/run/docker.sock")
        except OSError:
            return False
        return True


@contextlib.contextmanager
def engine_problems() -> Iterator[None]:
    """Turns what the Docker client raises into a sentence."""
    try:
        import docker  # noqa: PLC0415 - only where containers are wanted
    except ImportError as error:
        raise LocalProblem(
            f"RCM_STACK=docker needs testcontainers: {REINSTALL}, or use RCM_STACK=embedded."
        ) from error
    try:
        yield
    except docker.errors.DockerException as error:
        raise LocalProblem(
            f"Docker refused: {error}. Start the engine, or use RCM_STACK=embedded."
        ) from error


def _client() -> Any:
    import docker  # noqa: PLC0415 - only where containers are wanted

    # Our own labels find leftovers, so testcontainers' reaper container is not needed.
    from testcontainers.core.config import testcontainers_config  # noqa: PLC0415

    testcontainers_config.ryuk_disabled = True
    return docker.from_env()


def _remove(container: "DockerContainer") -> None:
    container.get_wrapped_container().stop(timeout=15)
    container.stop(force=True, delete_volume=True)


def _remove_volume(name: str) -> None:
    with contextlib.closing(_client()) as client:
        for volume in client.volumes.list(filters={"name": name}):
            volume.remove(force=True)
