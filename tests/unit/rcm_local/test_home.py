"""One stack per directory; a dead holder is no obstacle; what it writes is private."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from rcm_local.children import recorded_process
from rcm_local.home import Home
from rcm_local.problems import LocalProblem


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_two_stacks_do_not_share_a_directory(home: Home) -> None:
    with home.held(), pytest.raises(LocalProblem, match=f"Process {os.getpid()} runs a stack"):
        home.held().__enter__()
    with home.held():
        pass


def test_a_killed_holder_leaves_no_lock(home: Home) -> None:
    script = (
        "import pathlib, time; from rcm_local.home import Home\n"
        f"with Home(pathlib.Path({str(home.root)!r})).held():\n"
        "    print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(LocalProblem, match=f"Process {holder.pid}"):
            home.held().__enter__()
        found = home.holder()
        assert found is not None
        assert found.pid == holder.pid
        holder.kill()
    assert home.holder_file.exists()
    assert home.holder() is None
    with home.held():
        assert home.holder() == psutil.Process()


@pytest.mark.parametrize("content", ["", "[]", '{"pid": "x"}', '{"pid": 1}'])
def test_a_spoilt_record_names_nobody(tmp_path: Path, content: str) -> None:
    record = tmp_path / "x.pid"
    record.write_text(content)
    assert recorded_process(record) is None


def test_a_process_id_given_to_another_process_does_not_count(tmp_path: Path) -> None:
    record = tmp_path / "x.pid"
    started_at = psutil.Process().create_time()
    for seconds, expected in ((0, os.getpid()), (-100, None)):
        record.write_text(json.dumps({"pid": os.getpid(), "started_at": started_at + seconds}))
        found = recorded_process(record)
        assert (found.pid if found else None) == expected


def test_the_state_is_private_and_ends_with_its_holder(home: Home) -> None:
    with home.held():
        home.write_state({"postgres_admin_url": "secret"})
        assert home.state_file.stat().st_mode & 0o777 == 0o600
        assert home.state() == {"postgres_admin_url": "secret"}
    assert home.state() is None


class _Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_a_full_disk_is_a_sentence(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: _Usage(10**12, 10**12, 5_000_000))
    with pytest.raises(LocalProblem, match=r"has 5 MB free .* make room"):
        home.held().__enter__()


@pytest.mark.parametrize("place", ["a-file/local", "a-file"])
def test_a_place_that_takes_no_files_is_a_sentence(tmp_path: Path, place: str) -> None:
    (tmp_path / "a-file").touch()
    with pytest.raises(LocalProblem, match=r"Nothing can be written .* RCM_LOCAL_DIRECTORY"):
        Home(tmp_path / place).held().__enter__()
