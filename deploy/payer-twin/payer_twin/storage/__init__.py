"""The twin's memory: one SQLite file, one writer, everything it received, decided and answered."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from payer_twin.storage.claims import ClaimQueries
from payer_twin.storage.files import FileQueries
from payer_twin.storage.rows import Act, ClaimRow, Happened, Outgoing, Received, Waiting
from payer_twin.storage.schema import EVERYTHING, SUBMITTERS, TABLES, VERSION

__all__ = [
    "Act",
    "ClaimRow",
    "Happened",
    "Outgoing",
    "Received",
    "Session",
    "Storage",
    "Waiting",
]


class Storage:
    """`transaction` serialises writers, as SQLite would."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        _set_other_versions_aside(file)
        self._lock = Lock()
        self._connection = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;")
        if not _version(self._connection):
            script = f"BEGIN; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;"
            self._connection.executescript(script)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator["Session"]:
        """One transaction; rolled back when the block raises."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield Session(self._connection)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")


class Session(FileQueries, ClaimQueries):
    """Queries inside one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._run = connection.execute
        self._run_many = connection.executemany

    def clock(self) -> tuple[float, float, bool] | None:
        """What the clock showed, what the wall's did then, and whether it runs."""
        shown, wall, running = (self.setting(f"clock.{part}") for part in _CLOCK)
        return None if shown is None else (float(shown), float(wall or 0), running == "yes")

    def set_clock(self, shown: float, wall: float, running: bool) -> None:  # noqa: FBT001
        for part, value in zip(
            _CLOCK, (repr(shown), repr(wall), "yes" if running else "no"), strict=True
        ):
            self.set_setting(f"clock.{part}", value)

    def setting(self, name: str) -> str | None:
        row = self._run("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row["value"])

    def set_setting(self, name: str, value: str) -> None:
        self._run(
            "INSERT INTO setting VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, value),
        )

    def script(self, submitter: str, key: str) -> str | None:
        """A submitter's own script comes before one for everybody."""
        row = self._run(
            "SELECT body FROM script WHERE submitter IN (?, '') AND key = ?"
            " ORDER BY submitter DESC LIMIT 1",
            (submitter, key),
        ).fetchone()
        return None if row is None else str(row["body"])

    def has_scripts(self) -> bool:
        return self._run("SELECT 1 FROM script LIMIT 1").fetchone() is not None

    def scripts(self, submitter: str | None) -> list[sqlite3.Row]:
        return self._run(
            "SELECT * FROM script WHERE ? IS NULL OR submitter = ? ORDER BY submitter, key",
            (submitter, submitter),
        ).fetchall()

    def set_script(self, submitter: str, key: str, body: str) -> None:
        self._run("INSERT OR REPLACE INTO script VALUES (?, ?, ?)", (submitter, key, body))

    def drop_script(self, submitter: str, key: str) -> bool:
        cursor = self._run("DELETE FROM script WHERE submitter = ? AND key = ?", (submitter, key))
        return cursor.rowcount > 0

    def forget(self, submitter: str) -> None:
        """Everything about one submitter."""
        self._run(
            "DELETE FROM event WHERE claim_id IN (SELECT id FROM claim WHERE submitter = ?)",
            (submitter,),
        )
        # What points at a file goes before the file.
        for table in reversed(SUBMITTERS):
            self._run(f"DELETE FROM {table} WHERE submitter = ?", (submitter,))
        self._run("DELETE FROM counter WHERE name = ?", (f"interchange:{submitter}",))

    def forget_everything(self) -> None:
        for table in reversed(EVERYTHING):
            self._run(f"DELETE FROM {table}")


_CLOCK = ("shown", "wall", "running")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _set_other_versions_aside(file: Path) -> None:
    if not file.exists():
        return
    connection = sqlite3.connect(file)
    version = _version(connection)
    connection.close()
    if version != VERSION:
        for part in ("", "-wal", "-shm"):
            place = file.with_name(file.name + part)
            if place.exists():
                place.rename(file.with_name(f"{file.stem}.v{version}{file.suffix}{part}"))
