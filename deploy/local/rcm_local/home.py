"""Where the local stack keeps its state: `.local/` of the checkout, and who holds it now.

The lock is the system's own, so it ends with its holder however that one died; the record beside it
(process id and start time) is for people and for `rcm down`.
"""

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from rcm_local.children import reap_all, recorded_process
from rcm_local.problems import LocalProblem
from rcm_local.secret_files import write_private

CHECKOUT = Path(__file__).resolve().parents[3]
FREE_BYTES_MIN = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Home:
    """The directory that holds everything; deleting it makes the next start a first one."""

    root: Path

    @classmethod
    def default(cls) -> "Home":
        """`RCM_LOCAL_DIRECTORY`, else `.local` in the checkout."""
        return cls(Path(os.environ.get("RCM_LOCAL_DIRECTORY", CHECKOUT / ".local")).resolve())

    @property
    def logs(self) -> Path:
        return self.root / "log"

    @property
    def state_file(self) -> Path:
        """What runs and where, for `rcm status` and other command lines."""
        return self.root / "stack.json"

    @property
    def holder_file(self) -> Path:
        return self.root / "supervisor.pid"

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the directory: one stack at a time. Raises `LocalProblem` when another holds it."""
        self.require_place()
        self._require_space()
        with (self.root / "lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = self.holder()
                who = "Another process" if holder is None else f"Process {holder.pid}"
                raise LocalProblem(
                    f"{who} runs a stack in {self.root} already: see `rcm status`, end it with "
                    "`rcm down`."
                ) from None
            started_at = psutil.Process().create_time()
            record = {"pid": os.getpid(), "started_at": started_at}
            self.holder_file.write_text(json.dumps(record))
            try:
                yield
            finally:
                self.holder_file.unlink(missing_ok=True)
                self.state_file.unlink(missing_ok=True)

    def holder(self) -> psutil.Process | None:
        """The living supervisor of this directory."""
        return recorded_process(self.holder_file)

    def write_state(self, state: dict[str, Any]) -> None:
        """Readable by the owner alone: it holds passwords."""
        write_private(self.state_file, json.dumps(state, indent=1) + "\n")

    def state(self) -> dict[str, Any] | None:
        """What the running stack wrote; None when no stack runs here."""
        if self.holder() is None:
            return None
        try:
            found: dict[str, Any] = json.loads(self.state_file.read_text())
        except (OSError, ValueError):
            return None
        return found

    async def reap_leftovers(self) -> int:
        """End what a killed run left: the servers last, as a clean stop would."""
        return await reap_all(self.logs, last=("kafka", "postgres"))

    def require_place(self) -> None:
        """Make the directory; raises `LocalProblem` when it takes no files of ours."""
        try:
            self.logs.mkdir(parents=True, exist_ok=True)
            (self.root / "lock").touch()
        except OSError as error:
            raise LocalProblem(
                f"Nothing can be written to {self.root} ({error.strerror}): give it to this user, "
                "or set RCM_LOCAL_DIRECTORY to another directory."
            ) from None

    def _require_space(self) -> None:
        free = shutil.disk_usage(self.root).free
        if free < FREE_BYTES_MIN:
            raise LocalProblem(
                f"The disk of {self.root} has {free // 1_000_000} MB free and the stack needs "
                f"{FREE_BYTES_MIN // 1_000_000}: make room, or set RCM_LOCAL_DIRECTORY."
            )
