"""The books beside the tables: sums of the tenant, and everything in which they disagree."""

from dataclasses import dataclass
from uuid import UUID

from rcm.db import Tx


@dataclass(frozen=True, slots=True)
class Summary:
    """A tenant's patients' money: what the tables say, and beside it the ledger's balances."""

    account_count: int
    owing_account_count: int
    claim_count: int
    charged_cents: int
    discount_cents: int
    plan_paid_cents: int
    plan_pending_cents: int
    patient_due_cents: int
    patient_paid_cents: int
    receivable_cents: int
    unapplied_cents: int
    ledger_receivable_cents: int
    ledger_unapplied_cents: int

    @property
    def agrees(self) -> bool:
        """The tables repeat the ledger."""
        return (
            self.receivable_cents == self.ledger_receivable_cents
            and self.unapplied_cents == self.ledger_unapplied_cents
        )


# OFFSET 0 keeps the join to the ledger one index probe per balance: before the first statistics
# the planner would compare every balance with every account.
SUMMARY = """
WITH accounts AS (
  SELECT count(*) AS account_count, count(*) FILTER (WHERE balance_cents > 0) AS owing_count,
         coalesce(sum(receivable_cents), 0) AS receivable,
         coalesce(sum(unapplied_cents), 0) AS unapplied
  FROM account WHERE tenant_id = $1
), claims AS (
  SELECT count(*) AS claim_count, coalesce(sum(charge_cents), 0) AS charged,
         coalesce(sum(discount_cents), 0) AS discount,
         coalesce(sum(plan_paid_cents), 0) AS plan_paid,
         coalesce(sum(plan_pending_cents), 0) AS plan_pending,
         coalesce(sum(due_cents), 0) AS due, coalesce(sum(due_cents - open_cents), 0) AS paid
  FROM claim_charge WHERE tenant_id = $1
), books AS (
  SELECT coalesce(sum(debit_cents - credit_cents) FILTER (WHERE code = 'AR_PATIENT'), 0)
           AS receivable,
         coalesce(sum(credit_cents - debit_cents) FILTER (WHERE code = 'UNAPPLIED'), 0)
           AS unapplied
  FROM ledger_balance balance CROSS JOIN LATERAL (
    SELECT code FROM ledger_account account
    WHERE account.tenant_id = balance.tenant_id AND account.account_id = balance.account_id
    OFFSET 0) known
  WHERE balance.tenant_id = $1
)
SELECT account_count, owing_count AS owing_account_count, claim_count,
       charged::bigint AS charged_cents, discount::bigint AS discount_cents,
       plan_paid::bigint AS plan_paid_cents, plan_pending::bigint AS plan_pending_cents,
       due::bigint AS patient_due_cents, paid::bigint AS patient_paid_cents,
       accounts.receivable::bigint AS receivable_cents,
       accounts.unapplied::bigint AS unapplied_cents,
       books.receivable::bigint AS ledger_receivable_cents,
       books.unapplied::bigint AS ledger_unapplied_cents
FROM accounts, claims, books
"""


async def summary(tx: Tx) -> Summary:
    row = await tx.fetchrow(SUMMARY, tx.tenant_id)
    assert row is not None  # noqa: S101 - aggregates without groups give one row
    return Summary(**dict(row))


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A claim whose row says something else than the ledger's postings."""

    claim_id: UUID
    open_cents: int
    ledger_open_cents: int
    due_cents: int
    ledger_transfer_cents: int
    """What the payers' books passed on: it must be what is due."""


# PATIENT_TRANSFER grows on the payers' side, so here it stands in credit.
DISAGREEMENTS = """
WITH moved AS (
  SELECT account_id, sum(cents) AS cents FROM (
    SELECT debit_id AS account_id, cents FROM ledger_posting WHERE tenant_id = $1
    UNION ALL SELECT credit_id, -cents FROM ledger_posting WHERE tenant_id = $1) side
  GROUP BY account_id
), books AS (
  SELECT known.claim_id,
         coalesce(sum(moved.cents) FILTER (WHERE known.code = 'AR_PATIENT'), 0) AS open,
         coalesce(-sum(moved.cents) FILTER (WHERE known.code = 'PATIENT_TRANSFER'), 0) AS due
  FROM moved CROSS JOIN LATERAL (
    SELECT code, claim_id FROM ledger_account account
    WHERE account.tenant_id = $1 AND account.account_id = moved.account_id OFFSET 0) known
  WHERE known.claim_id IS NOT NULL GROUP BY known.claim_id
), said AS (
  SELECT claim_id, open_cents, due_cents, 0 AS open, 0 AS due
  FROM claim_charge WHERE tenant_id = $1
  UNION ALL SELECT claim_id, 0, 0, open, due FROM books
)
SELECT claim_id, sum(open_cents)::bigint AS open_cents, sum(open)::bigint AS ledger_open_cents,
       sum(due_cents)::bigint AS due_cents, sum(due)::bigint AS ledger_transfer_cents
FROM said GROUP BY claim_id
HAVING sum(open_cents) <> sum(open) OR sum(due_cents) <> sum(due)
ORDER BY claim_id LIMIT $2
"""


async def disagreements(tx: Tx, *, limit: int = 100) -> list[Disagreement]:
    """Every claim of the tenant against the ledger (I1, I9); empty when the books are right."""
    rows = await tx.fetch(DISAGREEMENTS, tx.tenant_id, limit)
    return [Disagreement(**dict(row)) for row in rows]
