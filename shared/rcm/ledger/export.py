"""The books as plain text in Beancount's syntax, so that a program that is not ours checks them.

One Beancount account per code; claim, payer, line and CAS pair travel as metadata. Every leg moves
cents as a pair of lines. At the end stand balance assertions: receivables and unapplied money as
their running balances say, the rest as our own totals say.
"""

from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import date, timedelta
from types import MappingProxyType
from uuid import UUID

from rcm.db import Tx
from rcm.ledger.accounts import Account, AccountCode
from rcm.ledger.entries import Entry, Posting
from rcm.ledger.reports import totals
from rcm.ledger.storage import read_entries

NAMES = MappingProxyType(
    {
        AccountCode.AR_PAYER: "Assets:Receivable:Payer",
        AccountCode.AR_PATIENT: "Assets:Receivable:Patient",
        AccountCode.REVENUE: "Income:Charges",
        AccountCode.ADJ_CONTRACTUAL: "Expenses:Adjustment:Contractual",
        AccountCode.ADJ_OTHER: "Expenses:Adjustment:Other",
        AccountCode.REMIT_CLEARING: "Assets:Clearing:Remittance",
        AccountCode.PSP_CLEARING: "Assets:Clearing:Processor",
        AccountCode.CASH: "Assets:Cash",
        AccountCode.UNAPPLIED: "Liabilities:Unapplied",
        AccountCode.REFUND_PAYABLE: "Liabilities:Refund",
        AccountCode.PROVIDER_ADJ: "Expenses:Adjustment:Provider",
        AccountCode.INTEREST_INCOME: "Income:Interest",
        AccountCode.PATIENT_TRANSFER: "Assets:Clearing:Transfer",
    }
)

PAGE_SIZE = 1_000
PAGE = """
SELECT effective_on, entry_id FROM ledger_entry
WHERE tenant_id = $1 AND (effective_on, entry_id) > ($2, $3)
ORDER BY effective_on, entry_id LIMIT $4
"""
RUNNING = """
SELECT account.code, sum(held.debit_cents - held.credit_cents)::bigint AS cents
FROM ledger_balance held JOIN ledger_account account USING (tenant_id, account_id)
WHERE held.tenant_id = $1 GROUP BY account.code
"""


async def beancount(tx: Tx, tenant_id: UUID) -> AsyncIterator[str]:
    """The tenant's whole books, piece by piece, in the order of their effective days."""
    first_on = await tx.fetchval(
        "SELECT min(effective_on) FROM ledger_entry WHERE tenant_id = $1", tenant_id
    )
    if first_on is None:
        return
    yield 'option "title" "Ledger"\noption "operating_currency" "USD"\n\n'
    yield paragraph(f"{first_on} open {name} USD" for name in NAMES.values())
    place, last_on = (date.min, UUID(int=0)), first_on
    while rows := await tx.fetch(PAGE, tenant_id, *place, PAGE_SIZE):
        booked = await read_entries(tx, [(tenant_id, row["entry_id"]) for row in rows])
        yield "".join(paragraph(_transaction(booked[tenant_id, row["entry_id"]])) for row in rows)
        place = (rows[-1]["effective_on"], rows[-1]["entry_id"])
        last_on = place[0]
    held = {
        code: balance for (owner, code), balance in (await totals(tx)).items() if owner == tenant_id
    }
    cents = {code: found.debit_cents - found.credit_cents for code, found in held.items()}
    cents |= {AccountCode(row["code"]): row["cents"] for row in await tx.fetch(RUNNING, tenant_id)}
    yield paragraph(
        f"{last_on + timedelta(days=1)} balance {NAMES[code]} {_amount(found)} USD"
        for code, found in sorted(cents.items())
    )


def paragraph(lines: Iterable[str]) -> str:
    """Lines, and the empty one that ends a directive."""
    return "\n".join(lines) + "\n\n"


def _transaction(entry: Entry) -> Iterator[str]:
    yield f'{entry.effective_on} * "{_quoted(entry.kind)}"'
    yield f'  entry: "{entry.entry_id}"'
    yield f'  source: "{entry.source_event_id}"'
    if entry.reverses:
        yield f'  reverses: "{entry.reverses}"'
    for leg in entry.postings:
        yield f"  {NAMES[leg.debit.code]} {_amount(leg.cents)} USD"
        yield from _metadata(leg.debit, leg)
        yield f"  {NAMES[leg.credit.code]} {_amount(-leg.cents)} USD"
        yield from _metadata(leg.credit, leg)


def _metadata(account: Account, leg: Posting) -> Iterator[str]:
    named = {
        "claim": account.claim_id,
        "payer": account.payer_id,
        "patient": account.patient_id,
        "reference": account.reference,
        "line": leg.line_number,
        "reason": "-".join(part for part in (leg.group_code, leg.reason_code) if part),
        "trace": leg.trace_number,
    }
    for name, value in named.items():
        if value:
            yield f'    {name}: "{_quoted(str(value))}"'


def _amount(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
