"""The twin's memory: one SQLite file, one writer, everything it received, decided and answered."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS interchange (
  id INTEGER PRIMARY KEY,
  submitter TEXT NOT NULL,
  control_number TEXT NOT NULL,          -- ISA13
  digest TEXT NOT NULL,                  -- sha256 of the bytes
  content BLOB NOT NULL,
  claim_count INTEGER NOT NULL DEFAULT 0,
  UNIQUE (submitter, control_number)     -- what makes a repeated post harmless
);
CREATE TABLE IF NOT EXISTS outgoing (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  submitter TEXT NOT NULL,
  kind TEXT NOT NULL,                    -- TA1, 999, 277CA, 835
  interchange_id INTEGER NOT NULL REFERENCES interchange (id),
  due_at REAL NOT NULL,                  -- when it may be seen, seconds since 1970
  sequence INTEGER UNIQUE,               -- place in the list; given when it is first due
  content BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS outgoing_unseen ON outgoing (due_at) WHERE sequence IS NULL;
CREATE TABLE IF NOT EXISTS claim (
  id INTEGER PRIMARY KEY,
  submitter TEXT NOT NULL,
  interchange_id INTEGER NOT NULL REFERENCES interchange (id),
  control_number TEXT NOT NULL,          -- CLM01
  payer_id TEXT NOT NULL,
  payer_claim_number TEXT NOT NULL,      -- CLP07; empty when rejected
  frequency_code TEXT NOT NULL,
  scenario TEXT NOT NULL,
  status TEXT NOT NULL,                  -- adjudicated, rejected, reversed, voided
  charge_cents INTEGER NOT NULL,
  paid_cents INTEGER NOT NULL,
  patient_cents INTEGER NOT NULL,
  remittance_name TEXT                   -- outgoing.name of the 835 that pays it
);
CREATE INDEX IF NOT EXISTS claim_by_number ON claim (submitter, payer_claim_number);
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS forward_balance (
  submitter TEXT NOT NULL,
  payer_id TEXT NOT NULL,
  provider_id TEXT NOT NULL,
  owed_cents INTEGER NOT NULL,
  reference TEXT NOT NULL,               -- trace number of the cycle that left it
  PRIMARY KEY (submitter, payer_id, provider_id)
);
"""


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """What the twin did with one claim."""

    submitter: str
    interchange_id: int
    control_number: str
    payer_id: str
    payer_claim_number: str
    frequency_code: str
    scenario: str
    status: str
    charge_cents: int
    paid_cents: int
    patient_cents: int
    remittance_name: str | None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A file for a submitter."""

    name: str
    submitter: str
    kind: str
    interchange_id: int
    due_at: float
    content: bytes


class Storage:
    """All queries. `transaction` serialises writers, as SQLite would."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._lock = Lock()
        self._connection = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;")
        self._connection.executescript(_SCHEMA)

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


class Session:
    """Queries inside one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._run = connection.execute
        self._run_many = connection.executemany

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

    def add_interchange(
        self, submitter: str, control_number: str, digest: str, content: bytes
    ) -> int:
        cursor = self._run(
            "INSERT INTO interchange (submitter, control_number, digest, content)"
            " VALUES (?, ?, ?, ?)",
            (submitter, control_number, digest, content),
        )
        return int(cursor.lastrowid or 0)

    def set_claim_count(self, interchange_id: int, count: int) -> None:
        self._run("UPDATE interchange SET claim_count = ? WHERE id = ?", (count, interchange_id))

    def add_outgoing(self, files: Sequence[Outgoing]) -> None:
        self._run_many(
            "INSERT INTO outgoing (name, submitter, kind, interchange_id, due_at, content)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [(f.name, f.submitter, f.kind, f.interchange_id, f.due_at, f.content) for f in files],
        )

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
            " FROM outgoing o JOIN interchange i ON i.id = o.interchange_id"
            " WHERE o.submitter = ? AND o.sequence > ? ORDER BY o.sequence LIMIT ?",
            (submitter, after, limit),
        ).fetchall()

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

    def remittance(self, name: str) -> bytes:
        row = self._run("SELECT content FROM outgoing WHERE name = ?", (name,)).fetchone()
        return bytes(row["content"])

    def add_claims(self, rows: Sequence[ClaimRow]) -> None:
        self._run_many(
            "INSERT INTO claim (submitter, interchange_id, control_number, payer_id,"
            " payer_claim_number, frequency_code, scenario, status, charge_cents, paid_cents,"
            " patient_cents, remittance_name) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    *(r.submitter, r.interchange_id, r.control_number, r.payer_id),
                    *(r.payer_claim_number, r.frequency_code, r.scenario, r.status),
                    *(r.charge_cents, r.paid_cents, r.patient_cents, r.remittance_name),
                )
                for r in rows
            ],
        )

    def adjudicated(self, submitter: str, payer_claim_number: str) -> sqlite3.Row | None:
        """The claim under this number when it was paid and not yet taken back."""
        found: sqlite3.Row | None = self._run(
            "SELECT * FROM claim WHERE submitter = ? AND payer_claim_number = ?"
            " AND status = 'adjudicated'",
            (submitter, payer_claim_number),
        ).fetchone()
        return found

    def mark(self, claim_id: int, status: str) -> None:
        self._run("UPDATE claim SET status = ? WHERE id = ?", (status, claim_id))

    def claims(
        self, *, after: int, limit: int, submitter: str | None, control_number: str | None
    ) -> list[dict[str, Any]]:
        rows = self._run(
            "SELECT * FROM claim WHERE id > ? AND (? IS NULL OR submitter = ?)"
            " AND (? IS NULL OR control_number = ?) ORDER BY id LIMIT ?",
            (after, submitter, submitter, control_number, control_number, limit),
        ).fetchall()
        return [dict(row) for row in rows]

    def owed(self, submitter: str, payer_id: str, provider_id: str) -> tuple[int, str]:
        row = self._run(
            "SELECT owed_cents, reference FROM forward_balance"
            " WHERE submitter = ? AND payer_id = ? AND provider_id = ?",
            (submitter, payer_id, provider_id),
        ).fetchone()
        return (0, "") if row is None else (int(row["owed_cents"]), str(row["reference"]))

    def set_owed(self, key: tuple[str, str, str], owed_cents: int, reference: str) -> None:
        self._run(
            "INSERT INTO forward_balance VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (submitter, payer_id, provider_id)"
            " DO UPDATE SET owed_cents = excluded.owed_cents, reference = excluded.reference",
            (*key, owed_cents, reference),
        )
