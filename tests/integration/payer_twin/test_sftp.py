"""The SFTP door as a partner's client meets it: real SSH, the directories of the contract."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncssh
import pytest

from rcm_x12 import ack_999, remittance_835, ta1

from .conftest import PASSWORD, TOKEN, Running, claim, file


@asynccontextmanager
async def session(
    running: Running, user: str, **credentials: Any
) -> AsyncIterator[asyncssh.SFTPClient]:
    """A client that pins the host key which the twin publishes."""
    pinned = asyncssh.import_public_key(running.identity["ssh_host_key"])
    given = credentials or {"password": TOKEN}
    async with (
        asyncssh.connect(
            "127.0.0.1",
            running.sftp_port,
            username=user,
            known_hosts=([pinned], [], []),
            config=None,
            client_keys=given.get("client_keys"),
            password=given.get("password"),
        ) as connection,
        connection.start_sftp_client() as client,
    ):
        yield client


async def put(client: asyncssh.SFTPClient, name: str, content: bytes) -> None:
    """As the contract says: temporary name, closed, renamed."""
    part = f"inbound/.{name}.part"
    async with client.open(part, "wb") as handle:
        await handle.write(content)
    await client.rename(part, f"inbound/{name}")


async def waiting(client: asyncssh.SFTPClient) -> list[str]:
    names = [
        (entry.attrs.mtime, str(entry.filename))
        async for entry in client.scandir("outbound")
        if str(entry.filename).endswith(".x12")
    ]
    return [name for _, name in sorted(names)]


async def get(client: asyncssh.SFTPClient, name: str) -> bytes:
    async with client.open(f"outbound/{name}", "rb") as handle:
        return bytes(await handle.read())


async def test_a_file_goes_in_and_its_answers_come_out(running: Running, submitter: str) -> None:
    async with session(running, submitter) as client:
        await put(client, "a.837p.x12", file(submitter, claim("C1")))
        names = await waiting(client)
        assert [name.split(".")[2] for name in names] == ["999", "277CA", "835"]
        contents = [await get(client, name) for name in names]
        assert [(await client.stat(f"outbound/{name}")).size for name in names] == [
            len(content) for content in contents
        ]
    assert ack_999.read(contents[0]).contents[0].code == "A"
    assert remittance_835.read(contents[2]).contents[0].claims[0].control_number == "C1"


async def test_a_file_stays_until_it_is_taken_away(running: Running, submitter: str) -> None:
    async with session(running, submitter) as client:
        await put(client, "a.837p.x12", file(submitter, claim("C1")))
        first, second, third = await waiting(client)
        await get(client, first)
        assert await waiting(client) == [first, second, third]
        await client.remove(f"outbound/{first}")
        await client.rename(f"outbound/{second}", f"outbound/archive/{second}")
        assert await waiting(client) == [third]
        with pytest.raises(asyncssh.SFTPNoSuchFile):
            await get(client, first)


async def test_the_same_file_again_changes_nothing(running: Running, submitter: str) -> None:
    content = file(submitter, claim("C1"))
    async with session(running, submitter) as client:
        await put(client, "a.837p.x12", content)
        await put(client, "a.837p.x12", content)
        assert len(await waiting(client)) == 3
        async with client.open("inbound/a.837p.x12", "rb") as handle:
            assert await handle.read() == content


async def test_other_bytes_under_a_taken_name_are_refused(running: Running, submitter: str) -> None:
    async with session(running, submitter) as client:
        await put(client, "a.837p.x12", file(submitter, claim("C1")))
        with pytest.raises(asyncssh.SFTPFailure):
            await put(client, "a.837p.x12", file(submitter, claim("C2"), number=2))


async def test_other_bytes_under_a_used_control_number_get_a_ta1(
    running: Running, submitter: str
) -> None:
    async with session(running, submitter) as client:
        await put(client, "a.837p.x12", file(submitter, claim("C1")))
        await put(client, "b.837p.x12", file(submitter, claim("C2")))
        last = (await waiting(client))[-1]
        assert [(one.code, one.note_code) for one in ta1.read(await get(client, last))] == [
            ("R", "025")
        ]


async def test_nothing_is_taken_before_the_rename(running: Running, submitter: str) -> None:
    async with session(running, submitter) as client:
        async with client.open("inbound/.a.part", "wb") as handle:
            await handle.write(file(submitter, claim("C1")))
        assert await waiting(client) == []


async def test_one_submitter_sees_nothing_of_another(running: Running, submitter: str) -> None:
    async with session(running, submitter) as client:
        await put(client, "a.837p.x12", file(submitter, claim("C1")))
        [name, *_] = await waiting(client)
    async with session(running, "STRANGER") as client:
        assert await waiting(client) == []
        with pytest.raises(asyncssh.SFTPNoSuchFile):
            await get(client, name)
        with pytest.raises(asyncssh.SFTPPermissionDenied):
            await put(client, "b.837p.x12", file(submitter, claim("C2"), number=2))


@pytest.mark.parametrize("path", ["a.x12", "outbound/a.x12", "inbound/deep/a.x12"])
async def test_files_are_written_nowhere_else(running: Running, submitter: str, path: str) -> None:
    async with session(running, submitter) as client:
        with pytest.raises(asyncssh.SFTPPermissionDenied):
            await client.open(path, "wb")


@pytest.mark.parametrize(
    ("user", "password", "comes_in"),
    [
        ("KEYED", PASSWORD, True),
        ("KEYED", TOKEN, True),
        ("KEYED", "wrong", False),
        ("OTHER", PASSWORD, False),
    ],
)
async def test_a_password_lets_its_account_in(
    running: Running,
    user: str,
    password: str,
    comes_in: bool,  # noqa: FBT001
) -> None:
    try:
        async with session(running, user, password=password) as client:
            assert await client.exists("outbound")
    except asyncssh.PermissionDenied:
        assert not comes_in
    else:
        assert comes_in


async def test_a_key_lets_its_account_in_and_no_other(running: Running) -> None:
    async with session(running, "KEYED", client_keys=[running.key]) as client:
        assert await client.exists("inbound")
    stranger = asyncssh.generate_private_key("ssh-ed25519")
    for user, key in (("KEYED", stranger), ("OTHER", running.key)):
        with pytest.raises(asyncssh.PermissionDenied):
            async with session(running, user, client_keys=[key]):
                pass


async def test_what_happened_is_told_by_connection_and_claim(
    running: Running, submitter: str
) -> None:
    async with session(running, submitter) as client:
        await put(client, "a.837p.x12", file(submitter, claim("C1")))
        [first, *_] = await waiting(client)
        await get(client, first)
        await client.remove(f"outbound/{first}")
    mine = {"submitter_id": submitter}
    async with running.rest() as rest:
        acts = (await rest.get("/sessions", params=mine)).json()["items"]
        received = (await rest.get("/files/received", params=mine)).json()["items"]
        timeline = (await rest.get("/claims/C1/timeline", params=mine)).json()["items"]
    assert [(each["verb"], each["file_name"], each["outcome"]) for each in acts] == [
        ("put", "a.837p.x12", "taken"),
        ("get", first, "done"),
        ("remove", first, "done"),
    ]
    assert len({each["session"] for each in acts}) == 1
    assert [(each["door"], each["file_name"]) for each in received] == [("SFTP", "a.837p.x12")]
    [told] = timeline
    assert [each["what"] for each in told["events"]] == [
        "received (default)",
        "999 accepts its set",
        "277CA of the payer accepts it",
        "835 with CLP02 1",
    ]
    assert [each["picked_up_at"] is not None for each in told["events"][1:]] == [True, False, False]
