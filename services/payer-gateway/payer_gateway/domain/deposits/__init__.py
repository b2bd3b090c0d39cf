"""Money as the bank shows it: how it is read, and how it meets remittances."""

from payer_gateway.domain.deposits.bank_csv import CsvLayout, read_csv
from payer_gateway.domain.deposits.deposit import (
    Deposit,
    DepositStatus,
    Imported,
    Misread,
    NewDeposit,
    Outcome,
    Pair,
    announced,
    days_late,
    pair_up,
    undone,
)
from payer_gateway.domain.deposits.nacha import read_nacha

__all__ = [
    "CsvLayout",
    "Deposit",
    "DepositStatus",
    "Imported",
    "Misread",
    "NewDeposit",
    "Outcome",
    "Pair",
    "announced",
    "days_late",
    "pair_up",
    "read_csv",
    "read_nacha",
    "undone",
]
