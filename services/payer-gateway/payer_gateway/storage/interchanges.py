"""Files as they travelled, byte for byte, and what was found in them."""

import asyncio
import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from payer_gateway.domain.interchange import FoundIn, Interchange
from rcm.db import Tx
from rcm.ids import new_id
from rcm.security.seal import Keyring, open_column, seal_column

CHUNK_BYTES = 1 << 20
# Fast rather than small: X12 shrinks to a fifth at any level.
COMPRESSION_LEVEL = 2

COLUMNS = """
    tenant_id, interchange_id, direction, partner_id, file_name, sha256, size_bytes, kind,
    control_number, status, duplicate_of, stored_at, read_at
"""


class Damaged(Exception):  # noqa: N818 - the fact is the name
    """What comes out of the store is not what went in."""


@dataclass(frozen=True, slots=True)
class NewFile:
    """Bytes to keep, with what is known of them before anything reads them."""

    tenant_id: UUID
    interchange_id: UUID
    direction: Literal["sent", "received"]
    partner_id: UUID | None
    file_name: str
    content: bytes
    kind: str | None = None
    control_number: str | None = None


async def keep(tx: Tx, file: NewFile, *, at: datetime) -> UUID | None:
    """Store a file's bytes. Returns the id of an earlier file with the same content, if any.

    The same name, partner and content again is the same file: nothing new is stored, and the id
    that is returned is its own.
    """
    assert tx.keyring is not None  # noqa: S101 - every service database has one
    digest, chunks = await asyncio.to_thread(_packed, tx.keyring, file)
    status = "written" if file.direction == "sent" else "stored"
    added = await tx.fetchval(
        """
        INSERT INTO interchange (
          tenant_id, interchange_id, direction, partner_id, file_name, sha256, size_bytes, kind,
          control_number, status, stored_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ON CONFLICT ON CONSTRAINT interchange_once DO NOTHING RETURNING true
        """,
        file.tenant_id,
        file.interchange_id,
        file.direction,
        file.partner_id,
        file.file_name,
        digest,
        len(file.content),
        file.kind,
        file.control_number,
        status,
        at,
    )
    earlier = await _same_content(tx, file, digest)
    if added:
        await tx.execute(
            """
            INSERT INTO interchange_chunk (tenant_id, interchange_id, chunk_number, content)
            SELECT $1, $2, number - 1, content
            FROM unnest($3::bytea[]) WITH ORDINALITY AS chunk (content, number)
            """,
            file.tenant_id,
            file.interchange_id,
            chunks,
        )
    return earlier


async def keep_read(tx: Tx, file: NewFile, *, at: datetime) -> UUID:
    """Store a file that was read as it came in, such as a bank's; returns its id, which is that of
    the same file when it came before."""
    earlier = await keep(tx, file, at=at)
    stored = await find(tx, file.interchange_id)
    if stored is None:
        assert earlier is not None  # noqa: S101 - else it had been stored
        return earlier
    await mark(tx, replace(stored, status="read", kind=file.kind), at=at)
    return file.interchange_id


async def _same_content(tx: Tx, file: NewFile, digest: bytes) -> UUID | None:
    found = await tx.fetchval(
        """
        SELECT interchange_id FROM interchange
        WHERE tenant_id = $1 AND sha256 = $2 AND direction = $3 AND interchange_id <> $4
        ORDER BY stored_at, interchange_id LIMIT 1
        """,
        file.tenant_id,
        digest,
        file.direction,
        file.interchange_id,
    )
    return UUID(bytes=found.bytes) if found else None


def _packed(keyring: Keyring, file: NewFile) -> tuple[bytes, list[bytes]]:
    """SHA-256 of the whole, and its chunks compressed and sealed."""
    view = memoryview(file.content)
    chunks = [
        seal_column(
            keyring,
            file.tenant_id,
            table="interchange_chunk",
            column="content",
            row_id=_chunk_id(file.interchange_id, number),
            value=zlib.compress(view[start : start + CHUNK_BYTES], COMPRESSION_LEVEL),
        )
        for number, start in enumerate(range(0, len(view), CHUNK_BYTES))
    ]
    return hashlib.sha256(file.content).digest(), chunks


async def content(tx: Tx, tenant_id: UUID, interchange_id: UUID) -> bytes:
    """The file, identical to what was kept. Raises `Damaged` or `SealError`."""
    rows = await tx.fetch(
        """
        SELECT chunk_number, content FROM interchange_chunk
        WHERE tenant_id = $1 AND interchange_id = $2 ORDER BY chunk_number
        """,
        tenant_id,
        interchange_id,
    )
    digest = await tx.fetchval(
        "SELECT sha256 FROM interchange WHERE tenant_id = $1 AND interchange_id = $2",
        tenant_id,
        interchange_id,
    )
    assert tx.keyring is not None  # noqa: S101 - every service database has one
    whole = await asyncio.to_thread(
        _unpacked, tx.keyring, tenant_id, interchange_id, [row["content"] for row in rows]
    )
    if hashlib.sha256(whole).digest() != digest:
        raise Damaged(f"interchange {interchange_id} is not what was stored")
    return whole


def _unpacked(
    keyring: Keyring, tenant_id: UUID, interchange_id: UUID, chunks: Sequence[bytes]
) -> bytes:
    return b"".join(
        zlib.decompress(
            open_column(
                keyring,
                tenant_id,
                table="interchange_chunk",
                column="content",
                row_id=_chunk_id(interchange_id, number),
                value=chunk,
            )
        )
        for number, chunk in enumerate(chunks)
    )


def _chunk_id(interchange_id: UUID, number: int) -> str:
    return f"{interchange_id}/{number}"


async def find(tx: Tx, interchange_id: UUID) -> Interchange | None:
    row = await tx.fetchrow(
        f"SELECT {COLUMNS} FROM interchange WHERE tenant_id = $1 AND interchange_id = $2",
        tx.tenant_id,
        interchange_id,
    )
    return Interchange(**dict(row)) if row else None


async def list_page(
    tx: Tx, *, direction: str | None, status: str | None, after: UUID | None, limit: int
) -> list[Interchange]:
    rows = await tx.fetch(
        f"""
        SELECT {COLUMNS} FROM interchange
        WHERE tenant_id = $1 AND ($2::text IS NULL OR direction = $2)
          AND ($3::text IS NULL OR status = $3) AND ($4::uuid IS NULL OR interchange_id < $4)
        ORDER BY interchange_id DESC LIMIT $5
        """,
        tx.tenant_id,
        direction,
        status,
        after,
        limit,
    )
    return [Interchange(**dict(row)) for row in rows]


async def unread(tx: Tx, *, limit: int) -> list[Interchange]:
    """Files of all the transaction's tenants that were stored and not yet read, oldest first."""
    rows = await tx.fetch(
        f"""
        SELECT {COLUMNS} FROM interchange
        WHERE tenant_id = ANY ($1) AND status = 'stored' ORDER BY interchange_id LIMIT $2
        """,
        list(tx.tenants),
        limit,
    )
    return [Interchange(**dict(row)) for row in rows]


async def take(tx: Tx, interchange: Interchange) -> bool:
    """Lock a file for reading; False when another reader has already done it."""
    return bool(
        await tx.fetchval(
            """
            SELECT true FROM interchange
            WHERE tenant_id = $1 AND interchange_id = $2 AND status = 'stored' FOR UPDATE
            """,
            interchange.tenant_id,
            interchange.interchange_id,
        )
    )


async def mark(tx: Tx, interchange: Interchange, *, at: datetime) -> None:
    """Record what became of a file: its status, kind, number, and what it repeats."""
    await tx.execute(
        """
        UPDATE interchange
        SET status = $3, kind = $4, control_number = $5, duplicate_of = $6, read_at = $7
        WHERE tenant_id = $1 AND interchange_id = $2
        """,
        interchange.tenant_id,
        interchange.interchange_id,
        interchange.status,
        interchange.kind,
        interchange.control_number,
        interchange.duplicate_of,
        at,
    )


async def reopen(tx: Tx, interchange_id: UUID) -> bool:
    """Let the reader have an unreadable file again; False when it was read or is waiting."""
    return bool(
        await tx.fetchval(
            """
            UPDATE interchange SET status = 'stored', read_at = NULL
            WHERE tenant_id = $1 AND interchange_id = $2 AND status = 'unreadable' RETURNING true
            """,
            tx.tenant_id,
            interchange_id,
        )
    )


async def usages_allowed(tx: Tx, interchange: Interchange) -> set[str]:
    """The ISA15 that a file may carry: its partner's, or for an upload those of any partner that
    is in use. Empty when there is no partner to say it."""
    return await _usages(tx, interchange.tenant_id, interchange.partner_id)


async def usages_of_uploads(tx: Tx) -> set[str]:
    """The same for a file that the request's tenant uploads."""
    return await _usages(tx, tx.tenant_id, None)


async def _usages(tx: Tx, tenant_id: UUID, partner_id: UUID | None) -> set[str]:
    rows = await tx.fetch(
        """
        SELECT DISTINCT usage_indicator FROM trading_partner
        WHERE tenant_id = $1 AND CASE WHEN $2::uuid IS NULL THEN active ELSE partner_id = $2 END
        """,
        tenant_id,
        partner_id,
    )
    return {row["usage_indicator"] for row in rows}


async def earlier_copy(tx: Tx, interchange: Interchange) -> UUID | None:
    """A file with the same bytes that was read before this one."""
    found = await tx.fetchval(
        """
        SELECT interchange_id FROM interchange
        WHERE tenant_id = $1 AND sha256 = $2 AND direction = 'received' AND interchange_id <> $3
          AND status IN ('read', 'unreadable')
        ORDER BY interchange_id LIMIT 1
        """,
        interchange.tenant_id,
        interchange.sha256,
        interchange.interchange_id,
    )
    return UUID(bytes=found.bytes) if found else None


async def add_findings(tx: Tx, tenant_id: UUID, found: Sequence[FoundIn], *, at: datetime) -> None:
    if not found:
        return
    await tx.execute(
        """
        INSERT INTO finding (tenant_id, finding_id, interchange_id, remittance_id, claim_ordinal,
                             code, severity, message, location, level, stake_cents, found_at)
        SELECT $1, *, $12
        FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::int[], $6::text[], $7::text[],
                    $8::text[], $9::text[], $10::text[], $11::bigint[])
        """,
        tenant_id,
        [new_id() for _ in found],
        [each.interchange_id for each in found],
        [each.remittance_id for each in found],
        [each.claim_ordinal for each in found],
        [each.finding.code for each in found],
        [each.finding.severity for each in found],
        [each.finding.message for each in found],
        [each.finding.location for each in found],
        [each.level for each in found],
        [each.stake_cents for each in found],
        at,
    )
