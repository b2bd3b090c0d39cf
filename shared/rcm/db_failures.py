"""What goes wrong with a database, told without a word of the driver's.

Failures carry SQLSTATE, table and constraint only: the driver's own text quotes rows, and rows are
patients. `DatabaseUnavailable` passes by itself; `StatementFailed` does not, unless it is
`retryable`.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import asyncpg
import sqlalchemy as sa

# Serialization failure and deadlock: the database asks for the same transaction again.
RETRYABLE_SQLSTATES = frozenset({"40001", "40P01"})
# A plan that the connection remembers, and the schema has changed: the next try plans anew.
OUTDATED_PLAN = "InvalidCachedStatementError"
# Connection exceptions; admin shutdown, crash shutdown, cannot connect now, ended for being idle;
# read-only node after a failover.
LOST_CLASS = "08"
LOST_SQLSTATES = frozenset({"57P01", "57P02", "57P03", "57P05", "25P03", "25P04", "25006"})
# The general error of the SQL standard's call interface, for mistakes that the driver itself finds.
MISUSE_SQLSTATE = "HY000"
ABORTED_SQLSTATE = "25P02"


class DatabaseUnavailable(Exception):  # noqa: N818
    """The connection is gone or cannot be had. Whether the last commit happened is not known."""


@dataclass(slots=True, eq=False)
class StatementFailed(Exception):  # noqa: N818
    """A statement was refused. Holds no values, so it may be logged as it is."""

    sqlstate: str
    table: str | None
    constraint: str | None
    condition: str

    @property
    def retryable(self) -> bool:
        """Whether the same transaction may well succeed at once."""
        return self.sqlstate in RETRYABLE_SQLSTATES or self.condition == OUTDATED_PLAN

    def __str__(self) -> str:
        place = "".join(f" {part}" for part in (self.table, self.constraint) if part)
        return f"{self.condition} ({self.sqlstate}){place}"


def translate(
    error: BaseException, connection: asyncpg.Connection | None = None
) -> Exception | None:
    """The safe exception for a driver's one, or None when it is not the driver's. `connection`,
    where it is known, tells a mistake in our code (which no repetition mends) from a loss."""
    cause: BaseException | None = error
    while isinstance(cause, sa.exc.DBAPIError):
        cause = cause.orig.__cause__ if cause.orig is not None else None
    if isinstance(cause, asyncpg.PostgresError):
        return _refusal(cause)
    if isinstance(error, sa.exc.TimeoutError):
        return DatabaseUnavailable("no database connection came free in time")
    if isinstance(cause, TimeoutError):
        return DatabaseUnavailable("the database did not answer in time")
    interface = isinstance(cause, asyncpg.InterfaceError)
    closed = interface and (connection is None or connection.is_closed())
    if closed or isinstance(cause, asyncpg.InternalClientError | OSError):
        return DatabaseUnavailable(
            f"the connection to the database is lost ({type(cause).__name__})"
        )
    if interface or isinstance(error, sa.exc.SQLAlchemyError):
        return StatementFailed(MISUSE_SQLSTATE, None, None, type(cause or error).__name__)
    return None


def _refusal(error: asyncpg.PostgresError) -> Exception:
    sqlstate = getattr(error, "sqlstate", None) or "XX000"
    if sqlstate in LOST_SQLSTATES or sqlstate.startswith(LOST_CLASS):
        return DatabaseUnavailable(f"the database is not available ({sqlstate})")
    return StatementFailed(sqlstate, error.table_name, error.constraint_name, type(error).__name__)


@contextlib.contextmanager
def safe_errors(connection: asyncpg.Connection | None = None) -> Iterator[None]:
    """Lets no driver exception through: its text and its chain may quote a patient's row."""
    try:
        yield
    except Exception as error:
        replacement = translate(error, connection)
        if replacement is None:
            raise
        raise replacement from None


def aborted() -> StatementFailed:
    """A statement of the transaction had failed, and somebody went on nevertheless."""
    return StatementFailed(ABORTED_SQLSTATE, None, None, "InFailedSQLTransactionError")
