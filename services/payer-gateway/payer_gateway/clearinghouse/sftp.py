"""Files over SFTP: hidden while they are written, renamed once, taken away when they are stored.

The host key is pinned. A server that shows another one gets neither the password nor a signature.
"""

import asyncio
import contextlib
import hmac
import stat
from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import asyncssh

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
from payer_gateway.domain.connection import Credentials
from payer_gateway.domain.partner import TradingPartner

DEFAULT_PORT = 22
FINGERPRINT = "SHA256:"
ARCHIVE = "archive"
GONE = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath)


class SftpTransport:
    """One account on one server. The connection is made at the first call and kept for the turn."""

    def __init__(self, partner: TradingPartner, credentials: Credentials) -> None:
        self._address = partner.base_url
        self._terms = partner.connection
        self._credentials = credentials
        self._connection: asyncssh.SSHClientConnection | None = None
        self._client: asyncssh.SFTPClient | None = None

    async def put(self, file_name: str, content: bytes) -> None:
        require_name(file_name)
        require_size(content)
        final = f"{self._terms.inbound_directory}/{file_name}"
        part = f"{self._terms.inbound_directory}/{temporary_name(file_name)}"
        async with self._session(len(content)) as sftp:
            if await self._is_there(sftp, final, content):
                return
            try:
                async with sftp.open(part, "wb") as file:
                    await file.write(content)
                await self._rename(sftp, part, final, content)
            finally:
                with contextlib.suppress(asyncssh.Error, OSError):
                    await sftp.remove(part)

    async def list_after(self, cursor: str) -> Sequence[Waiting]:
        """All that is there: what is stored has been taken away, so the cursor says nothing."""
        async with self._session() as sftp:
            found = await sftp.readdir(self._terms.outbound_directory)
        files = [
            (each.attrs.mtime or 0, str(each.filename))
            for each in found
            if is_finished(str(each.filename)) and stat.S_ISREG(each.attrs.permissions or 0)
        ]
        return [Waiting(name, cursor) for _, name in sorted(files)]

    async def get(self, name: str) -> bytes:
        path = f"{self._terms.outbound_directory}/{name}"
        async with self._session(FILE_LIMIT_BYTES) as sftp:
            try:
                size_bytes = (await sftp.stat(path)).size or 0
                if size_bytes > FILE_LIMIT_BYTES:
                    raise FileUnavailable("a waiting file is larger than any file")
                async with sftp.open(path, "rb") as file:
                    content: bytes = await file.read(FILE_LIMIT_BYTES + 1)
            except asyncssh.SFTPPermissionDenied:
                raise FileUnavailable("the account may not read a waiting file") from None
            except GONE:
                raise FileUnavailable("a waiting file is gone") from None
        if len(content) != size_bytes:
            raise FileUnavailable("a waiting file changed while it was read")
        return content

    async def settle(self, name: str) -> None:
        path = f"{self._terms.outbound_directory}/{name}"
        async with self._session() as sftp:
            with contextlib.suppress(*GONE):
                if self._terms.after_pickup == "delete":
                    await sftp.remove(path)
                else:
                    await self._archive(sftp, path, name)

    def checks(self) -> Sequence[Check]:
        return [
            Check("connect, compare the host key, log in", self._check_login),
            Check("list the outbound directory", self._check_outbound),
            Check("write and remove a hidden file in the inbound directory", self._check_inbound),
        ]

    async def aclose(self) -> None:
        if self._connection is not None:
            # A peer that does not answer need not say goodbye.
            self._connection.abort()
            self._connection = self._client = None

    async def _rename(
        self, sftp: asyncssh.SFTPClient, part: str, final: str, content: bytes
    ) -> None:
        """SFTP's plain rename never overwrites. Where it fails, somebody may have been first."""
        try:
            await sftp.rename(part, final)
        except asyncssh.SFTPError:
            if not await self._is_there(sftp, final, content):
                raise

    @staticmethod
    async def _is_there(sftp: asyncssh.SFTPClient, path: str, content: bytes) -> bool:
        """Raises `PartnerRefused` when other bytes have the name."""
        try:
            if (await sftp.stat(path)).size == len(content):
                async with sftp.open(path, "rb") as file:
                    found: Any = await file.read(len(content) + 1)
                if found == content:
                    return True
        except GONE:
            return False
        raise PartnerRefused("another file has this name already")

    async def _archive(self, sftp: asyncssh.SFTPClient, path: str, name: str) -> None:
        directory = f"{self._terms.outbound_directory}/{ARCHIVE}"
        if not await sftp.isdir(directory):
            await sftp.mkdir(directory)
        kept = f"{directory}/{name}"
        if await sftp.exists(kept):
            kept = f"{directory}/{temporary_name(name)[1:]}"
        await sftp.rename(path, kept)

    async def _check_login(self) -> str:
        async with self._session():
            return "The server showed the pinned host key and let us in."

    async def _check_outbound(self) -> str:
        return f"{len(await self.list_after(''))} files wait to be picked up."

    async def _check_inbound(self) -> str:
        path = f"{self._terms.inbound_directory}/{temporary_name('rcm-connection-test')}"
        async with self._session() as sftp:
            async with sftp.open(path, "wb") as file:
                await file.write(b"")
            await sftp.remove(path)
        return "A hidden file was written and removed."

    @contextlib.asynccontextmanager
    async def _session(self, size_bytes: int = 0) -> AsyncIterator[asyncssh.SFTPClient]:
        """A connected client for a call of this size; what goes wrong comes out in our words."""
        try:
            async with asyncio.timeout(allowed_s(self._terms.timeout_s, size_bytes)):
                async with asyncio.timeout(self._terms.timeout_s):
                    client = await self._connected()
                yield client
        except TimeoutError:
            await self.aclose()
            raise PartnerUnavailable("no answer in time") from None
        except asyncssh.HostKeyNotVerifiable:
            raise PartnerUnavailable("the server's host key is not the pinned one") from None
        except asyncssh.PermissionDenied:
            raise PartnerUnavailable("the server refused our user name or key") from None
        except asyncssh.SFTPPermissionDenied:
            raise PartnerUnavailable("the account may not do this in this directory") from None
        except GONE:
            raise PartnerUnavailable("a directory or file is not there") from None
        except (asyncssh.Error, OSError) as failure:
            await self.aclose()
            raise PartnerUnavailable(f"no answer ({type(failure).__name__})") from None

    async def _connected(self) -> asyncssh.SFTPClient:
        if self._client is None:
            address = urlsplit(self._address)
            self._connection = await asyncssh.connect(
                address.hostname or "",
                address.port or DEFAULT_PORT,
                options=self._options(),
            )
            self._client = await self._connection.start_sftp_client(path_errors="replace")
        return self._client

    def _options(self) -> asyncssh.SSHClientConnectionOptions:
        """Nothing of the machine's own SSH set-up counts: no agent, no keys, no known hosts."""
        pinned = self._terms.host_key.strip()
        if not pinned:
            raise PartnerUnavailable("no host key is pinned for this partner")
        arguments: dict[str, Any] = {"known_hosts": ([], [], [])}
        if not pinned.startswith(FINGERPRINT):
            arguments["known_hosts"] = ([_public_key(pinned)], [], [])
        return asyncssh.SSHClientConnectionOptions(
            **arguments,
            client_factory=lambda: _Pinned(pinned),
            config=None,
            agent_path=None,
            gss_host=None,
            username=self._credentials.username,
            password=self._credentials.password or None,
            client_keys=[_private_key(self._credentials)]
            if self._credentials.private_key
            else None,
            connect_timeout=self._terms.timeout_s,
            login_timeout=self._terms.timeout_s,
            keepalive_interval=self._terms.timeout_s,
            keepalive_count_max=1,
        )


class _Pinned(asyncssh.SSHClient):
    """Asked about a host key that is not among the known ones: only the pinned fingerprint is."""

    def __init__(self, pinned: str) -> None:
        self._pinned = pinned

    def validate_host_public_key(
        self, _host: str, _addr: str, _port: int, key: asyncssh.SSHKey
    ) -> bool:
        return hmac.compare_digest(key.get_fingerprint("sha256"), self._pinned)


def _public_key(line: str) -> asyncssh.SSHKey:
    try:
        return asyncssh.import_public_key(line)
    except asyncssh.KeyImportError:
        raise PartnerUnavailable("the pinned host key cannot be read") from None


def _private_key(credentials: Credentials) -> asyncssh.SSHKey:
    try:
        return asyncssh.import_private_key(
            credentials.private_key, credentials.private_key_passphrase or None
        )
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
        raise PartnerUnavailable("our private key for this partner cannot be read") from None
