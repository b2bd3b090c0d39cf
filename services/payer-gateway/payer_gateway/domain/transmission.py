"""One file of claims on its way to a partner, and what is said of it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from payer_gateway.domain.acknowledgment import Kind, Level
from payer_gateway.domain.lifecycle import Hop, Outcome, TransmissionStatus
from rcm.contracts.payer import StatusCode
from rcm.contracts.values import Finding


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
    kind: str = "837P"
    purpose_code: str = "00"
    """BHT02: 18 when a lost file's claims are sent once more."""
    mode: Literal["batch", "real_time"] = "batch"
    reissued_as: UUID | None = None
    """The transmission that took its place, when its partner never had it."""

    @property
    def standing_for_it(self) -> UUID:
        """The transmission that its claims are in now."""
        return self.reissued_as or self.transmission_id


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
    code: str = ""
    """TA104, AK901, or the category of the batch."""
    note_code: str | None = None
    """TA105."""
    source_received_on: date | None = None
    """277CA DTP*050: the day on which its sender had received our batch."""
    missing_count: int = 0
    """Claims of the batch that it leaves out."""
    moved_count: int = 0
    """Claims that it brought further; a repeated or overtaken answer moves none."""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class AcknowledgedClaim:
    """What an acknowledgment said of one submission."""

    submission_id: UUID
    claim_id: UUID
    patient_control_number: str
    accepted: bool
    level: Level
    status_codes: tuple[StatusCode, ...]
    payer_claim_number: str | None
    clearinghouse_trace_number: str | None
    effective_on: date | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class FilingProof:
    """When the payer itself said that it had the claim: what holds against a timely-filing denial
    (CARC 29). Nothing is proven without an A1 or A2 of the payer's own."""

    claim_id: UUID
    first_sent_at: datetime | None
    acknowledgment_id: UUID | None = None
    interchange_id: UUID | None = None
    submission_id: UUID | None = None
    accepted_on: date | None = None
    payer_received_on: date | None = None
    payer_claim_number: str | None = None
    status_codes: tuple[StatusCode, ...] = ()

    @property
    def is_proven(self) -> bool:
        return self.acknowledgment_id is not None
