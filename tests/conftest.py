"""Servers for tests: one PostgreSQL and one Kafka for the whole run, chosen in one place.

Containers where a Docker engine answers and has the images, else the embedded servers; `RCM_STACK`
(embedded, docker, external) decides otherwise. The head of the report says which.
"""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rcm_local import providers
from rcm_local.kafka import EmbeddedKafka
from rcm_local.postgres import EmbeddedPostgres

CHOICE = pytest.StashKey[tuple[providers.Name, str]]()

# Databases come and go by the hundred, and nobody pulls the plug on this server.
HASTE = {"fsync": "off", "max_connections": "400"}


@dataclass(frozen=True)
class Servers:
    """Addresses of real servers. `postgres_admin_url` is a superuser's."""

    postgres_admin_url: str = field(repr=False)
    kafka_bootstrap: str
    provider: str


def pytest_configure(config: pytest.Config) -> None:
    config.stash[CHOICE] = providers.chosen_for_tests()
    # The shipped code sets are built once a run and shared by every stack of it.
    codes = tempfile.mkdtemp(prefix="rcm-codes-")
    os.environ["RCM_CODES_DIR"] = codes
    config.add_cleanup(lambda: shutil.rmtree(codes, ignore_errors=True))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """End to end comes last: its whole stack stays up until the run ends, and even idle it takes
    from the others the better part of a core."""
    items.sort(key=lambda item: "/e2e/" in item.nodeid)


def pytest_report_header(config: pytest.Config) -> str:
    name, reason = config.stash[CHOICE]
    return f"servers: {name} PostgreSQL and Kafka ({reason})"


@pytest.fixture(scope="session")
async def servers(request: pytest.FixtureRequest) -> AsyncIterator[Servers]:
    """One PostgreSQL and one Kafka for the whole run; nobody stops or kills them."""
    name, _ = request.config.stash[CHOICE]
    directory = Path(tempfile.mkdtemp(prefix="rcm-tests-"))
    provider = providers.open_provider(name, directory, lasting=False, settings=HASTE)
    try:
        found = await provider.start()
        yield Servers(found.postgres_admin_url, found.kafka_bootstrap, name)
    finally:
        await provider.stop()
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def own_directory() -> Iterator[Path]:
    """A directory of the test's own with a short path, which server users may enter."""
    directory = Path(tempfile.mkdtemp(prefix="rcm-own-"))
    directory.chmod(0o711)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
async def own_postgres(own_directory: Path) -> AsyncIterator[EmbeddedPostgres]:
    """A running PostgreSQL of the test's own, to kill, restart and wipe."""
    server = EmbeddedPostgres(own_directory / "postgres")
    await server.start()
    yield server
    await server.kill()


@pytest.fixture
async def own_kafka(own_directory: Path) -> AsyncIterator[EmbeddedKafka]:
    """A running Kafka of the test's own, to kill, restart and wipe."""
    server = EmbeddedKafka(own_directory / "kafka")
    await server.start()
    yield server
    await server.kill()
