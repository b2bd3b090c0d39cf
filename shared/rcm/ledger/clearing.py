"""Invariants of the accounts that exist to become zero: I6 and I9."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import asyncpg

from rcm.db import Tx
from rcm.ledger.invariants import SHOWN, Found, Snapshots, across_databases, each_database
from rcm.money import dollars

REMITTANCES = """
WITH side AS (
  SELECT leg.tenant_id, own.account_id, own.reference, leg.cents AS cents, leg.entry_id,
         other.code AS against
  FROM ledger_account own
  JOIN ledger_posting leg ON leg.debit_id = own.account_id AND leg.tenant_id = own.tenant_id
  JOIN ledger_account other
    ON other.tenant_id = leg.tenant_id AND other.account_id = leg.credit_id
  WHERE own.code = 'REMIT_CLEARING'
  UNION ALL
  SELECT leg.tenant_id, own.account_id, own.reference, -leg.cents, leg.entry_id, other.code
  FROM ledger_account own
  JOIN ledger_posting leg ON leg.credit_id = own.account_id AND leg.tenant_id = own.tenant_id
  JOIN ledger_account other
    ON other.tenant_id = leg.tenant_id AND other.account_id = leg.debit_id
  WHERE own.code = 'REMIT_CLEARING'
)
SELECT side.account_id, side.reference, sum(cents)::bigint AS cents,
       coalesce(sum(cents) FILTER (WHERE against = 'CASH'), 0) <> 0 AS deposited,
       -- Payers announce money some days before it comes.
       greatest(current_date - min(entry.effective_on), 0) AS age_days
FROM side JOIN ledger_entry entry USING (tenant_id, entry_id)
GROUP BY side.tenant_id, side.account_id, side.reference
"""
SUMMARY = f"""
SELECT count(*) AS checked,
       count(*) FILTER (WHERE wrong) AS breaches,
       coalesce(sum(abs(cents)) FILTER (WHERE wrong), 0)::bigint AS cents,
       coalesce((array_agg(account_id::text ORDER BY account_id) FILTER (WHERE wrong))[1:{SHOWN}],
                '{{}}') AS first,
       count(*) FILTER (WHERE waiting) AS waiting,
       coalesce(sum(cents) FILTER (WHERE waiting), 0)::bigint AS waiting_cents,
       coalesce(max(age_days) FILTER (WHERE waiting), 0) AS oldest_days
FROM (SELECT *, deposited AND cents <> 0 AS wrong, NOT deposited AND cents <> 0 AS waiting
      FROM ({REMITTANCES}) remittance) judged
"""


@each_database("I6", "Remittances seen at the bank clear to zero", requires="ledger_entry")
async def remittances_clear(tx: Tx) -> Found:
    """A matched remittance's REMIT_CLEARING is zero; those still waiting are listed with age."""
    row = await tx.fetchrow(SUMMARY)
    assert row is not None  # noqa: S101 - an aggregate always has its row
    note = ""
    if row["waiting"]:
        note = (
            f"{row['waiting']} not yet at the bank, {dollars(row['waiting_cents'])}, "
            f"oldest {row['oldest_days']} days"
        )
    return Found(row["checked"], row["breaches"], row["cents"], tuple(row["first"]), note)


TRANSFERRED = """
SELECT leg.tenant_id, own.claim_id, leg.entry_id,
       CASE WHEN leg.debit_id = own.account_id THEN leg.cents ELSE -leg.cents END AS cents
FROM ledger_account own
JOIN ledger_posting leg
  ON leg.tenant_id = own.tenant_id AND own.account_id IN (leg.debit_id, leg.credit_id)
WHERE own.code = 'PATIENT_TRANSFER'
"""
# Linear in the cents, so that the digests of books that agree add up to zero bucket by bucket.
DIGEST = f"""
SELECT tenant_id, get_byte(uuid_send(claim_id), 15) AS bucket, count(*) AS claims,
       sum(cents)::numeric AS cents,
       sum(cents * hashtextextended(claim_id::text, 1)::numeric) AS first_digest,
       sum(cents * hashtextextended(claim_id::text, 2)::numeric) AS second_digest
FROM (SELECT tenant_id, claim_id, sum(cents) AS cents FROM ({TRANSFERRED}) leg
      GROUP BY tenant_id, claim_id) claim
GROUP BY tenant_id, bucket
"""
CLAIMS = f"""
SELECT leg.tenant_id, leg.claim_id, sum(leg.cents)::bigint AS cents,
       max(entry.posted_at) AS posted_at
FROM ({TRANSFERRED}) leg JOIN ledger_entry entry USING (tenant_id, entry_id)
WHERE leg.tenant_id = $1 AND get_byte(uuid_send(leg.claim_id), 15) = ANY ($2::int[])
GROUP BY leg.tenant_id, leg.claim_id
"""


@across_databases(
    "I9", "What payers' books passed to patients = what patients' took", requires="ledger_entry"
)
async def transfers_agree(snapshots: Snapshots) -> Found:
    """PATIENT_TRANSFER of every claim adds up to zero over all books. Only digests travel; claims
    are read where they differ. What moved within `settling` is on its way, and no breach."""
    digests = [await tx.fetch(DIGEST) for tx in snapshots.books.values()]
    claims, suspects = _suspects(row for rows in digests for row in rows)
    open_cents: dict[UUID, int] = {}
    moved_at: dict[UUID, datetime] = {}
    for tx in snapshots.books.values():
        for tenant_id, buckets in suspects.items():
            for row in await tx.fetch(CLAIMS, tenant_id, buckets):
                claim = row["claim_id"]
                open_cents[claim] = open_cents.get(claim, 0) + row["cents"]
                moved_at[claim] = max(moved_at.get(claim, row["posted_at"]), row["posted_at"])
    now = await next(iter(snapshots.books.values())).fetchval("SELECT transaction_timestamp()")
    different = {claim: cents for claim, cents in open_cents.items() if cents}
    wrong = {
        str(claim): cents
        for claim, cents in different.items()
        if now - moved_at[claim] >= snapshots.settling
    }
    on_the_way = len(different) - len(wrong)
    note = f"{on_the_way} claims on their way" if on_the_way else ""
    cents = sum(map(abs, wrong.values()))
    return Found(claims, len(wrong), cents, tuple(sorted(wrong)[:SHOWN]), note)


def _suspects(rows: Iterable[asyncpg.Record]) -> tuple[int, dict[UUID, list[int]]]:
    """How many claims the largest book has in each bucket, and the buckets that do not cancel."""
    sums: dict[tuple[UUID, int], tuple[int, int, int]] = {}
    counts: dict[tuple[UUID, int], int] = {}
    for row in rows:
        key = (row["tenant_id"], row["bucket"])
        cents, first, second = sums.get(key, (0, 0, 0))
        sums[key] = (
            cents + int(row["cents"]),
            first + int(row["first_digest"]),
            second + int(row["second_digest"]),
        )
        counts[key] = max(counts.get(key, 0), row["claims"])
    suspects: dict[UUID, list[int]] = {}
    for (tenant_id, bucket), digest in sums.items():
        if any(digest):
            suspects.setdefault(tenant_id, []).append(bucket)
    return sum(counts.values()), suspects
