"""A database with the kit's tables only, seen as the app does and as a superuser does."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import pytest

from rcm.db import Database
from rcm.migrations import DatabaseUrls
from rcm.security.audit import AuditSealer, FileAnchor, Signer, Verification, verify
from rcm.security.tenants import register
from rcm.testing.databases import connected, service_database

SERVICE = "security"
NORTH = UUID("7e57c0de-0000-4000-8000-000000000001")
SOUTH = UUID("7e57c0de-0000-4000-8000-000000000002")


@dataclass(frozen=True)
class Kit:
    """The app's database, and the superuser who looks and meddles behind the wall."""

    urls: DatabaseUrls
    database: Database
    superuser: asyncpg.Connection


@dataclass(frozen=True)
class Chain:
    """An audit chain with its sealer, its key and its anchor."""

    kit: Kit
    signer: Signer
    anchor: FileAnchor
    sealer: AuditSealer
    directory: Path

    async def verify(self, *, anchored: bool = True) -> Verification:
        return await verify(
            self.kit.database, self.signer.verifiers(), self.anchor if anchored else None
        )

    def cut_anchor(self) -> None:
        """Take the last line off the anchor file."""
        path = self.directory / "anchor.jsonl"
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))

    async def meddle(self, *statements: str) -> None:
        """As a superuser who knows how to switch triggers off."""
        async with self.kit.superuser.transaction():
            await self.kit.superuser.execute("SET LOCAL session_replication_role = replica")
            for statement in statements:
                await self.kit.superuser.execute(statement)


@contextlib.asynccontextmanager
async def opened(admin_url: str) -> AsyncIterator[Kit]:
    async with service_database(admin_url, SERVICE) as urls:
        database = Database(urls.app, application_name="test", pool_size=8)
        name = urlsplit(urls.app).path.lstrip("/")
        try:
            async with connected(admin_url, name) as superuser:
                await register(database, NORTH, name_code="north")
                await register(database, SOUTH, name_code="south")
                yield Kit(urls, database, superuser)
        finally:
            await database.close()


@pytest.fixture
async def kit(servers) -> AsyncIterator[Kit]:
    """A database of the test's own."""
    async with opened(servers.postgres_admin_url) as found:
        yield found


@pytest.fixture(scope="module")
async def wall(servers) -> AsyncIterator[Kit]:
    """One database for many refusals, which leave it as it is."""
    async with opened(servers.postgres_admin_url) as found:
        yield found


@pytest.fixture
def chain(kit: Kit, tmp_path: Path) -> Chain:
    """Blocks of four records at most, so that a few records make several."""
    signer = Signer.create(tmp_path / "key")
    anchor = FileAnchor(tmp_path / "anchor.jsonl", SERVICE)
    sealer = AuditSealer(signer, (anchor,), block_records_max=4)
    return Chain(kit, signer, anchor, sealer, tmp_path)
