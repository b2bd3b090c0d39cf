"""The double-entry ledger: immutable entries, posted in sets, provable to the cent."""

from rcm.ledger.accounts import Account, AccountCode, account_id
from rcm.ledger.balances import (
    Balance,
    accounts_of_claims,
    accounts_of_patients,
    balance_as_of,
    balances,
)
from rcm.ledger.entries import Entry, Posting, entry_id_of, reversal_of
from rcm.ledger.storage import (
    AlreadyReversed,
    BelowZero,
    EntryClash,
    LedgerRefused,
    Posted,
    post,
    read_entries,
)

__all__ = [
    "Account",
    "AccountCode",
    "AlreadyReversed",
    "Balance",
    "BelowZero",
    "Entry",
    "EntryClash",
    "LedgerRefused",
    "Posted",
    "Posting",
    "account_id",
    "accounts_of_claims",
    "accounts_of_patients",
    "balance_as_of",
    "balances",
    "entry_id_of",
    "post",
    "read_entries",
    "reversal_of",
]
