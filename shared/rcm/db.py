"""One request or one polled batch is one transaction, behind the tenants' wall.

`Database.transaction` is the only place that begins, commits or rolls back. The tenants that the
transaction may see ride in the same round trip as BEGIN; without them row-level security raises.
Failures leave as `StatementFailed` or `DatabaseUnavailable` (`rcm.db_failures`).
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast
from uuid import UUID

import asyncpg
import sqlalchemy as sa
from asyncpg.connect_utils import SessionAttribute
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from rcm.db_failures import (
    RETRYABLE_SQLSTATES,
    DatabaseUnavailable,
    StatementFailed,
    aborted,
    safe_errors,
)

if TYPE_CHECKING:
    from rcm.security.seal import Keyring

__all__ = [
    "RETRYABLE_SQLSTATES",
    "Database",
    "DatabaseUnavailable",
    "StatementFailed",
    "Tx",
    "safe_errors",
]

T = TypeVar("T")


class _Ended:
    """In place of the connection of a transaction that is over: the pool has given it to another
    one by now, perhaps of another tenant."""

    def __getattr__(self, name: str) -> NoReturn:
        raise RuntimeError("the transaction has ended")


@dataclass(slots=True, eq=False)
class Tx:
    """One open transaction. `fetch*` and `execute` take SQL with `$1` parameters and go straight to
    asyncpg (hot paths, sets by `unnest`); `run` takes a SQLAlchemy Core statement."""

    tenants: tuple[UUID, ...]
    actor: str
    raw: asyncpg.Connection
    connection: AsyncConnection
    keyring: "Keyring | None"
    _after_commit: list[Callable[[], None]] = field(default_factory=list)
    _savepoints: int = 0

    @property
    def tenant_id(self) -> UUID:
        """The one tenant of an API call. Raises when the transaction serves several."""
        if len(self.tenants) != 1:
            raise ValueError(f"the transaction serves {len(self.tenants)} tenants, not one")
        return self.tenants[0]

    async def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        with safe_errors(self.raw):
            return list(await self.raw.fetch(sql, *arguments))

    async def fetchrow(self, sql: str, *arguments: object) -> asyncpg.Record | None:
        with safe_errors(self.raw):
            return await self.raw.fetchrow(sql, *arguments)

    async def fetchval(self, sql: str, *arguments: object) -> Any:
        with safe_errors(self.raw):
            return await self.raw.fetchval(sql, *arguments)

    async def execute(self, sql: str, *arguments: object) -> str:
        with safe_errors(self.raw):
            return str(await self.raw.execute(sql, *arguments))

    async def run(self, statement: sa.Executable, parameters: Any = None) -> sa.CursorResult[Any]:
        with safe_errors(self.raw):
            return await self.connection.execute(statement, parameters)

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call back once the commit has succeeded; never on rollback."""
        self._after_commit.append(callback)

    @contextlib.asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """What happens inside is undone alone when it raises."""
        self._savepoints += 1
        name = f"part_{self._savepoints}"
        callbacks = len(self._after_commit)
        await self.execute(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException:
            del self._after_commit[callbacks:]
            await self.execute(f"ROLLBACK TO SAVEPOINT {name}; RELEASE SAVEPOINT {name}")
            raise
        await self.execute(f"RELEASE SAVEPOINT {name}")

    def _end(self) -> None:
        self.raw = self.connection = cast("Any", _Ended())


class Database:
    """A pool of connections under one role, and the only door to a transaction."""

    def __init__(
        self,
        url: str,
        *,
        application_name: str,
        keyring: "Keyring | None" = None,
        pool_size: int = 10,
        acquire_timeout_s: float = 10.0,
        statement_timeout_s: float = 60.0,
    ) -> None:
        self.keyring = keyring
        self._ending: set[asyncio.Task[None]] = set()
        milliseconds = round(statement_timeout_s * 1000)

        async def connect() -> asyncpg.Connection:
            """By asyncpg's own reading of the address, so that it may say all that libpq knows."""
            return await asyncpg.connect(
                url,
                timeout=acquire_timeout_s,
                command_timeout=statement_timeout_s,
                target_session_attrs=SessionAttribute.read_write,
                server_settings={
                    "application_name": application_name,
                    "jit": "off",
                    # What a machine that is gone had locked is free again after this long.
                    "idle_in_transaction_session_timeout": str(milliseconds),
                },
            )

        self.engine: AsyncEngine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=connect,
            # Tx sends BEGIN and COMMIT itself, so that the tenants ride along with BEGIN.
            isolation_level="AUTOCOMMIT",
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=acquire_timeout_s,
            pool_recycle=900,
            hide_parameters=True,
        )
        sa.event.listen(self.engine.sync_engine, "checkout", _refuse_closed)

    @contextlib.asynccontextmanager
    async def transaction(
        self, tenants: Iterable[UUID] = (), *, actor: str = "system"
    ) -> AsyncIterator[Tx]:
        """Begin, yield, commit; roll back when anything is raised. Raises `DatabaseUnavailable`
        when the connection is lost, also when it is lost during COMMIT (outcome unknown), and
        `StatementFailed` when a statement had failed and somebody went on nevertheless."""
        allowed = tuple(dict.fromkeys(tenants))
        with safe_errors():
            connection = await self.engine.connect()
        clean = False
        try:
            raw = await _driver(connection)
            tx = Tx(allowed, actor, raw, connection, self.keyring)
            try:
                await tx.execute(_begin(allowed))
                yield tx
                await _commit(tx)
                clean = True
            finally:
                tx._end()  # noqa: SLF001 - the transaction is this module's own
        finally:
            await self._give_back(connection, clean=clean)
        for callback in tx._after_commit:  # noqa: SLF001 - the transaction is this module's own
            callback()

    async def in_transaction(
        self,
        tenants: Iterable[UUID],
        work: Callable[[Tx], Awaitable[T]],
        *,
        actor: str = "system",
        attempts: int = 3,
    ) -> T:
        """Run `work` in a transaction, again when the database asks for it (deadlock,
        serialization), at most `attempts` times."""
        allowed = tuple(tenants)
        for attempt in range(1, attempts + 1):
            try:
                async with self.transaction(allowed, actor=actor) as tx:
                    return await work(tx)
            except StatementFailed as failure:
                if not failure.retryable or attempt == attempts:
                    raise
                await asyncio.sleep(0.02 * 2**attempt)
        raise AssertionError("unreachable")

    async def close(self) -> None:
        await self.engine.dispose()

    async def _give_back(self, connection: AsyncConnection, *, clean: bool) -> None:
        """The pool gets a connection only when nothing is open on it. A clean one goes back without
        waiting; any other in a task of its own, so that whoever is cancelled meanwhile goes."""
        if clean:
            with contextlib.suppress(Exception):
                await connection.close()
            return
        ending = asyncio.create_task(_roll_back_and_close(connection))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)
        await asyncio.shield(ending)


def _refuse_closed(connection: Any, *_: object) -> None:
    """A connection that died in the pool (a restarted server) is replaced before it is used."""
    if connection.driver_connection.is_closed():
        raise sa.exc.DisconnectionError


async def _driver(connection: AsyncConnection) -> asyncpg.Connection:
    pooled = await connection.get_raw_connection()
    driver = pooled.driver_connection
    assert isinstance(driver, asyncpg.Connection)  # noqa: S101 - fixed by the engine's URL
    return driver


def _begin(tenants: tuple[UUID, ...]) -> str:
    """BEGIN and the tenants in one round trip. UUID objects leave nothing to inject."""
    if not tenants:
        return "BEGIN"
    listed = ",".join(str(UUID(bytes=tenant.bytes)) for tenant in tenants)
    return f"BEGIN; SET LOCAL app.tenants = '{{{listed}}}'"


async def _commit(tx: Tx) -> None:
    """PostgreSQL answers COMMIT with ROLLBACK, not with an error, when a statement had failed."""
    if await tx.execute("COMMIT") != "COMMIT":
        raise aborted()


async def _roll_back_and_close(connection: AsyncConnection) -> None:
    with contextlib.suppress(Exception):
        await _roll_back(connection)
        await connection.close()


async def _roll_back(connection: AsyncConnection) -> None:
    """Leave the connection clean, or throw it away: the pool never gets an open transaction."""
    try:
        raw = await _driver(connection)
        await raw.execute("ROLLBACK", timeout=5)
    except BaseException:  # noqa: BLE001 - whatever failed, it must not go back to the pool
        await connection.invalidate()
