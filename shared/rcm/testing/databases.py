"""Service databases for tests: migrated once, then copied for each test in a tenth of a second.

    async with service_database(admin_url, service) as urls:
        database = Database(urls.app, application_name="test", keyring=keyring)

The roles are `test_<service>_app` and so on, apart from those of a running installation on the same
server. The migrated template's name holds a hash of the migrations, so a changed migration makes a
new one; several test runs may share one server.
"""

import contextlib
import hashlib
import re
import uuid
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from rcm.migrations import EVENTS, SECURITY, DatabaseUrls, Roles, provision, upgrade

PASSWORD = "test-only"  # noqa: S105 - of throw-away databases on a test server


@contextlib.asynccontextmanager
async def service_database(
    admin_url: str, service: str, migrations: Sequence[Path] = ()
) -> AsyncIterator[DatabaseUrls]:
    """A fresh database with the kit's branches for events and security and these `migrations`,
    dropped at the end."""
    role_name = f"test-{service}"
    places = tuple(dict.fromkeys((EVENTS, SECURITY, *migrations)))
    template = await _template(admin_url, role_name, places)
    name = f"{_stem(role_name)}_{uuid.uuid4().hex[:12]}"
    async with connected(admin_url) as admin:
        owner = Roles.of(role_name).owner
        await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" OWNER {owner}')
    try:
        yield await provision(admin_url, role_name, password=PASSWORD, database=name)
    finally:
        async with connected(admin_url) as admin:
            await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


async def _template(admin_url: str, role_name: str, migrations: Sequence[Path]) -> str:
    """The name of the migrated template, made when it is missing. It is renamed into place, so a
    killed test run leaves no half-migrated one behind."""
    prefix = f"{_stem(role_name)}_template"
    name = f"{prefix}_{_fingerprint(migrations)}"
    async with connected(admin_url) as admin:
        await admin.execute("SELECT pg_advisory_lock(hashtext($1))", prefix)
        if await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            return name
        await _drop_outdated(admin, prefix)
        making = f"{prefix}_{uuid.uuid4().hex[:8]}_making"
        urls = await provision(admin_url, role_name, password=PASSWORD, database=making)
        await upgrade(urls.owner, role_name, migrations)
        await admin.execute(f'ALTER DATABASE "{making}" RENAME TO "{name}"')
    return name


async def _drop_outdated(admin: asyncpg.Connection, prefix: str) -> None:
    rows = await admin.fetch("SELECT datname FROM pg_database WHERE datname LIKE $1", f"{prefix}_%")
    for row in rows:
        # Another run may be copying it this moment; the next change drops it then.
        with contextlib.suppress(asyncpg.PostgresError):
            await admin.execute(f'DROP DATABASE "{row["datname"]}"')


def _fingerprint(migrations: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for place in migrations:
        for file in sorted(place.glob("*.py")):
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def _stem(role_name: str) -> str:
    return re.sub(r"[^a-z0-9]", "_", role_name)


@contextlib.asynccontextmanager
async def connected(
    admin_url: str, database: str | None = None
) -> AsyncIterator[asyncpg.Connection]:
    """A superuser's connection, also into one of the test databases: it sees behind the wall."""
    parts = urlsplit(admin_url)
    url = urlunsplit(parts._replace(path=f"/{database}")) if database else admin_url
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()
