"""Servers for tests: one PostgreSQL and one Kafka for the whole run, chosen in one place."""

import os
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Servers:
    """Addresses of real servers. `postgres_admin_url` is a superuser's."""

    postgres_admin_url: str
    kafka_bootstrap: str
    provider: str


@pytest.fixture(scope="session")
def servers() -> Servers:
    """External servers named in the environment (embedded and container providers join here)."""
    return Servers(
        os.environ["RCM_POSTGRES_ADMIN_URL"], os.environ["RCM_KAFKA_BOOTSTRAP"], "external"
    )
