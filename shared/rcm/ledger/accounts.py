"""The chart of accounts: what each account means, which side it grows on, and what identifies it.

An account is its code and dimensions; its id is derived from them, so nobody looks an account up
before posting to it. `migrations/ledger_0001.py` states the same chart as constraints, and a test
holds the two together.
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from rcm.ids import derived_id


class AccountCode(StrEnum):
    """Every kind of account. Debit-normal ones hold what is owed to us or was given up."""

    AR_PAYER = "AR_PAYER"
    """What a payer still owes on a claim."""
    AR_PATIENT = "AR_PATIENT"
    """What the patient still owes on a claim."""
    REVENUE = "REVENUE"
    """Charges, at the fee schedule."""
    ADJ_CONTRACTUAL = "ADJ_CONTRACTUAL"
    """Given up because the contract with the payer says so."""
    ADJ_OTHER = "ADJ_OTHER"
    """Given up for another reason (the reference): charity, small balance, lost appeal."""
    REMIT_CLEARING = "REMIT_CLEARING"
    """Announced by an 835 (the reference is its trace number), not yet seen at the bank."""
    PSP_CLEARING = "PSP_CLEARING"
    """Taken from patients (the reference is the settlement batch), not yet seen at the bank."""
    CASH = "CASH"
    """Seen at the bank."""
    UNAPPLIED = "UNAPPLIED"
    """A payer's or a patient's money that no receivable takes: an overpayment or a prepayment."""
    REFUND_PAYABLE = "REFUND_PAYABLE"
    """Promised back, not yet paid out."""
    PROVIDER_ADJ = "PROVIDER_ADJ"
    """What a payer took or gave at provider level (PLB; the reference is its code and number)."""
    INTEREST_INCOME = "INTEREST_INCOME"
    """Interest that a payer paid for being late (PLB L6): income, never payment of a claim."""
    PATIENT_TRANSFER = "PATIENT_TRANSFER"
    """What passed from the payers' books to the patients'. Both books must agree per claim."""


NORMAL_DEBIT = frozenset(
    {
        AccountCode.AR_PAYER,
        AccountCode.AR_PATIENT,
        AccountCode.ADJ_CONTRACTUAL,
        AccountCode.ADJ_OTHER,
        AccountCode.REMIT_CLEARING,
        AccountCode.PSP_CLEARING,
        AccountCode.CASH,
        AccountCode.PROVIDER_ADJ,
        AccountCode.PATIENT_TRANSFER,
    }
)
"""Accounts whose debits make them grow; the others grow by credits."""

BOUNDED = frozenset({AccountCode.AR_PAYER, AccountCode.AR_PATIENT, AccountCode.UNAPPLIED})
"""Accounts that never fall below zero, so each has a running balance that is locked while it
changes. Nothing hot is among them: one running total for CASH would serialize every posting."""

RECEIVABLES = frozenset({AccountCode.AR_PAYER, AccountCode.AR_PATIENT})

REQUIRED = MappingProxyType(
    {
        AccountCode.AR_PAYER: ("claim_id", "payer_id"),
        AccountCode.AR_PATIENT: ("claim_id", "patient_id"),
        AccountCode.REMIT_CLEARING: ("reference",),
        AccountCode.PATIENT_TRANSFER: ("claim_id",),
    }
)
"""Dimensions without which an account of this code says nothing. UNAPPLIED needs its owner too: a
payer or a patient."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account of a tenant. Raises ValueError when its code needs a dimension it has not."""

    code: AccountCode
    claim_id: UUID | None = None
    payer_id: str | None = None
    patient_id: UUID | None = None
    reference: str = ""

    def __post_init__(self) -> None:
        missing = [name for name in REQUIRED.get(self.code, ()) if not getattr(self, name)]
        if missing:
            raise ValueError(f"{self.code} needs {' and '.join(missing)}")
        if self.payer_id == "":
            raise ValueError(f"{self.code}: a payer id is None or a name, never empty")
        if self.code is AccountCode.UNAPPLIED and not (self.payer_id or self.patient_id):
            raise ValueError(f"{self.code} needs payer_id or patient_id")

    @property
    def bounded(self) -> bool:
        """Whether the database refuses to let it fall below zero."""
        return self.code in BOUNDED

    @property
    def normal_debit(self) -> bool:
        """Whether debits make it grow."""
        return self.code in NORMAL_DEBIT


def account_id(tenant_id: UUID, account: Account) -> UUID:
    """The account's id: the same for the same tenant, code and dimensions."""
    return derived_id(
        tenant_id,
        account.code.value,
        account.claim_id or "",
        account.payer_id or "",
        account.patient_id or "",
        account.reference,
    )
