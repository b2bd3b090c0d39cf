"""What comes before a request is one: heads that do not end, or never come."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from itertools import repeat
from typing import Any

import pytest

from rcm.service import health, runtime
from rcm.testing.service import ServiceUnderTest

HEAD = b"GET /livez HTTP/1.1\r\nHost: x\r\n"
ENOUGH = 8_000_000


@contextlib.asynccontextmanager
async def listening(notes: ServiceUnderTest) -> AsyncIterator[int]:
    """The port of a real server with the service's application."""
    stop = asyncio.Event()
    settings = notes.settings.model_copy(update={"port": 0, "drain_timeout_s": 1.0})
    probes = health.Health("api", notes.kit.database, notes.service.migrations)
    with runtime._listening(settings) as listener:
        server = runtime._Server(runtime._http(notes.app, settings))
        serving = asyncio.create_task(server.run_until(stop, listener, probes))
        try:
            yield listener.getsockname()[1]
        finally:
            stop.set()
            await serving


async def answered(
    port: int, pieces: Iterator[bytes], *, pause_s: float = 0.0
) -> tuple[bytes, int]:
    """What the server said before it cut the connection, and how much it had been sent by then."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sent = 0
    with contextlib.suppress(ConnectionError):
        for piece in pieces:
            if reader.at_eof() or sent > ENOUGH:
                break
            writer.write(piece)
            await writer.drain()
            sent += len(piece)
            await asyncio.sleep(pause_s)
    said = b""
    with contextlib.suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(10):
            said = await reader.read()
    writer.close()
    return said, sent


def endless(head: bytes, piece: bytes) -> Iterator[bytes]:
    yield head
    yield from repeat(piece)


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (HEAD, b"X-More: " + b"x" * 10_000 + b"\r\n"),
        (HEAD + b"X-One: ", b"x" * 10_000),
        (b"GET /", b"x" * 10_000),
        (HEAD + b"\r\n" + HEAD, b"X-More: " + b"x" * 10_000 + b"\r\n"),
    ],
    ids=["headers", "one header", "a path", "after a good one"],
)
async def test_a_head_without_end_is_cut_off(
    notes: ServiceUnderTest, head: bytes, piece: bytes
) -> None:
    async with listening(notes) as port:
        _, sent = await answered(port, endless(head, piece))
    assert sent < ENOUGH


@pytest.mark.parametrize("head", [b"", HEAD, HEAD + b"\r\n" + HEAD], ids=["none", "half", "second"])
async def test_a_head_that_does_not_come_is_not_waited_for(
    notes: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch, head: bytes
) -> None:
    monkeypatch.setattr("rcm.service.protocol.HEAD_DEADLINE_S", 0.3)
    async with listening(notes) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head)
        async with asyncio.timeout(3):
            said = await reader.read()
        writer.close()
    assert said.startswith(b"HTTP/1.1 200 OK") is head.startswith(HEAD + b"\r\n")


async def test_a_request_may_take_longer_than_its_head(
    notes: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: body and answer have limits of their own."""
    monkeypatch.setattr("rcm.service.protocol.HEAD_DEADLINE_S", 0.3)
    body = b'{"text": "in its own time"}'
    head = (
        f"POST /slow HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {notes.token()}\r\n"
        "Idempotency-Key: slow-1\r\nContent-Type: application/json\r\n"
        f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    pieces = [head.encode(), *(body[n : n + 6] for n in range(0, len(body), 6))]
    async with listening(notes) as port:
        said, _ = await answered(port, iter(pieces), pause_s=0.1)
    assert said.startswith(b"HTTP/1.1 200 OK")


async def test_headers_a_little_too_large_are_told_so(notes: ServiceUnderTest) -> None:
    async with listening(notes) as port:
        pieces: Any = [HEAD + b"X-Long: " + b"x" * 40_000 + b"\r\n\r\n"]
        said, _ = await answered(port, iter(pieces))
    assert said.startswith(b"HTTP/1.1 431 ")
    assert b"headers_too_large" in said
