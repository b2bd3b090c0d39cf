"""The ledger beside its floor: entries in sets, against the same rows inserted bare.

Charges (three lines each), then remittances (payment, contractual, patient share). The floor writes
the same account, entry and posting rows by `unnest` into plain tables with the same keys, rows
made beforehand: no triggers, no running balances, no tenants' wall, no hashing, no derived ids.
"""

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import asyncpg
from rich.console import Console
from rich.table import Table

from bench.floors import Clock
from rcm.db import Database
from rcm.ids import new_id
from rcm.ledger import Entry, account_id, entry_id_of, post
from rcm.ledger.moves import PayerClaim, Remittance
from rcm.migrations import LEDGER, DatabaseUrls, provision, upgrade
from rcm_local.providers import Addresses

TENANT = UUID("7e57c0de-0000-4000-8000-00000000beac")
DAY = date(2026, 3, 2)
SETS, SET_SIZE = 40, 500

FLOOR_SCHEMA = """
    CREATE TABLE floor_account (
      tenant_id uuid, account_id uuid, code text, claim_id uuid, payer_id text, patient_id uuid,
      reference text, PRIMARY KEY (tenant_id, account_id));
    CREATE TABLE floor_entry (
      tenant_id uuid, entry_id uuid, kind text, source_event_id uuid, part text,
      request_hash bytea, effective_on date, actor text, reverses uuid, n_postings smallint,
      PRIMARY KEY (tenant_id, entry_id), UNIQUE (tenant_id, source_event_id, kind, part));
    CREATE TABLE floor_posting (
      tenant_id uuid, entry_id uuid, position smallint, debit_id uuid, credit_id uuid, cents bigint,
      line_number smallint, group_code text, reason_code text, trace_number text,
      PRIMARY KEY (tenant_id, entry_id, position));
    CREATE INDEX ON floor_posting (debit_id);
    CREATE INDEX ON floor_posting (credit_id);
"""
FLOOR_STATEMENTS = (
    """INSERT INTO floor_entry SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[],
       $5::text[], $6::bytea[], $7::date[], $8::text[], $9::uuid[], $10::smallint[])""",
    """INSERT INTO floor_account SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[],
       $4::uuid[], $5::text[], $6::uuid[], $7::text[]) ON CONFLICT DO NOTHING""",
    """INSERT INTO floor_posting SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::smallint[],
       $4::uuid[], $5::uuid[], $6::bigint[],
       $7::smallint[], $8::text[], $9::text[], $10::text[])""",
)

Columns = list[tuple[object, ...]]


async def main(console: Console, addresses: Addresses) -> None:
    """Entries and postings a second, ours and bare, with the ratio."""
    await measure(console, addresses.postgres_admin_url)


async def measure(console: Console, admin_url: str) -> None:
    name = f"bench_ledger_{secrets.token_hex(4)}"
    urls = await provision(admin_url, "bench-ledger", password=secrets.token_hex(8), database=name)
    try:
        await upgrade(urls.owner, "bench-ledger", [LEDGER])
        await _measure(console, urls)
    finally:
        admin = await asyncpg.connect(admin_url)
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await admin.close()


@dataclass(frozen=True)
class Rate:
    seconds: float
    entries: int
    postings: int


async def _measure(console: Console, urls: DatabaseUrls) -> None:
    claims = [[PayerClaim(new_id(), "DEMO1") for _ in range(SET_SIZE)] for _ in range(SETS)]
    # The first set of each kind warms connections and plans.
    found = Table("500 entries a transaction", "floor", "ours", "ratio", "postings/s", box=None)
    for name, make in (("charges, 3 lines", charges), ("remittances, 3 legs", remittances)):
        batches = [make(part, number) for number, part in enumerate(claims)]
        floor = await floor_rate(urls, batches)
        ours = await our_rate(urls, batches)
        found.add_row(
            name,
            f"{floor.entries / floor.seconds:,.0f}/s",
            f"{ours.entries / ours.seconds:,.0f}/s",
            f"{floor.seconds / ours.seconds:.2f}",
            f"{ours.postings / ours.seconds:,.0f}",
        )
    found.add_row("the same again, recognised", "", *await repeated(urls, batches))
    console.print(found)


def charges(claims: Sequence[PayerClaim], _: int) -> list[Entry]:
    return [
        booked("charge", sum((claim.charged(10_000, line) for line in (1, 2, 3)), ()))
        for claim in claims
    ]


def remittances(claims: Sequence[PayerClaim], number: int) -> list[Entry]:
    remittance = Remittance("DEMO1", f"TRN{number}")
    return [
        booked(
            "remit",
            claim.paid(6_000, remittance, 1)
            + claim.contractual(3_000, remittance.cause(1, "CO", "45"))
            + claim.passed_to_patient(1_000, remittance.cause(1, "PR", "1")),
        )
        for claim in claims
    ]


def booked(kind: str, postings: tuple[object, ...]) -> Entry:
    event_id = new_id()
    return Entry(entry_id_of(event_id, kind), TENANT, kind, event_id, DAY, "bench", postings)  # type: ignore[arg-type]


async def our_rate(urls: DatabaseUrls, batches: Sequence[list[Entry]]) -> Rate:
    database = Database(urls.app, application_name="bench", pool_size=1)

    async def book(number: int) -> None:
        async with database.transaction([TENANT]) as tx:
            await post(tx, batches[number])

    rate = await timed(book, batches)
    await database.close()
    return rate


async def floor_rate(urls: DatabaseUrls, batches: Sequence[list[Entry]]) -> Rate:
    connection = await asyncpg.connect(urls.owner)
    if not await connection.fetchval("SELECT to_regclass('floor_entry') IS NOT NULL"):
        await connection.execute(FLOOR_SCHEMA)
    prepared = [bare_columns(batch) for batch in batches]

    async def book(number: int) -> None:
        async with connection.transaction():
            for statement, columns in zip(FLOOR_STATEMENTS, prepared[number], strict=True):
                await connection.execute(statement, *columns)

    rate = await timed(book, batches)
    await connection.close()
    return rate


async def repeated(urls: DatabaseUrls, batches: Sequence[list[Entry]]) -> tuple[str, str, str]:
    again = await our_rate(urls, batches)
    return f"{again.entries / again.seconds:,.0f}/s", "", ""


async def timed(book: Callable[[int], Awaitable[None]], batches: Sequence[list[Entry]]) -> Rate:
    await book(0)
    with Clock() as clock:
        for number in range(1, len(batches)):
            await book(number)
    entries = [entry for batch in batches[1:] for entry in batch]
    return Rate(clock.seconds, len(entries), sum(len(entry.postings) for entry in entries))


def bare_columns(batch: Sequence[Entry]) -> tuple[Columns, Columns, Columns]:
    """The rows of a set as columns, in the order of the floor's statements."""
    entries, accounts, postings = [], {}, []
    for entry in batch:
        head = (TENANT, entry.entry_id)
        name = (entry.kind, entry.source_event_id, entry.part)
        tail = (entry.effective_on, entry.actor, entry.reverses, len(entry.postings))
        entries.append((*head, *name, bytes(32), *tail))
        for position, leg in enumerate(entry.postings, 1):
            ids = (account_id(TENANT, leg.debit), account_id(TENANT, leg.credit))
            cause = (leg.line_number, leg.group_code, leg.reason_code, leg.trace_number)
            postings.append((*head, position, *ids, leg.cents, *cause))
            for found_id, found in zip(ids, (leg.debit, leg.credit), strict=True):
                owners = (found.claim_id, found.payer_id, found.patient_id)
                accounts[found_id] = (TENANT, found_id, found.code, *owners, found.reference)
    return columns(entries), columns(accounts.values()), columns(postings)


def columns(rows: object) -> Columns:
    return list(zip(*rows, strict=True))  # type: ignore[call-overload]


if __name__ == "__main__":
    asyncio.run(measure(Console(width=110), os.environ["RCM_POSTGRES_ADMIN_URL"]))
