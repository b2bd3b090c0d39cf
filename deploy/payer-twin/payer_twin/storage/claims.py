"""Queries about claims, their money and their timelines."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple
from typing import Any

from payer_twin.storage.rows import ClaimRow, Happened, Waiting

_SHOWN = (
    "id, submitter, interchange_id, control_number, payer_id, payer_claim_number, frequency_code,"
    " scenario, status, received_at, charge_cents, paid_cents, patient_cents, remittance_name"
)


class ClaimQueries:
    """A part of `Session`."""

    _run: Callable[..., sqlite3.Cursor]
    _run_many: Callable[..., sqlite3.Cursor]

    def add_claims(self, rows: Iterable[ClaimRow]) -> None:
        self._run_many(
            "INSERT INTO claim (id, submitter, interchange_id, control_number, payer_id, member_id,"
            " payer_claim_number, frequency_code, scenario, status, received_at, charge_cents,"
            " service_from, service_to, told) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            map(astuple, rows),
        )

    def add_waiting(self, rows: Iterable[Waiting]) -> None:
        self._run_many(
            "INSERT INTO payment (claim_id, submitter, due_at, item) VALUES (?, ?, ?, ?)",
            map(astuple, rows),
        )

    def add_events(self, rows: Iterable[Happened]) -> None:
        self._run_many("INSERT INTO event VALUES (?, ?, ?, ?)", map(astuple, rows))

    def next_due(self, now: float) -> float | None:
        """The earliest moment at which payments wait that are due."""
        row = self._run(
            "SELECT min(due_at) AS due_at FROM payment WHERE file_name IS NULL AND due_at <= ?",
            (now,),
        ).fetchone()
        return None if row["due_at"] is None else float(row["due_at"])

    def due(self, at: float) -> list[sqlite3.Row]:
        return self._run(
            "SELECT id, claim_id, submitter, item FROM payment"
            " WHERE file_name IS NULL AND due_at = ? ORDER BY id",
            (at,),
        ).fetchall()

    def sent(self, payment_ids: Iterable[int], file_name: str) -> None:
        self._run_many(
            "UPDATE payment SET file_name = ? WHERE id = ?",
            [(file_name, payment_id) for payment_id in payment_ids],
        )

    def mark_paid(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """(status, paid, patient, is_denied, paid_on, trace, file, decision, id)"""
        self._run_many(
            "UPDATE claim SET status = ?, paid_cents = ?, patient_cents = ?, is_denied = ?,"
            " paid_on = ?, trace_number = ?, remittance_name = ?, decision = ? WHERE id = ?",
            rows,
        )

    def mark(self, claim_id: int, status: str) -> None:
        self._run("UPDATE claim SET status = ? WHERE id = ?", (status, claim_id))

    def told(self, claim_id: int) -> None:
        self._run("UPDATE claim SET told_count = told_count + 1 WHERE id = ?", (claim_id,))

    def adjudicated(self, submitter: str, payer_claim_number: str) -> sqlite3.Row | None:
        """The claim under this number when it was paid and not yet taken back."""
        found: sqlite3.Row | None = self._run(
            "SELECT * FROM claim WHERE submitter = ? AND payer_claim_number = ?"
            " AND status = 'adjudicated'",
            (submitter, payer_claim_number),
        ).fetchone()
        return found

    def claim_of(
        self, submitter: str, *, control_number: str, payer_claim_number: str
    ) -> sqlite3.Row | None:
        """The newest claim that a 276 means, by the payer's number or the provider's."""
        found: sqlite3.Row | None = self._run(
            "SELECT * FROM claim WHERE submitter = ? AND payer_claim_number <> ''"
            " AND (payer_claim_number = ? OR (? = '' AND control_number = ?))"
            " ORDER BY id DESC LIMIT 1",
            (submitter, payer_claim_number, payer_claim_number, control_number),
        ).fetchone()
        return found

    def claims(
        self, *, after: int, limit: int, submitter: str | None, control_number: str | None
    ) -> list[dict[str, Any]]:
        rows = self._run(
            f"SELECT {_SHOWN} FROM claim WHERE id > ? AND (? IS NULL OR submitter = ?)"
            " AND (? IS NULL OR control_number = ?) ORDER BY id LIMIT ?",
            (after, submitter, submitter, control_number, control_number, limit),
        ).fetchall()
        return [dict(row) for row in rows]

    def timeline(self, claim_id: int) -> list[sqlite3.Row]:
        return self._run(
            "SELECT e.at, e.what, e.file_name, o.taken_at FROM event e"
            " LEFT JOIN outgoing o ON o.name = e.file_name WHERE e.claim_id = ?"
            " ORDER BY e.at, e.rowid",
            (claim_id,),
        ).fetchall()

    def waiting_of(self, claim_id: int) -> list[sqlite3.Row]:
        return self._run(
            "SELECT due_at FROM payment WHERE claim_id = ? AND file_name IS NULL ORDER BY due_at",
            (claim_id,),
        ).fetchall()

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
