"""Entries into the database in sets, and back out of it: three statements for any number."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from rcm.db import StatementFailed, Tx
from rcm.ledger.accounts import Account, account_id
from rcm.ledger.balances import account_from
from rcm.ledger.entries import Entry, Posting, Sides, content_hash


class LedgerRefused(Exception):  # noqa: N818
    """The books do not take this. Nothing of the call is kept; the transaction must roll back."""


@dataclass(slots=True, eq=False)
class EntryClash(LedgerRefused):
    """An entry of this event, kind and part is booked already and says something else.

    An alarm, never to be retried: either the event changed under its id or the posting rules did.
    """

    entry_ids: tuple[UUID, ...]

    def __str__(self) -> str:
        listed = ", ".join(map(str, self.entry_ids[:5]))
        return f"{len(self.entry_ids)} entries were booked before with other content: {listed}"


@dataclass(slots=True, eq=False)
class AlreadyReversed(LedgerRefused):
    """An entry is reversed once; `entry_ids` are those that were to be reversed again."""

    entry_ids: tuple[UUID, ...]

    def __str__(self) -> str:
        listed = ", ".join(map(str, self.entry_ids[:5]))
        return f"{len(self.entry_ids)} entries are reversed already: {listed}"


class BelowZero(LedgerRefused):
    """A receivable or an unapplied balance would fall below zero. Take only what is open, and book
    the rest to UNAPPLIED (`rcm.ledger.moves`)."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What a call booked, and what had been booked before. Ids as the caller gave them."""

    new_ids: tuple[UUID, ...]
    repeated_ids: tuple[UUID, ...]


async def post(tx: Tx, entries: Sequence[Entry]) -> Posted:
    """Book all entries, or those of them that are not booked yet.

    Raises `EntryClash` when one was booked with other content, `AlreadyReversed` for a second
    reversal, `BelowZero` when a bounded account would be overdrawn by the call as a whole, and
    `StatementFailed` for any other refusal.
    """
    accounts: OpenAccounts = {}
    drafts, repeated = _distinct(_drafts(entries, accounts))
    new = await _insert_entries(tx, drafts)
    fresh = [draft for draft in drafts if draft.key in new]
    seen = [draft for draft in drafts if draft.key not in new]
    if seen:
        await _recognise(tx, seen)
    if fresh:
        await _open_accounts(tx, accounts)
        await _insert_postings(tx, fresh)
    return Posted(
        tuple(draft.entry.entry_id for draft in fresh),
        (*repeated, *(draft.entry.entry_id for draft in seen)),
    )


OpenAccounts = dict[UUID, dict[Account, UUID]]
"""Every account of a call with its id, per tenant."""


@dataclass(frozen=True, slots=True)
class _Draft:
    """An entry with what is derived from it once: its accounts' ids and its hash."""

    entry: Entry
    sides: Sides
    request_hash: bytes

    @property
    def key(self) -> tuple[UUID, UUID]:
        """The entry's primary key."""
        return self.entry.tenant_id, self.entry.entry_id


def _drafts(entries: Iterable[Entry], accounts: OpenAccounts) -> Iterator[_Draft]:
    """Derive each account's id once per call, into `accounts`: REVENUE is in every entry."""
    for entry in entries:
        known = accounts.setdefault(entry.tenant_id, {})
        sides = []
        for leg in entry.postings:
            debit_id, credit_id = known.get(leg.debit), known.get(leg.credit)
            if debit_id is None:
                debit_id = known[leg.debit] = account_id(entry.tenant_id, leg.debit)
            if credit_id is None:
                credit_id = known[leg.credit] = account_id(entry.tenant_id, leg.credit)
            sides.append((debit_id, credit_id))
        yield _Draft(entry, tuple(sides), content_hash(entry, tuple(sides)))


def _distinct(drafts: Iterable[_Draft]) -> tuple[list[_Draft], list[UUID]]:
    """Each entry once, in one order for everybody: two transactions that book the same entries wait
    for each other instead of deadlocking."""
    named: dict[tuple[UUID, UUID, str, str], _Draft] = {}
    repeated: list[UUID] = []
    for draft in drafts:
        known = named.setdefault(draft.entry.name, draft)
        if known is not draft:
            if known.request_hash != draft.request_hash:
                raise EntryClash((draft.entry.entry_id,))
            repeated.append(draft.entry.entry_id)
    return sorted(named.values(), key=lambda draft: draft.entry.entry_id.int), repeated


INSERT_ENTRIES = """
INSERT INTO ledger_entry (tenant_id, entry_id, kind, source_event_id, part, request_hash,
                          effective_on, actor, reverses, n_postings)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::bytea[],
                     $7::date[], $8::text[], $9::uuid[], $10::smallint[])
ON CONFLICT DO NOTHING RETURNING tenant_id, entry_id
"""


async def _insert_entries(tx: Tx, drafts: Sequence[_Draft]) -> frozenset[tuple[UUID, UUID]]:
    if not drafts:
        return frozenset()
    rows = [
        (
            draft.entry.tenant_id,
            draft.entry.entry_id,
            draft.entry.kind,
            draft.entry.source_event_id,
            draft.entry.part,
            draft.request_hash,
            draft.entry.effective_on,
            draft.entry.actor,
            draft.entry.reverses,
            len(draft.sides),
        )
        for draft in drafts
    ]
    inserted = await tx.fetch(INSERT_ENTRIES, *zip(*rows, strict=True))
    return frozenset((row["tenant_id"], row["entry_id"]) for row in inserted)


BOOKED_BEFORE = """
SELECT wanted.position FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bytea[])
  WITH ORDINALITY AS wanted (tenant_id, source_event_id, kind, part, request_hash, position)
JOIN ledger_entry USING (tenant_id, source_event_id, kind, part, request_hash)
"""


REVERSED_BEFORE = """
SELECT reverses FROM unnest($1::uuid[], $2::uuid[]) AS wanted (tenant_id, reverses)
JOIN ledger_entry USING (tenant_id, reverses) ORDER BY reverses
"""


async def _recognise(tx: Tx, seen: Sequence[_Draft]) -> None:
    """Every entry that was not new must be booked under its name with the same content."""
    rows = [(*draft.entry.name, draft.request_hash) for draft in seen]
    found = await tx.fetch(BOOKED_BEFORE, *zip(*rows, strict=True))
    same = {row["position"] for row in found}
    clashes = [draft.entry for position, draft in enumerate(seen, 1) if position not in same]
    if not clashes:
        return
    undone = [(entry.tenant_id, entry.reverses) for entry in clashes if entry.reverses]
    if undone:
        rows_reversed = await tx.fetch(REVERSED_BEFORE, *zip(*undone, strict=True))
        if rows_reversed:
            raise AlreadyReversed(tuple(row["reverses"] for row in rows_reversed))
    raise EntryClash(tuple(entry.entry_id for entry in clashes))


OPEN_ACCOUNTS = """
INSERT INTO ledger_account
  (tenant_id, account_id, code, claim_id, payer_id, patient_id, reference)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::uuid[],
                     $7::text[])
ON CONFLICT DO NOTHING
"""


async def _open_accounts(tx: Tx, accounts: OpenAccounts) -> None:
    """Open what is not open yet, in id order for the same reason as entries."""
    rows = [
        (
            tenant_id,
            opened_id,
            account.code,
            account.claim_id,
            account.payer_id,
            account.patient_id,
            account.reference,
        )
        for tenant_id, known in accounts.items()
        for account, opened_id in known.items()
    ]
    rows.sort(key=lambda row: row[1].int)
    await tx.execute(OPEN_ACCOUNTS, *zip(*rows, strict=True))


INSERT_POSTINGS = """
INSERT INTO ledger_posting (tenant_id, entry_id, position, debit_id, credit_id, cents, line_number,
                            group_code, reason_code, trace_number)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::uuid[], $5::uuid[], $6::bigint[],
                     $7::smallint[], $8::text[], $9::text[], $10::text[])
"""


async def _insert_postings(tx: Tx, drafts: Iterable[_Draft]) -> None:
    rows = [
        (
            draft.entry.tenant_id,
            draft.entry.entry_id,
            position,
            *sides,
            leg.cents,
            leg.line_number,
            leg.group_code,
            leg.reason_code,
            leg.trace_number,
        )
        for draft in drafts
        for position, (leg, sides) in enumerate(
            zip(draft.entry.postings, draft.sides, strict=True), 1
        )
    ]
    try:
        await tx.execute(INSERT_POSTINGS, *zip(*rows, strict=True))
    except StatementFailed as failure:
        if failure.constraint == "ledger_balance_not_below_zero":
            raise BelowZero("the entries take more from an account than it holds") from None
        raise


READ_ENTRIES = """
SELECT entry.*, leg.cents, leg.line_number, leg.group_code, leg.reason_code, leg.trace_number,
       debit.code AS debit_code, debit.claim_id AS debit_claim_id, debit.payer_id AS debit_payer_id,
       debit.patient_id AS debit_patient_id, debit.reference AS debit_reference,
       credit.code AS credit_code, credit.claim_id AS credit_claim_id,
       credit.payer_id AS credit_payer_id, credit.patient_id AS credit_patient_id,
       credit.reference AS credit_reference
FROM unnest($1::uuid[], $2::uuid[]) AS wanted (tenant_id, entry_id)
JOIN ledger_entry entry USING (tenant_id, entry_id)
JOIN ledger_posting leg USING (tenant_id, entry_id)
JOIN ledger_account debit ON (debit.tenant_id, debit.account_id) = (leg.tenant_id, leg.debit_id)
JOIN ledger_account credit ON (credit.tenant_id, credit.account_id) = (leg.tenant_id, leg.credit_id)
ORDER BY entry.tenant_id, entry.entry_id, leg.position
"""


async def read_entries(
    tx: Tx, wanted: Iterable[tuple[UUID, UUID]]
) -> dict[tuple[UUID, UUID], Entry]:
    """Booked entries by (tenant id, entry id), as they were given to `post`. Unknown ones are
    absent. To undo one, give it to `reversal_of`."""
    keys = sorted(set(wanted))
    if not keys:
        return {}
    grouped: dict[tuple[UUID, UUID], list[asyncpg.Record]] = {}
    for row in await tx.fetch(READ_ENTRIES, *zip(*keys, strict=True)):
        grouped.setdefault((row["tenant_id"], row["entry_id"]), []).append(row)
    return {key: _entry(rows) for key, rows in grouped.items()}


def _entry(rows: Sequence[asyncpg.Record]) -> Entry:
    first = rows[0]
    return Entry(
        first["entry_id"],
        first["tenant_id"],
        first["kind"],
        first["source_event_id"],
        first["effective_on"],
        first["actor"],
        tuple(
            Posting(
                account_from(row, "debit_"),
                account_from(row, "credit_"),
                row["cents"],
                row["line_number"],
                row["group_code"],
                row["reason_code"],
                row["trace_number"],
            )
            for row in rows
        ),
        first["reverses"],
        first["part"],
    )
