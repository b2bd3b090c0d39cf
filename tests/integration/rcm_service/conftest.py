"""The small service of `notes_app`, on a real database."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from integration.rcm_service.notes_app import service

from rcm.testing.service import ServiceUnderTest, service_under_test


@pytest.fixture(scope="session")
async def notes(servers: Any) -> AsyncIterator[ServiceUnderTest]:
    async with service_under_test(
        service, servers.postgres_admin_url, servers.kafka_bootstrap
    ) as found:
        yield found
