"""The shelf: a folder of releases, opened read-only and shared by every thread of a process."""

import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from coding_svc.codebook.faults import LoadFault, LoadRefused
from coding_svc.domain.release import OF_THIS_LAYOUT, Release

MAPPED_BYTES = 512 << 20
"""Of a release file; the kernel keeps what is used and gives back what is not."""


class Book:
    """One opened release. A connection per thread: SQLite's own are not to be shared."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self.release = Release.of_meta(dict(self.rows("SELECT key, value FROM meta")))

    def rows(self, query: str, *values: object) -> list[Any]:
        """Every row of a query."""
        return self._connection().execute(query, values).fetchall()

    def row(self, query: str, *values: object) -> Any:
        """The first row of a query, or None."""
        return self._connection().execute(query, values).fetchone()

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            # `immutable` is true: a release is never written again, so no lock is needed.
            address = f"file:{self.path}?mode=ro&immutable=1"
            connection = sqlite3.connect(address, uri=True, check_same_thread=False)
            connection.execute(f"PRAGMA mmap_size = {MAPPED_BYTES}")
            self._local.connection = connection
        return connection


class Shelf:
    """The releases in a folder, newest first within a kind."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._books: dict[UUID, Book] = {}

    def releases(self, kind: str | None = None) -> list[Release]:
        """What lies here."""
        found = [
            self._release(path)
            for path in self.directory.glob(f"{kind or '*'}{OF_THIS_LAYOUT}*.sqlite")
        ]
        ours = [each for each in found if kind is None or each.kind == kind]
        return sorted(ours, key=lambda each: (each.kind, each.effective_from, each.loaded_at))

    def book(self, release_id: UUID) -> Book:
        """A release, opened once. Raises `LoadRefused` when it does not lie here."""
        if release_id not in self._books:
            paths = list(self.directory.glob(f"*{OF_THIS_LAYOUT}{release_id}.sqlite"))
            if not paths:
                raise LoadRefused(LoadFault(str(release_id), "is not on the shelf of this machine"))
            self._books[release_id] = Book(paths[0])
        return self._books[release_id]

    @staticmethod
    def _release(path: Path) -> Release:
        with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as database:
            return Release.of_meta(dict(database.execute("SELECT key, value FROM meta")))


def in_force(releases: Sequence[Release], on: date) -> Release | None:
    """The release of one kind that answers for a date of service: the last to begin by then."""
    begun = [each for each in releases if each.effective_from <= on]
    return max(begun, key=lambda each: (each.effective_from, each.loaded_at), default=None)
