"""Running a server as somebody other than root, also below directories that are root's own."""

import os
import shutil
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rcm_local.problems import LocalProblem

# `nobody` on Linux: owns nothing, may do nothing.
USER_ID = 65534
# Bits of Linux capabilities: 2 passes through and reads directories, 1 does so for files as well.
CAPABILITIES = ((2, "dac_read_search"), (1, "dac_override"))


@dataclass(frozen=True, slots=True)
class Command:
    """What to run, and as which user it is to be spawned (None: as ourselves)."""

    words: tuple[str, ...]
    user_id: int | None = None

    def spawn_arguments(self) -> dict[str, Any]:
        """`Popen` arguments that change to the user, whose group has the same number."""
        if self.user_id is None:
            return {}
        return {"user": self.user_id, "group": self.user_id, "extra_groups": []}


def command(words: Sequence[str], *, reaching: Sequence[Path]) -> Command:
    """The command for a program that refuses root and must reach these paths.

    Under root it runs as `nobody`. Where a directory on the way is closed to `nobody` (a checkout
    in root's home), it gets the capability to pass through directories, and no other.
    """
    if os.geteuid() != 0:
        return Command(tuple(words))
    if all(_open_to_all(path) for path in reaching):
        return Command(tuple(words), USER_ID)
    setpriv, capability = shutil.which("setpriv"), _capability()
    if setpriv is None or capability is None:
        raise LocalProblem(
            "PostgreSQL refuses to run as root, and `nobody` may not enter this directory: "
            "run as another user, or move the checkout out of root's home."
        )
    user = f"{USER_ID}"
    changed = (f"--reuid={user}", f"--regid={user}", "--clear-groups")
    kept = (f"--inh-caps=+{capability}", f"--ambient-caps=+{capability}")
    return Command((setpriv, *changed, *kept, *words))


def give(path: Path) -> None:
    """Make the unprivileged user the owner, where there is one to speak of."""
    if os.geteuid() == 0:
        os.chown(path, USER_ID, USER_ID)


def _open_to_all(path: Path) -> bool:
    """Whether anybody may pass through every directory on the way that exists already."""
    ways = [place for place in (path, *path.parents) if place.is_dir()]
    return all(place.stat().st_mode & stat.S_IXOTH for place in ways if not _given(place))


def _given(place: Path) -> bool:
    return place.stat().st_uid == USER_ID


def _capability() -> str | None:
    """The narrowest capability that this process may pass on (containers take some away)."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    held = next(
        (line.split()[1] for line in status.splitlines() if line.startswith("CapPrm:")), "0"
    )
    return next((name for bit, name in CAPABILITIES if int(held, 16) >> bit & 1), None)
