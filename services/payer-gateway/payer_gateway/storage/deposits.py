"""Deposits: kept once per bank reference, matched to remittances one to one, under locks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from payer_gateway.domain.deposits import Deposit, DepositStatus, NewDeposit, Outcome, Pair
from payer_gateway.domain.deposits.deposit import Source
from rcm.db import Tx
from rcm.ids import new_id

COLUMNS = """
    tenant_id, deposit_id, source, interchange_id, bank_reference, deposited_on, amount_cents,
    trace_number, originating_company_id, status, difference_cents, remittance_id, match_id,
    matched_by, matched_at, version
"""


def deposit_of(row: asyncpg.Record) -> Deposit:
    fields: dict[str, Any] = dict(row)
    fields["status"] = DepositStatus(fields["status"])
    return Deposit(**fields)


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a set of deposits. `clashes` are references that the bank has used for
    something else before."""

    added: tuple[UUID, ...]
    repeated: int
    clashes: tuple[str, ...]


async def keep(
    tx: Tx,
    deposits: Sequence[NewDeposit],
    *,
    source: Source,
    interchange_id: UUID | None,
    at: datetime,
) -> Kept:
    """Add those that are new by their bank reference."""
    if not deposits:
        return Kept((), 0, ())
    rows = await tx.fetch(
        """
        INSERT INTO deposit (
          tenant_id, deposit_id, source, interchange_id, bank_reference, deposited_on,
          amount_cents, trace_number, originating_company_id, status, created_at, updated_at)
        SELECT $1, new.deposit_id, $2, $3, new.bank_reference, new.deposited_on, new.amount_cents,
               new.trace_number, new.originating_company_id, 'open', $10, $10
        FROM unnest($4::uuid[], $5::text[], $6::date[], $7::bigint[], $8::text[], $9::text[])
          AS new (deposit_id, bank_reference, deposited_on, amount_cents, trace_number,
                  originating_company_id)
        ON CONFLICT ON CONSTRAINT deposit_bank_reference DO NOTHING
        RETURNING deposit_id, bank_reference
        """,
        tx.tenant_id,
        source,
        interchange_id,
        [new_id() for _ in deposits],
        [each.bank_reference for each in deposits],
        [each.deposited_on for each in deposits],
        [each.amount_cents for each in deposits],
        [each.trace_number for each in deposits],
        [each.originating_company_id for each in deposits],
        at,
    )
    added = {row["bank_reference"]: row["deposit_id"] for row in rows}
    again = [each for each in deposits if each.bank_reference not in added]
    known = await _known(tx, [each.bank_reference for each in again])
    clashes = tuple(
        each.bank_reference
        for each in again
        if known.get(each.bank_reference) != (each.amount_cents, each.deposited_on)
    )
    ids = tuple(added[each.bank_reference] for each in deposits if each.bank_reference in added)
    return Kept(ids, len(again), clashes)


async def _known(tx: Tx, references: Sequence[str]) -> dict[str, tuple[int, date]]:
    rows = await tx.fetch(
        """
        SELECT bank_reference, amount_cents, deposited_on FROM deposit
        WHERE tenant_id = $1 AND bank_reference = ANY ($2)
        """,
        tx.tenant_id,
        list(references),
    )
    return {row["bank_reference"]: (row["amount_cents"], row["deposited_on"]) for row in rows}


async def find(tx: Tx, deposit_id: UUID, *, lock: bool = False) -> Deposit | None:
    row = await tx.fetchrow(
        f"SELECT {COLUMNS} FROM deposit WHERE tenant_id = $1 AND deposit_id = $2"
        f"{' FOR UPDATE' if lock else ''}",
        tx.tenant_id,
        deposit_id,
    )
    return deposit_of(row) if row else None


async def list_page(
    tx: Tx,
    *,
    status: str | None,
    trace_number: str | None,
    after: UUID | None,
    limit: int,
) -> list[Deposit]:
    """Newest first."""
    rows = await tx.fetch(
        f"""
        SELECT {COLUMNS} FROM deposit
        WHERE tenant_id = $1 AND ($2::text IS NULL OR status = $2)
          AND ($3::text IS NULL OR trace_number = $3)
          AND ($4::uuid IS NULL OR deposit_id < $4)
        ORDER BY deposit_id DESC LIMIT $5
        """,
        tx.tenant_id,
        status,
        trace_number,
        after,
        limit,
    )
    return [deposit_of(row) for row in rows]


_FREE = """
r.status = 'reported' AND r.payment_cents > 0 AND NOT EXISTS (
  SELECT FROM deposit taken WHERE taken.tenant_id = r.tenant_id
     AND taken.remittance_id = r.remittance_id AND taken.status = 'matched')
"""


async def by_trace(tx: Tx, *, limit: int) -> list[Pair]:
    """Deposits of all the transaction's tenants, locked, whose trace and company are those of one
    remittance that has no money yet. Ones that were found to differ come back only when it did."""
    rows = await tx.fetch(
        f"""
        SELECT {", ".join(f"d.{name.strip()}" for name in COLUMNS.split(","))},
               r.remittance_id AS of_remittance, r.payer_id AS of_payer,
               r.trace_number AS of_trace, r.payment_cents, r.effective_on
        FROM deposit d JOIN remittance r
          ON r.tenant_id = d.tenant_id AND r.trace_number = d.trace_number
         AND r.originating_company_id = d.originating_company_id
        WHERE d.tenant_id = ANY ($1) AND d.status <> 'matched' AND d.trace_number <> ''
          AND NOT d.manual_only AND {_FREE}
          AND (d.status = 'open' OR d.remittance_id IS DISTINCT FROM r.remittance_id)
        ORDER BY d.deposit_id, abs(d.amount_cents - r.payment_cents), r.remittance_id
        LIMIT $2 FOR UPDATE OF d SKIP LOCKED
        """,
        list(tx.tenants),
        limit,
    )
    return [_pair(row) for row in rows]


async def suggestions(tx: Tx, deposit: Deposit, *, first: date, last: date) -> list[Pair]:
    """Remittances without money that pay exactly this, near this day; the nearest first."""
    rows = await tx.fetch(
        f"""
        SELECT r.remittance_id AS of_remittance, r.payer_id AS of_payer,
               r.trace_number AS of_trace, r.payment_cents, r.effective_on
        FROM remittance r
        WHERE r.tenant_id = $1 AND r.payment_cents = $2
          AND r.effective_on BETWEEN $3 AND $4 AND {_FREE}
        ORDER BY abs(r.effective_on - $5::date), r.remittance_id LIMIT 20
        """,
        tx.tenant_id,
        deposit.amount_cents,
        first,
        last,
        deposit.deposited_on,
    )
    return [
        Pair(
            deposit,
            row["of_remittance"],
            row["of_payer"],
            row["of_trace"],
            row["payment_cents"],
            row["effective_on"],
        )
        for row in rows
    ]


def _pair(row: asyncpg.Record) -> Pair:
    fields: dict[str, Any] = dict(row)
    remittance_id, payer_id = fields.pop("of_remittance"), fields.pop("of_payer")
    trace_number = fields.pop("of_trace")
    payment_cents, effective_on = fields.pop("payment_cents"), fields.pop("effective_on")
    fields["status"] = DepositStatus(fields["status"])
    deposit = Deposit(**fields)
    return Pair(deposit, remittance_id, payer_id, trace_number, payment_cents, effective_on)


async def is_free(tx: Tx, remittance_id: UUID) -> bool:
    """Whether a remittance may still get its money. Locks it, so that two deposits do not race."""
    return bool(
        await tx.fetchval(
            f"""
            SELECT true FROM remittance r
            WHERE r.tenant_id = $1 AND r.remittance_id = $2 AND {_FREE} FOR UPDATE
            """,
            tx.tenant_id,
            remittance_id,
        )
    )


async def record(tx: Tx, outcomes: Sequence[Outcome], *, by: str, at: datetime) -> None:
    """Matches, and mismatches: the trace is right and the cents are not."""
    if not outcomes:
        return
    await tx.execute(
        """
        UPDATE deposit
        SET status = CASE WHEN new.match_id IS NULL THEN 'mismatched' ELSE 'matched' END,
            difference_cents = new.difference_cents, remittance_id = new.remittance_id,
            match_id = new.match_id,
            matched_by = CASE WHEN new.match_id IS NULL THEN NULL ELSE $6 END,
            matched_at = CASE WHEN new.match_id IS NULL THEN NULL ELSE $7::timestamptz END,
            updated_at = $7, version = version + 1
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[])
          AS new (tenant_id, deposit_id, remittance_id, match_id, difference_cents)
        WHERE deposit.tenant_id = new.tenant_id AND deposit.deposit_id = new.deposit_id
        """,
        [each.pair.deposit.tenant_id for each in outcomes],
        [each.pair.deposit.deposit_id for each in outcomes],
        [each.pair.remittance_id for each in outcomes],
        [each.match_id for each in outcomes],
        [each.difference_cents for each in outcomes],
        by,
        at,
    )


async def unmatch(tx: Tx, deposit: Deposit, *, at: datetime) -> None:
    """The deposit waits again, for a person: its trace is no longer believed by itself."""
    await tx.execute(
        """
        UPDATE deposit SET status = 'open', difference_cents = NULL, remittance_id = NULL,
               match_id = NULL, matched_by = NULL, matched_at = NULL, manual_only = true,
               updated_at = $3, version = version + 1
        WHERE tenant_id = $1 AND deposit_id = $2
        """,
        deposit.tenant_id,
        deposit.deposit_id,
        at,
    )


@dataclass(frozen=True, slots=True)
class Waiting:
    """A remittance whose money nobody has seen."""

    remittance_id: UUID
    payer_id: str
    payer_name: str
    trace_number: str
    payment_cents: int
    payment_method: str
    effective_on: date
    received_at: datetime


async def remittances_without_deposit(
    tx: Tx, *, due_before: date, after: tuple[date, UUID] | None, limit: int
) -> list[Waiting]:
    """Reported remittances that pay money, effective before this day, those that wait longest
    first."""
    rows = await tx.fetch(
        f"""
        SELECT remittance_id, payer_id, payer_name, trace_number, payment_cents, payment_method,
               effective_on, received_at
        FROM remittance r
        WHERE r.tenant_id = $1 AND {_FREE} AND r.payment_method <> 'NON'
          AND r.effective_on <= $2
          AND ($3::date IS NULL OR (r.effective_on, r.remittance_id) > ($3, $4))
        ORDER BY r.effective_on, r.remittance_id LIMIT $5
        """,
        tx.tenant_id,
        due_before,
        *(after or (None, None)),
        limit,
    )
    return [Waiting(**dict(row)) for row in rows]


async def deposits_without_remittance(
    tx: Tx, *, due_before: date, after: tuple[date, UUID] | None, limit: int
) -> list[Deposit]:
    """Deposits of this day or earlier that no remittance explains, oldest first."""
    rows = await tx.fetch(
        f"""
        SELECT {COLUMNS} FROM deposit
        WHERE tenant_id = $1 AND status <> 'matched' AND deposited_on <= $2
          AND ($3::date IS NULL OR (deposited_on, deposit_id) > ($3, $4))
        ORDER BY deposited_on, deposit_id LIMIT $5
        """,
        tx.tenant_id,
        due_before,
        *(after or (None, None)),
        limit,
    )
    return [deposit_of(row) for row in rows]


@dataclass(frozen=True, slots=True)
class Standing:
    """Both sides that wait, counted."""

    deposits: int
    deposit_cents: int
    mismatched: int
    difference_cents: int
    remittances: int
    remittance_cents: int


async def standing(tx: Tx, *, due_before: date) -> Standing:
    row = await tx.fetchrow(
        f"""
        SELECT (SELECT count(*) FROM deposit WHERE {_LATE})::int AS deposits,
               (SELECT coalesce(sum(amount_cents), 0) FROM deposit WHERE {_LATE})::bigint
                 AS deposit_cents,
               (SELECT count(*) FROM deposit
                 WHERE tenant_id = $1 AND status = 'mismatched')::int AS mismatched,
               (SELECT coalesce(sum(abs(difference_cents)), 0) FROM deposit
                 WHERE tenant_id = $1 AND status = 'mismatched')::bigint AS difference_cents,
               count(*)::int AS remittances,
               coalesce(sum(payment_cents), 0)::bigint AS remittance_cents
        FROM remittance r
        WHERE r.tenant_id = $1 AND {_FREE} AND r.payment_method <> 'NON' AND r.effective_on <= $2
        """,
        tx.tenant_id,
        due_before,
    )
    assert row is not None  # noqa: S101 - an aggregate always has its row
    return Standing(**dict(row))


_LATE = "tenant_id = $1 AND status <> 'matched' AND deposited_on <= $2"
