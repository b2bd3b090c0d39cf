"""Databases, roles and schema of a service.

A service's schema is built from branches: the kit's (`rcm/events/migrations`,
`rcm/security/migrations`, `rcm/ledger/migrations`) and its own `migrations/`. Three roles stand
under the tenants' wall: the owner changes the schema, the app sees the tenants that its transaction
names, the relay sees the outbox of all tenants and nothing else. None is a superuser, none bypasses
RLS.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
from alembic import command, op
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from rcm.db import Database

HERE = Path(__file__).parent
EVENTS = HERE / "events" / "migrations"
SECURITY = HERE / "security" / "migrations"
LEDGER = HERE / "ledger" / "migrations"


@dataclass(frozen=True, slots=True)
class Roles:
    """The three PostgreSQL roles of one service."""

    owner: str
    app: str
    relay: str

    @classmethod
    def of(cls, service: str) -> "Roles":
        """`claims-svc` has `claims_svc_owner`, `claims_svc_app` and `claims_svc_relay`."""
        stem = service.replace("-", "_")
        return cls(f"{stem}_owner", f"{stem}_app", f"{stem}_relay")


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """One service database, seen by each of its roles. Hidden from repr: they hold passwords."""

    owner: str
    app: str
    relay: str

    def __repr__(self) -> str:
        return f"DatabaseUrls({urlsplit(self.app).path})"


async def provision(
    admin_url: str, service: str, *, password: str, database: str | None = None
) -> DatabaseUrls:
    """Create the service's roles and database where they are missing; safe to repeat.

    `admin_url` is a superuser's (postgresql://user:password@host:port/postgres).
    """
    roles, name = Roles.of(service), database or service.replace("-", "_")
    async with _admin(admin_url) as admin:
        # Several services may be provisioned at once; PostgreSQL has no CREATE ROLE IF NOT EXISTS.
        await admin.execute("SELECT pg_advisory_lock(hashtext('rcm.provision'))")
        for role in (roles.owner, roles.app, roles.relay):
            exists = await admin.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role)
            verb = "ALTER" if exists else "CREATE"
            literal = password.replace("'", "''")
            await admin.execute(
                f"{verb} ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '{literal}'"
            )
        if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            await admin.execute(f'CREATE DATABASE "{name}" OWNER {roles.owner}')
        await admin.execute(f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC')
        await admin.execute(f'GRANT CONNECT ON DATABASE "{name}" TO {roles.app}, {roles.relay}')
    return DatabaseUrls(
        *(_url(admin_url, role, password, name) for role in (roles.owner, roles.app, roles.relay))
    )


async def upgrade(owner_url: str, service: str, locations: Sequence[Path]) -> None:
    """Bring the schema to its newest revision on every branch in `locations`."""
    engine = create_async_engine(
        owner_url.replace("postgresql://", "postgresql+asyncpg://", 1), poolclass=NullPool
    )
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade, service, locations)
            # The app asks at start whether the schema is the one that it was written for.
            app = Roles.of(service).app
            await connection.exec_driver_sql(f"GRANT SELECT ON alembic_version TO {app}")
            await connection.commit()
    finally:
        await engine.dispose()


async def missing_revisions(database: Database, locations: Sequence[Path]) -> frozenset[str]:
    """Newest revisions that the database lacks. A branch that is ahead of this code (a newer
    release is rolling out) lacks nothing. Raises `StatementFailed` before the first upgrade."""
    known = ScriptDirectory.from_config(_config(locations))
    async with database.transaction() as tx:
        rows = await tx.fetch("SELECT version_num FROM alembic_version")
    present = {str(row["version_num"]) for row in rows}
    ours = {revision.revision for revision in known.walk_revisions()}
    ahead = {_branch(revision) for revision in present - ours}
    return frozenset(
        head for head in known.get_heads() if head not in present and _branch(head) not in ahead
    )


def _branch(revision: str) -> str:
    """`claims` of `claims_0001`."""
    return revision.rpartition("_")[0]


def _config(locations: Sequence[Path]) -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE / "alembic"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", ":".join(str(place) for place in locations))
    return config


def _upgrade(connection: Connection, service: str, locations: Sequence[Path]) -> None:
    config = _config(locations)
    config.attributes["connection"] = connection
    config.attributes["roles"] = Roles.of(service)
    command.upgrade(config, "heads")


def script(sql: str) -> None:
    """Run several SQL statements in a revision. `{app}`, `{relay}` and `{owner}` become role names;
    write a brace that is meant as one twice."""
    roles = current_roles()
    text = sql.format(app=roles.app, relay=roles.relay, owner=roles.owner)
    bind = op.get_bind()
    # Makes SQLAlchemy's adapter open its transaction, which the driver's own execute then joins.
    bind.exec_driver_sql("SELECT 1")
    adapted = cast("Any", bind.connection.dbapi_connection)
    adapted.run_async(lambda driver: driver.execute(text))


def protect(table: str, *, app: str, relay: str = "") -> None:
    """Put a table behind the tenants' wall and grant exactly these privileges (never TRUNCATE:
    row-level security does not stop it).

    The setting is read in a subquery, once per statement: read per row it costs as much as writing
    the row."""
    statements = f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
        CREATE POLICY tenants ON {table} TO {{app}}
          USING (tenant_id = ANY ((SELECT current_setting('app.tenants')::uuid[])::uuid[]));
    """
    if app:
        statements += f"GRANT {app} ON {table} TO {{app}};"
    if relay:
        statements += f"""
            CREATE POLICY relay ON {table} TO {{relay}} USING (true) WITH CHECK (true);
            GRANT {relay} ON {table} TO {{relay}};
        """
    script(statements)


def current_roles() -> Roles:
    """The roles of the service whose schema is being changed."""
    found = op.get_context().config
    assert found is not None  # noqa: S101 - `upgrade` always gives one
    return cast("Roles", found.attributes["roles"])


def _url(admin_url: str, user: str, password: str, database: str) -> str:
    parts = urlsplit(admin_url)
    place = f"{user}:{quote(password, safe='')}@{parts.hostname}:{parts.port or 5432}"
    return urlunsplit(("postgresql", place, f"/{database}", "", ""))


@contextlib.asynccontextmanager
async def _admin(admin_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(admin_url)
    try:
        yield connection
    finally:
        await connection.close()
