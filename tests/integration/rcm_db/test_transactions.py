"""A transaction is whole or not there, and a connection never brings another one's along."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import pytest
import sqlalchemy as sa

from rcm.db import Database, DatabaseUnavailable, StatementFailed, Tx
from rcm.migrations import DatabaseUrls
from rcm.testing.databases import connected, service_database

NORTH = UUID("7e57c0de-0000-4000-8000-000000000001")
SOUTH = UUID("7e57c0de-0000-4000-8000-000000000002")
POOL_SIZE = 3
THING = """
    CREATE TABLE thing (tenant_id uuid NOT NULL, name text NOT NULL);
    ALTER TABLE thing ENABLE ROW LEVEL SECURITY;
    CREATE POLICY tenants ON thing
      USING (tenant_id = ANY (current_setting('app.tenants')::uuid[]));
    GRANT SELECT, INSERT ON thing TO public;
"""


@dataclass(frozen=True)
class Place:
    """A database with one table behind the wall, seen by the app and by a superuser."""

    urls: DatabaseUrls
    database: Database
    superuser: asyncpg.Connection

    async def kill_connections(self) -> None:
        """As a restart of the server does to connections that wait in the pool."""
        await self.superuser.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    async def names(self) -> list[str]:
        rows = await self.superuser.fetch("SELECT name FROM thing ORDER BY name")
        return [row["name"] for row in rows]


@pytest.fixture
async def place(servers: Any) -> AsyncIterator[Place]:
    async with service_database(servers.postgres_admin_url, "db") as urls:
        database = Database(urls.app, application_name="test", pool_size=POOL_SIZE)
        name = urlsplit(urls.app).path.lstrip("/")
        async with connected(servers.postgres_admin_url, name) as superuser:
            await superuser.execute(THING)
            yield Place(urls, database, superuser)
        await database.close()


async def add(tx: Tx, name: str) -> None:
    await tx.execute("INSERT INTO thing VALUES ($1, $2)", tx.tenant_id, name)


async def fill_pool(database: Database) -> None:
    """Let every connection of the pool be open and have served a transaction."""
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(POOL_SIZE):
            await stack.enter_async_context(database.transaction((NORTH,)))


async def test_a_failure_that_was_swallowed_is_no_commit(place: Place) -> None:
    """PostgreSQL answers COMMIT with ROLLBACK then, and with no error."""
    committed: list[str] = []

    async def careless() -> None:
        async with place.database.transaction((NORTH,)) as tx:
            tx.after_commit(lambda: committed.append("told"))
            await add(tx, "lost")
            with contextlib.suppress(StatementFailed):
                await tx.execute("SELECT 1 / 0")

    with pytest.raises(StatementFailed) as failure:
        await careless()
    assert failure.value.sqlstate == "25P02"
    assert (committed, await place.names()) == ([], [])


async def test_a_failure_inside_a_savepoint_may_be_swallowed(place: Place) -> None:
    async with place.database.transaction((NORTH,)) as tx:
        await add(tx, "kept")
        with contextlib.suppress(StatementFailed):
            async with tx.savepoint():
                await add(tx, "undone")
                await tx.execute("SELECT 1 / 0")
    assert await place.names() == ["kept"]


async def test_connections_that_died_in_the_pool_are_replaced_unnoticed(place: Place) -> None:
    await fill_pool(place.database)
    await place.kill_connections()
    for _ in range(POOL_SIZE + 1):
        async with place.database.transaction((NORTH,)) as tx:
            assert await tx.fetchval("SELECT 1") == 1


async def test_a_connection_that_dies_at_begin_is_thrown_away(place: Place) -> None:
    """Its death may be noticed only as BEGIN is sent: that call fails, the next ones do not."""
    await fill_pool(place.database)
    killing = asyncio.create_task(place.kill_connections())
    outcomes = []
    while not killing.done() or len(outcomes) < 50:
        try:
            async with place.database.transaction((NORTH,)) as tx:
                await tx.fetchval("SELECT 1")
            outcomes.append("served")
        except DatabaseUnavailable:
            outcomes.append("failed")
    assert outcomes.count("failed") <= POOL_SIZE
    assert outcomes[-1] == "served"


async def test_no_tenant_is_left_behind_wherever_a_task_is_cancelled(place: Place) -> None:
    """Also in the middle of BEGIN, which may have happened all the same."""
    database = Database(place.urls.app, application_name="one", pool_size=1)

    async def work() -> None:
        async with database.transaction((NORTH,)) as tx:
            await tx.fetchval("SELECT 1")

    await work()
    left = []
    for turn in range(300):
        task = asyncio.create_task(work())
        for _ in range(turn % 12):
            await asyncio.sleep(0)
        await asyncio.sleep((turn % 40) * 0.00002)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        async with database.transaction() as tx:
            left.append(await tx.fetchval("SELECT current_setting('app.tenants', true)"))
    await database.close()
    assert [found for found in left if found] == []


async def test_a_cancellation_during_rollback_is_not_swallowed(place: Place) -> None:
    """Cancelled once in the work and once in the rollback, the task ends as cancelled, and the
    connection goes back clean or not at all."""
    working = asyncio.Event()

    async def work() -> None:
        async with place.database.transaction((NORTH,)) as tx:
            working.set()
            with contextlib.suppress(asyncio.CancelledError):
                await tx.fetchval("SELECT pg_sleep(30)")
            raise RuntimeError("the work's own failure")

    for pause_s in (0.0, 0.0005, 0.001, 0.002):
        working.clear()
        task = asyncio.create_task(work())
        await working.wait()
        await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.sleep(pause_s)
        cancelled_again = task.cancel()
        with pytest.raises(asyncio.CancelledError if cancelled_again else RuntimeError):
            await task
        assert await place.database.in_transaction((), nothing_open) is None


async def nothing_open(tx: Tx) -> None:
    assert not await tx.fetchval("SELECT current_setting('app.tenants', true)")


async def test_a_transaction_that_has_ended_reads_nothing(place: Place) -> None:
    """Its connection serves another tenant by then."""
    async with place.database.transaction((NORTH,)) as stale:
        pass
    async with place.database.transaction((SOUTH,)) as tx:
        await add(tx, "south's own")
        with pytest.raises(RuntimeError, match="has ended"):
            await stale.fetch("SELECT * FROM thing")
        with pytest.raises(RuntimeError, match="has ended"):
            await stale.run(sa.text("SELECT * FROM thing"))


@pytest.mark.parametrize(
    ("sql", "arguments"),
    [("SELECT $1::int", ()), ("SELECT 1", (1,)), ("SELECT $1::int", ("x",))],
    ids=["too few", "too many", "of another type"],
)
async def test_a_mistake_in_our_code_is_not_taken_for_an_outage(
    place: Place, sql: str, arguments: tuple[object, ...]
) -> None:
    """What is taken for one is tried again for ever."""
    with pytest.raises(StatementFailed):
        async with place.database.transaction((NORTH,)) as tx:
            await tx.fetchval(sql, *arguments)


async def test_two_statements_at_once_are_a_mistake_not_an_outage(place: Place) -> None:
    with pytest.raises(StatementFailed, match="InterfaceError"):
        async with place.database.transaction((NORTH,)) as tx:
            await asyncio.gather(tx.fetchval("SELECT pg_sleep(0.05)"), tx.fetchval("SELECT 1"))


async def test_a_mistaken_core_statement_is_not_taken_for_an_outage(place: Place) -> None:
    with pytest.raises(StatementFailed, match="StatementError"):
        async with place.database.transaction((NORTH,)) as tx:
            await tx.run(sa.select(sa.bindparam("nobody_gave_this")))


async def test_a_core_statement_fails_without_its_values(place: Place) -> None:
    with pytest.raises(StatementFailed) as failure:
        async with place.database.transaction((NORTH,)) as tx:
            await tx.run(sa.text("SELECT CAST(:given AS int)"), {"given": "Maria Canary"})
    assert "Canary" not in str(failure.value)
    assert failure.value.__cause__ is None


async def test_a_statement_that_takes_too_long_says_so(place: Place) -> None:
    database = Database(place.urls.app, application_name="hasty", statement_timeout_s=0.2)
    with pytest.raises(DatabaseUnavailable, match="did not answer in time"):
        async with database.transaction((NORTH,)) as tx:
            await tx.fetchval("SELECT pg_sleep(5)")
    await database.close()


async def test_a_schema_that_changed_meanwhile_is_tried_again(place: Place) -> None:
    """The plan that a connection remembers is outdated; a rolling release must not show."""

    async def everything(tx: Tx) -> int:
        return len(await tx.fetch("SELECT * FROM thing"))

    await place.database.in_transaction((NORTH,), everything)
    await place.superuser.execute("ALTER TABLE thing ADD COLUMN colour text")
    assert await place.database.in_transaction((NORTH,), everything) == 0


async def test_a_transaction_that_nobody_works_on_is_ended_by_the_server(place: Place) -> None:
    """Of a machine that is gone, the locks are not held until TCP notices."""
    database = Database(place.urls.app, application_name="gone", statement_timeout_s=0.3)

    async def stand_still() -> None:
        async with database.transaction((NORTH,)) as tx:
            await tx.execute("SELECT pg_advisory_xact_lock(4711)")
            await asyncio.sleep(1.0)
            await tx.fetchval("SELECT 1")

    with pytest.raises(DatabaseUnavailable):
        await stand_still()
    async with database.transaction((NORTH,)) as tx:
        assert await tx.fetchval("SELECT pg_try_advisory_xact_lock(4711)")
    await database.close()


async def test_the_address_may_ask_for_tls_as_libpq_does(place: Place) -> None:
    """The same address serves the pool and the sessions that hold locks. The servers of tests
    speak no TLS, so what is asked for is refused rather than left out."""
    for mode, served in (("disable", True), ("require", False)):
        database = Database(f"{place.urls.app}?sslmode={mode}", application_name="tls")
        if served:
            async with database.transaction((NORTH,)) as tx:
                assert await tx.fetchval("SELECT 1") == 1
        else:
            with pytest.raises(DatabaseUnavailable):
                async with database.transaction((NORTH,)):
                    pass
        await database.close()


async def test_an_exhausted_pool_is_told_as_such(place: Place) -> None:
    database = Database(
        place.urls.app, application_name="small", pool_size=1, acquire_timeout_s=0.2
    )
    async with database.transaction((NORTH,)):
        with pytest.raises(DatabaseUnavailable, match="came free in time"):
            async with database.transaction((NORTH,)):
                pass
    async with database.transaction((NORTH,)) as tx:
        assert await tx.fetchval("SELECT 1") == 1
    await database.close()
