"""The same servers in containers: they survive a kill, forget on a wipe, and leave nothing."""

from pathlib import Path

import asyncpg
import pytest

from rcm_local import containers, providers
from rcm_local.problems import LocalProblem

pytestmark = [
    pytest.mark.containers,
    pytest.mark.skipif(
        containers.missing_images() != [], reason="no Docker engine answers with the images"
    ),
]


async def _rows(url: str) -> int:
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE IF NOT EXISTS kept (id serial)")
    await connection.execute("INSERT INTO kept DEFAULT VALUES")
    count = await connection.fetchval("SELECT count(*) FROM kept")
    await connection.close()
    return int(count)


async def test_both_servers_survive_a_kill_and_keep_their_data_in_volumes(tmp_path: Path) -> None:
    provider = providers.open_provider("docker", tmp_path)
    found = await provider.start()
    assert await _rows(found.postgres_admin_url) == 1
    for server in (provider.postgres, provider.kafka):
        await server.kill()
        assert not server.running
        assert await server.start() == server.address
    assert await _rows(found.postgres_admin_url) == 2
    await provider.stop()

    later = providers.open_provider("docker", tmp_path)
    assert await _rows(await later.postgres.start()) == 3
    await later.postgres.wipe()
    assert await _rows(await later.postgres.start()) == 1
    await later.postgres.wipe()
    await later.kafka.wipe()


async def test_containers_of_a_killed_run_are_removed(tmp_path: Path) -> None:
    left = providers.open_provider("docker", tmp_path, lasting=False)
    await left.postgres.start()
    providers.open_provider("docker", tmp_path, lasting=False)
    assert not await left.postgres.answers()


async def test_an_image_that_cannot_be_had_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RCM_POSTGRES_IMAGE", "localhost:1/rcm/no-such-image:1")
    provider = providers.open_provider("docker", tmp_path, lasting=False)
    with pytest.raises(LocalProblem, match=r"Docker refused|RCM_STACK=embedded"):
        await provider.postgres.start()
