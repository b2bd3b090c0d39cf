"""What claims-svc adds to the invariants of the books: I5."""

from rcm.db import Tx
from rcm.ledger.invariants import SHOWN, Found, each_database

# A payer's trace may head several remittances; they share one clearing account and are judged
# together, once every CLP of theirs has been posted or waits unposted with its cents.
ANNOUNCED = """
SELECT told.tenant_id, told.payer_id, told.trace_number, sum(told.payment_cents)::bigint AS cents,
       sum(told.claim_count) AS claims,
       sum((SELECT count(*) FROM adjudication AS done
             WHERE done.tenant_id = told.tenant_id AND done.remittance_id = told.remittance_id)
         + (SELECT count(*) FROM unposted_payment AS waits
             WHERE waits.tenant_id = told.tenant_id AND waits.remittance_id = told.remittance_id
               AND waits.status = 'open')) AS handled
FROM announced_remittance AS told GROUP BY told.tenant_id, told.payer_id, told.trace_number
"""
BOOKED = """
SELECT account.tenant_id, account.payer_id, account.reference AS trace_number,
       sum(CASE WHEN leg.debit_id = account.account_id THEN leg.cents ELSE -leg.cents END)::bigint
         AS cents
FROM ledger_account AS account
JOIN ledger_posting AS leg
  ON leg.tenant_id = account.tenant_id AND account.account_id IN (leg.debit_id, leg.credit_id)
JOIN ledger_account AS other
  ON other.tenant_id = leg.tenant_id
 AND other.account_id = CASE WHEN leg.debit_id = account.account_id
                             THEN leg.credit_id ELSE leg.debit_id END
WHERE account.code = 'REMIT_CLEARING' AND other.code <> 'CASH'
GROUP BY account.tenant_id, account.payer_id, account.reference
"""
SUMMARY = f"""
SELECT count(*) AS checked, count(*) FILTER (WHERE wrong) AS breaches,
       coalesce(sum(abs(residue)) FILTER (WHERE wrong), 0)::bigint AS cents,
       coalesce((array_agg(trace_number ORDER BY trace_number) FILTER (WHERE wrong))[1:{SHOWN}],
                '{{}}') AS first,
       count(*) FILTER (WHERE handled < claims) AS on_the_way
FROM (SELECT told.*, told.cents - coalesce(booked.cents, 0) AS residue,
             told.handled >= told.claims AND told.cents <> coalesce(booked.cents, 0) AS wrong
      FROM ({ANNOUNCED}) AS told LEFT JOIN ({BOOKED}) AS booked
        USING (tenant_id, payer_id, trace_number)) AS judged
"""


@each_database("I5", "Each remittance: posted legs = BPR02", requires="announced_remittance")
async def remittances_are_whole(tx: Tx) -> Found:
    """Claims paid, less provider adjustments, are the payment; what still comes is no breach."""
    row = await tx.fetchrow(SUMMARY)
    assert row is not None  # noqa: S101 - an aggregate always has its row
    note = f"{row['on_the_way']} on their way" if row["on_the_way"] else ""
    return Found(row["checked"], row["breaches"], row["cents"], tuple(row["first"]), note)
