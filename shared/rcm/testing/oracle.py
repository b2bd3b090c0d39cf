"""The xmin oracle: PostgreSQL itself says which rows one transaction wrote.

    async with one_transaction(under_test) as written:
        await client.post("/encounters", json=body)
    assert written.tables >= {"encounter", "outbox", "idempotency_key", "audit_record"}

Every row carries the id of the transaction that made it (`xmin`). If a door saved its row in one
transaction and its event in another, the ids differ and the block fails. Nothing else may write to
the database meanwhile (no `running()`), and a savepoint has an id of its own.
"""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import asyncpg

from rcm.testing.databases import connected
from rcm.testing.service import ServiceUnderTest


@dataclass(slots=True)
class Written:
    """Which tables got rows, and from how many transactions; filled when the block ends."""

    tables: set[str] = field(default_factory=set)
    transactions: set[int] = field(default_factory=set)


@contextlib.asynccontextmanager
async def one_transaction(under_test: ServiceUnderTest) -> AsyncIterator[Written]:
    """Fails unless everything that is written inside is written by one transaction."""
    written = Written()
    database = urlsplit(under_test.urls.app).path.lstrip("/")
    async with connected(under_test.admin_url, database) as admin:
        first = await admin.fetchval("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        yield written
        for table in await _tables(admin):
            rows = await admin.fetch(
                f'SELECT DISTINCT xmin::text::bigint AS id FROM "{table}" '
                "WHERE xmin::text::bigint >= $1 % 4294967296",
                first,
            )
            if rows:
                written.tables.add(table)
                written.transactions |= {row["id"] for row in rows}
    assert len(written.transactions) <= 1, f"several transactions wrote to {written.tables}"  # noqa: S101


async def _tables(admin: asyncpg.Connection) -> list[str]:
    """Ordinary tables; partitions are among them, their parents hold no rows."""
    rows = await admin.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    return [row["relname"] for row in rows]
