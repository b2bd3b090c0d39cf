"""The lifecycle axis: one table of edges, and where each answer of the outside leads."""

from collections.abc import Mapping
from types import MappingProxyType

from rcm.contracts.claims import ClaimStatus
from rcm.contracts.payer import (
    AcknowledgmentOverdue,
    ClaimAcknowledged,
    ClaimRejected,
    ClaimStatusReported,
    ClaimSubmitted,
)


def _to(*statuses: ClaimStatus) -> frozenset[ClaimStatus]:
    return frozenset(statuses)


_FINAL = _to("payer_accepted", "payer_rejected", "pended", "adjudicated")
_ANSWERS = _FINAL | _to("file_rejected", "clearinghouse_accepted", "clearinghouse_rejected")
_AGAIN = _to("held", "ready", "voided")

# Answers of several hops travel on several roads and may overtake each other, so a status leads to
# every later one. None leads back: an acceptance that arrives after a later hop's word changes
# nothing. A rejected claim is open for work, and a later hop's acceptance outranks the rejection.
TRANSITIONS: Mapping[ClaimStatus, frozenset[ClaimStatus]] = MappingProxyType(
    {
        "draft": _to("scrubbing", "held", "ready", "voided"),
        "scrubbing": _to("held", "ready", "voided"),
        # Held after a rejection, it may yet be paid.
        "held": _to("ready", "adjudicated", "voided"),
        "ready": _to("queued", "submitted") | _ANSWERS,
        "queued": _to("submitted") | _ANSWERS,
        "submitted": _ANSWERS,
        # The gateway may send the same claim again under new numbers; then it is on its way.
        "file_rejected": _to("submitted") | _ANSWERS - _to("file_rejected") | _AGAIN,
        "clearinghouse_accepted": _to("clearinghouse_rejected") | _FINAL,
        "clearinghouse_rejected": _FINAL | _AGAIN,
        "payer_accepted": _to("payer_rejected", "pended", "adjudicated"),
        "payer_rejected": _to("payer_accepted", "pended", "adjudicated") | _AGAIN,
        "pended": _to("payer_rejected", "adjudicated"),
        # A payer has decided and the next one is asked: the claim goes out again, or waits here.
        "adjudicated": _to("closed", "ready", "held", "voided"),
        "closed": _to("adjudicated", "voided"),
        "voided": _to(),
    }
)

UNSENT = _to("draft", "scrubbing", "held")
"""No payer has seen it, and none is about to."""

REJECTED = _to("file_rejected", "clearinghouse_rejected", "payer_rejected")
"""Refused before adjudication: it may be mended in place and sent again as an original."""

WORKABLE = UNSENT | REJECTED

_REJECTED_AT: Mapping[str, ClaimStatus] = {
    "gateway": "file_rejected",
    "interchange": "file_rejected",
    "group": "file_rejected",
    "clearinghouse": "clearinghouse_rejected",
    "payer": "payer_rejected",
}
_ACCEPTED_AT: Mapping[str, ClaimStatus] = {
    "clearinghouse": "clearinghouse_accepted",
    "payer": "payer_accepted",
}

SubmissionEvent = (
    ClaimSubmitted | ClaimAcknowledged | ClaimRejected | ClaimStatusReported | AcknowledgmentOverdue
)


def answered(event: SubmissionEvent) -> ClaimStatus | None:
    """Where an event of the gateway leads; None when it says nothing about the claim's place.

    An accepted file (TA1, 999) is not an accepted claim, and of 277 answers only a pending one or a
    request moves a claim: a final one waits for its 835. Silence is an alarm and moves nothing.
    """
    match event:
        case ClaimSubmitted():
            return "submitted"
        case ClaimAcknowledged():
            return _ACCEPTED_AT.get(event.hop)
        case ClaimRejected():
            return _REJECTED_AT[event.hop]
        case ClaimStatusReported():
            pending = any(code.category_code[:1] in {"P", "R"} for code in event.status_codes)
            return "pended" if pending else None
        case AcknowledgmentOverdue():
            return None


def may_move(from_status: ClaimStatus, to_status: ClaimStatus) -> bool:
    """Whether the table has this edge."""
    return to_status in TRANSITIONS[from_status]
