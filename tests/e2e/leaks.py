"""Where a patient could leak to, as bytes by place: everything outside the sealed blocks."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import httpx
from e2e.world import SERVICES, World

from rcm.events.operator import broker
from rcm.events.topics import admin

# What a poisonous record holds is kept as it came, there and nowhere else.
KEPT_AS_THEY_CAME = {
    "parked": ("record",),
    "outbox": ("value",),
    "event_log": ("value",),
}
PROBES = ("/metrics", "/livez", "/readyz", "/startupz", "/openapi.json")
# The payer's own memory is outside, the bytecode is ours, and the broker's indexes hold offsets.
NOT_SEARCHED = ("payer-twin.sqlite", "pycache/", ".index", ".timeindex")


@dataclass
class Answers:
    """Every answer that the services gave, but those whose purpose is to show a person."""

    given: list[tuple[str, bytes]] = field(default_factory=list)

    async def keep(self, answer: httpx.Response) -> None:
        """An httpx hook."""
        content = await answer.aread()
        path = answer.request.url.path
        shows_persons = path.endswith(("/persons", "/raw", "/content")) or path.startswith(
            "/statements/"
        )
        if answer.is_success and shows_persons:
            return
        head = b"\n".join(name + b": " + value for name, value in answer.headers.raw)
        place = f"{answer.status_code} {answer.request.method} {answer.request.url.path}"
        self.given.append((place, head + b"\n\n" + content))


def files(world: World) -> Iterator[tuple[str, Path]]:
    """Every file of the stack on disk: logs, the broker's segments, tables, indexes and WAL."""
    root = world.stack.home.root
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_file() and not any(part in name for part in NOT_SEARCHED):
            yield name, path


async def probes(world: World) -> list[tuple[str, bytes]]:
    """What is told to the platform, unasked who asks."""
    found = []
    for service in SERVICES:
        for path in PROBES:
            answer = await world.http.get(world.stack.url(service) + path)
            found.append((f"{service} {path}", answer.content))
    return found


@dataclass(frozen=True)
class Read:
    """One place: what must be clean, and what is kept as it came."""

    clean: bytes
    as_it_came: bytes = b""


async def topics(world: World) -> Mapping[str, Read]:
    """Keys and headers of every record of every topic, and their values."""
    bootstrap = world.stack.provider.kafka.address
    async with admin(bootstrap) as client:
        names = [name for name in await client.list_topics() if not name.startswith("__")]
    return {name: await _topic(bootstrap, name) for name in names}


async def _topic(bootstrap: str, name: str) -> Read:
    around, values = [], []
    async for record in broker.records(bootstrap, [name]):
        around.append(record.key or b"")
        around += [header.encode() + b"=" + value for header, value in record.headers]
        values.append(record.value or b"")
    return Read(b"\n".join(around), b"\n".join(values))


async def tables(world: World) -> Mapping[str, Read]:
    """Every column of every table of the four databases, as a superuser dumps them."""
    found: dict[str, Read] = {}
    for service in SERVICES:
        async with world.superuser(service) as database:
            found |= {
                f"{service}.{table}": await _table(database, table)
                for table in await _names(database)
            }
    return found


async def _names(database: asyncpg.Connection) -> list[str]:
    rows = await database.fetch(
        """SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
              AND relkind IN ('r', 'p') AND NOT relispartition"""
    )
    return [row["relname"] for row in rows]


async def _table(database: asyncpg.Connection, table: str) -> Read:
    rows = await database.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0",
        table,
    )
    columns = [row["attname"] for row in rows]
    kept = KEPT_AS_THEY_CAME.get(table, ())
    clean = await _dumped(database, table, [name for name in columns if name not in kept])
    return Read(clean, await _dumped(database, table, list(kept)) if kept else b"")


async def _dumped(database: asyncpg.Connection, table: str, columns: list[str]) -> bytes:
    parts: list[bytes] = []

    async def take(part: bytes) -> None:
        parts.append(part)

    listed = ", ".join(f'"{name}"' for name in columns)
    await database.copy_from_query(f'SELECT {listed} FROM "{table}"', output=take)
    return b"".join(parts)


async def read_bytes(path: Path) -> bytes:
    """A file's content, unless it has gone since."""
    try:
        return await asyncio.to_thread(path.read_bytes)
    except FileNotFoundError:
        return b""
