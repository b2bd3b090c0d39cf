"""Which servers are used, by what the environment says; a wrong word is a sentence."""

import socket
from pathlib import Path

import pytest

from rcm_local import containers, ports, providers, unprivileged
from rcm_local.problems import LocalProblem


@pytest.fixture(autouse=True)
def _nothing_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RCM_STACK", "RCM_POSTGRES_ADMIN_URL", "RCM_KAFKA_BOOTSTRAP"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        (None, ("embedded", "no Docker engine answers")),
        (["a", "b"], ("embedded", "the Docker engine has no a and no b")),
        ([], ("docker", "a Docker engine answers and has the images")),
    ],
)
def test_tests_take_containers_where_they_can_be_had(
    monkeypatch: pytest.MonkeyPatch, missing: list[str] | None, expected: tuple[str, str]
) -> None:
    monkeypatch.setattr(containers, "missing_images", lambda: missing)
    assert providers.chosen_for_tests() == expected


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    assert providers.chosen() == "embedded"
    monkeypatch.setenv("RCM_STACK", "docker")
    assert providers.chosen() == "docker"
    assert providers.chosen_for_tests()[0] == "docker"
    monkeypatch.setenv("RCM_STACK", "podman")
    with pytest.raises(LocalProblem, match="'podman'; it may be embedded, docker or external"):
        providers.chosen()


async def test_an_external_server_is_asked_and_never_harmed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(LocalProblem, match="needs RCM_POSTGRES_ADMIN_URL"):
        providers.open_provider("external", tmp_path)
    monkeypatch.setenv("RCM_POSTGRES_ADMIN_URL", "postgresql://postgres:secret@127.0.0.1:1/x")
    monkeypatch.setenv("RCM_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    provider = providers.open_provider("external", tmp_path)
    with pytest.raises(LocalProblem, match="address in RCM_POSTGRES_ADMIN_URL") as problem:
        await provider.start()
    assert "secret" not in str(problem.value)
    for harm in (provider.postgres.kill, provider.kafka.wipe, provider.kafka.restart):
        with pytest.raises(LocalProblem, match="external"):
            await harm()


def test_a_taken_port_is_replaced_by_a_free_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert not ports.is_free(port)
        assert ports.LOWEST <= ports.choose(port) < ports.HIGHEST
    assert ports.choose(port) == port
    assert ports.choose(port, taken=(port,)) != port


def test_a_closed_directory_needs_more_than_another_user(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    words = ("postgres", "-D", "x")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert unprivileged.command(words, reaching=[tmp_path]).words == words
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert unprivileged.command(words, reaching=[Path("/")]).user_id == unprivileged.USER_ID
    tmp_path.chmod(0o700)
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(LocalProblem, match="move the checkout out of root's home"):
        unprivileged.command(words, reaching=[tmp_path])
