"""One twin in a process of its own, as it runs everywhere; each test is another submitter."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import asyncssh
import httpx
import pytest
import x12_world as world

from rcm_x12 import claim_837p
from rcm_x12.claim_837p import Claim

TOKEN = "shared-token"
PASSWORD = "password of keyed"
_submitters = count(1)


@dataclass(frozen=True)
class Running:
    """Where its doors are, and who it says that it is."""

    urls: dict[str, str]
    identity: dict[str, Any]
    key: asyncssh.SSHKey
    """Private, of the account KEYED."""

    @property
    def sftp_port(self) -> int:
        return int(self.urls["sftp"].rpartition(":")[2])

    def rest(self) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return httpx.AsyncClient(base_url=self.urls["http"], headers=headers)


@pytest.fixture(scope="session")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """`python -m payer_twin` with all of its doors."""
    directory = tmp_path_factory.mktemp("twin")
    key = asyncssh.generate_private_key("ssh-ed25519")
    public = key.export_public_key().decode().strip()
    accounts = f'{{"KEYED": {{"password": "{PASSWORD}", "public_key": "{public}"}}}}'
    environment = os.environ | {
        "PAYER_TWIN_DATA_DIR": str(directory),
        "PAYER_TWIN_SFTP_PORT": "0",
        "PAYER_TWIN_CORE_PORT": "0",
        "PAYER_TWIN_TOKEN": TOKEN,
        "PAYER_TWIN_ACCOUNTS": accounts,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "payer_twin", env=environment, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    urls = {}
    for _ in range(3):
        line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode().split()[-1]
        urls[line.partition(":")[0]] = line
    async with httpx.AsyncClient() as client:
        for _ in range(100):
            try:
                found = (await client.get(f"{urls['http']}/identity")).json()
                break
            except httpx.ConnectError:
                await asyncio.sleep(0.05)
    yield Running(urls, found, key)
    process.terminate()
    assert await asyncio.wait_for(process.wait(), 10) == 0


@pytest.fixture
def submitter() -> str:
    """One that nobody has been before."""
    return f"CLINIC{next(_submitters)}"


def claim(number: str, member_id: str = "M1", **change: Any) -> Claim:
    subscriber = replace(world.SUBSCRIBER, member_id=member_id)
    return replace(world.CLAIM, control_number=number, subscriber=subscriber, **change)


def file(submitter: str, *claims: Claim, number: int = 1) -> bytes:
    numbered = replace(
        world.ENVELOPE,
        sender_id=submitter,
        interchange_control_number=f"{number:09d}",
        group_control_number=str(number),
    )
    return claim_837p.write(numbered, [world.batch(*claims)])
