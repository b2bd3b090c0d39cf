"""Labs: one with a database only, one with topics of its own as well."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from rcm.testing import events
from rcm.testing.events import Lab


@pytest.fixture
async def offline_lab(servers: Any, tmp_path: Path) -> AsyncIterator[Lab]:
    async with events.offline_lab(
        servers.postgres_admin_url, servers.kafka_bootstrap, tmp_path
    ) as found:
        yield found


@pytest.fixture
async def lab(offline_lab: Lab) -> AsyncIterator[Lab]:
    async with events.with_topics(offline_lab) as found:
        yield found
