"""What the local stack needs of a machine: each finding is one sentence that says what to do."""

import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import metadata

import psutil

from rcm_local import containers, jars, ports, postgres, providers, unprivileged
from rcm_local.children import recorded_process
from rcm_local.home import FREE_BYTES_MIN, Home
from rcm_local.problems import LocalProblem

MEMORY_BYTES_MIN = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. What is not good keeps the stack from running."""

    sentence: str
    good: bool = True


def examine(home: Home) -> list[Finding]:
    """Everything that was looked at, good or not."""
    return [_python(), *_servers(home), _disk(home), _memory(), *_ports(home), *_leftovers(home)]


def _python() -> Finding:
    version = platform.python_version()
    oldest = metadata("rcm-local")["Requires-Python"]
    if sys.version_info < (3, 15):
        return Finding(f"Python {version}.")
    return Finding(f"Python {version} is untried: use one of {oldest}.", good=False)


def _servers(home: Home) -> Iterator[Finding]:
    try:
        name = providers.chosen()
    except LocalProblem as problem:
        yield Finding(str(problem), good=False)
        return
    if name == "docker":
        yield _docker()
    elif name == "external":
        yield Finding("PostgreSQL and Kafka are external (RCM_STACK); the start asks them.")
    else:
        yield _tried("PostgreSQL 18 from its wheel", postgres.programs)
        yield _tried("Java from its wheel", jars.java)
        yield _kafka()
        yield _tried(
            f"PostgreSQL's user may enter {home.root}",
            lambda: unprivileged.command(["postgres"], reaching=[home.root, postgres.programs()]),
        )


def _docker() -> Finding:
    missing = containers.missing_images()
    if missing is None:
        return Finding("No Docker engine answers: start it, or use RCM_STACK=embedded.", good=False)
    if missing:
        return Finding(f"The engine will fetch {' and '.join(missing)} on the first start.")
    return Finding("A Docker engine answers and has the images.")


def _kafka() -> Finding:
    if jars.cache().is_dir():
        return _tried("Kafka 4.3.1, its jars as pinned", jars.class_path)
    return Finding("Kafka's jars (44 MB) will be fetched on the first start: be online for it.")


def _disk(home: Home) -> Finding:
    place = next(found for found in (home.root, *home.root.parents) if found.exists())
    free = shutil.disk_usage(place).free
    sentence = f"{free // 1_000_000:,} MB free on the disk of {place}"
    if free >= FREE_BYTES_MIN:
        return Finding(f"{sentence}.")
    return Finding(
        f"{sentence}, {FREE_BYTES_MIN // 1_000_000:,} are needed: make room, or set "
        "RCM_LOCAL_DIRECTORY to another disk.",
        good=False,
    )


def _memory() -> Finding:
    free = psutil.virtual_memory().available
    sentence = f"{free // 1_000_000:,} MB of memory available"
    if free >= MEMORY_BYTES_MIN:
        return Finding(f"{sentence}.")
    return Finding(
        f"{sentence}, {MEMORY_BYTES_MIN // 1_000_000:,} are needed: close something.", good=False
    )


def _ports(home: Home) -> Iterator[Finding]:
    if home.holder() is not None:
        return
    for name, port in ports.PREFERRED.items():
        if not ports.is_free(port):
            yield Finding(f"Port {port} is taken, so {name} will use another one.")


def _leftovers(home: Home) -> Iterator[Finding]:
    holder = home.holder()
    if holder is not None:
        yield Finding(f"A stack runs here (process {holder.pid}): `rcm status`, `rcm down`.")
        return
    for record in sorted(home.logs.glob("*.pid")) if home.logs.is_dir() else ():
        left = recorded_process(record)
        if left is not None:
            yield Finding(
                f"{record.stem} (process {left.pid}) was left by a killed run: the next start "
                "ends it, or `rcm down` does."
            )


def _tried(what: str, attempt: Callable[[], object]) -> Finding:
    try:
        attempt()
    except LocalProblem as problem:
        return Finding(str(problem), good=False)
    return Finding(f"{what}.")
