"""A process of a service: starts when it can, says where it listens, drains, and dies whole."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import pytest

from rcm.ids import new_id
from rcm.service.runtime import EXIT_DEATH, EXIT_MISCONFIGURED, EXIT_OK, _until_stopped
from rcm.testing.service import ServiceUnderTest, eventually

PROGRAM = Path(__file__).parent / "notes_app.py"
TESTS = Path(__file__).parents[2]


@dataclass
class Process:
    """The program under test. Its log lines are collected as they come."""

    child: asyncio.subprocess.Process
    error: str = ""
    lines: list[dict[str, Any]] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)

    async def read(self) -> None:
        assert self.child.stdout is not None
        async for line in self.child.stdout:
            self.raw.append(line.decode())
            self.lines.append(json.loads(line))

    async def end(self) -> int:
        """Ask it to stop, and wait; its exit code."""
        self.child.send_signal(signal.SIGTERM)
        return await self.exit_code()

    async def exit_code(self) -> int:
        assert self.child.stderr is not None
        self.error = (await self.child.stderr.read()).decode()
        return await self.child.wait()

    async def address(self) -> str:
        async def listening() -> Any:
            return next((line for line in self.lines if "port" in line), None) or []

        found = await eventually(listening, timeout_s=30)
        return f"http://{found['host']}:{found['port']}"

    def said(self, text: str) -> bool:
        return any(line["event"] == text for line in self.lines)


@contextlib.asynccontextmanager
async def running(notes: ServiceUnderTest, **changes: str) -> AsyncIterator[Process]:
    given = notes.settings
    variables = {
        "RCM_ENVIRONMENT": "test",
        "RCM_ROLE": "api",
        "RCM_PORT": "0",
        "RCM_DATABASE_URL": given.database_url.get_secret_value(),
        "RCM_KAFKA_BOOTSTRAP": given.kafka_bootstrap,
        "RCM_KEK": given.kek,
        "RCM_KEYRING_FILE": str(given.keyring_file),
        "RCM_ISSUER": given.issuer,
        "RCM_JWKS_URL": "http://127.0.0.1:1/jwks.json",
        "PYTHONPATH": str(TESTS),
    }
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        str(PROGRAM),
        env=os.environ | variables | changes,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    process = Process(child)
    reading = asyncio.create_task(process.read())
    try:
        yield process
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()
        await reading


@pytest.fixture(scope="module")
async def issuer_url(notes: ServiceUnderTest) -> AsyncIterator[str]:
    """The issuer's keys over real HTTP."""
    body = json.dumps(notes.issuer.jwks()).encode()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks.json"
    server.close()


def write_headers(notes: ServiceUnderTest) -> dict[str, str]:
    return {"Authorization": f"Bearer {notes.token()}", "Idempotency-Key": str(new_id())}


async def in_hand(notes: ServiceUnderTest) -> None:
    """Wait until a request of another process has its transaction open."""

    async def open_transaction() -> bool:
        async with notes.transaction() as tx:
            return bool(
                await tx.fetchval(
                    "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' "
                    "AND datname = current_database() AND pid <> pg_backend_pid()"
                )
            )

    await eventually(open_transaction)


async def test_a_process_says_where_it_listens_and_ends_when_told(notes: ServiceUnderTest) -> None:
    async with running(notes) as process:
        async with httpx.AsyncClient(base_url=await process.address()) as client:
            answers = [await client.get(path) for path in ("/livez", "/readyz", "/startupz")]
            metrics = await client.get("/metrics")
        assert [answer.status_code for answer in answers] == [200, 200, 200]
        assert "loop_lag_seconds" in metrics.text
        assert await process.end() == EXIT_OK
        assert process.said("the process was told to stop")
        assert process.error == ""


async def test_sigterm_finishes_what_is_in_hand_and_takes_nothing_new(
    notes: ServiceUnderTest, issuer_url: str
) -> None:
    async with running(notes, RCM_JWKS_URL=issuer_url) as process:
        address = await process.address()
        async with httpx.AsyncClient(base_url=address, timeout=30) as client:
            await client.get("/livez")
            slow = asyncio.create_task(
                client.post("/slow", json={"text": "drained"}, headers=write_headers(notes))
            )
            await in_hand(notes)
            ending = asyncio.create_task(process.end())
            answer = await slow
            code = await asyncio.wait_for(ending, 15)
            with pytest.raises(httpx.TransportError):
                await httpx.AsyncClient(base_url=address).get("/livez")
        assert (answer.status_code, answer.json(), code) == (200, {"done": "yes"}, EXIT_OK)
    async with notes.transaction() as tx:
        assert await tx.fetchval("SELECT count(*) FROM note WHERE body = 'drained'") == 1


async def test_what_does_not_finish_in_time_is_cut_off(
    notes: ServiceUnderTest, issuer_url: str
) -> None:
    """The control of the test above: with hardly any time to drain, the work is rolled back."""
    async with (
        running(notes, RCM_JWKS_URL=issuer_url, RCM_DRAIN_TIMEOUT_S="0.1") as process,
        httpx.AsyncClient(base_url=await process.address(), timeout=30) as client,
    ):
        slow = asyncio.create_task(
            client.post("/slow", json={"text": "cut"}, headers=write_headers(notes))
        )
        await in_hand(notes)
        assert await asyncio.wait_for(process.end(), 15) == EXIT_DEATH
        with contextlib.suppress(httpx.TransportError):
            assert (await slow).status_code >= 500
    async with notes.transaction() as tx:
        assert await tx.fetchval("SELECT count(*) FROM note WHERE body = 'cut'") == 0


class Wire:
    """A TCP port in front of the real server; refuses until it is opened."""

    def __init__(self, port: int) -> None:
        self._target = port
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]

    async def open(self) -> asyncio.Server:
        return await asyncio.start_server(self._through, "127.0.0.1", self.port)

    async def _through(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._target)

        async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):
                while piece := await source.read(65536):
                    sink.write(piece)
                    await sink.drain()
            sink.close()

        await asyncio.gather(copy(reader, back), copy(there, writer))


async def test_a_database_that_is_away_makes_unready_and_ends_nothing(
    notes: ServiceUnderTest, issuer_url: str
) -> None:
    """It starts without one, says so, and serves as soon as there is one."""
    url = urlsplit(notes.settings.database_url.get_secret_value())
    wire = Wire(url.port or 5432)
    away = urlunsplit(url._replace(netloc=url.netloc.replace(f":{url.port}", f":{wire.port}")))
    async with running(notes, RCM_DATABASE_URL=away, RCM_JWKS_URL=issuer_url) as process:
        async with httpx.AsyncClient(base_url=await process.address(), timeout=30) as client:

            async def statuses() -> list[int]:
                paths = ("/livez", "/readyz", "/startupz")
                return [(await client.get(path)).status_code for path in paths]

            assert await statuses() == [200, 503, 503]
            refused = await client.get("/whoami", headers=write_headers(notes))
            assert (refused.status_code, refused.json()["error_name"]) == (
                503,
                "database_unavailable",
            )
            server = await wire.open()

            async def recovered() -> None:
                assert await statuses() == [200, 200, 200]

            await eventually(recovered)
            assert (await client.get("/whoami", headers=write_headers(notes))).status_code == 200
        assert await process.end() == EXIT_OK
        server.close()


async def test_a_broker_that_is_away_does_not_unready_the_api(notes: ServiceUnderTest) -> None:
    relay = notes.settings.relay_database_url
    assert relay is not None
    changes = {"RCM_ROLE": "all", "RCM_RELAY_DATABASE_URL": relay.get_secret_value()}
    async with running(notes, RCM_KAFKA_BOOTSTRAP="127.0.0.1:1", **changes) as process:
        async with httpx.AsyncClient(base_url=await process.address(), timeout=30) as client:

            async def ready() -> None:
                assert (await client.get("/readyz")).status_code == 200

            await eventually(ready)
            assert (await client.get("/livez")).status_code == 200
            assert (await client.get("/startupz")).json()["topics_present"] is False
        assert await asyncio.wait_for(process.end(), 20) == EXIT_OK


async def test_all_roles_start_together_and_drain_together(notes: ServiceUnderTest) -> None:
    relay = notes.settings.relay_database_url
    assert relay is not None
    changes = {
        "RCM_ROLE": "all",
        "RCM_RELAY_DATABASE_URL": relay.get_secret_value(),
        "RCM_TOPIC_PREFIX": notes.settings.topic_prefix,
        "RCM_AUDIT_ANCHOR_FILE": str(notes.settings.audit_anchor_file),
        "RCM_AUDIT_SIGNING_KEY_FILE": str(notes.settings.audit_signing_key_file),
    }
    async with running(notes, **changes) as process:
        async with httpx.AsyncClient(base_url=await process.address(), timeout=30) as client:

            async def complete() -> None:
                assert (await client.get("/startupz")).status_code == 200
                parts = (await client.get("/readyz")).json()["components"]
                assert parts == dict.fromkeys(
                    ("topics", "relay", "consumer", "jobs", "parking", "audit"), True
                )

            await eventually(complete, timeout_s=60)
        assert await asyncio.wait_for(process.end(), 15) == EXIT_OK


CANARIES = ("Canary", "Kanarie", "6789")


async def test_nothing_that_was_sent_is_printed(notes: ServiceUnderTest, issuer_url: str) -> None:
    async with running(notes, RCM_JWKS_URL=issuer_url) as process:
        async with httpx.AsyncClient(base_url=await process.address()) as client:
            for body in ({"text": "Maria Canary"}, {"text": "forbidden", "kind": "kanarie"}):
                await client.post("/notes", json=body, headers=write_headers(notes))
            sql = "INSERT INTO note VALUES (NULL, NULL, '123-45-6789 Canary')"
            await client.post("/sql", json={"sql": sql}, headers=write_headers(notes))
            await client.get("/Canary", params={"name": "Canary"}, headers=write_headers(notes))
            await client.get("/broken", headers=write_headers(notes) | {"X-Request-Id": "Canary"})
            await client.get("/notes/Canary", headers={"Authorization": "Bearer Canary"})
            metrics = (await client.get("/metrics")).text
        assert await process.end() == EXIT_OK
        told = "".join(process.raw) + process.error + metrics
        assert process.said("a request failed")
        assert process.said("a statement was refused")
        assert [canary for canary in CANARIES if canary.lower() in told.lower()] == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"RCM_PORT": "99999"}, "check the settings RCM_PORT"),
        ({"RCM_DATABASE_URL": ""}, "check the settings RCM_DATABASE_URL"),
        ({"RCM_DATABASE_URL": "host=127.0.0.1"}, "check the settings RCM_DATABASE_URL"),
        ({"RCM_AUDIT_ANCHOR_FILE": "/tmp/a"}, "the audit needs a key and an anchor"),  # noqa: S108
        (
            {
                "RCM_ENVIRONMENT": "production",
                "RCM_JWKS_URL": "https://issuer.test/jwks",
                "RCM_ROLE": "worker",
            },
            "the audit needs a key and an anchor",
        ),
        ({"RCM_ENVIRONMENT": "production"}, "production takes its token keys over https only"),
        ({"RCM_KEYRING_FILE": "/nowhere/keyring"}, "/nowhere/keyring cannot be read"),
        ({"RCM_ROLE": "relay"}, "a relay needs RCM_RELAY_DATABASE_URL"),
    ],
)
async def test_what_is_misconfigured_is_said_in_a_sentence(
    notes: ServiceUnderTest, changes: dict[str, str], sentence: str
) -> None:
    async with running(notes, **changes) as process:
        assert await process.exit_code() == EXIT_MISCONFIGURED
        assert sentence in process.error
        assert process.error.count("\n") == 1


async def test_a_taken_port_is_said_in_a_sentence(notes: ServiceUnderTest) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        async with running(notes, RCM_PORT=port) as process:
            assert await process.exit_code() == EXIT_MISCONFIGURED
            assert f"nothing can listen on 127.0.0.1 port {port}" in process.error


async def ends(stop: asyncio.Event, after_s: float, error: Exception | None = None) -> None:
    await asyncio.sleep(after_s)
    if error is not None:
        raise error


async def runs(stop: asyncio.Event) -> None:
    await stop.wait()


async def hangs() -> None:
    await asyncio.sleep(60)


@pytest.mark.parametrize(
    ("parts", "told_after_s", "code"),
    [
        (lambda stop: {"a": runs(stop), "b": runs(stop)}, 0.05, EXIT_OK),
        (lambda stop: {"a": runs(stop), "b": ends(stop, 0.02)}, 9, EXIT_DEATH),
        (lambda stop: {"a": runs(stop), "b": ends(stop, 0.02, KeyError("x"))}, 9, EXIT_DEATH),
        (lambda stop: {"a": runs(stop), "b": ends(stop, 0.1, KeyError("x"))}, 0.02, EXIT_DEATH),
        (lambda stop: {"a": runs(stop), "b": ends(stop, 0.1)}, 0.02, EXIT_OK),
        (lambda stop: {"a": runs(stop), "b": hangs()}, 0.02, EXIT_DEATH),
    ],
    ids=["told", "returned early", "died", "died while draining", "drained", "hung"],
)
async def test_one_death_ends_the_process(parts: Any, told_after_s: float, code: int) -> None:
    stop = asyncio.Event()
    handle = asyncio.get_running_loop().call_later(told_after_s, stop.set)
    assert await asyncio.wait_for(_until_stopped(parts(stop), stop, 0.3), 5) == code
    assert stop.is_set()
    handle.cancel()
