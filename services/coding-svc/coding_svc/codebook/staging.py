"""From a published file to a release: staged in a temporary database, judged, sealed, named.

Nothing of the shelf is touched before the last step, which is one rename; a file with a fault
leaves no trace.
"""

import hashlib
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

from coding_svc.codebook.faults import LoadFault, LoadRefused
from coding_svc.codebook.files import Source, sources_of
from coding_svc.codebook.kinds import Kind, Loading, kinds
from coding_svc.domain.release import Release, name_of

META = "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"
# Read by one process at a time while it is built; nothing is lost that the file does not hold.
FAST = (
    "PRAGMA page_size = 8192", "PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF",
    "PRAGMA cache_size = -65536", "PRAGMA temp_store = MEMORY", "PRAGMA locking_mode = EXCLUSIVE",
)  # fmt: skip


def stage(
    kind_name: str,
    paths: Sequence[Path],
    *,
    label: str,
    effective_from: date,
    shelf: Path,
    options: Mapping[str, str] | None = None,
) -> Release:
    """Build a release and put it on the shelf, not yet in force for anyone. Loading the same
    content again gives the same release. Raises `LoadRefused`."""
    kind = kinds().get(kind_name)
    if kind is None:
        known = ", ".join(sorted(kinds()))
        raise LoadRefused(LoadFault(kind_name, f"is no kind of code set; there are {known}"))
    sources = [each for path in paths for each in sources_of(path, suffixes=kind.suffixes)]
    loading = Loading(label, options or {})
    asked = [
        kind.name,
        label,
        effective_from.isoformat(),
        *map(str, sorted(loading.options.items())),
    ]
    shelf.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=shelf, prefix=".staging-") as directory:
        built = Path(directory) / "release.sqlite"
        count = _build(built, kind, sources, loading)
        release = Release(
            kind=kind.name,
            label=label,
            effective_from=effective_from,
            sha256=_sha256_of(sources, asked),
            source_names=tuple(source.name for source in sources),
            row_count=count,
            loaded_at=datetime.now(UTC),
        )
        _seal(built, release)
        built.rename(shelf / name_of(release))
    return release


def _build(path: Path, kind: Kind, sources: Sequence[Source], loading: Loading) -> int:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for pragma in FAST:
            database.execute(pragma)
        database.execute("BEGIN")
        database.execute(META)
        for statement in _statements(kind.schema):
            database.execute(statement)
        kind.load(database, sources, loading)
        count = int(database.execute(f"SELECT count(*) FROM {kind.counted}").fetchone()[0])
        faults = list(_judged(database, kind, count))
        if faults:
            raise LoadRefused(*(LoadFault(sources[0].name, each) for each in faults))
        database.execute("COMMIT")
        database.execute("ANALYZE")
    return count


def _judged(database: sqlite3.Connection, kind: Kind, count: int) -> Iterator[str]:
    """A shifted column or a disclaimer page shows in the count or in a canary."""
    if not kind.rows_min <= count <= kind.rows_max:
        yield (
            f"gives {count} rows where {kind.published_as} has {kind.rows_min} to {kind.rows_max}"
        )
    elif kind.check:
        yield from kind.check(database)


def _seal(path: Path, release: Release) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("BEGIN")
        database.executemany("INSERT INTO meta VALUES (?, ?)", release.as_meta())
        database.execute("COMMIT")
    path.chmod(0o444)


def _sha256_of(sources: Sequence[Source], asked: Sequence[str]) -> str:
    """Of what was published and how it was asked to be read."""
    digest = hashlib.sha256("\n".join(asked).encode())
    for source in sources:
        with source.open() as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def _statements(schema: str) -> Iterator[str]:
    for statement in schema.split(";"):
        if statement.strip():
            yield statement
