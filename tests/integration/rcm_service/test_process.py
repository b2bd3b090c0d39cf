"""A process of a service: starts when it can, says where it listens, drains, and dies whole."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from rcm.testing.service import ServiceUnderTest, eventually

PROGRAM = Path(__file__).parent / "notes_app.py"
TESTS = Path(__file__).parents[2]


@dataclass
class Process:
    """The program under test. Its log lines are collected as they come."""

    child: asyncio.subprocess.Process
    lines: list[dict[str, Any]] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)

    async def read(self) -> None:
        assert self.child.stdout is not None
        async for line in self.child.stdout:
            self.raw.append(line.decode())
            self.lines.append(json.loads(line))

    async def address(self) -> str:
        async def listening() -> Any:
            return next((line for line in self.lines if "port" in line), None) or []

        found = await eventually(listening, timeout_s=30)
        return f"http://{found['host']}:{found['port']}"

    def said(self, text: str) -> bool:
        return any(line["event"] == text for line in self.lines)


@contextlib.asynccontextmanager
async def running(notes: ServiceUnderTest, **environment: str) -> AsyncIterator[Process]:
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
        "RCM_JWKS_URL": given.jwks_url,
        "PYTHONPATH": str(TESTS),
    }
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        str(PROGRAM),
        env=os.environ | variables | environment,
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


async def test_first(notes: ServiceUnderTest) -> None:
    async with running(notes) as process:
        address = await process.address()
        async with httpx.AsyncClient(base_url=address) as client:
            for path in ("/livez", "/readyz", "/startupz", "/metrics", "/notes"):
                answer = await client.get(path)
                print(path, answer.status_code, answer.text[:300])
        process.child.send_signal(signal.SIGTERM)
        print(await process.child.wait())
        print(process.raw)
        print((await process.child.stderr.read()).decode())
