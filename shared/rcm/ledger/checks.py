"""The ledger's own invariants within one database: I1 to I4 and I11.

They trust nothing that the triggers did: balances are summed again from the postings, reversals
compared leg by leg, and what no rule of `moves.py` explains is counted in cents.
"""

from collections.abc import Mapping
from uuid import UUID

from rcm.db import Tx
from rcm.ledger.accounts import RECEIVABLES, AccountCode
from rcm.ledger.invariants import SHOWN, Found, each_database
from rcm.ledger.reports import aging, totals

LEDGER = "ledger_entry"

LEGS = """
SELECT leg.tenant_id, leg.line_number, leg.cents, own.account_id, own.code, own.claim_id,
       other.code AS against, other.claim_id AS against_claim_id
FROM ledger_posting leg
JOIN ledger_account own ON (own.tenant_id, own.account_id) = (leg.tenant_id, leg.debit_id)
JOIN ledger_account other ON (other.tenant_id, other.account_id) = (leg.tenant_id, leg.credit_id)
UNION ALL
SELECT leg.tenant_id, leg.line_number, -leg.cents, own.account_id, own.code, own.claim_id,
       other.code, other.claim_id
FROM ledger_posting leg
JOIN ledger_account own ON (own.tenant_id, own.account_id) = (leg.tenant_id, leg.credit_id)
JOIN ledger_account other ON (other.tenant_id, other.account_id) = (leg.tenant_id, leg.debit_id)
"""
"""Every posting twice, once as each of its two accounts sees it: positive is a debit."""

CLAIM_RESIDUES = f"""
WITH moved AS (
  SELECT tenant_id, claim_id,
         sum(cents) FILTER (WHERE against IN (
           'REVENUE', 'REMIT_CLEARING', 'PSP_CLEARING', 'ADJ_CONTRACTUAL', 'ADJ_OTHER',
           'PATIENT_TRANSFER', 'UNAPPLIED')
           OR (against IN ('AR_PAYER', 'AR_PATIENT') AND against_claim_id = claim_id)) AS cents
  FROM ({LEGS}) leg WHERE code IN ('AR_PAYER', 'AR_PATIENT') GROUP BY tenant_id, claim_id
), held AS (
  SELECT tenant_id, account.claim_id, sum(debit_cents - credit_cents) AS cents
  FROM ledger_balance JOIN ledger_account account USING (tenant_id, account_id)
  WHERE account.code IN ('AR_PAYER', 'AR_PATIENT') GROUP BY tenant_id, account.claim_id
)
SELECT coalesce(moved.claim_id, held.claim_id)::text AS place,
       coalesce(moved.cents, 0) - coalesce(held.cents, 0) AS cents
FROM moved FULL JOIN held USING (tenant_id, claim_id)
WHERE coalesce(moved.cents, 0) <> coalesce(held.cents, 0)
"""


@each_database("I1", "Each claim: charges = paid + adjusted + passed on + open", requires=LEDGER)
async def claims_add_up(tx: Tx) -> Found:
    """Residual 0 cents per claim, where only postings that the rules explain count, and what is
    open comes from the running balances."""
    counted = "SELECT count(DISTINCT (tenant_id, claim_id)) FROM ledger_account WHERE bounded"
    return await _found(tx, counted, CLAIM_RESIDUES)


LINES_BELOW_ZERO = f"""
SELECT claim_id || ' line ' || line_number AS place, sum(cents) AS cents
FROM ({LEGS}) leg
WHERE code IN ('AR_PAYER', 'AR_PATIENT') AND line_number IS NOT NULL
  AND against NOT IN ('AR_PAYER', 'AR_PATIENT', 'PATIENT_TRANSFER')
GROUP BY tenant_id, claim_id, line_number HAVING sum(cents) < 0
"""


@each_database("I1", "Each claim line: no more paid and given up than charged", requires=LEDGER)
async def lines_add_up(tx: Tx) -> Found:
    """What is paid and given up on a line was charged on that line. Shares that pass to patients
    or payers may be corrected for the claim as a whole, so they do not count here."""
    counted = f"""SELECT count(*) FROM (SELECT DISTINCT tenant_id, claim_id, line_number
                  FROM ({LEGS}) leg WHERE line_number IS NOT NULL AND against = 'REVENUE'
                  AND code IN ('AR_PAYER', 'AR_PATIENT')) line"""
    return await _found(tx, counted, LINES_BELOW_ZERO)


FLOWS = """
SELECT leg.tenant_id, debit.code AS debit, credit.code AS credit, sum(leg.cents)::bigint AS cents
FROM ledger_posting leg
JOIN ledger_account debit ON (debit.tenant_id, debit.account_id) = (leg.tenant_id, leg.debit_id)
JOIN ledger_account credit ON (credit.tenant_id, credit.account_id) = (leg.tenant_id, leg.credit_id)
GROUP BY leg.tenant_id, debit.code, credit.code
"""
HELD_UNAPPLIED = """
SELECT tenant_id, sum(credit_cents - debit_cents)::bigint AS cents
FROM ledger_balance JOIN ledger_account account USING (tenant_id, account_id)
WHERE account.code = 'UNAPPLIED' GROUP BY tenant_id
"""
Flows = Mapping[tuple[AccountCode, AccountCode], int]

CASH_CODES = frozenset({AccountCode.CASH, AccountCode.REMIT_CLEARING, AccountCode.PSP_CLEARING})
CASH_USES = RECEIVABLES | CASH_CODES
CASH_USES |= {
    AccountCode.UNAPPLIED,
    AccountCode.REFUND_PAYABLE,
    AccountCode.PROVIDER_ADJ,
    AccountCode.INTEREST_INCOME,
}


def cash_residual_cents(flows: Flows, unapplied_cents: int) -> int:
    """Received - (applied + unapplied + promised back - paid back + provider level).

    UNAPPLIED counts as its running balances say, less what came to it from elsewhere than cash; a
    flow between cash and an account that has no business with it stays as a residue.
    """
    received = sum(_net(flows, code, None) for code in CASH_CODES)
    used = sum(
        _net(flows, cash, use)
        for cash in CASH_CODES
        for use in CASH_USES - CASH_CODES - {AccountCode.UNAPPLIED}
    )
    into_unapplied = unapplied_cents + sum(
        _net(flows, AccountCode.UNAPPLIED, code)
        for code in set(AccountCode) - CASH_CODES - {AccountCode.UNAPPLIED}
    )
    return received - used - into_unapplied


def _net(flows: Flows, code: AccountCode, against: AccountCode | None) -> int:
    """Debits less credits of a code, against one other code or all of them."""
    return sum(
        cents * ((debit is code) - (credit is code))
        for (debit, credit), cents in flows.items()
        if code in (debit, credit)
        and debit is not credit
        and (against is None or against in (debit, credit))
    )


@each_database("I1", "Cash: received = applied + unapplied + refunds + PLB", requires=LEDGER)
async def cash_adds_up(tx: Tx) -> Found:
    """Per tenant, with UNAPPLIED as its running balances say."""
    flows: dict[UUID, dict[tuple[AccountCode, AccountCode], int]] = {}
    for row in await tx.fetch(FLOWS):
        pair = (AccountCode(row["debit"]), AccountCode(row["credit"]))
        flows.setdefault(row["tenant_id"], {})[pair] = row["cents"]
    unapplied = {row["tenant_id"]: row["cents"] for row in await tx.fetch(HELD_UNAPPLIED)}
    residues = {
        str(tenant): cash_residual_cents(flows.get(tenant, {}), unapplied.get(tenant, 0))
        for tenant in flows.keys() | unapplied.keys()
    }
    return _listed(len(residues), {place: cents for place, cents in residues.items() if cents})


SUMMED_AGAIN = f"""
SELECT tenant_id, account_id, sum(greatest(cents, 0)) AS debit_cents,
       -sum(least(cents, 0)) AS credit_cents
FROM ({LEGS}) leg WHERE code IN ('AR_PAYER', 'AR_PATIENT', 'UNAPPLIED')
GROUP BY tenant_id, account_id
"""
WRONG_BALANCES = f"""
SELECT coalesce(held.account_id, again.account_id)::text AS place,
       abs(coalesce(held.debit_cents, 0) - coalesce(again.debit_cents, 0))
       + abs(coalesce(held.credit_cents, 0) - coalesce(again.credit_cents, 0)) AS cents
FROM ledger_balance held FULL JOIN ({SUMMED_AGAIN}) again USING (tenant_id, account_id)
WHERE (coalesce(held.debit_cents, 0), coalesce(held.credit_cents, 0))
      <> (coalesce(again.debit_cents, 0), coalesce(again.credit_cents, 0))
UNION ALL
SELECT (array_agg(account_id))[2]::text, 0 FROM ledger_account
GROUP BY tenant_id, code, claim_id, payer_id, patient_id, reference HAVING count(*) > 1
"""


@each_database("I2", "Running balances = postings summed again", requires=LEDGER)
async def balances_are_sums(tx: Tx) -> Found:
    """And no account is kept twice under two ids."""
    return await _found(tx, "SELECT count(*) FROM ledger_balance", WRONG_BALANCES)


BELOW_ZERO = f"""
SELECT account.account_id::text AS place, again.debit_cents - again.credit_cents AS cents
FROM ({SUMMED_AGAIN}) again JOIN ledger_account account USING (tenant_id, account_id)
WHERE CASE WHEN account.code = 'UNAPPLIED' THEN again.credit_cents < again.debit_cents
      ELSE again.debit_cents < again.credit_cents END
"""


@each_database("I3", "No receivable and no unapplied balance below zero", requires=LEDGER)
async def nothing_below_zero(tx: Tx) -> Found:
    """Summed from the postings, whatever the running balances say."""
    return await _found(tx, "SELECT count(*) FROM ledger_balance", BELOW_ZERO)


BROKEN_ENTRIES = """
WITH counted AS (
  SELECT tenant_id, entry_id, count(*) AS legs, sum(cents) AS cents FROM ledger_posting
  GROUP BY tenant_id, entry_id
), reversal AS (
  SELECT tenant_id, entry_id, reverses FROM ledger_entry WHERE reverses IS NOT NULL
), was AS (
  SELECT reversal.*, position, debit_id, credit_id, cents, line_number
  FROM reversal JOIN ledger_posting leg
    ON leg.tenant_id = reversal.tenant_id AND leg.entry_id = reversal.reverses
), turned AS (
  SELECT reversal.*, position, credit_id, debit_id, cents, line_number
  FROM reversal JOIN ledger_posting leg USING (tenant_id, entry_id)
)
SELECT coalesce(entry.entry_id, counted.entry_id)::text || ' legs' AS place,
       coalesce(counted.cents, 0) AS cents
FROM ledger_entry entry FULL JOIN counted USING (tenant_id, entry_id)
WHERE entry.n_postings IS DISTINCT FROM counted.legs
UNION ALL
SELECT leg.entry_id::text || ' accounts', leg.cents FROM ledger_posting leg
LEFT JOIN ledger_account debit
  ON (debit.tenant_id, debit.account_id) = (leg.tenant_id, leg.debit_id)
LEFT JOIN ledger_account credit
  ON (credit.tenant_id, credit.account_id) = (leg.tenant_id, leg.credit_id)
WHERE debit.code IS NULL OR credit.code IS NULL
UNION ALL
SELECT (array_agg(entry_id))[2]::text || ' posted twice', 0 FROM ledger_entry
GROUP BY tenant_id, source_event_id, kind, part HAVING count(*) > 1
UNION ALL
SELECT reverses::text || ' reversed twice', 0 FROM reversal
GROUP BY tenant_id, reverses HAVING count(*) > 1
UNION ALL
SELECT entry_id::text || ' mirror', cents
FROM ((TABLE turned EXCEPT TABLE was) UNION ALL (TABLE was EXCEPT TABLE turned)) unlike
"""


@each_database("I4", "Every entry is whole, booked once, reversed once, exactly", requires=LEDGER)
async def entries_are_whole(tx: Tx) -> Found:
    """All legs there, all accounts there, one entry per name, reversals mirror."""
    return await _found(tx, "SELECT count(*) FROM ledger_entry", BROKEN_ENTRIES)


@each_database("I11", "Ages of receivables add up to the receivables", requires=LEDGER)
async def ages_add_up(tx: Tx) -> Found:
    """Buckets come from the running balances, the totals from the postings."""
    today = await tx.fetchval("SELECT current_date")
    differences: dict[tuple[UUID, AccountCode], int] = {
        key: -balance.cents for key, balance in (await totals(tx)).items() if key[1] in RECEIVABLES
    }
    for bucket in await aging(tx, today):
        key = (bucket.tenant_id, bucket.code)
        differences[key] = differences.get(key, 0) + bucket.cents
    breaches = {f"{tenant} {code}": cents for (tenant, code), cents in differences.items() if cents}
    return _listed(len(differences), breaches)


async def _found(tx: Tx, counted: str, breaches: str) -> Found:
    """Run a query whose every row (place, cents) is something wrong."""
    row = await tx.fetchrow(f"""
        SELECT count(*) AS breaches, coalesce(sum(abs(cents)), 0)::bigint AS cents,
               coalesce((array_agg(place ORDER BY place))[1:{SHOWN}], '{{}}') AS first,
               ({counted}) AS checked
        FROM ({breaches}) breach""")
    assert row is not None  # noqa: S101 - an aggregate always has its row
    return Found(row["checked"], row["breaches"], row["cents"], tuple(row["first"]))


def _listed(checked: int, breaches: Mapping[str, int]) -> Found:
    cents = sum(map(abs, breaches.values()))
    return Found(checked, len(breaches), cents, tuple(sorted(breaches)[:SHOWN]))
