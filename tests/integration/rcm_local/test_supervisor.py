"""Processes are kept up; what keeps dying is named with its last words; nothing stays behind."""

import asyncio
import signal
import sys
from pathlib import Path

import psutil
import pytest

from rcm_local import ports, supervisor
from rcm_local.children import Child, alive, reap_all
from rcm_local.problems import LocalProblem
from rcm_local.supervisor import HttpProcess, State, Supervisor
from rcm_local.unprivileged import Command

SERVER = """
import http.server, subprocess, sys
print("listening on", sys.argv[1], flush=True)
if sys.argv[2] == "with-child":
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
place, answer = ("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler
http.server.HTTPServer(place, answer).serve_forever()
"""


def web(directory: Path, name: str, *words: str, script: str = SERVER) -> HttpProcess:
    port = ports.choose()
    child = Child(
        name,
        Command((sys.executable, "-c", script, str(port), *(words or ("alone",)))),
        log=directory / f"{name}.log",
        directory=directory,
    )
    return HttpProcess(child, f"http://127.0.0.1:{port}/", stop_deadline_s=5)


@pytest.fixture
def heard() -> list[tuple[str, State]]:
    return []


@pytest.fixture
def keeper(heard: list[tuple[str, State]]) -> Supervisor:
    return Supervisor(lambda name, state: heard.append((name, state)))


async def test_a_unit_that_dies_is_started_again(
    tmp_path: Path, keeper: Supervisor, heard: list[tuple[str, State]]
) -> None:
    unit = web(tmp_path, "web")
    await keeper.start(unit)
    watching = asyncio.ensure_future(keeper.watch())
    first = unit.child.pid
    unit.child.signal(signal.SIGKILL)
    while heard.count(("web", "ready")) < 2:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    assert unit.child.pid not in {None, first}
    watching.cancel()
    await keeper.stop()
    assert heard[-2:] == [("web", "stopping"), ("web", "stopped")]


async def test_a_crash_loop_ends_with_the_name_and_the_last_lines(
    tmp_path: Path, keeper: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "BACKOFF_FIRST_S", 0.01)
    unit = web(tmp_path, "fragile")
    await keeper.start(unit)
    unit.child.command = Command(
        (
            sys.executable,
            "-c",
            "print('\\n'.join(f'line {n}' for n in range(30))); raise SystemExit(3)",
        )
    )
    watching = asyncio.ensure_future(keeper.watch())
    unit.child.signal(signal.SIGKILL)
    with pytest.raises(LocalProblem) as problem:
        await asyncio.wait_for(watching, 60)
    said = str(problem.value)
    assert said.startswith("fragile keeps ending: fragile ended with code 3")
    assert "line 29" in said
    assert "line 10" in said
    assert "line 9\n" not in said
    await keeper.stop()


async def test_a_unit_that_never_becomes_ready_is_named(tmp_path: Path, keeper: Supervisor) -> None:
    unit = web(tmp_path, "mute", script="raise SystemExit('no such file')")
    with pytest.raises(LocalProblem, match=r"mute ended with code 1(.|\n)*no such file"):
        await keeper.start(unit)
    await keeper.stop()


async def test_a_clean_stop_goes_backwards_and_leaves_no_process(
    tmp_path: Path, keeper: Supervisor, heard: list[tuple[str, State]]
) -> None:
    family = []
    for name in ("first", "second"):
        unit = web(tmp_path, name, "with-child")
        await keeper.start(unit)
        assert unit.child.pid is not None
        family.append(psutil.Process(unit.child.pid))
    family += [child for parent in family for child in parent.children(recursive=True)]
    assert len(family) == 4
    await keeper.stop()
    assert [name for name, state in heard if state == "stopped"] == ["second", "first"]
    assert not [process for process in family if alive(process)]
    assert await reap_all(tmp_path) == 0


async def test_a_process_deaf_to_the_stop_signal_is_killed(
    tmp_path: Path, keeper: Supervisor
) -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SERVER
    unit = web(tmp_path, "deaf", script=deaf)
    await keeper.start(unit)
    assert not await unit.child.stop(0.5)
    assert unit.child.exit_code == -signal.SIGKILL


async def test_leftovers_of_a_killed_run_are_ended(tmp_path: Path, keeper: Supervisor) -> None:
    unit = web(tmp_path, "left")
    await keeper.start(unit)
    pid = unit.child.pid
    assert await reap_all(tmp_path) == 1
    assert pid is not None
    assert not unit.running
    assert await reap_all(tmp_path) == 0
