"""One ledger for all tests of a run; every test brings tenants of its own."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from rcm.db import Database
from rcm.ids import new_id
from rcm.migrations import LEDGER, DatabaseUrls
from rcm.testing.databases import service_database

if TYPE_CHECKING:
    from conftest import Servers


@pytest.fixture(scope="session")
async def ledger_urls(servers: "Servers") -> AsyncIterator[DatabaseUrls]:
    async with service_database(servers.postgres_admin_url, "ledger", [LEDGER]) as urls:
        yield urls


@pytest.fixture(scope="session")
async def database(ledger_urls: DatabaseUrls) -> AsyncIterator[Database]:
    """As a service sees it: the app role, behind the tenants' wall."""
    found = Database(ledger_urls.app, application_name="test")
    yield found
    await found.close()


@pytest.fixture
def tenant() -> UUID:
    return new_id()
