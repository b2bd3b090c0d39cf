"""The books as reports: totals per code, every movement of an account, receivables by age."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from rcm.db import Tx
from rcm.ledger.accounts import RECEIVABLES, AccountCode, account_id
from rcm.ledger.balances import Balance, OwnedAccount

TOTALS = """
WITH side AS (
  SELECT tenant_id, debit_id AS account_id, entry_id, cents AS debit, 0 AS credit
  FROM ledger_posting
  UNION ALL SELECT tenant_id, credit_id, entry_id, 0, cents FROM ledger_posting
)
SELECT side.tenant_id, account.code, sum(debit)::bigint AS debit_cents,
       sum(credit)::bigint AS credit_cents
FROM side JOIN ledger_account account USING (tenant_id, account_id)
JOIN ledger_entry entry USING (tenant_id, entry_id)
WHERE ($1::date IS NULL OR entry.effective_on <= $1)
  AND ($2::timestamptz IS NULL OR entry.posted_at <= $2)
GROUP BY side.tenant_id, account.code
"""


async def totals(
    tx: Tx, *, effective_on: date | None = None, posted_by: datetime | None = None
) -> dict[tuple[UUID, AccountCode], Balance]:
    """What all accounts of a code hold together, per tenant, summed from the postings. The bounds
    are those of `balance_as_of`."""
    return {
        (row["tenant_id"], AccountCode(row["code"])): Balance(
            AccountCode(row["code"]), row["debit_cents"], row["credit_cents"]
        )
        for row in await tx.fetch(TOTALS, effective_on, posted_by)
    }


@dataclass(frozen=True, slots=True)
class Movement:
    """One posting as an account sees it: `cents` is signed, positive on the side it grows on."""

    entry_id: UUID
    kind: str
    source_event_id: UUID
    effective_on: date
    posted_at: datetime
    against: AccountCode
    cents: int
    line_number: int | None
    group_code: str | None
    reason_code: str | None
    trace_number: str | None


MOVEMENTS = """
WITH wanted AS (SELECT * FROM unnest($1::uuid[], $2::uuid[]) AS pair (tenant_id, account_id)),
side AS (
  SELECT leg.*, leg.debit_id AS account_id, leg.credit_id AS against_id, leg.cents AS debited_cents
  FROM wanted JOIN ledger_posting leg
    ON leg.tenant_id = wanted.tenant_id AND leg.debit_id = wanted.account_id
  UNION ALL
  SELECT leg.*, leg.credit_id, leg.debit_id, -leg.cents
  FROM wanted JOIN ledger_posting leg
    ON leg.tenant_id = wanted.tenant_id AND leg.credit_id = wanted.account_id
)
SELECT side.tenant_id, side.account_id, side.debited_cents, side.line_number, side.group_code,
       side.reason_code, side.trace_number, against.code AS against_code, entry.entry_id,
       entry.kind, entry.source_event_id, entry.effective_on, entry.posted_at
FROM side JOIN ledger_entry entry USING (tenant_id, entry_id)
JOIN ledger_account against
  ON against.tenant_id = side.tenant_id AND against.account_id = side.against_id
ORDER BY entry.effective_on, entry.posted_at, entry.entry_id, side.position
"""


async def movements(
    tx: Tx, accounts: Iterable[OwnedAccount]
) -> dict[OwnedAccount, tuple[Movement, ...]]:
    """All that ever moved on each account, oldest first; each cent names the event behind it."""
    wanted = {(tenant, account_id(tenant, found)): (tenant, found) for tenant, found in accounts}
    if not wanted:
        return {}
    moved: dict[OwnedAccount, list[Movement]] = {owned: [] for owned in wanted.values()}
    for row in await tx.fetch(MOVEMENTS, *zip(*sorted(wanted), strict=True)):
        owned = wanted[row["tenant_id"], row["account_id"]]
        sign = 1 if owned[1].normal_debit else -1
        moved[owned].append(
            Movement(
                row["entry_id"],
                row["kind"],
                row["source_event_id"],
                row["effective_on"],
                row["posted_at"],
                AccountCode(row["against_code"]),
                sign * row["debited_cents"],
                row["line_number"],
                row["group_code"],
                row["reason_code"],
                row["trace_number"],
            )
        )
    return {owned: tuple(found) for owned, found in moved.items()}


AGE_BOUNDS_DAYS = (0, 31, 61, 91, 121)
"""First day of each age bucket: 0-30, 31-60, 61-90, 91-120 and older, as billers read them."""

AGING = """
SELECT held.tenant_id, account.code,
       width_bucket($1::date - coalesce(owed.since, '0001-01-01'), $2::int[]) AS bucket,
       count(*) AS accounts, sum(held.debit_cents - held.credit_cents)::bigint AS cents
FROM ledger_balance held JOIN ledger_account account USING (tenant_id, account_id)
CROSS JOIN LATERAL (
  SELECT min(entry.effective_on) AS since
  FROM ledger_posting leg JOIN ledger_entry entry USING (tenant_id, entry_id)
  WHERE leg.tenant_id = held.tenant_id AND leg.debit_id = held.account_id
) owed
WHERE account.code = ANY ($3::text[]) AND held.debit_cents > held.credit_cents
GROUP BY held.tenant_id, account.code, bucket
"""


@dataclass(frozen=True, slots=True)
class AgeBucket:
    """Open receivables of one tenant and code that are `from_days` old or more, up to the next
    bucket."""

    tenant_id: UUID
    code: AccountCode
    from_days: int
    accounts: int
    cents: int


async def aging(tx: Tx, today: date) -> list[AgeBucket]:
    """Receivables by the days since their first cent was owed. What becomes owed only in the future
    counts into the youngest bucket."""
    rows = await tx.fetch(AGING, today, list(AGE_BOUNDS_DAYS), sorted(RECEIVABLES))
    summed: dict[tuple[UUID, AccountCode, int], tuple[int, int]] = {}
    for row in rows:
        from_days = AGE_BOUNDS_DAYS[max(row["bucket"], 1) - 1]
        key = (row["tenant_id"], AccountCode(row["code"]), from_days)
        accounts, cents = summed.get(key, (0, 0))
        summed[key] = (accounts + row["accounts"], cents + row["cents"])
    return [AgeBucket(*key, *found) for key, found in sorted(summed.items())]
