"""HTTPS to one partner: its trust, its time, and no answer larger than a file."""

import asyncio
import contextlib
import ssl
import tempfile
from pathlib import Path

import httpx

from payer_gateway.clearinghouse.transport import (
    FILE_LIMIT_BYTES,
    PartnerUnavailable,
    allowed_s,
)
from payer_gateway.domain.connection import Connection, Credentials

CONNECT_TIMEOUT_S = 5.0


def timeouts(connection: Connection) -> httpx.Timeout:
    silence_s = float(connection.timeout_s)
    return httpx.Timeout(silence_s, connect=min(CONNECT_TIMEOUT_S, silence_s))


def needs_own_client(connection: Connection, credentials: Credentials) -> bool:
    return bool(connection.ca_certificate or credentials.client_certificate)


def own_client(connection: Connection, credentials: Credentials) -> httpx.AsyncClient:
    """A client that trusts what this partner's agreement names and shows our certificate."""
    return httpx.AsyncClient(verify=_trust(connection, credentials))


def _trust(connection: Connection, credentials: Credentials) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cadata=connection.ca_certificate or None)
        if credentials.client_certificate:
            _show(context, credentials)
    except (ssl.SSLError, ValueError, OSError) as failure:
        raise PartnerUnavailable(
            f"a certificate cannot be used ({type(failure).__name__})"
        ) from None
    return context


def _show(context: ssl.SSLContext, credentials: Credentials) -> None:
    """The ssl module reads a chain from files only; they are gone before the first byte leaves."""
    with tempfile.TemporaryDirectory(prefix="rcm-certificate-") as directory:
        chain, key = Path(directory, "chain.pem"), Path(directory, "key.pem")
        chain.write_text(credentials.client_certificate)
        key.touch(mode=0o600)
        key.write_text(credentials.client_key)
        context.load_cert_chain(chain, key)


async def exchange(
    client: httpx.AsyncClient, request: httpx.Request, *, connection: Connection
) -> httpx.Response:
    """The answer, read whole. Error texts name what failed only: bodies quote files."""
    sent_bytes = int(request.headers.get("content-length", 0))
    limit_s = allowed_s(connection.timeout_s, sent_bytes + FILE_LIMIT_BYTES)
    try:
        async with asyncio.timeout(limit_s):
            response = await client.send(request, stream=True)
            async with contextlib.aclosing(response):
                content = await _limited(response)
    except httpx.ConnectError as failure:
        raise PartnerUnavailable(_why(failure)) from None
    except (httpx.HTTPError, httpx.StreamError) as failure:
        raise PartnerUnavailable(f"no answer ({type(failure).__name__})") from None
    except TimeoutError:
        raise PartnerUnavailable("no answer in time") from None
    return httpx.Response(response.status_code, headers=response.headers, content=content)


def _why(failure: httpx.ConnectError) -> str:
    """A wrong certificate is worth its own word: nobody can mend it by waiting."""
    cause: BaseException | None = failure
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the partner's certificate is not trusted ({cause.verify_message})"
        cause = cause.__cause__ or cause.__context__
    return "no answer (ConnectError)"


async def _limited(response: httpx.Response) -> bytes:
    parts, size = [], 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > FILE_LIMIT_BYTES * 2:
            raise PartnerUnavailable("the partner's answer is larger than any file")
        parts.append(part)
    return b"".join(parts)
