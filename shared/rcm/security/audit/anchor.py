"""Where block heads are kept outside the database, so that a cut chain is a known loss.

An anchor is any async callable that takes the new heads and returns when they are safe: a file
here, a topic or a notary elsewhere. It may be given a head twice.
"""

import asyncio
import fcntl
import os
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from uuid import UUID

import orjson

from rcm.security.audit.chain import BlockHead

Anchor = Callable[[Sequence[BlockHead]], Awaitable[None]]

Heads = Mapping[UUID, Sequence[BlockHead]]
"""What an anchor keeps, by tenant."""


class FileAnchor:
    """Lines of JSON, only ever appended; services may share the file. Put it where the database's
    administrators cannot write, or ship it there."""

    def __init__(self, path: Path, service: str) -> None:
        self._path = path
        self._service = service

    async def __call__(self, heads: Sequence[BlockHead]) -> None:
        await asyncio.to_thread(self._append, heads)

    async def read(self) -> Heads:
        """Every head of this service; none when the file is missing. A line that cannot be read is
        passed over: the database knows which heads were anchored, so the loss shows there."""
        return await asyncio.to_thread(self._read)

    def _append(self, heads: Sequence[BlockHead]) -> None:
        lines = b"".join(orjson.dumps(self._line(head)) + b"\n" for head in heads)
        with self._path.open("ab+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            # A writer that was killed in a line must not spoil the next one.
            if file.tell() and os.pread(file.fileno(), 1, file.tell() - 1) != b"\n":
                lines = b"\n" + lines
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())

    def _line(self, head: BlockHead) -> dict[str, object]:
        return {
            "service": self._service,
            "tenant_id": str(head.tenant_id),
            "block_number": head.block_number,
            "last_seq": head.last_seq,
            "block_hash": head.block_hash.hex(),
        }

    def _read(self) -> Heads:
        heads: dict[UUID, list[BlockHead]] = defaultdict(list)
        if not self._path.exists():
            return heads
        with self._path.open("rb") as file:
            for line in file:
                head = self._head(line)
                if head is not None:
                    heads[head.tenant_id].append(head)
        return heads

    def _head(self, line: bytes) -> BlockHead | None:
        try:
            found = orjson.loads(line)
            return _head(found) if found["service"] == self._service else None
        except (ValueError, KeyError, TypeError):
            return None


def _head(found: dict[str, str | int]) -> BlockHead:
    return BlockHead(
        UUID(str(found["tenant_id"])),
        int(found["block_number"]),
        int(found["last_seq"]),
        bytes.fromhex(str(found["block_hash"])),
    )
