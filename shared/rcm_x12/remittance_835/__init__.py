"""835, 005010X221A1: what a payer paid and why.

write(envelope: Envelope, remittances: Sequence[Remittance]) -> bytes
read(content: bytes) -> Reading[Remittance]
read_sets(source: bytes | Iterable[bytes], findings: list[Finding])
    -> Iterator[TransactionSet[Remittance]]
stream(source: bytes | Iterable[bytes], findings: list[Finding])
    -> Iterator[Header | ClaimPayment | Trailer]
balance(remittance: Remittance) -> list[Finding]
"""

from rcm_x12.remittance_835.balance import balance
from rcm_x12.remittance_835.reader import read, read_sets, stream
from rcm_x12.remittance_835.values import (
    BankAccount,
    ClaimPayment,
    Header,
    Payee,
    Payer,
    ProviderAdjustment,
    Remark,
    Remittance,
    ServicePayment,
    Trailer,
)
from rcm_x12.remittance_835.writer import write
from rcm_x12.values import InpatientRemarks

__all__ = [
    "BankAccount",
    "ClaimPayment",
    "Header",
    "InpatientRemarks",
    "Payee",
    "Payer",
    "ProviderAdjustment",
    "Remark",
    "Remittance",
    "ServicePayment",
    "Trailer",
    "balance",
    "read",
    "read_sets",
    "stream",
    "write",
]
