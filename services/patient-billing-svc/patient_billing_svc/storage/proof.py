"""The books beside the tables: sums of the tenant, and everything in which they disagree."""

from dataclasses import dataclass

from rcm.db import Tx


@dataclass(frozen=True, slots=True)
class Summary:
    """A tenant's patients' money. The first group is the tables', the second the ledger's."""

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
    ledger_transfer_cents: int

    @property
    def agrees(self) -> bool:
        """The tables repeat the ledger, and what is due is what the payers' books passed on."""
        return (
            self.receivable_cents == self.ledger_receivable_cents
            and self.unapplied_cents == self.ledger_unapplied_cents
            and self.patient_due_cents == self.ledger_transfer_cents
        )


# PATIENT_TRANSFER grows on the other side's books, so here it stands in credit.
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
), side AS (
  SELECT debit_id AS account_id, cents FROM ledger_posting WHERE tenant_id = $1
  UNION ALL SELECT credit_id, -cents FROM ledger_posting WHERE tenant_id = $1
), books AS (
  SELECT coalesce(sum(cents) FILTER (WHERE code = 'AR_PATIENT'), 0) AS receivable,
         coalesce(-sum(cents) FILTER (WHERE code = 'UNAPPLIED'), 0) AS unapplied,
         coalesce(-sum(cents) FILTER (WHERE code = 'PATIENT_TRANSFER'), 0) AS transfer
  FROM side JOIN ledger_account USING (account_id) WHERE tenant_id = $1
)
SELECT account_count, owing_count AS owing_account_count, claim_count,
       charged::bigint AS charged_cents, discount::bigint AS discount_cents,
       plan_paid::bigint AS plan_paid_cents, plan_pending::bigint AS plan_pending_cents,
       due::bigint AS patient_due_cents, paid::bigint AS patient_paid_cents,
       accounts.receivable::bigint AS receivable_cents,
       accounts.unapplied::bigint AS unapplied_cents,
       books.receivable::bigint AS ledger_receivable_cents,
       books.unapplied::bigint AS ledger_unapplied_cents,
       transfer::bigint AS ledger_transfer_cents
FROM accounts, claims, books
"""


async def summary(tx: Tx) -> Summary:
    row = await tx.fetchrow(SUMMARY, tx.tenant_id)
    assert row is not None  # noqa: S101 - aggregates without groups give one row
    return Summary(**dict(row))


async def disagreements(tx: Tx, *, limit: int = 100) -> list[str]:
    """Claims whose open or due amount is not what the ledger says (I1, I9), by id."""
    rows = await tx.fetch(
        """
        WITH side AS (
          SELECT debit_id AS account_id, cents FROM ledger_posting WHERE tenant_id = $1
          UNION ALL SELECT credit_id, -cents FROM ledger_posting WHERE tenant_id = $1
        ), books AS (
          SELECT claim_id, coalesce(sum(cents) FILTER (WHERE code = 'AR_PATIENT'), 0) AS open,
                 coalesce(-sum(cents) FILTER (WHERE code = 'PATIENT_TRANSFER'), 0) AS due
          FROM side JOIN ledger_account USING (account_id)
          WHERE tenant_id = $1 AND claim_id IS NOT NULL GROUP BY claim_id
        )
        SELECT coalesce(charge.claim_id, books.claim_id) AS claim_id
        FROM (SELECT * FROM claim_charge WHERE tenant_id = $1) charge
        FULL JOIN books USING (claim_id)
        WHERE coalesce(charge.open_cents, 0) <> coalesce(books.open, 0)
           OR coalesce(charge.due_cents, 0) <> coalesce(books.due, 0)
        LIMIT $2
        """,
        tx.tenant_id,
        limit,
    )
    return [str(row["claim_id"]) for row in rows]
