"""Statements as they were issued; they never change."""

import json
from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg

from patient_billing_svc.domain.statement import Statement, StatementLine
from rcm.db import Tx
from rcm.security.seal import open_column, seal_column

COLUMNS = """
    statement_id, account_id, statement_number, lines, unapplied_cents, pending_cents, as_of,
    issued_on, due_on
"""


def _statement(row: asyncpg.Record) -> Statement:
    fields: dict[str, Any] = dict(row)
    fields["lines"] = tuple(map(_line, fields["lines"]))
    return Statement(**fields)


def _line(line: dict[str, Any]) -> StatementLine:
    served = line["date_of_service"]
    return StatementLine(
        **line
        | {
            "claim_id": UUID(line["claim_id"]),
            "date_of_service": date.fromisoformat(served) if served else None,
        }
    )


async def next_number(tx: Tx, account_id: UUID) -> int:
    """Statements of an account count from 1; its lock keeps two from taking one number."""
    return int(
        await tx.fetchval(
            """
            SELECT coalesce(max(statement_number), 0) + 1 FROM statement
            WHERE tenant_id = $1 AND account_id = $2
            """,
            tx.tenant_id,
            account_id,
        )
    )


async def add(tx: Tx, statement: Statement, person: bytes | None) -> None:
    """The person block is sealed with the statement: it shows who was asked then, not who lives
    there now."""
    await tx.execute(
        """
        INSERT INTO statement (
          tenant_id, statement_id, account_id, statement_number, balance_cents, charges_cents,
          unapplied_cents, pending_cents, lines, person, as_of, issued_on, due_on)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        """,
        tx.tenant_id,
        statement.statement_id,
        statement.account_id,
        statement.statement_number,
        statement.balance_cents,
        statement.charges_cents,
        statement.unapplied_cents,
        statement.pending_cents,
        json.dumps([asdict(line) for line in statement.lines], default=str),
        _sealed(tx, statement.statement_id, person),
        statement.as_of,
        statement.issued_on,
        statement.due_on,
    )


def _sealed(tx: Tx, statement_id: UUID, person: bytes | None) -> bytes | None:
    if person is None:
        return None
    assert tx.keyring is not None  # noqa: S101 - every service database has one
    return seal_column(
        tx.keyring,
        tx.tenant_id,
        table="statement",
        column="person",
        row_id=statement_id,
        value=person,
    )


async def find(tx: Tx, statement_id: UUID) -> Statement | None:
    row = await tx.fetchrow(
        f"SELECT {COLUMNS} FROM statement WHERE tenant_id = $1 AND statement_id = $2",
        tx.tenant_id,
        statement_id,
    )
    return _statement(row) if row else None


async def person_of(tx: Tx, statement_id: UUID) -> bytes | None:
    """Raises `SealError` when its key is gone."""
    sealed = await tx.fetchval(
        "SELECT person FROM statement WHERE tenant_id = $1 AND statement_id = $2",
        tx.tenant_id,
        statement_id,
    )
    if sealed is None:
        return None
    assert tx.keyring is not None  # noqa: S101 - every service database has one
    return open_column(
        tx.keyring,
        tx.tenant_id,
        table="statement",
        column="person",
        row_id=statement_id,
        value=sealed,
    )


async def list_page(
    tx: Tx, *, account_id: UUID | None, after: UUID | None, limit: int
) -> list[Statement]:
    """Newest first."""
    rows = await tx.fetch(
        f"""
        SELECT {COLUMNS} FROM statement
        WHERE tenant_id = $1 AND ($2::uuid IS NULL OR account_id = $2)
          AND ($3::uuid IS NULL OR statement_id < $3)
        ORDER BY statement_id DESC LIMIT $4
        """,
        tx.tenant_id,
        account_id,
        after,
        limit,
    )
    return [_statement(row) for row in rows]
