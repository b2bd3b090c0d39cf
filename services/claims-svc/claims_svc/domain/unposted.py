"""Payments that no claim takes yet: what came, why it waits, and how far its claim was then."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from rcm.contracts.payer import ClaimPaymentReported


@dataclass(frozen=True, slots=True)
class Arrived:
    """A reported CLP with the event that told of it, however late it is posted."""

    payment: ClaimPaymentReported
    event_id: UUID
    correlation_id: str

    @property
    def claim_key(self) -> tuple[UUID, str]:
        """By what its claim is found."""
        return self.payment.tenant_id, self.payment.patient_control_number

    @property
    def key(self) -> tuple[UUID, UUID, int]:
        """What posts once: a CLP of a remittance."""
        return self.payment.tenant_id, self.payment.remittance_id, self.payment.ordinal


@dataclass(frozen=True, slots=True)
class Unposted:
    """A CLP whose cents wait. `seen_version` is the claim's when it was tried; 0 without a claim.
    It is worth another try when the claim has moved on from there."""

    arrived: Arrived
    reason: str
    seen_version: int
    found_at: datetime
