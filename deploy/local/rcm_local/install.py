"""Prepares an installation that somebody else runs: databases, schemas, tenant, keys, topics.

`python -m rcm_local.install` is the one-shot container of `deploy/compose.yaml`. Safe to repeat.
"""

import asyncio
from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from rcm_local import clients, provision


class InstallSettings(BaseSettings):
    """From the environment, with the names that the stack uses."""

    model_config = SettingsConfigDict(env_prefix="RCM_", extra="ignore")

    postgres_admin_url: SecretStr
    kafka_bootstrap: str
    keys_directory: Path
    database_password: SecretStr


async def install(settings: InstallSettings) -> None:
    """Everything that the services find when they start."""
    tenants = {clients.DEMO_TENANT_ID: clients.DEMO_TENANT_CODE}
    keys = provision.make_keys(
        settings.keys_directory,
        tuple(tenants),
        database_password=settings.database_password.get_secret_value(),
    )
    declared = provision.services()
    for service in declared.values():
        await provision.make_database(
            settings.postgres_admin_url.get_secret_value(), service, keys=keys, tenants=tenants
        )
    await provision.make_topics(settings.kafka_bootstrap, tuple(declared.values()))


if __name__ == "__main__":
    asyncio.run(install(InstallSettings()))
