"""Files in a directory of this machine, for a partner whose own client moves them on.

The directory lies below one configured root, and no name or link leads out of it.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from payer_gateway.clearinghouse.directories import is_finished, require_name, temporary_name
from payer_gateway.clearinghouse.transport import (
    FILE_LIMIT_BYTES,
    Check,
    FileUnavailable,
    PartnerRefused,
    PartnerUnavailable,
    Waiting,
    allowed_s,
    require_size,
)
from payer_gateway.domain.partner import TradingPartner

T = TypeVar("T")
SCHEME = "folder:"
ARCHIVE = "archive"


class FolderTransport:
    """The partner's `inbound` and `outbound` directories. Disks block, so threads do the work."""

    def __init__(self, root: Path | None, partner: TradingPartner) -> None:
        if root is None:
            raise PartnerUnavailable("no root for folders is configured on this gateway")
        self._root = root.resolve()
        home = self._root / partner.base_url.removeprefix(SCHEME)
        self._inbound = home / partner.connection.inbound_directory
        self._outbound = home / partner.connection.outbound_directory
        self._timeout_s = partner.connection.timeout_s
        self._archives = partner.connection.after_pickup == "archive"

    async def put(self, file_name: str, content: bytes) -> None:
        require_name(file_name)
        require_size(content)
        await self._on_disk(lambda: self._put(file_name, content))

    async def list_after(self, cursor: str) -> Sequence[Waiting]:
        """All that is there: what is stored has been taken away, so the cursor says nothing."""
        names = await self._on_disk(self._list)
        return [Waiting(name, cursor) for name in names]

    async def get(self, name: str) -> bytes:
        return await self._on_disk(lambda: self._get(name))

    async def settle(self, name: str) -> None:
        await self._on_disk(lambda: self._settle(name))

    def checks(self) -> Sequence[Check]:
        return [
            Check("list the outbound directory", self._check_outbound),
            Check("write and remove a hidden file in the inbound directory", self._check_inbound),
        ]

    async def aclose(self) -> None:
        """Nothing is held open."""

    def _put(self, file_name: str, content: bytes) -> None:
        directory = self._inside(self._inbound)
        final, part = directory / file_name, directory / temporary_name(file_name)
        try:
            with part.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            try:
                # A hard link never overwrites; a rename would.
                os.link(part, final)
            except FileExistsError:
                if final.read_bytes() != content:
                    raise PartnerRefused("another file has this name already") from None
        finally:
            part.unlink(missing_ok=True)
        _flush(directory)

    def _list(self) -> list[str]:
        directory = self._inside(self._outbound)
        with os.scandir(directory) as entries:
            files = [
                (entry.stat(follow_symlinks=False).st_mtime_ns, entry.name)
                for entry in entries
                if is_finished(entry.name) and entry.is_file(follow_symlinks=False)
            ]
        return [name for _, name in sorted(files)]

    def _get(self, name: str) -> bytes:
        path = self._waiting(name)
        try:
            if path.stat().st_size > FILE_LIMIT_BYTES:
                raise FileUnavailable("a waiting file is larger than any file")
            return path.read_bytes()
        except FileNotFoundError:
            raise FileUnavailable("a waiting file is gone") from None
        except PermissionError:
            raise FileUnavailable("a waiting file may not be read") from None

    def _settle(self, name: str) -> None:
        path = self._waiting(name)
        with contextlib.suppress(FileNotFoundError):
            if not self._archives:
                path.unlink()
                return
            archive = self._outbound / ARCHIVE
            archive.mkdir(exist_ok=True)
            kept = archive / name
            path.rename(archive / temporary_name(name)[1:] if kept.exists() else kept)

    def _waiting(self, name: str) -> Path:
        path = self._inside(self._outbound) / name
        if not is_finished(name) or path.is_symlink():
            raise PartnerUnavailable("a waiting file has a name or kind that is not taken")
        return path

    def _inside(self, directory: Path) -> Path:
        """The directory with every link followed. Raises when that leads out of the root."""
        found = directory.resolve(strict=True)
        if not found.is_relative_to(self._root) or found == self._root:
            raise PartnerUnavailable("the partner's folder lies outside the configured root")
        return found

    async def _check_outbound(self) -> str:
        return f"{len(await self.list_after(''))} files wait to be picked up."

    async def _check_inbound(self) -> str:
        def write_and_remove() -> None:
            part = self._inside(self._inbound) / temporary_name("rcm-connection-test")
            part.touch(exist_ok=False)
            part.unlink()

        await self._on_disk(write_and_remove)
        return "A hidden file was written and removed."

    async def _on_disk(self, work: Callable[[], T]) -> T:
        """A disk that hangs keeps its thread; the turn goes on."""
        try:
            async with asyncio.timeout(allowed_s(self._timeout_s, FILE_LIMIT_BYTES)):
                return await asyncio.to_thread(work)
        except TimeoutError:
            raise PartnerUnavailable("no answer in time") from None
        except FileNotFoundError:
            raise PartnerUnavailable("a directory or file is not there") from None
        except OSError as failure:
            raise PartnerUnavailable(
                f"the folder cannot be used ({type(failure).__name__})"
            ) from None


def _flush(directory: Path) -> None:
    """A name is on the disk only once its directory is."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
