"""The SFTP door: `inbound/` to the payer, `outbound/` from it (docs/reference/transports.md).

The directories are not on a disk: what is renamed into place in `inbound/` is taken at once, and
`outbound/` holds what is due by the twin's clock and not yet taken away.
"""

import asyncio
import stat
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from itertools import count
from pathlib import PurePosixPath

import asyncssh
from asyncssh import (
    SFTPAttrs,
    SFTPFailure,
    SFTPName,
    SFTPNoSuchFile,
    SFTPPermissionDenied,
    SSHKey,
    SSHServerChannel,
)

from payer_twin.accounts import knows_key, knows_password
from payer_twin.identity import Identity
from payer_twin.storage import Act
from payer_twin.twin import Delivery, NameReused, NotTheSubmitter, Twin

INBOUND, OUTBOUND, ARCHIVE = (
    PurePosixPath("/inbound"),
    PurePosixPath("/outbound"),
    PurePosixPath("/outbound/archive"),
)
_TREE = {
    PurePosixPath("/"): ("inbound", "outbound"),
    INBOUND: (),
    OUTBOUND: ("archive",),
    ARCHIVE: (),
}
_sessions = count(1)


async def listen(twin: Twin, identity: Identity) -> asyncssh.SSHAcceptor:
    """Serve until closed."""
    settings = twin.settings
    return await asyncssh.listen(
        settings.host,
        settings.sftp_port or 0,
        server_factory=lambda: _Server(twin),
        server_host_keys=[str(identity.host_key_file)],
        sftp_factory=lambda channel: _Files(channel, twin),
        allow_scp=False,
        keepalive_interval=30,
    )


class _Server(asyncssh.SSHServer):
    """Who comes in."""

    def __init__(self, twin: Twin) -> None:
        self._twin = twin

    def begin_auth(self, username: str) -> bool:  # noqa: ARG002 - nobody comes in unseen
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return knows_password(self._twin.settings, username, password)

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: SSHKey) -> bool:
        return knows_key(self._twin.settings, username, key)


@dataclass(slots=True)
class _Open:
    """A file that is being read or written."""

    path: PurePosixPath
    content: bytearray = field(repr=False)
    is_written: bool = False


class _Files(asyncssh.SFTPServer):
    """One session's view."""

    def __init__(self, channel: "SSHServerChannel[bytes]", twin: Twin) -> None:
        super().__init__(channel)
        self._twin = twin
        self._submitter: str = channel.get_extra_info("username")
        self._session = f"sftp-{next(_sessions)}"
        self._parts: dict[PurePosixPath, bytes] = {}

    def realpath(self, path: bytes) -> bytes:
        return str(_path(path)).encode()

    async def stat(self, path: bytes) -> SFTPAttrs:
        found = _path(path)
        if found in _TREE:
            return SFTPAttrs(permissions=stat.S_IFDIR | 0o755, size=0, mtime=0, atime=0)
        content = await self._content(found)
        return _attributes(len(content), await self._due_at(found))

    lstat = stat

    async def fstat(self, file_obj: object) -> SFTPAttrs:
        return _attributes(len(_opened(file_obj).content), 0)

    def setstat(self, path: bytes, attrs: SFTPAttrs) -> None:
        """Times and modes are the server's own."""

    def fsetstat(self, file_obj: object, attrs: SFTPAttrs) -> None:
        """Times and modes are the server's own."""

    def fsync(self, file_obj: object) -> None:
        """Nothing is kept before the rename."""

    async def scandir(self, path: bytes) -> AsyncIterator[SFTPName]:
        found = _path(path)
        if found not in _TREE:
            raise SFTPNoSuchFile("no such directory")
        directory = SFTPAttrs(permissions=stat.S_IFDIR | 0o755, size=0, mtime=0, atime=0)
        for name in (".", "..", *_TREE[found]):
            yield SFTPName(name.encode(), attrs=directory)
        if found == OUTBOUND:
            for row in await asyncio.to_thread(self._waiting):
                yield SFTPName(row[0].encode(), attrs=_attributes(row[1], row[2]))
        if found == INBOUND:
            for part, content in self._parts.items():
                yield SFTPName(part.name.encode(), attrs=_attributes(len(content), 0))

    async def open(self, path: bytes, pflags: int, attrs: SFTPAttrs) -> object:  # noqa: ARG002
        found = _path(path)
        if not pflags & asyncssh.FXF_WRITE:
            return _Open(found, bytearray(await self._content(found)))
        if found.parent != INBOUND:
            raise SFTPPermissionDenied("files are written in the inbound directory")
        begun = b"" if pflags & asyncssh.FXF_TRUNC else self._parts.get(found, b"")
        return _Open(found, bytearray(begun), is_written=True)

    def read(self, file_obj: object, offset: int, size: int) -> bytes:
        return bytes(_opened(file_obj).content[offset : offset + size])

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        opened = _opened(file_obj)
        if offset + len(data) > self._twin.settings.body_limit_bytes:
            raise SFTPFailure("the file is too large")
        if offset > len(opened.content):
            opened.content.extend(bytes(offset - len(opened.content)))
        opened.content[offset : offset + len(data)] = data
        return len(data)

    async def close(self, file_obj: object) -> None:
        opened = _opened(file_obj)
        if not opened.is_written:
            await self._note("get", opened.path.name)
            return
        content = bytes(opened.content)
        if _is_temporary(opened.path.name):
            self._parts[opened.path] = content
        else:
            await self._deliver(opened.path.name, content)

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        old, new = _path(oldpath), _path(newpath)
        if old.parent == OUTBOUND and new.parent == ARCHIVE and old.name == new.name:
            await self._take_away(old, "archive")
            return
        if old not in self._parts:
            raise SFTPNoSuchFile("no such file")
        if new.parent != INBOUND or _is_temporary(new.name):
            raise SFTPPermissionDenied("files are put into the inbound directory")
        await self._deliver(new.name, self._parts[old])
        del self._parts[old]

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        await self.rename(oldpath, newpath)

    async def remove(self, path: bytes) -> None:
        found = _path(path)
        if self._parts.pop(found, None) is None:
            await self._take_away(found, "remove")

    def mkdir(self, path: bytes, attrs: SFTPAttrs) -> None:  # noqa: ARG002
        raise SFTPFailure("the directories are given")

    def rmdir(self, path: bytes) -> None:  # noqa: ARG002
        raise SFTPPermissionDenied("the directories are given")

    async def _deliver(self, name: str, content: bytes) -> None:
        delivery = Delivery(content, "SFTP", name, self._submitter)
        try:
            outcome = await asyncio.to_thread(self._twin.take_or_refuse, delivery)
        except NameReused as refusal:
            await self._note("put", name, str(refusal))
            raise SFTPFailure(str(refusal)) from refusal
        except NotTheSubmitter as refusal:
            await self._note("put", name, str(refusal))
            raise SFTPPermissionDenied(str(refusal)) from refusal
        await self._note("put", name, outcome)

    async def _take_away(self, path: PurePosixPath, verb: str) -> None:
        if path.parent != OUTBOUND:
            raise SFTPNoSuchFile("no such file")
        if not await asyncio.to_thread(self._twin.taken, self._submitter, path.name):
            raise SFTPNoSuchFile("no such file")
        await self._note(verb, path.name)

    async def _content(self, path: PurePosixPath) -> bytes:
        found: bytes | None = self._parts.get(path)
        if found is None and path.parent == OUTBOUND and path.name in await self._names():
            found = await asyncio.to_thread(self._twin.content, self._submitter, path.name)
        if found is None and path.parent == INBOUND:
            # What was delivered stays readable, so that a sender can compare before it sends again.
            found = await asyncio.to_thread(self._twin.delivered, self._submitter, path.name)
        if found is None:
            raise SFTPNoSuchFile("no such file")
        return found

    async def _names(self) -> frozenset[str]:
        return frozenset(row[0] for row in await asyncio.to_thread(self._waiting))

    async def _due_at(self, path: PurePosixPath) -> float:
        if path.parent != OUTBOUND:
            return 0.0
        rows = await asyncio.to_thread(self._waiting)
        return next((row[2] for row in rows if row[0] == path.name), 0.0)

    def _waiting(self) -> Iterable[tuple[str, int, float]]:
        with self._twin.settled() as session:
            rows = session.untaken(self._submitter)
        return [(row["name"], row["size_bytes"], row["due_at"]) for row in rows]

    async def _note(self, verb: str, name: str, outcome: str = "done") -> None:
        at = self._twin.clock.now()
        act = Act(self._session, "SFTP", self._submitter, at, verb, name, outcome)
        await asyncio.to_thread(self._twin.note, [act])


def _path(path: bytes) -> PurePosixPath:
    """Absolute, without dots: nothing is above the account's root."""
    parts: list[str] = []
    for part in PurePosixPath("/", path.decode("utf-8", "replace")).parts[1:]:
        if part == "..":
            parts = parts[:-1]
        else:
            parts.append(part)
    return PurePosixPath("/", *parts)


def _is_temporary(name: str) -> bool:
    return name.startswith(".") or name.endswith((".part", ".tmp"))


def _opened(file_obj: object) -> _Open:
    if not isinstance(file_obj, _Open):
        raise SFTPFailure("no such handle")
    return file_obj


def _attributes(size: int, at: float) -> SFTPAttrs:
    return SFTPAttrs(permissions=stat.S_IFREG | 0o644, size=size, mtime=int(at), atime=int(at))
