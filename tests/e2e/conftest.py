"""One whole stack for all end-to-end tests: real servers, real processes, everything over HTTP."""

import contextlib
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import e2e.desk_writes
import e2e.money_writes  # noqa: F401 - enters its writes into the table
import httpx
import pytest
from e2e import clinic, writes
from e2e.outside import Outside
from e2e.world import OTHER_TENANT, SERVICES, World, issuer_of

from rcm.db import Database
from rcm.security.tenants import register
from rcm_local import providers
from rcm_local.demo import tour
from rcm_local.demo.practice import PracticeSystem
from rcm_local.home import Home
from rcm_local.stack import Stack, open_stack


def _servers() -> providers.Name:
    """The servers of others hold their own databases under our names, so they are left alone."""
    chosen = providers.chosen()
    return "embedded" if chosen == "external" else chosen


@pytest.fixture(scope="session")
def outside() -> Iterator[Outside]:
    """What collects traces and stands for partners that refuse."""
    with Outside.listening() as found:
        yield found


@pytest.fixture(scope="session")
async def stack(outside: Outside) -> AsyncIterator[Stack]:
    """Everything up, with traces going to the collector."""
    settings = {"RCM_OTLP_ENDPOINT": outside.url}
    with _directory() as directory:
        async with open_stack(
            Home(directory), lambda *_: None, on=_servers(), settings=settings, lasting=False
        ) as found:
            yield found


@contextlib.contextmanager
def _directory() -> Iterator[Path]:
    """One with a short path, which the servers' users may enter."""
    directory = Path(tempfile.mkdtemp(prefix="rcm-e2e-"))
    directory.chmod(0o711)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
async def world(stack: Stack, outside: Outside) -> AsyncIterator[World]:
    """The stack with a clinic that has prices, payers and a partner, and a second tenant."""
    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        found = World(stack, outside, http, issuer_of(stack))
        await _add_other_tenant(found)
        await _set_up(found)
        yield found


@pytest.fixture(scope="session")
async def things(world: World) -> writes.Things:
    """One of each kind of thing, to be read, written and asked for by the wrong tenant."""
    return await writes.things(world)


async def _add_other_tenant(world: World) -> None:
    world.keyring().add_tenant(OTHER_TENANT)
    for service in SERVICES:
        database = Database(world.stack.databases[service].app, application_name="e2e", pool_size=1)
        await register(database, OTHER_TENANT, name_code="other-clinic")
        await database.close()


async def _set_up(world: World) -> None:
    stack = world.stack
    practice = PracticeSystem(
        world.http, {name: stack.url(name) for name in stack.ports}, _clinic_secret(stack)
    )
    await tour.set_up(
        practice, twin_url=stack.url("payer-twin"), twin_token=stack.keys.payer_twin_token
    )
    items = [
        {"procedure_code": code, "unit_cents": cents} for code, cents in clinic.FEES_CENTS.items()
    ]
    await world.put("claims-svc", "/fee-schedules/DEMO1/2020-01-01", {"items": items})


def _clinic_secret(stack: Stack) -> str:
    secrets = json.loads((stack.home.root / "identity/secrets.json").read_text())
    return str(secrets["clinic"])
