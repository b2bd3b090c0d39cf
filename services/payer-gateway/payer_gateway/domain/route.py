"""Which partner takes a kind of transaction for a payer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Route:
    tenant_id: UUID
    route_id: UUID
    payer_id: str
    transaction_type: str
    partner_id: UUID
    receiver_payer_id: str
    """The payer's id as this partner knows it (2010BB NM109)."""
    requires_enrollment: bool
    effective_from: date
    effective_to: date | None = None
    """The last day, or open."""
    version: int = 1


@dataclass(frozen=True, slots=True)
class Routed:
    """What holds for a payer's claims today."""

    payer_id: str
    receiver_payer_id: str
    requires_enrollment: bool


def overlapping(route: Route, others: Sequence[Route]) -> bool:
    """Two routes for the same payer and kind must not hold on the same day."""
    return any(
        other.route_id != route.route_id
        and (other.effective_to is None or other.effective_to >= route.effective_from)
        and (route.effective_to is None or route.effective_to >= other.effective_from)
        for other in others
    )
