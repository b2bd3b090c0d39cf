"""A database session of one's own, for locks that last as long as it does.

Advisory locks belong to a session, so the holder needs a direct connection (no transaction pooler)
and does its guarded work on that same session: when the lock is lost, the work fails with it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence

import asyncpg
from asyncpg.connect_utils import SessionAttribute

from rcm.db import safe_errors

# The first key of our two-key advisory locks: one space per use.
RELAY_SPACE = 0x52434D01
PRESENCE_SPACE = 0x52434D02
JOB_SPACE = 0x52434D03
PARKING_SPACE = 0x52434D04
PAUSE_SPACE = 0x52434D05

# A frozen process (SIGSTOP, a lost machine) gives its locks up after this long.
IDLE_LIMIT_S = 30


class Session:
    """One connection and the advisory locks on it."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection

    @property
    def alive(self) -> bool:
        return not self.connection.is_closed()

    async def try_lock(self, space: int, keys: Sequence[int], limit: int) -> list[int]:
        """Take up to `limit` of these locks, whichever are free."""
        with safe_errors():
            rows = await self.connection.fetch(
                "SELECT k FROM unnest($2::int[]) AS k WHERE pg_try_advisory_lock($1, k) LIMIT $3",
                space,
                list(keys),
                limit,
            )
        return [row["k"] for row in rows]

    async def unlock(self, space: int, keys: Sequence[int]) -> None:
        with safe_errors():
            await self.connection.execute(
                "SELECT pg_advisory_unlock($1, k) FROM unnest($2::int[]) AS k", space, list(keys)
            )

    async def announce(self, space: int) -> None:
        """Be counted by `present` for as long as the session lives."""
        with safe_errors():
            await self.connection.execute("SELECT pg_advisory_lock_shared($1, 0)", space)

    async def present(self, space: int) -> int:
        """How many sessions of this database hold a lock with key 0 of this space."""
        with safe_errors():
            found = await self.connection.fetchval(
                """SELECT count(DISTINCT pid) FROM pg_locks
                    WHERE locktype = 'advisory' AND granted AND classid::bigint = $1 AND objid = 0
                      AND database = (SELECT oid FROM pg_database
                                       WHERE datname = current_database())""",
                space,
            )
        return int(found)

    async def ping(self) -> None:
        """Stay below the idle limit. Raises `DatabaseUnavailable` when the session is gone."""
        with safe_errors():
            await self.connection.fetchval("SELECT 1")

    async def rest(self, seconds: float) -> None:
        """Sleep, and keep the session and its locks meanwhile. Raises `DatabaseUnavailable` when it
        is gone."""
        left_s = seconds
        while left_s > 0:
            await asyncio.sleep(min(left_s, IDLE_LIMIT_S / 3))
            left_s -= IDLE_LIMIT_S / 3
            await self.ping()


@contextlib.asynccontextmanager
async def opened(
    url: str, application_name: str, settings: Mapping[str, str] | None = None
) -> AsyncIterator[Session]:
    """A session on a node that accepts writes; closing it frees its locks. `settings` are
    PostgreSQL's, for all of its statements."""
    with safe_errors():
        connection = await asyncpg.connect(
            url,
            timeout=10,
            command_timeout=30,
            target_session_attrs=SessionAttribute.read_write,
            server_settings={
                "application_name": application_name,
                "idle_session_timeout": f"{IDLE_LIMIT_S}s",
                "jit": "off",
                # Exclusion lists are hashed only when the plan sees them.
                "plan_cache_mode": "force_custom_plan",
                **(settings or {}),
            },
        )
    try:
        yield Session(connection)
    finally:
        with contextlib.suppress(Exception):
            await connection.close(timeout=2)
        connection.terminate()
