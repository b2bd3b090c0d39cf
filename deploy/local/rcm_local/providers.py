"""Where PostgreSQL and Kafka come from: embedded, in containers, or somebody else's.

`RCM_STACK` names one of `embedded`, `docker`, `external`. Nothing else in the product differs.
"""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, cast, get_args

from rcm_local import containers, kafka, ports, postgres
from rcm_local.kafka import EmbeddedKafka
from rcm_local.postgres import EmbeddedPostgres
from rcm_local.problems import LocalProblem

Name = Literal["embedded", "docker", "external"]


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the servers are. The PostgreSQL URL is a superuser's and holds its password."""

    postgres_admin_url: str = field(repr=False)
    kafka_bootstrap: str


class Server(Protocol):
    """One PostgreSQL or Kafka. `kill`, `restart` and `wipe` are for tests of faults."""

    @property
    def name(self) -> str: ...

    @property
    def address(self) -> str:
        """The superuser's URL, or `host:port` of the broker."""
        ...

    @property
    def running(self) -> bool: ...

    async def start(self) -> str: ...

    async def stop(self) -> None: ...

    async def kill(self) -> None: ...

    async def restart(self) -> str: ...

    async def wipe(self) -> None: ...

    async def answers(self) -> bool: ...

    def obituary(self) -> str: ...


@dataclass(slots=True, eq=False)
class ExternalServer:
    """A server that others run: it is asked, never started, stopped or harmed."""

    name: str
    address: str
    running: bool = True

    async def start(self) -> str:
        if not await self.answers():
            raise LocalProblem(self.obituary())
        return self.address

    async def stop(self) -> None:
        """Nothing to do: it is not ours."""

    async def kill(self) -> None:
        raise LocalProblem(f"{self.name} is external: it is not killed from here.")

    async def restart(self) -> str:
        raise LocalProblem(f"{self.name} is external: it is not restarted from here.")

    async def wipe(self) -> None:
        raise LocalProblem(f"{self.name} is external: its data are not deleted from here.")

    async def answers(self) -> bool:
        ask = postgres.answers if self.name == "postgres" else kafka.answers
        return await ask(self.address)

    def obituary(self) -> str:
        variable = "RCM_POSTGRES_ADMIN_URL" if self.name == "postgres" else "RCM_KAFKA_BOOTSTRAP"
        return f"{self.name} does not answer at the address in {variable}."


@dataclass(slots=True, eq=False)
class Provider:
    """The two servers, started and stopped together."""

    name: Name
    postgres: Server
    kafka: Server

    async def start(self) -> Addresses:
        """Start both at once and wait until both answer; on a failure stop what did start."""
        database, broker = await asyncio.gather(
            self.postgres.start(), self.kafka.start(), return_exceptions=True
        )
        for outcome in (database, broker):
            if isinstance(outcome, BaseException):
                await self.stop()
                raise outcome
        return Addresses(str(database), str(broker))

    async def stop(self) -> None:
        """Stop both, the broker first."""
        await self.kafka.stop()
        await self.postgres.stop()


def chosen(default: Name = "embedded") -> Name:
    """What `RCM_STACK` names."""
    name = os.environ.get("RCM_STACK", default)
    if name not in get_args(Name):
        raise LocalProblem(f"RCM_STACK is {name!r}; it may be embedded, docker or external.")
    return cast("Name", name)


def chosen_for_tests() -> tuple[Name, str]:
    """What tests run on, and why: containers where they can be had at once, else embedded."""
    if "RCM_STACK" in os.environ:
        return chosen(), "RCM_STACK says so"
    missing = containers.missing_images()
    if missing is None:
        return "embedded", "no Docker engine answers"
    if missing:
        return "embedded", f"the Docker engine has no {' and no '.join(missing)}"
    return "docker", "a Docker engine answers and has the images"


def open_provider(
    name: Name,
    directory: Path,
    *,
    logs: Path | None = None,
    lasting: bool = True,
    settings: Mapping[str, str] | None = None,
) -> Provider:
    """The provider with its data under `directory`. A lasting one takes the default ports when they
    are free, and its containers keep their data in volumes."""
    if name == "external":
        return Provider(
            name,
            ExternalServer("postgres", _required("RCM_POSTGRES_ADMIN_URL")),
            ExternalServer("kafka", _required("RCM_KAFKA_BOOTSTRAP")),
        )
    postgres_port = ports.choose(ports.PREFERRED["postgres"] if lasting else 0)
    kafka_port = ports.choose(ports.PREFERRED["kafka"] if lasting else 0, taken=(postgres_port,))
    if name == "docker":
        stack = containers.Stack.of(directory, lasting=lasting)
        return Provider(name, stack.postgres(postgres_port), stack.kafka(kafka_port))
    places = logs or directory / "log"
    return Provider(
        name,
        EmbeddedPostgres(
            directory / "postgres", postgres_port, log=places / "postgres.log", settings=settings
        ),
        EmbeddedKafka(directory / "kafka", kafka_port, log=places / "kafka.log"),
    )


def _required(variable: str) -> str:
    value = os.environ.get(variable)
    if not value:
        raise LocalProblem(f"RCM_STACK=external needs {variable}.")
    return value
