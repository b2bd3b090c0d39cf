"""Queries about files: what came, what goes, and what happened at the doors."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple

from payer_twin.storage.rows import Act, Outgoing, Received


class FileQueries:
    """A part of `Session`."""

    _run: Callable[..., sqlite3.Cursor]
    _run_many: Callable[..., sqlite3.Cursor]

    def next_number(self, counter: str, count: int = 1) -> int:
        """The first of `count` consecutive numbers."""
        row = self._run(
            "INSERT INTO counter VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = value + excluded.value RETURNING value",
            (counter, count),
        ).fetchone()
        return int(row["value"]) - count + 1

    def interchange(self, submitter: str, control_number: str) -> sqlite3.Row | None:
        found: sqlite3.Row | None = self._run(
            "SELECT id, digest, claim_count FROM interchange"
            " WHERE submitter = ? AND control_number = ?",
            (submitter, control_number),
        ).fetchone()
        return found

    def delivered(self, submitter: str, file_name: str) -> str | None:
        """The digest of the file that came under this name, if one did."""
        row = self._run(
            "SELECT digest FROM interchange WHERE submitter = ? AND file_name = ?"
            " ORDER BY id LIMIT 1",
            (submitter, file_name),
        ).fetchone()
        return None if row is None else str(row["digest"])

    def delivered_content(self, submitter: str, file_name: str) -> bytes | None:
        row = self._run(
            "SELECT content FROM interchange WHERE submitter = ? AND file_name = ?"
            " ORDER BY id LIMIT 1",
            (submitter, file_name),
        ).fetchone()
        return None if row is None else bytes(row["content"])

    def add_interchange(self, received: Received) -> int:
        cursor = self._run(
            "INSERT INTO interchange (submitter, control_number, kind, door, file_name,"
            " received_at, digest, content) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            astuple(received),
        )
        return int(cursor.lastrowid or 0)

    def set_claim_count(self, interchange_id: int, count: int) -> None:
        self._run("UPDATE interchange SET claim_count = ? WHERE id = ?", (count, interchange_id))

    def received(self, submitter: str | None, after: int, limit: int) -> list[sqlite3.Row]:
        return self._run(
            "SELECT id, submitter, control_number, kind, door, file_name, received_at,"
            " claim_count, length(content) AS size_bytes FROM interchange"
            " WHERE (? IS NULL OR submitter = ?) AND id > ? ORDER BY id LIMIT ?",
            (submitter, submitter, after, limit),
        ).fetchall()

    def received_content(self, submitter: str | None, interchange_id: int) -> bytes | None:
        row = self._run(
            "SELECT content FROM interchange WHERE id = ? AND (? IS NULL OR submitter = ?)",
            (interchange_id, submitter, submitter),
        ).fetchone()
        return None if row is None else bytes(row["content"])

    def add_outgoing(self, files: Sequence[Outgoing]) -> None:
        self._run_many(
            "INSERT INTO outgoing (name, submitter, kind, interchange_id, due_at, content)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            map(astuple, files),
        )

    def add_handed_over(self, files: Sequence[Outgoing], now: float) -> None:
        """Answers that went back in the same call: they are in no list and wait for nobody."""
        self.add_outgoing(files)
        self._run_many(
            "UPDATE outgoing SET sequence = -id, taken_at = ? WHERE name = ?",
            [(now, file.name) for file in files],
        )

    def answer_of(self, interchange_id: int) -> tuple[str, bytes]:
        """The last file that answers an interchange."""
        row = self._run(
            "SELECT kind, content FROM outgoing WHERE interchange_id = ? ORDER BY id DESC LIMIT 1",
            (interchange_id,),
        ).fetchone()
        return str(row["kind"]), bytes(row["content"])

    def release(self, now: float) -> None:
        """Give every file that is due its place in the list, in the order it became due.

        A place is given only now, so that a late file never appears behind a reader's cursor.
        """
        due = self._run(
            "SELECT id FROM outgoing WHERE sequence IS NULL AND due_at <= ? ORDER BY due_at, id",
            (now,),
        ).fetchall()
        if due:
            first = self.next_number("sequence", len(due))
            pairs = [(first + index, row["id"]) for index, row in enumerate(due)]
            self._run_many("UPDATE outgoing SET sequence = ? WHERE id = ?", pairs)

    def listed(self, submitter: str, after: int, limit: int) -> list[sqlite3.Row]:
        return self._run(
            "SELECT o.sequence, o.name, o.kind, length(o.content) AS size_bytes,"
            " i.control_number AS answers_control_number"
            " FROM outgoing o LEFT JOIN interchange i ON i.id = o.interchange_id"
            " WHERE o.submitter = ? AND o.sequence > ? ORDER BY o.sequence LIMIT ?",
            (submitter, after, limit),
        ).fetchall()

    def sent_files(self, submitter: str | None, after: int, limit: int) -> list[sqlite3.Row]:
        return self._run(
            "SELECT o.id, o.name, o.submitter, o.kind, o.due_at, o.sequence, o.taken_at,"
            " length(o.content) AS size_bytes, i.control_number AS answers_control_number"
            " FROM outgoing o LEFT JOIN interchange i ON i.id = o.interchange_id"
            " WHERE (? IS NULL OR o.submitter = ?) AND o.id > ? ORDER BY o.id LIMIT ?",
            (submitter, submitter, after, limit),
        ).fetchall()

    def untaken(self, submitter: str, kind: str | None = None) -> list[sqlite3.Row]:
        """Files that the submitter has not confirmed, oldest first."""
        return self._run(
            "SELECT name, kind, due_at, length(content) AS size_bytes FROM outgoing"
            " WHERE submitter = ? AND sequence IS NOT NULL AND taken_at IS NULL"
            " AND (? IS NULL OR kind = ?) ORDER BY sequence",
            (submitter, kind, kind),
        ).fetchall()

    def taken(self, submitter: str, name: str, now: float) -> bool:
        """The submitter has the file. Saying it twice is no error; False when there is none."""
        cursor = self._run(
            "UPDATE outgoing SET taken_at = coalesce(taken_at, ?)"
            " WHERE submitter = ? AND name = ? AND sequence IS NOT NULL",
            (now, submitter, name),
        )
        return cursor.rowcount > 0

    def names_of(self, interchange_id: int) -> list[str]:
        rows = self._run(
            "SELECT name FROM outgoing WHERE interchange_id = ? ORDER BY id", (interchange_id,)
        )
        return [row["name"] for row in rows]

    def content(self, submitter: str, name: str, now: float) -> bytes | None:
        row = self._run(
            "SELECT content FROM outgoing WHERE submitter = ? AND name = ? AND due_at <= ?",
            (submitter, name, now),
        ).fetchone()
        return None if row is None else bytes(row["content"])

    def add_acts(self, acts: Iterable[Act]) -> None:
        self._run_many(
            "INSERT INTO act (session, door, submitter, at, verb, file_name, outcome)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            map(astuple, acts),
        )

    def acts(self, submitter: str | None, after: int, limit: int) -> list[sqlite3.Row]:
        return self._run(
            "SELECT * FROM act WHERE (? IS NULL OR submitter = ?) AND id > ? ORDER BY id LIMIT ?",
            (submitter, submitter, after, limit),
        ).fetchall()
