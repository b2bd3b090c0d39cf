"""PostgreSQL and Kafka as children: they come back, with all that they acknowledged."""

import asyncio
import os
import signal
from pathlib import Path

import asyncpg
import psutil
import pytest
from conftest import Servers

from rcm_local.children import alive
from rcm_local.kafka import EmbeddedKafka, answers
from rcm_local.postgres import EmbeddedPostgres
from rcm_local.problems import LocalProblem


async def test_the_run_has_both_servers(servers: Servers) -> None:
    connection = await asyncpg.connect(servers.postgres_admin_url)
    assert await connection.fetchval("SHOW log_error_verbosity") in {"terse", "default"}
    await connection.close()
    assert await answers(servers.kafka_bootstrap)


async def _written(server: EmbeddedPostgres) -> int:
    connection = await asyncpg.connect(server.admin_url)
    await connection.execute("CREATE TABLE IF NOT EXISTS kept (id serial)")
    await connection.execute("INSERT INTO kept DEFAULT VALUES")
    count = await connection.fetchval("SELECT count(*) FROM kept")
    await connection.close()
    return int(count)


async def test_a_killed_postmaster_restarts_with_what_it_acknowledged(
    own_postgres: EmbeddedPostgres,
) -> None:
    for expected in range(1, 4):
        assert await _written(own_postgres) == expected
        idle = await asyncpg.connect(own_postgres.admin_url)
        pid = own_postgres.child.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)  # its children find out by themselves
        await own_postgres.child.wait()
        await own_postgres.start()
        idle.terminate()
    assert await _written(own_postgres) == 4


async def test_a_server_left_by_a_killed_run_is_taken_over(own_postgres: EmbeddedPostgres) -> None:
    await _written(own_postgres)
    left = own_postgres.child.pid
    later = EmbeddedPostgres(own_postgres.directory)
    await later.start()
    assert left is not None
    assert not own_postgres.running
    assert await _written(later) == 2
    await later.stop()


async def test_a_stale_lock_file_of_a_dead_postmaster_is_no_obstacle(
    own_postgres: EmbeddedPostgres,
) -> None:
    lock = own_postgres.directory / "data" / "postmaster.pid"
    before = lock.read_text()
    await own_postgres.kill()
    lock.write_text(before)
    await own_postgres.start()
    assert await own_postgres.answers()


async def test_stopping_leaves_no_process(own_postgres: EmbeddedPostgres) -> None:
    assert own_postgres.child.pid is not None
    family = [psutil.Process(own_postgres.child.pid)]
    family += family[0].children(recursive=True)
    assert len(family) > 3
    await own_postgres.stop()
    assert not [process for process in family if alive(process)]


async def _provoke(server: EmbeddedPostgres) -> str:
    """Errors that quote a value in their message, in their detail, and in the statement."""
    connection = await asyncpg.connect(server.admin_url)
    await connection.execute("CREATE TABLE person (name text PRIMARY KEY)")
    await connection.execute("INSERT INTO person VALUES ('CANARY7731')")
    for sql in ("INSERT INTO person VALUES ('CANARY7731')", "SELECT 'CANARY7731'::int"):
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute(sql)
    await connection.close()
    await server.stop()
    return server.child.log.read_text()


async def test_no_value_of_a_refused_statement_reaches_the_log(
    own_postgres: EmbeddedPostgres,
) -> None:
    log = await _provoke(own_postgres)
    assert "database system is ready" in log
    assert "CANARY7731" not in log


async def test_with_errors_logged_a_value_does_reach_the_log(own_directory: Path) -> None:
    """The control: without the setting the canary sings."""
    server = EmbeddedPostgres(own_directory / "loud", settings={"log_min_messages": "error"})
    await server.start()
    assert "CANARY7731" in await _provoke(server)


async def test_a_taken_port_is_named(own_postgres: EmbeddedPostgres, own_directory: Path) -> None:
    second = EmbeddedPostgres(own_directory / "second", own_postgres.port)
    with pytest.raises(LocalProblem, match="could not bind"):
        await asyncio.wait_for(second.start(), 90)


async def test_kafka_survives_kill_and_comes_back_empty_after_a_wipe(
    own_kafka: EmbeddedKafka,
) -> None:
    cluster = own_kafka.directory / "data" / "meta.properties"
    before = cluster.read_text()
    await own_kafka.kill()
    assert not await own_kafka.answers()
    await own_kafka.start()
    assert cluster.read_text() == before
    await own_kafka.wipe()
    assert not cluster.exists()
    await own_kafka.start()
    assert await own_kafka.answers()
    assert cluster.read_text() != before
