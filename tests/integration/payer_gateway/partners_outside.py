"""Partners of every kind in this process: an SFTP server, CORE servers with and without TLS, and a
directory. Each does what `docs/reference/transports.md` says, and fails as a test tells it."""

import asyncio
import base64
import contextlib
import hashlib
import ipaddress
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4
from xml.sax.saxutils import escape

import asyncssh
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from defusedxml import ElementTree
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

USER, PASSWORD = "clinic", "a password"
NOTHING = "X12_005010_Response_NoBatchResultsFile"


# --- certificates ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Certificate:
    """A key and its certificate, as PEM."""

    certificate: str
    key: str
    parts: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] = field(repr=False)


def certificate(name: str, *, signer: Certificate | None = None) -> Certificate:
    """A certificate authority, or what one has signed for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, issuing_key = (signer.parts[0].subject, signer.parts[1]) if signer else (subject, key)
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuing_key.public_key()),
            critical=False,
        )
    )
    if signer is None:
        usage = x509.KeyUsage(
            digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
            key_encipherment=False, data_encipherment=False, key_agreement=False,
            encipher_only=False, decipher_only=False,
        )  # fmt: skip
        builder = builder.add_extension(usage, critical=True)
    made = builder.sign(issuing_key, hashes.SHA256())
    return Certificate(
        made.public_bytes(serialization.Encoding.PEM).decode(),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
        (made, key),
    )


# --- SFTP ------------------------------------------------------------------------------------


@dataclass
class SftpServer:
    """One account with its two directories on disk. `fail` is asked before every operation."""

    root: Path
    host_key: asyncssh.SSHKey
    client_key: asyncssh.SSHKey
    port: int = 0
    sessions: int = 0
    fail: Callable[[str], None] = lambda _operation: None
    seen: set[str] = field(default_factory=set)
    """Every name that was ever visible in the inbound directory and did not begin with a dot."""

    @property
    def url(self) -> str:
        return f"sftp://127.0.0.1:{self.port}"

    @property
    def pinned(self) -> str:
        return self.host_key.export_public_key().decode().strip()

    @property
    def fingerprint(self) -> str:
        return self.host_key.get_fingerprint("sha256")

    @property
    def inbound(self) -> Path:
        return self.root / "inbound"

    @property
    def outbound(self) -> Path:
        return self.root / "outbound"


class _Account(asyncssh.SSHServer):
    def __init__(self, server: SftpServer) -> None:
        self._server = server

    def connection_made(self, _connection: asyncssh.SSHServerConnection) -> None:
        self._server.sessions += 1

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, PASSWORD)

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == USER and key == self._server.client_key.convert_to_public()


class _Files(asyncssh.SFTPServer):
    def __init__(self, channel: asyncssh.SSHServerChannel, server: SftpServer) -> None:
        self._server = server
        super().__init__(channel, chroot=str(server.root))

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        self._server.fail("write")
        written = super().write(file_obj, offset, data)
        self._server.seen |= {
            each.name for each in self._server.inbound.iterdir() if each.name[0] != "."
        }
        return written

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        self._server.fail("rename")
        super().rename(oldpath, newpath)
        self._server.fail("renamed")

    def remove(self, path: bytes) -> None:
        self._server.fail("remove")
        super().remove(path)


@contextlib.asynccontextmanager
async def sftp_server(root: Path) -> AsyncIterator[SftpServer]:
    server = SftpServer(
        root,
        asyncssh.generate_private_key("ssh-ed25519"),
        asyncssh.generate_private_key("ssh-ed25519"),
    )
    server.inbound.mkdir(parents=True)
    server.outbound.mkdir()
    listener = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=lambda: _Account(server),
        server_host_keys=[server.host_key],
        sftp_factory=lambda channel: _Files(channel, server),
    )
    server.port = listener.get_port()
    try:
        yield server
    finally:
        listener.close()
        await listener.wait_closed()


@contextlib.asynccontextmanager
async def deaf_server() -> AsyncIterator[int]:
    """Accepts and never answers."""
    gone = asyncio.Event()

    async def say_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await gone.wait()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        gone.set()
        server.close()


# --- CORE ------------------------------------------------------------------------------------

KINDS = {
    "X12_TA1_RetrievalRequest_00501X231A1": "X12_TA1_Response_00501X231A1",
    "X12_999_RetrievalRequest_005010X231A1": "X12_999_Response_005010X231A1",
    "X12_277CA_RetrievalRequest_005010X214": "X12_277CA_Response_005010X214",
    "X12_005010_Request_Batch_Results_271": "X12_271_Response_005010X279A1",
    "X12_005010_Request_Batch_Results_277": "X12_277_Response_005010X212",
    "X12_835_RetrievalRequest_005010X221A1": "X12_835_Response_005010X221A1",
}
XOP = "http://www.w3.org/2004/08/xop/include"
SOAP = "http://www.w3.org/2003/05/soap-envelope"


@dataclass
class CorePartner:
    """Both envelopes of rule 2.2.0 at one address."""

    taken: dict[str, bytes] = field(default_factory=dict)
    """By PayloadID."""
    received: list[dict[str, str]] = field(default_factory=list)
    waiting: dict[str, list[tuple[str, bytes]]] = field(default_factory=dict)
    """By the request's payload type: PayloadID and content."""
    twist: Callable[[dict[str, str | bytes]], None] = lambda _answer: None
    """Changes an answer before it leaves."""
    before: Callable[[dict[str, str]], Response | None] = lambda _asked: None
    after: Callable[[dict[str, str]], None] = lambda _asked: None
    attach: bool = False
    """Whether SOAP answers carry their payload by MTOM."""

    def leave(self, payload_type: str, content: bytes) -> None:
        self.waiting.setdefault(payload_type, []).append((str(uuid4()), content))

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/core/mime", self._mime, methods=["POST"]),
                Route("/core/soap", self._soap, methods=["POST"]),
            ]
        )

    async def _mime(self, request: Request) -> Response:
        async with request.form() as form:
            asked: dict[str, str] = {}
            payload = None
            for name, value in form.multi_items():
                if name == "Payload":
                    payload = value.encode() if isinstance(value, str) else await value.read()
                else:
                    assert isinstance(value, str)
                    asked[name] = value
        broken = self.before(asked)
        if broken is not None:
            return broken
        answer = self._answer(asked, payload)
        self.after(asked)
        boundary = "partner-boundary"
        body = b"".join(
            b'--%b\r\ncontent-disposition: form-data; name="%b"\r\n\r\n%b\r\n'
            % (boundary.encode(), name.encode(), v if isinstance(v, bytes) else v.encode())
            for name, v in answer.items()
        )
        return Response(
            body + f"--{boundary}--\r\n".encode(),
            media_type=f"multipart/form-data; boundary={boundary}",
        )

    async def _soap(self, request: Request) -> Response:
        root = ElementTree.fromstring(await request.body(), forbid_dtd=True)
        element = root.find(f"{{{SOAP}}}Body")[0]
        asked = {child.tag: child.text or "" for child in element}
        for name, field_name in (("Username", "UserName"), ("Password", "Password")):
            found = root.find(f".//{{*}}{name}")
            if found is not None:
                asked[field_name] = found.text
        text = asked.pop("Payload", None)
        batch = asked["ProcessingMode"] == "Batch"
        payload = None if text is None else base64.b64decode(text) if batch else text.encode()
        broken = self.before(asked)
        if broken is not None:
            return broken
        answer = self._answer(asked, payload)
        self.after(asked)
        content = answer.pop("Payload", None)
        inside = "".join(f"<{name}>{escape(str(v))}</{name}>" for name, v in answer.items())
        if isinstance(content, bytes):
            inside += f"<Payload>{self._wrapped(content, batch=batch)}</Payload>"
        envelope = (
            f'<s:Envelope xmlns:s="{SOAP}"><s:Body><c:Answer xmlns:c="urn:core">{inside}'
            "</c:Answer></s:Body></s:Envelope>"
        )
        if self.attach and isinstance(content, bytes):
            return _related(envelope.encode(), content)
        return Response(envelope, media_type="application/soap+xml")

    def _wrapped(self, content: bytes, *, batch: bool) -> str:
        if self.attach:
            return f'<x:Include xmlns:x="{XOP}" href="cid:the-payload"/>'
        return base64.b64encode(content).decode() if batch else escape(content.decode())

    def _answer(self, asked: dict[str, str], payload: bytes | None) -> dict[str, str | bytes]:
        self.received.append(asked)
        answer: dict[str, str | bytes] = {
            "PayloadType": "X12_BatchReceiptConfirmation",
            "ProcessingMode": asked["ProcessingMode"],
            "PayloadID": asked["PayloadID"],
            "ErrorCode": "Success",
        }
        if (asked.get("UserName"), asked.get("Password")) != (USER, PASSWORD):
            answer["ErrorCode"] = "UnAuthorized"
        elif asked["PayloadType"] in KINDS:
            self._hand_out(asked["PayloadType"], answer)
        elif asked["PayloadType"] == "X12_BatchReceiptConfirmation":
            for queue in self.waiting.values():
                queue[:] = [each for each in queue if each[0] != asked["PayloadID"]]
        elif asked["ProcessingMode"] == "RealTime":
            answer |= {"PayloadType": "X12_271_Response_005010X279A1", "Payload": b"271:" + payload}
        else:
            assert asked["PayloadLength"] == str(len(payload or b""))
            assert (
                asked["CheckSum"] == hashlib.sha1(payload or b"", usedforsecurity=False).hexdigest()
            )
            known = self.taken.setdefault(asked["PayloadID"], payload or b"")
            if known != payload:
                answer["ErrorCode"] = "PayloadIDIllegal"
        self.twist(answer)
        return answer

    def _hand_out(self, payload_type: str, answer: dict[str, str | bytes]) -> None:
        queue = self.waiting.get(payload_type)
        if not queue:
            answer["PayloadType"] = NOTHING
            return
        payload_id, content = queue[0]
        answer |= {
            "PayloadType": KINDS[payload_type],
            "PayloadID": payload_id,
            "PayloadLength": str(len(content)),
            "CheckSum": hashlib.sha1(content, usedforsecurity=False).hexdigest().upper(),
            "Payload": content,
        }


def _related(envelope: bytes, content: bytes) -> Response:
    body = (
        b"--mtom\r\nContent-Type: application/xop+xml\r\nContent-ID: <root>\r\n\r\n%b\r\n"
        b"--mtom\r\nContent-Type: application/octet-stream\r\nContent-ID: <the-payload>\r\n\r\n%b"
        b"\r\n--mtom--\r\n" % (envelope, content)
    )
    media_type = 'multipart/related; type="application/xop+xml"; start="<root>"; boundary=mtom'
    return Response(body, media_type=media_type)


@contextlib.asynccontextmanager
async def https_server(
    app: Starlette, directory: Path, server: Certificate, *, clients: Certificate | None = None
) -> AsyncIterator[str]:
    """The app behind TLS; with `clients`, only for those whose certificate that one signed."""
    chain, key = directory / "server.pem", directory / "server.key"
    chain.write_text(server.certificate)
    key.write_text(server.key)
    options = {}
    if clients is not None:
        (directory / "clients.pem").write_text(clients.certificate)
        options = {
            "ssl_ca_certs": str(directory / "clients.pem"),
            "ssl_cert_reqs": ssl.CERT_REQUIRED,
        }
    # Its logging is left alone: uvicorn would set levels for the whole process, and keep them.
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_config=None, access_log=False, lifespan="off",
        ssl_certfile=str(chain), ssl_keyfile=str(key), **options,
    )  # fmt: skip
    running = uvicorn.Server(config)
    task = asyncio.create_task(running.serve())
    while not running.started:  # noqa: ASYNC110 - uvicorn tells it no other way
        await asyncio.sleep(0.01)
    try:
        yield f"https://127.0.0.1:{running.servers[0].sockets[0].getsockname()[1]}"
    finally:
        running.should_exit = True
        await task
