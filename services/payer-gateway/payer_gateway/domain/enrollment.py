"""A provider's leave to exchange one kind of transaction with a payer, and how it comes about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID


class EnrollmentStatus(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    PROVISIONING = "provisioning"
    """The payer or clearinghouse has it in hand."""
    PROVIDER_ACTION_REQUIRED = "provider_action_required"
    """A signature or a form of the provider is missing."""
    OPERATOR_ACTION_REQUIRED = "operator_action_required"
    """We have something to do: a portal, a form of the clearinghouse."""
    LIVE = "live"
    REJECTED = "rejected"
    CANCELED = "canceled"


S = EnrollmentStatus
_ANSWERS = frozenset(
    {
        S.PROVISIONING,
        S.PROVIDER_ACTION_REQUIRED,
        S.OPERATOR_ACTION_REQUIRED,
        S.LIVE,
        S.REJECTED,
        S.CANCELED,
    }
)
TRANSITIONS: Mapping[EnrollmentStatus, frozenset[EnrollmentStatus]] = MappingProxyType(
    {
        S.DRAFT: frozenset({S.SUBMITTED, S.CANCELED}),
        S.SUBMITTED: _ANSWERS,
        S.PROVISIONING: _ANSWERS - {S.PROVISIONING},
        S.PROVIDER_ACTION_REQUIRED: frozenset(
            {S.SUBMITTED, S.PROVISIONING, S.REJECTED, S.CANCELED}
        ),
        S.OPERATOR_ACTION_REQUIRED: frozenset(
            {S.SUBMITTED, S.PROVISIONING, S.REJECTED, S.CANCELED}
        ),
        S.LIVE: frozenset({S.PROVIDER_ACTION_REQUIRED, S.CANCELED}),
        S.REJECTED: frozenset({S.DRAFT}),
        S.CANCELED: frozenset({S.DRAFT}),
    }
)


@dataclass(frozen=True, slots=True)
class Enrollment:
    tenant_id: UUID
    enrollment_id: UUID
    npi: str
    payer_id: str
    transaction_type: str
    status: EnrollmentStatus
    version: int = 1


@dataclass(frozen=True, slots=True)
class EnrollmentEdge:
    """One step of an enrollment's history."""

    history_id: UUID
    enrollment_id: UUID
    from_status: EnrollmentStatus | None
    to_status: EnrollmentStatus
    reason_code: str | None
    changed_at: datetime


def may_move(enrollment: Enrollment, to: EnrollmentStatus) -> bool:
    return to in TRANSITIONS[enrollment.status]
