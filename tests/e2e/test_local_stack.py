"""`rcm` as a person uses it: a demo, a killed service, a killed supervisor, Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from rcm_local.children import alive
from rcm_local.home import Home


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    """A directory for stacks of this module alone, on embedded servers of their own."""
    with tempfile.TemporaryDirectory(prefix="rcm-e2e-", ignore_cleanup_errors=True) as directory:
        Path(directory).chmod(0o711)
        yield Home(Path(directory))


def start(home: Home, *words: str) -> subprocess.Popen[str]:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("RCM_")},
        "RCM_STACK": "embedded",
        "RCM_LOCAL_DIRECTORY": str(home.root),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "rcm_local", *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def rcm(home: Home, *words: str) -> tuple[int, str]:
    with start(home, *words) as process:
        said, _ = process.communicate(timeout=280)
    return process.returncode, said


def left_processes(home: Home) -> list[str]:
    """Everything that still runs in or for the directory."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        words = [*(process.info["cmdline"] or ()), process.info["cwd"] or ""]
        if any(str(home.root) in word for word in words) and alive(process):
            found.append(" ".join(words))
    return found


def wait_for(reached: Callable[[], bool], timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_demo_verifies_the_books_and_leaves_nothing_behind(home: Home) -> None:
    code, said = rcm(home, "demo", "--encounters", "90", "--patients", "45")
    assert code == 0, said
    assert "The books verify" in said
    assert "payer_rejected" in said
    assert "denied" in said
    assert left_processes(home) == []


# One of each: what a rule lets go, what the script codes, what a physician is asked, what waits.
NOTES = {
    "easy": "ASSESSMENT\n\n1. Essential hypertension. Continue lisinopril 10 mg daily.",
    "sure": "ASSESSMENT\n\n1. Congestive heart failure.\n\n2. Hypertension.\n\nRefilled Lasix.",
    "open": "ASSESSMENT\n\n1. Acute lumbar strain. Prescribed meloxicam 15 mg daily.",
    "vague": "PLAN\n\nThe patient will come back next week.",
}


def test_a_demo_of_notes_tells_what_became_of_each(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "notes.jsonl"
    lines = [json.dumps({"id": name, "text": text}) for name, text in NOTES.items()]
    file.write_text("\n".join(lines))
    code, said = rcm(home, "demo", "--notes", str(file))
    assert code == 0, said
    told = {words[0]: " ".join(words[1:]) for line in said.splitlines() if (words := line.split())}
    assert told["easy"] == "released by rule I10 99213"
    assert told["sure"] == "coded by the script I110 I509 99214"
    assert told["open"].startswith("physician asked S39012A? the phase of care")
    assert told["vague"].startswith("held for a coder no diagnosis is suggested")
    assert "Claims answered" in said
    assert "The books verify" in said
    assert left_processes(home) == []


def test_a_killed_service_is_started_again(home: Home) -> None:
    code, said = rcm(home, "up", "--detach")
    assert code == 0, said
    record = home.logs / "claims-svc.pid"
    pid = json.loads(record.read_text())["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: json.loads(record.read_text())["pid"] != pid)
    wait_for(lambda: rcm(home, "status")[0] == 0)


def test_a_second_stack_in_the_same_directory_is_refused(home: Home) -> None:
    code, said = rcm(home, "up")
    assert code == 1
    assert "runs a stack in" in said


def test_a_demo_after_a_killed_supervisor_just_works(home: Home) -> None:
    holder = home.holder()
    assert holder is not None
    holder.kill()
    wait_for(lambda: home.holder() is None)
    assert left_processes(home)
    code, said = rcm(home, "demo", "--encounters", "30", "--patients", "30")
    assert code == 0, said
    assert "The books verify" in said
    assert left_processes(home) == []


@pytest.mark.parametrize("moment_s", [2.0, 5.0])
def test_ctrl_c_while_starting_leaves_nothing_behind(home: Home, moment_s: float) -> None:
    with start(home, "up") as process:
        time.sleep(moment_s)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=120)
    # Still importing, the interpreter dies of the signal itself: nothing had begun.
    assert process.returncode in {0, 130, -signal.SIGINT}, said
    assert left_processes(home) == []
    assert home.state() is None
