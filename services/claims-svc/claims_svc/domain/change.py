"""What a decision of claims-svc amounts to: one value that a door saves, books and publishes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from claims_svc.domain.claim import Cause, Claim, Edge
from claims_svc.domain.decision import Decision
from rcm.contracts.base import Event
from rcm.contracts.claims import ClaimStatus
from rcm.ids import derived_id
from rcm.ledger.entries import Entry

Resolution = Literal["paid", "reversed", "voided"]


@dataclass(frozen=True, slots=True)
class Denial:
    """Cents that a payer refused and that stay open until somebody decides them."""

    tenant_id: UUID
    denial_id: UUID
    claim_id: UUID
    adjudication_id: UUID
    payer_id: str
    line_number: int | None
    denied_cents: int
    group_code: str
    reason_code: str
    remark_codes: tuple[str, ...]
    category: str
    opened_at: datetime
    resolution: Resolution | None = None
    resolved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One step of one claim. `before` is None for a new one. `decisions` are rows to add or, when
    they are marked as reversed, to mark; the same holds for `denials`."""

    claim: Claim
    before: Claim | None
    edges: tuple[Edge, ...] = ()
    entries: tuple[Entry, ...] = ()
    events: tuple[Event, ...] = ()
    decisions: tuple[Decision, ...] = ()
    denials: tuple[Denial, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """A verb that the claim's status does not allow."""

    status: ClaimStatus


@dataclass(frozen=True, slots=True)
class Unpostable:
    """A payment that cannot be posted now, under a stable code. Its cents wait with it."""

    reason: str


def source_of(cause: Cause, claim: Claim) -> UUID:
    """The event that an entry comes from; for a person's doing, the claim's version it made."""
    return cause.event_id or derived_id(claim.claim_id, cause.event_type, claim.version)
