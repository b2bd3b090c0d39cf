"""The double-entry ledger: immutable entries, posted in sets, provable to the cent."""

from rcm.ledger.accounts import Account, AccountCode, account_id
from rcm.ledger.balances import Balance, balance_as_of, balances
from rcm.ledger.entries import Entry, Posting, entry_id_of, reversal_of
from rcm.ledger.storage import BelowZero, EntryClash, LedgerRefused, Posted, post, read_entries

__all__ = [
    "Account",
    "AccountCode",
    "Balance",
    "BelowZero",
    "Entry",
    "EntryClash",
    "LedgerRefused",
    "Posted",
    "Posting",
    "account_id",
    "balance_as_of",
    "balances",
    "entry_id_of",
    "post",
    "read_entries",
    "reversal_of",
]
