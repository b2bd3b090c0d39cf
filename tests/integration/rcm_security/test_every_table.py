"""Whatever a service adds stands behind the wall: asked of the database's own catalog.

The tests of the wall try the kit's tables by hand; these find what somebody forgot to try.
"""

from collections.abc import AsyncIterator
from importlib.metadata import entry_points
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from rcm.testing.databases import connected, service_database

SERVICES = sorted(entry_points(group="rcm.services"), key=lambda found: found.name)

# Alembic's own; it belongs to no tenant.
TABLES = """
    SELECT c.oid, c.relname AS name, c.relispartition AS part
    FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND c.relname <> 'alembic_version'
"""
RULES = {
    "has row security that its owner obeys too": f"""
        SELECT name FROM ({TABLES}) t JOIN pg_class c USING (oid)
        WHERE NOT part AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
    """,
    "has a policy": f"""
        SELECT name FROM ({TABLES}) t
        WHERE NOT part AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = t.oid)
    """,
    # A unique key that spans tenants tells one of them what another one has.
    "has the tenant first in every unique key": f"""
        SELECT name FROM ({TABLES}) t JOIN pg_index i ON i.indrelid = t.oid AND i.indisunique
        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0]
        WHERE a.attname <> 'tenant_id'
    """,
    "has a primary key": f"""
        SELECT name FROM ({TABLES}) t
        WHERE NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisprimary)
    """,
    # A partition asked directly does not ask its parent's policies.
    "is not granted as a partition": f"""
        SELECT name FROM ({TABLES}) t JOIN pg_class c USING (oid)
        WHERE part AND c.relacl IS NOT NULL
    """,
    # TRUNCATE passes row security by; a trigger or a reference reads what it does not show.
    "grants rows and nothing more": f"""
        SELECT name FROM ({TABLES}) t JOIN pg_class c USING (oid),
            aclexplode(c.relacl) given
        WHERE given.grantee <> c.relowner
          AND given.privilege_type NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
    """,
    # A view reads as its owner unless it says otherwise.
    "shows no view past the wall": """
        SELECT relname FROM pg_class
        WHERE relnamespace = 'public'::regnamespace
          AND (relkind = 'm' OR (relkind = 'v'
               AND NOT coalesce('security_invoker=true' = ANY (reloptions), false)))
    """,
    # A trigger function cannot be called, so everybody's EXECUTE on it says nothing.
    "lends its owner's rights to nobody in particular": """
        SELECT proname FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND prosecdef
          AND prorettype <> 'trigger'::regtype
          AND has_function_privilege('public', oid, 'EXECUTE')
    """,
    "fixes where a lent function looks for names": """
        SELECT proname FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND prosecdef
          AND NOT EXISTS (SELECT FROM unnest(proconfig) c WHERE c LIKE 'search_path=pg_catalog%')
    """,
    "is used by roles that the wall holds": """
        SELECT r.rolname FROM pg_database d, aclexplode(d.datacl) given
        JOIN pg_roles r ON r.oid = given.grantee
        WHERE d.datname = current_database() AND (r.rolsuper OR r.rolbypassrls)
    """,
    "gives nobody a place for tables of their own": """
        SELECT privilege FROM unnest(ARRAY['TEMPORARY', 'CREATE']) AS privilege
        WHERE has_database_privilege('public', current_database(), privilege)
    """,
}


@pytest.fixture(scope="module", params=SERVICES, ids=lambda found: found.name)
async def catalog(request: pytest.FixtureRequest, servers: Any) -> AsyncIterator[Any]:
    """A superuser's view of one service's migrated database."""
    service = request.param.load()
    admin_url = servers.postgres_admin_url
    async with (
        service_database(admin_url, service.name, service.migrations) as urls,
        connected(admin_url, urlsplit(urls.app).path.lstrip("/")) as superuser,
    ):
        yield superuser


@pytest.mark.parametrize("rule", RULES)
async def test_every_table_of_every_service(catalog: asyncpg.Connection, rule: str) -> None:
    assert [row[0] for row in await catalog.fetch(RULES[rule])] == []


BREACHES = {
    "has row security that its owner obeys too": "CREATE TABLE x (tenant_id uuid PRIMARY KEY)",
    "has a policy": "CREATE TABLE x (tenant_id uuid PRIMARY KEY)",
    "has the tenant first in every unique key": "CREATE TABLE x (a int PRIMARY KEY)",
    "has a primary key": "CREATE TABLE x (tenant_id uuid)",
    "is not granted as a partition": "GRANT SELECT ON inbox_default TO public",
    "grants rows and nothing more": "GRANT TRUNCATE ON tenant TO public",
    "shows no view past the wall": "CREATE VIEW x AS SELECT * FROM tenant",
    "lends its owner's rights to nobody in particular": (
        "CREATE FUNCTION x() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'"
    ),
    "fixes where a lent function looks for names": (
        "CREATE FUNCTION x() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'"
    ),
    "is used by roles that the wall holds": "DO $$ BEGIN EXECUTE format("
    "'GRANT CONNECT ON DATABASE %I TO postgres', current_database()); END $$",
    "gives nobody a place for tables of their own": "DO $$ BEGIN EXECUTE format("
    "'GRANT TEMPORARY ON DATABASE %I TO public', current_database()); END $$",
}


@pytest.mark.parametrize("rule", RULES)
async def test_each_rule_catches_its_breach(catalog: asyncpg.Connection, rule: str) -> None:
    """The control."""
    breach = catalog.transaction()
    await breach.start()
    await catalog.execute(BREACHES[rule])
    found = await catalog.fetch(RULES[rule])
    await breach.rollback()
    assert found
