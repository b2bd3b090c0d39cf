"""Each trigger, constraint and privilege of the schema is needed: with it an attack is refused,
without it the attack goes through, and where a later look can still see it, the books turn red.

Every case has a scratch copy of the schema. The attack runs twice: once on the schema as it is, and
once after the one guard was taken away.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
import pytest

from rcm.db import Database, StatementFailed, Tx
from rcm.ids import new_id
from rcm.ledger import account_id, post, reversal_of
from rcm.ledger.invariants import verify
from rcm.ledger.moves import REVENUE, PayerClaim, Remittance
from rcm.migrations import LEDGER, DatabaseUrls
from rcm.testing.databases import connected, service_database
from rcm.testing.ledger import entry
from rcm.testing.samples import DAY

if TYPE_CHECKING:
    from conftest import Servers

TENANT, STRANGER = UUID(int=1), UUID(int=2)
CLAIM = PayerClaim(UUID(int=77), "DEMO1")
CHARGE = entry(TENANT, CLAIM.charged(10_000, 1), source_event_id=UUID(int=100), kind="charge")
RECEIVABLE, INCOME = account_id(TENANT, CLAIM.receivable), account_id(TENANT, REVENUE)
CLEARING = account_id(TENANT, Remittance("DEMO1", "T").clearing)
APP = "test_ledger_app"

Attack = Callable[[Tx], Awaitable[object]]


@dataclass(frozen=True)
class Scratch:
    """A ledger with one charge, as its app, its owner and a superuser see it."""

    urls: DatabaseUrls
    admin: asyncpg.Connection

    async def attack(self, attack: Attack, *, as_owner: bool = False) -> None:
        database = Database(
            self.urls.owner if as_owner else self.urls.app, application_name="attack", pool_size=1
        )
        try:
            async with database.transaction([TENANT]) as tx:
                await attack(tx)
        finally:
            await database.close()

    async def red(self) -> set[str]:
        found = await verify({"scratch": self.urls.owner}, settling=timedelta(0))
        return {result.code for result in found if not result.holds}


@pytest.fixture
async def scratch(servers: "Servers") -> AsyncIterator[Scratch]:
    async with service_database(servers.postgres_admin_url, "ledger", [LEDGER]) as urls:
        name = urls.app.rsplit("/", 1)[1]
        async with connected(servers.postgres_admin_url, name) as admin:
            found = Scratch(urls, admin)
            await found.attack(lambda tx: post(tx, [CHARGE]))
            yield found


def sql(text: str, *arguments: object) -> Attack:
    return lambda tx: tx.execute(text, *arguments)


def entry_row(entry_id: UUID, n_postings: int = 1, reverses: UUID | None = None) -> Attack:
    return sql(
        """INSERT INTO ledger_entry (tenant_id, entry_id, kind, source_event_id, request_hash,
                                     effective_on, actor, n_postings, reverses)
           VALUES ($1, $2, 'attack', $2, sha256('x'), $3, 'attack', $4, $5)""",
        TENANT,
        entry_id,
        DAY,
        n_postings,
        reverses,
    )


def leg_row(
    entry_id: UUID,
    *,
    position: int = 1,
    cents: int = 100,
    debit_id: UUID = RECEIVABLE,
    credit_id: UUID = INCOME,
) -> Attack:
    return sql(
        """INSERT INTO ledger_posting (tenant_id, entry_id, position, debit_id, credit_id, cents,
                                       line_number)
           VALUES ($1, $2, $3, $4, $5, $6, 1)""",
        TENANT,
        entry_id,
        position,
        debit_id,
        credit_id,
        cents,
    )


def all_of(*attacks: Attack) -> Attack:
    async def run(tx: Tx) -> None:
        for attack in attacks:
            await attack(tx)

    return run


def posted(*entries: object) -> Attack:
    return lambda tx: post(tx, entries)  # type: ignore[arg-type]


async def reverse_with_other_cents(tx: Tx) -> None:
    undo = reversal_of(CHARGE, source_event_id=new_id(), effective_on=DAY, actor="attack")
    await entry_row(undo.entry_id, reverses=CHARGE.entry_id)(tx)
    await leg_row(undo.entry_id, cents=9_999, debit_id=INCOME, credit_id=RECEIVABLE)(tx)


async def open_clearing(tx: Tx) -> None:
    await sql(
        """INSERT INTO ledger_account (tenant_id, account_id, code, payer_id, reference)
           VALUES ($1, $2, 'REMIT_CLEARING', 'DEMO1', 'T')""",
        TENANT,
        CLEARING,
    )(tx)


async def open_account_twice(tx: Tx) -> None:
    for found in (new_id(), new_id()):
        await sql(
            """INSERT INTO ledger_account (tenant_id, account_id, code, claim_id, payer_id)
               VALUES ($1, $2, 'AR_PAYER', $3, 'DEMO9')""",
            TENANT,
            found,
            UUID(int=88),
        )(tx)


def account_row(code: str, **columns: object) -> Attack:
    row = {"tenant_id": TENANT, "account_id": new_id(), "code": code} | columns
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    return sql(f"INSERT INTO ledger_account ({', '.join(row)}) VALUES ({places})", *row.values())


def mutant(function: str, old: str, new: str) -> Callable[[asyncpg.Connection], Awaitable[None]]:
    """Rewrite one condition inside a function of the schema."""

    async def apply(admin: asyncpg.Connection) -> None:
        found = await admin.fetchval("SELECT pg_get_functiondef($1::regproc)", function)
        assert old in found, f"{function} no longer has {old!r}"
        await admin.execute(found.replace(old, new))

    return apply


def believing(*rules: str) -> Callable[[asyncpg.Connection], Awaitable[None]]:
    """Take rules out of the trigger that books legs."""

    async def apply(admin: asyncpg.Connection) -> None:
        for rule in rules:
            await mutant("ledger_book_legs", f"IF {rule} THEN", "IF false THEN")(admin)

    return apply


def dropped(text: str) -> Callable[[asyncpg.Connection], Awaitable[object]]:
    return lambda admin: admin.execute(text)


def disabled(trigger: str, table: str) -> Callable[[asyncpg.Connection], Awaitable[object]]:
    return dropped(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")


def without(constraint: str, table: str) -> Callable[[asyncpg.Connection], Awaitable[object]]:
    return dropped(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")


@dataclass(frozen=True)
class Case:
    """`guard` is what refuses (a constraint's name, or a SQLSTATE for privileges). `red` are the
    invariants that see the damage afterwards; some damage nobody can see, so the guard is all there
    is."""

    name: str
    attack: Attack
    guard: str
    remove: Callable[[asyncpg.Connection], Awaitable[object]]
    red: frozenset[str] = frozenset()
    as_owner: bool = False


NEW, OTHER = UUID(int=500), UUID(int=501)
UNKNOWN = UUID(int=999)


def changes(table: str, column: str, red: dict[str, set[str]]) -> list[Case]:
    """Nobody changes what is booked: not even the owner of the tables."""
    statements = {
        "update": f"UPDATE {table} SET {column}",
        "delete": f"DELETE FROM {table}",
        "truncate": f"TRUNCATE {table}, ledger_balance CASCADE"
        if table == "ledger_account"
        else f"TRUNCATE {table} CASCADE",
    }
    return [
        Case(
            f"{table} {verb}",
            sql(statement),
            "ledger_append_only",
            dropped(
                f"ALTER TABLE {table} DISABLE TRIGGER ledger_append_only;"
                # It also holds the legs' first row, but nobody relies on that.
                "ALTER TABLE ledger_entry DROP CONSTRAINT ledger_entry_has_legs"
            ),
            frozenset(red.get(verb, ())),
            as_owner=True,
        )
        for verb, statement in statements.items()
    ]


CASES = [
    *changes(
        "ledger_posting",
        "cents = cents + 1",
        {"update": {"I1", "I2", "I11"}, "delete": {"I4"}, "truncate": {"I4"}},
    ),
    *changes(
        "ledger_entry", "n_postings = 2", {"update": {"I4"}, "delete": {"I4"}, "truncate": {"I4"}}
    ),
    *changes(
        "ledger_account",
        "code = 'CASH' WHERE code = 'REVENUE'",
        {"update": {"I1"}, "delete": {"I4"}, "truncate": {"I4"}},
    ),
    Case(
        "legs added to an old entry",
        leg_row(CHARGE.entry_id, position=2),
        "ledger_entry_closed",
        believing("late", "partial"),
        frozenset({"I4"}),
    ),
    Case(
        "legs of no entry",
        leg_row(UNKNOWN),
        "ledger_entry_closed",
        believing("late", "partial"),
        frozenset({"I4"}),
    ),
    Case(
        "legs to no account",
        all_of(entry_row(NEW), leg_row(NEW, credit_id=UNKNOWN)),
        "ledger_posting_accounts",
        mutant("ledger_book_legs", "IF homeless THEN", "IF false THEN"),
        frozenset({"I4"}),
    ),
    Case(
        "late legs past the whole trigger",
        leg_row(CHARGE.entry_id, position=2),
        "ledger_entry_closed",
        disabled("ledger_book_legs", "ledger_posting"),
        frozenset({"I2", "I4"}),
    ),
    Case(
        "an entry without legs",
        entry_row(NEW),
        "ledger_entry_has_legs",
        without("ledger_entry_has_legs", "ledger_entry"),
        frozenset({"I4"}),
    ),
    Case(
        "an entry with a leg missing",
        all_of(entry_row(NEW, n_postings=2), leg_row(NEW)),
        "ledger_entry_whole",
        mutant("ledger_book_legs", "IF partial THEN", "IF false THEN"),
        frozenset({"I4"}),
    ),
    Case(
        "a reversal of other cents",
        reverse_with_other_cents,
        "ledger_reversal_mirrors",
        mutant("ledger_book_legs", "IF unlike THEN", "IF false THEN"),
        frozenset({"I4"}),
    ),
    Case(
        "a second reversal",
        all_of(
            entry_row(NEW, reverses=CHARGE.entry_id),
            leg_row(NEW, cents=10_000, debit_id=INCOME, credit_id=RECEIVABLE),
            posted(entry(TENANT, CLAIM.charged(10_000, 1))),
            entry_row(OTHER, reverses=CHARGE.entry_id),
            leg_row(OTHER, cents=10_000, debit_id=INCOME, credit_id=RECEIVABLE),
        ),
        "ledger_entry_reversed_once",
        dropped("DROP INDEX ledger_entry_reversed_once"),
        frozenset({"I4"}),
    ),
    Case(
        "a reversal of nothing",
        all_of(entry_row(NEW, reverses=UNKNOWN), leg_row(NEW)),
        "ledger_entry_reverses",
        dropped(
            "ALTER TABLE ledger_entry DROP CONSTRAINT ledger_entry_reverses;"
            "ALTER TABLE ledger_posting DISABLE TRIGGER ledger_book_legs"
        ),
        frozenset({"I4"}),
    ),
    Case(
        "one event twice under a new id",
        all_of(
            sql(
                """INSERT INTO ledger_entry (tenant_id, entry_id, kind, source_event_id, part,
                       request_hash, effective_on, actor, n_postings)
                   SELECT tenant_id, $1, kind, source_event_id, part, request_hash, effective_on,
                          actor, n_postings FROM ledger_entry""",
                NEW,
            ),
            leg_row(NEW, cents=10_000),
        ),
        "ledger_entry_once",
        without("ledger_entry_once", "ledger_entry"),
        frozenset({"I4"}),
    ),
    Case(
        "more paid than owed",
        all_of(
            open_clearing,
            entry_row(NEW),
            leg_row(NEW, cents=10_001, debit_id=CLEARING, credit_id=RECEIVABLE),
        ),
        "ledger_balance_not_below_zero",
        without("ledger_balance_not_below_zero", "ledger_balance"),
        frozenset({"I1", "I3"}),
    ),
    Case(
        "a leg of zero cents",
        all_of(entry_row(NEW), leg_row(NEW, cents=0)),
        "ledger_posting_cents",
        without("ledger_posting_cents", "ledger_posting"),
    ),
    Case(
        "a leg of negative cents",
        all_of(entry_row(NEW), leg_row(NEW, cents=-5)),
        "ledger_posting_cents",
        without("ledger_posting_cents", "ledger_posting"),
    ),
    Case(
        "a leg beyond a billion dollars",
        all_of(entry_row(NEW), leg_row(NEW, cents=100_000_000_001)),
        "ledger_posting_cents",
        without("ledger_posting_cents", "ledger_posting"),
    ),
    Case(
        "an account that pays itself",
        all_of(entry_row(NEW), leg_row(NEW, credit_id=RECEIVABLE)),
        "ledger_posting_two_accounts",
        without("ledger_posting_two_accounts", "ledger_posting"),
    ),
    Case(
        "an account under two ids",
        open_account_twice,
        "ledger_account_once",
        without("ledger_account_once", "ledger_account"),
        frozenset({"I2"}),
    ),
    Case(
        "a receivable of no payer",
        account_row("AR_PAYER", claim_id=UUID(int=3)),
        "ledger_account_dimensions",
        without("ledger_account_dimensions", "ledger_account"),
    ),
    Case(
        "an account of no code",
        account_row("PETTY_CASH"),
        "ledger_account_code",
        without("ledger_account_code", "ledger_account"),
    ),
    Case(
        "an entry by nobody",
        all_of(
            sql(
                """INSERT INTO ledger_entry (tenant_id, entry_id, kind, source_event_id,
                       request_hash, effective_on, actor, n_postings)
                   VALUES ($1, $2, 'attack', $2, sha256('x'), $3, '', 1)""",
                TENANT,
                NEW,
                DAY,
            ),
            leg_row(NEW),
        ),
        "ledger_entry_actor",
        without("ledger_entry_actor", "ledger_entry"),
    ),
    Case(
        "an entry without a hash of its content",
        all_of(
            sql(
                """INSERT INTO ledger_entry (tenant_id, entry_id, kind, source_event_id,
                       request_hash, effective_on, actor, n_postings)
                   VALUES ($1, $2, 'attack', $2, '', $3, 'attack', 1)""",
                TENANT,
                NEW,
                DAY,
            ),
            leg_row(NEW),
        ),
        "ledger_entry_request_hash",
        without("ledger_entry_request_hash", "ledger_entry"),
    ),
    Case(
        "an entry of no legs at all",
        entry_row(NEW, n_postings=0),
        "ledger_entry_n_postings",
        dropped(
            "ALTER TABLE ledger_entry DROP CONSTRAINT ledger_entry_n_postings,"
            " DROP CONSTRAINT ledger_entry_has_legs"
        ),
    ),
    Case(
        "an entry of no kind",
        all_of(
            sql(
                """INSERT INTO ledger_entry (tenant_id, entry_id, kind, source_event_id,
                       request_hash, effective_on, actor, n_postings)
                   VALUES ($1, $2, '', $2, sha256('x'), $3, 'attack', 1)""",
                TENANT,
                NEW,
                DAY,
            ),
            leg_row(NEW),
        ),
        "ledger_entry_kind",
        without("ledger_entry_kind", "ledger_entry"),
    ),
    Case(
        "an entry that reverses itself",
        all_of(entry_row(NEW, reverses=NEW), leg_row(NEW)),
        "ledger_entry_not_itself",
        dropped(
            "ALTER TABLE ledger_entry DROP CONSTRAINT ledger_entry_not_itself;"
            "ALTER TABLE ledger_posting DISABLE TRIGGER ledger_book_legs"
        ),
        frozenset({"I4"}),
    ),
    Case(
        "two entries under one id",
        all_of(entry_row(CHARGE.entry_id), leg_row(CHARGE.entry_id, position=2)),
        "ledger_entry_pkey",
        dropped(
            "ALTER TABLE ledger_entry DROP CONSTRAINT ledger_entry_pkey CASCADE;"
            "ALTER TABLE ledger_posting DISABLE TRIGGER ledger_book_legs"
        ),
        frozenset({"I2", "I4"}),
    ),
    Case(
        "two legs in one place",
        all_of(
            entry_row(NEW, n_postings=2),
            sql(
                """INSERT INTO ledger_posting (tenant_id, entry_id, position, debit_id, credit_id,
                                               cents)
                   SELECT $1, $2, 1, $3, $4, 100 FROM generate_series(1, 2)""",
                TENANT,
                NEW,
                RECEIVABLE,
                INCOME,
            ),
        ),
        "ledger_posting_pkey",
        dropped("ALTER TABLE ledger_posting DROP CONSTRAINT ledger_posting_pkey CASCADE"),
    ),
    Case(
        "one id for two accounts",
        account_row("CASH", account_id=RECEIVABLE),
        "ledger_account_pkey",
        without("ledger_account_pkey", "ledger_account"),
        frozenset({"I1"}),
    ),
    Case(
        "a balance written by hand",
        sql("UPDATE ledger_balance SET debit_cents = debit_cents + 1"),
        "42501",
        dropped(f"GRANT UPDATE ON ledger_balance TO {APP}"),
        frozenset({"I1", "I2", "I11"}),
    ),
    Case(
        "an entry that claims another transaction",
        all_of(
            sql(
                """INSERT INTO ledger_entry (tenant_id, entry_id, kind, source_event_id,
                       request_hash, effective_on, actor, n_postings, created_xid)
                   VALUES ($1, $2, 'attack', $2, sha256('x'), $3, 'attack', 1,
                           pg_current_xact_id())""",
                TENANT,
                NEW,
                DAY,
            ),
            leg_row(NEW),
        ),
        "42501",
        dropped(f"GRANT INSERT ON ledger_entry TO {APP}"),
    ),
    Case(
        "another tenant's account",
        sql(
            """INSERT INTO ledger_account (tenant_id, account_id, code) VALUES ($1, $2, 'CASH')""",
            STRANGER,
            new_id(),
        ),
        "42501",
        dropped("ALTER TABLE ledger_account DISABLE ROW LEVEL SECURITY"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
async def test_the_guard_is_needed(scratch: Scratch, case: Case) -> None:
    with pytest.raises(StatementFailed, match=case.guard):
        await scratch.attack(case.attack, as_owner=case.as_owner)
    assert await scratch.red() == set(), "a refused attack left something behind"
    await case.remove(scratch.admin)
    await scratch.attack(case.attack, as_owner=case.as_owner)
    assert case.red <= await scratch.red()


async def test_no_guard_of_the_schema_is_without_its_proof(scratch: Scratch) -> None:
    """A new constraint or trigger has to bring an attack of its own."""
    rows = await scratch.admin.fetch(
        """
        SELECT conname AS name FROM pg_constraint
        WHERE conrelid::regclass::text LIKE 'ledger_%' AND contype IN ('c', 'u', 'p', 'f', 't')
        UNION SELECT tgname FROM pg_trigger
        WHERE tgrelid::regclass::text LIKE 'ledger_%' AND NOT tgisinternal
        UNION SELECT indexrelid::regclass::text FROM pg_index
        WHERE indrelid::regclass::text LIKE 'ledger_%' AND indisunique
        """
    )
    # A trigger raises under the names of its rules; these two and the balances' key have none.
    raised = {"ledger_book_legs": "ledger_entry_closed", "ledger_open_balances": None}
    raised["ledger_balance_pkey"] = None
    proven = {case.guard for case in CASES}
    needed = {raised.get(row["name"], row["name"]) for row in rows} - {None}
    assert needed <= proven


async def test_a_receivable_without_its_balance_takes_no_posting(scratch: Scratch) -> None:
    """Without the trigger that opens balances nothing is unbounded: nothing can be posted."""
    await scratch.admin.execute("ALTER TABLE ledger_account DISABLE TRIGGER ledger_open_balances")
    other = PayerClaim(new_id(), "DEMO1")
    with pytest.raises(StatementFailed, match="ledger_posting_accounts"):
        await scratch.attack(posted(entry(TENANT, other.charged(1, 1))))


async def test_a_repeated_account_opens_no_second_balance(scratch: Scratch) -> None:
    with pytest.raises(StatementFailed, match="ledger_balance_pkey"):
        await scratch.attack(
            sql("INSERT INTO ledger_balance SELECT * FROM ledger_balance"), as_owner=True
        )
