"""Questions to payers, about a coverage (270) or a claim (276), and when to ask again.

A question moves nothing at the payer's, so asking twice does no harm; it still leaves under one set
of numbers until its outcome is known.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Literal
from uuid import UUID

InquiryKind = Literal["270", "276"]
Mode = Literal["real_time", "batch"]
Origin = Literal["request", "follow_up"]


class InquiryStatus(StrEnum):
    QUEUED = "queued"
    """It waits for its turn: the first one, or the next after a failure (`next_attempt_at`)."""
    ASKED = "asked"
    """The question is written, and perhaps with the payer. Its outcome is open."""
    ANSWERED = "answered"
    FAILED = "failed"
    """Nobody answers any more; `reason_code` says why. A late answer still counts."""


S = InquiryStatus

TRANSITIONS: Mapping[InquiryStatus, frozenset[InquiryStatus]] = MappingProxyType(
    {
        S.QUEUED: frozenset({S.ASKED, S.FAILED, S.ANSWERED}),
        S.ASKED: frozenset({S.QUEUED, S.ANSWERED, S.FAILED}),
        S.FAILED: frozenset({S.ANSWERED}),
        S.ANSWERED: frozenset(),
    }
)


def sources(target: InquiryStatus) -> tuple[InquiryStatus, ...]:
    """Every state from which `target` may be entered."""
    return tuple(status for status, targets in TRANSITIONS.items() if target in targets)


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What both kinds of question have in common."""

    tenant_id: UUID
    inquiry_id: UUID
    kind: InquiryKind
    origin: Origin
    payer_id: str
    partner_id: UUID
    receiver_payer_id: str
    """The payer's id as the partner knows it."""
    trace_number: str
    """TRN02, which comes back in the answer."""
    status: InquiryStatus
    created_at: datetime
    mode: Mode | None = None
    attempts: int = 0
    next_attempt_at: datetime | None = None
    transmission_id: UUID | None = None
    set_control_number: str | None = None
    answer_interchange_id: UUID | None = None
    reason_code: str | None = None
    reason: str | None = None
    asked_at: datetime | None = None
    answered_at: datetime | None = None


# After so long a person would rather telephone.
PAUSES = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
)
# A real-time exchange is over after 20 seconds (CORE); what is still open a minute later was cut
# off in the middle, by us.
LEASE = timedelta(minutes=1)


def next_attempt(attempts: int, *, at: datetime) -> datetime | None:
    """When to ask again after so many failed attempts; None when that is enough."""
    return at + PAUSES[max(attempts, 1) - 1] if attempts <= len(PAUSES) else None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer, in words that quote nothing of the question."""

    code: str
    reason: str


UNAVAILABLE = "partner_unavailable"
REFUSED = "partner_refused"
REJECTED = "file_rejected"
UNREADABLE = "answer_unreadable"
UNWRITABLE = "not_writable"
SILENT = "no_answer"


def trace_number(inquiry_id: UUID) -> str:
    """TRN02 from the id alone: unique for good, and says nothing of anybody."""
    return inquiry_id.hex.upper()


@dataclass(frozen=True, slots=True)
class Taker:
    """The partner that takes a kind of question for a payer, and how it knows the payer."""

    partner_id: UUID
    receiver_payer_id: str
    payer_name: str = ""


@dataclass(frozen=True, slots=True)
class Occasion:
    """Under which id a question begins, why, and when."""

    inquiry_id: UUID
    origin: Origin
    at: datetime


def new_inquiry(
    tenant_id: UUID, kind: InquiryKind, *, payer_id: str, taker: Taker, occasion: Occasion
) -> Inquiry:
    """A question that waits for its turn."""
    return Inquiry(
        tenant_id=tenant_id,
        inquiry_id=occasion.inquiry_id,
        kind=kind,
        origin=occasion.origin,
        payer_id=payer_id,
        partner_id=taker.partner_id,
        receiver_payer_id=taker.receiver_payer_id,
        trace_number=trace_number(occasion.inquiry_id),
        status=InquiryStatus.QUEUED,
        created_at=occasion.at,
    )
