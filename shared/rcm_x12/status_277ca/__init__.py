"""277CA, 005010X214: which claims of a batch were taken into adjudication.

write(envelope: Envelope, acknowledgments: Sequence[ClaimAcknowledgment]) -> bytes
read(content: bytes) -> Reading[ClaimAcknowledgment]
"""

from rcm_x12.status_277ca.reader import read
from rcm_x12.status_277ca.values import (
    ClaimAcknowledgment,
    ClaimStatus,
    ProviderStatus,
    ServiceStatus,
    Status,
    StatusCode,
    Totals,
)
from rcm_x12.status_277ca.writer import write

__all__ = [
    "ClaimAcknowledgment",
    "ClaimStatus",
    "ProviderStatus",
    "ServiceStatus",
    "Status",
    "StatusCode",
    "Totals",
    "read",
    "write",
]
