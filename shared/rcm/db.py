"""One request or one polled batch is one transaction, behind the tenants' wall.

`Database.transaction` is the only place that begins, commits or rolls back. The tenants that the
transaction may see ride in the same round trip as BEGIN; without them row-level security raises.
Failures leave as `StatementFailed` or `DatabaseUnavailable`, which carry SQLSTATE, table and
constraint only: the driver's own text quotes rows, and rows are patients.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import asyncpg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

if TYPE_CHECKING:
    from rcm.security.seal import Keyring

T = TypeVar("T")

# Serialization failure and deadlock: the database asks for the same transaction again.
RETRYABLE_SQLSTATES = frozenset({"40001", "40P01"})
# Admin shutdown, crash shutdown, cannot connect now, read-only node after a failover.
LOST_SQLSTATES = frozenset({"57P01", "57P02", "57P03", "25006", "08000", "08003", "08006"})


class DatabaseUnavailable(Exception):  # noqa: N818
    """The connection is gone or cannot be had. Whether the last commit happened is not known."""


@dataclass(slots=True, eq=False)
class StatementFailed(Exception):  # noqa: N818
    """A statement was refused. Holds no values, so it may be logged as it is."""

    sqlstate: str
    table: str | None
    constraint: str | None
    condition: str

    def __str__(self) -> str:
        place = "".join(f" {part}" for part in (self.table, self.constraint) if part)
        return f"{self.condition} ({self.sqlstate}){place}"


def translate(error: BaseException) -> Exception | None:
    """The safe exception for a driver's one, or None when it is not the driver's."""
    cause: BaseException | None = error
    while isinstance(cause, sa.exc.DBAPIError):
        cause = cause.orig.__cause__ if cause.orig is not None else None
    if isinstance(cause, asyncpg.PostgresError):
        sqlstate = getattr(cause, "sqlstate", None) or "XX000"
        if sqlstate in LOST_SQLSTATES:
            return DatabaseUnavailable(f"the database is not available ({sqlstate})")
        return StatementFailed(
            sqlstate, cause.table_name, cause.constraint_name, type(cause).__name__
        )
    if isinstance(cause, asyncpg.InternalClientError | asyncpg.InterfaceError | OSError):
        return DatabaseUnavailable(
            f"the connection to the database is lost ({type(cause).__name__})"
        )
    if isinstance(error, sa.exc.TimeoutError | TimeoutError):
        return DatabaseUnavailable("no database connection came free in time")
    if isinstance(error, sa.exc.SQLAlchemyError):
        return DatabaseUnavailable(f"the database layer failed ({type(error).__name__})")
    return None


@contextlib.contextmanager
def safe_errors() -> Iterator[None]:
    """Lets no driver exception through: its text and its chain may quote a patient's row."""
    try:
        yield
    except Exception as error:
        replacement = translate(error)
        if replacement is None:
            raise
        raise replacement from None


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
        with safe_errors():
            return list(await self.raw.fetch(sql, *arguments))

    async def fetchrow(self, sql: str, *arguments: object) -> asyncpg.Record | None:
        with safe_errors():
            return await self.raw.fetchrow(sql, *arguments)

    async def fetchval(self, sql: str, *arguments: object) -> Any:
        with safe_errors():
            return await self.raw.fetchval(sql, *arguments)

    async def execute(self, sql: str, *arguments: object) -> str:
        with safe_errors():
            return str(await self.raw.execute(sql, *arguments))

    async def copy(
        self, table: str, columns: Sequence[str], records: Iterable[Sequence[object]]
    ) -> None:
        """COPY into a table; the fastest insert where no conflict is expected.

        PostgreSQL refuses COPY FROM on tables with row-level security, so use `unnest` there."""
        with safe_errors():
            await self.raw.copy_records_to_table(table, columns=list(columns), records=records)

    async def run(self, statement: sa.Executable, parameters: Any = None) -> sa.CursorResult[Any]:
        with safe_errors():
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
        self.engine: AsyncEngine = create_async_engine(
            url.replace("postgresql://", "postgresql+asyncpg://", 1),
            # Tx sends BEGIN and COMMIT itself, so that the tenants ride along with BEGIN.
            isolation_level="AUTOCOMMIT",
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=acquire_timeout_s,
            pool_recycle=900,
            hide_parameters=True,
            connect_args={
                "command_timeout": statement_timeout_s,
                "target_session_attrs": "read-write",
                "server_settings": {"application_name": application_name, "jit": "off"},
            },
        )

    @contextlib.asynccontextmanager
    async def transaction(
        self, tenants: Iterable[UUID] = (), *, actor: str = "system"
    ) -> AsyncIterator[Tx]:
        """Begin, yield, commit; roll back when anything is raised. Raises `DatabaseUnavailable`
        when the connection is lost, also when it is lost during COMMIT (outcome unknown)."""
        allowed = tuple(dict.fromkeys(tenants))
        with safe_errors():
            connection = await self.engine.connect()
        try:
            with safe_errors():
                raw = await self._driver(connection)
                await raw.execute(_begin(allowed))
            tx = Tx(allowed, actor, raw, connection, self.keyring)
            try:
                yield tx
            except BaseException:
                await _roll_back(connection, raw)
                raise
            try:
                with safe_errors():
                    await raw.execute("COMMIT")
            except BaseException:
                await _roll_back(connection, raw)
                raise
        finally:
            with contextlib.suppress(Exception):
                await asyncio.shield(connection.close())
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
                if failure.sqlstate not in RETRYABLE_SQLSTATES or attempt == attempts:
                    raise
                await asyncio.sleep(0.02 * 2**attempt)
        raise AssertionError("unreachable")

    async def close(self) -> None:
        await self.engine.dispose()

    @staticmethod
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


async def _roll_back(connection: AsyncConnection, raw: asyncpg.Connection) -> None:
    """Leave the connection clean, or throw it away: the pool never gets an open transaction."""
    try:
        await asyncio.shield(raw.execute("ROLLBACK", timeout=5))
    except BaseException:  # noqa: BLE001 - whatever failed, the connection must not go back to the pool
        with contextlib.suppress(Exception):
            await asyncio.shield(connection.invalidate())
