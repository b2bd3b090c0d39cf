"""What accounts hold: now, on a day, and as the books stood at a moment."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg

from rcm.db import Tx
from rcm.ledger.accounts import NORMAL_DEBIT, Account, AccountCode, account_id

OwnedAccount = tuple[UUID, Account]
"""A tenant's account. A consumer's batch holds accounts of several tenants."""


@dataclass(frozen=True, slots=True)
class Balance:
    """What went into an account on each side. `cents` counts on the side it grows on."""

    code: AccountCode
    debit_cents: int = 0
    credit_cents: int = 0

    @property
    def cents(self) -> int:
        """What is open: never negative for a bounded account."""
        net_cents = self.debit_cents - self.credit_cents
        return net_cents if self.code in NORMAL_DEBIT else -net_cents


HELD = """
SELECT balance.* FROM unnest($1::uuid[], $2::uuid[]) AS wanted (tenant_id, account_id)
JOIN ledger_balance balance USING (tenant_id, account_id)
"""
HELD_AND_LOCKED = "SELECT * FROM ledger_hold_balances($1::uuid[], $2::uuid[])"
SUMMED = """
WITH wanted AS (SELECT * FROM unnest($1::uuid[], $2::uuid[]) AS pair (tenant_id, account_id)),
side AS (
  SELECT leg.tenant_id, leg.debit_id AS account_id, leg.entry_id, leg.cents AS debit, 0 AS credit
  FROM wanted JOIN ledger_posting leg
    ON leg.tenant_id = wanted.tenant_id AND leg.debit_id = wanted.account_id
  UNION ALL
  SELECT leg.tenant_id, leg.credit_id, leg.entry_id, 0, leg.cents
  FROM wanted JOIN ledger_posting leg
    ON leg.tenant_id = wanted.tenant_id AND leg.credit_id = wanted.account_id
)
SELECT side.tenant_id, side.account_id, sum(debit)::bigint AS debit_cents,
       sum(credit)::bigint AS credit_cents
FROM side JOIN ledger_entry entry USING (tenant_id, entry_id)
WHERE ($3::date IS NULL OR entry.effective_on <= $3)
  AND ($4::timestamptz IS NULL OR entry.posted_at <= $4)
GROUP BY side.tenant_id, side.account_id
"""


async def balances(
    tx: Tx, accounts: Iterable[OwnedAccount], *, lock: bool = False
) -> dict[OwnedAccount, Balance]:
    """What each account holds now; zero for one that was never posted to.

    Receivables and UNAPPLIED are read from their running balance, the others are summed. With
    `lock`, nobody else changes the bounded ones until this transaction ends: read like that before
    deciding how much of a payment an account can take.
    """
    wanted = {
        (tenant, account_id(tenant, account)): (tenant, account) for tenant, account in accounts
    }
    bounded = sorted(key for key, (_, account) in wanted.items() if account.bounded)
    summed = sorted(key for key, (_, account) in wanted.items() if not account.bounded)
    rows: list[asyncpg.Record] = []
    if bounded:
        rows += await tx.fetch(HELD_AND_LOCKED if lock else HELD, *zip(*bounded, strict=True))
    if summed:
        rows += await tx.fetch(SUMMED, *zip(*summed, strict=True), None, None)
    return _by_account(wanted, rows)


async def balance_as_of(
    tx: Tx,
    accounts: Iterable[OwnedAccount],
    *,
    effective_on: date | None = None,
    posted_by: datetime | None = None,
) -> dict[OwnedAccount, Balance]:
    """What each account held on a day (`effective_on`: when facts count) as the books stood at a
    moment (`posted_by`: when they were written). Both bounds include; None leaves an axis open."""
    wanted = {
        (tenant, account_id(tenant, account)): (tenant, account) for tenant, account in accounts
    }
    if not wanted:
        return {}
    rows = await tx.fetch(SUMMED, *zip(*sorted(wanted), strict=True), effective_on, posted_by)
    return _by_account(wanted, rows)


def _by_account(
    wanted: dict[tuple[UUID, UUID], OwnedAccount], rows: Iterable[asyncpg.Record]
) -> dict[OwnedAccount, Balance]:
    found = {owned: Balance(owned[1].code) for owned in wanted.values()}
    for row in rows:
        owned = wanted[row["tenant_id"], row["account_id"]]
        found[owned] = Balance(owned[1].code, row["debit_cents"], row["credit_cents"])
    return found


ACCOUNTS_OF = """
SELECT account.* FROM unnest($1::uuid[], $2::uuid[]) AS wanted (tenant_id, owner_id)
JOIN ledger_account account
  ON account.tenant_id = wanted.tenant_id AND account.{owner} = wanted.owner_id
ORDER BY account.tenant_id, account.account_id
"""


async def accounts_of_claims(tx: Tx, claims: Iterable[tuple[UUID, UUID]]) -> list[OwnedAccount]:
    """Every account that is about these claims, each given as (tenant id, claim id)."""
    return await _accounts_of(tx, "claim_id", claims)


async def accounts_of_patients(tx: Tx, patients: Iterable[tuple[UUID, UUID]]) -> list[OwnedAccount]:
    """Every account that is about these patients, each given as (tenant id, patient id)."""
    return await _accounts_of(tx, "patient_id", patients)


async def _accounts_of(
    tx: Tx, owner: str, wanted: Iterable[tuple[UUID, UUID]]
) -> list[OwnedAccount]:
    keys = sorted(set(wanted))
    if not keys:
        return []
    rows = await tx.fetch(ACCOUNTS_OF.format(owner=owner), *zip(*keys, strict=True))
    return [(row["tenant_id"], account_from(row)) for row in rows]


def account_from(row: asyncpg.Record, prefix: str = "") -> Account:
    """An account out of a row that has its columns, all under the same prefix."""
    return Account(
        AccountCode(row[f"{prefix}code"]),
        row[f"{prefix}claim_id"],
        row[f"{prefix}payer_id"],
        row[f"{prefix}patient_id"],
        row[f"{prefix}reference"],
    )
