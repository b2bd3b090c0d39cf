"""One file of claims on its way to a partner, and what is said of it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from payer_gateway.domain.acknowledgment import Kind
from payer_gateway.domain.lifecycle import Hop, Outcome, TransmissionStatus


@dataclass(frozen=True, slots=True)
class Transmission:
    """The committed intent to send one file: numbers, name and bytes never change."""

    tenant_id: UUID
    transmission_id: UUID
    partner_id: UUID
    interchange_id: UUID
    file_name: str
    interchange_control_number: str
    group_control_number: str
    status: TransmissionStatus
    set_count: int
    claim_count: int
    charge_cents: int
    attempts: int
    last_error: str | None
    written_at: datetime
    sent_at: datetime | None
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Acknowledgment:
    """A TA1, 999 or 277CA as received. `reference` is the number that it answers to (ISA13, GS06,
    BHT03); without a transmission it answers nothing of ours."""

    tenant_id: UUID
    acknowledgment_id: UUID
    interchange_id: UUID
    transmission_id: UUID | None
    kind: Kind
    hop: Hop
    outcome: Outcome
    reference: str
    accepted_count: int
    rejected_count: int
    received_at: datetime
