"""The states of what we send, and every edge that is allowed between them."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

Hop = Literal["interchange", "group", "clearinghouse", "payer"]


class SubmissionStatus(StrEnum):
    """Where one attempt to bring a claim to its payer stands."""

    QUEUED = "queued"
    SUPERSEDED = "superseded"
    """A newer version of the claim came before this one had left."""
    WITHDRAWN = "withdrawn"
    """The claim was held or voided before it had left, or after its file was rejected."""
    UNSENDABLE = "unsendable"
    """It cannot be written as an 837; `reason` says why."""
    SENDING = "sending"
    SENT = "sent"
    FILE_ACCEPTED = "file_accepted"
    FILE_REJECTED = "file_rejected"
    CLEARINGHOUSE_ACCEPTED = "clearinghouse_accepted"
    CLEARINGHOUSE_REJECTED = "clearinghouse_rejected"
    PAYER_ACCEPTED = "payer_accepted"
    PAYER_REJECTED = "payer_rejected"
    REMITTED = "remitted"
    """An 835 has answered it."""


S = SubmissionStatus

# A later hop outranks an earlier one, whatever the earlier one says afterwards; within a hop the
# newest word counts. An answer that overtakes the record of our own sending is itself that record:
# the doors move SENDING to SENT first.
TRANSITIONS: Mapping[SubmissionStatus, frozenset[SubmissionStatus]] = MappingProxyType(
    {
        S.QUEUED: frozenset({S.SENDING, S.SUPERSEDED, S.WITHDRAWN, S.UNSENDABLE}),
        S.SENDING: frozenset({S.SENT, S.QUEUED}),
        S.SENT: frozenset(
            {
                S.FILE_ACCEPTED,
                S.FILE_REJECTED,
                S.CLEARINGHOUSE_ACCEPTED,
                S.CLEARINGHOUSE_REJECTED,
                S.PAYER_ACCEPTED,
                S.PAYER_REJECTED,
                S.REMITTED,
            }
        ),
        S.FILE_ACCEPTED: frozenset(
            {
                S.CLEARINGHOUSE_ACCEPTED,
                S.CLEARINGHOUSE_REJECTED,
                S.PAYER_ACCEPTED,
                S.PAYER_REJECTED,
                S.REMITTED,
            }
        ),
        S.FILE_REJECTED: frozenset({S.QUEUED, S.WITHDRAWN}),
        S.CLEARINGHOUSE_ACCEPTED: frozenset(
            {S.CLEARINGHOUSE_REJECTED, S.PAYER_ACCEPTED, S.PAYER_REJECTED, S.REMITTED}
        ),
        S.CLEARINGHOUSE_REJECTED: frozenset(
            {S.CLEARINGHOUSE_ACCEPTED, S.PAYER_ACCEPTED, S.PAYER_REJECTED, S.REMITTED}
        ),
        S.PAYER_ACCEPTED: frozenset({S.PAYER_REJECTED, S.REMITTED}),
        S.PAYER_REJECTED: frozenset({S.PAYER_ACCEPTED, S.REMITTED}),
        S.REMITTED: frozenset(),
        S.SUPERSEDED: frozenset(),
        S.WITHDRAWN: frozenset(),
        S.UNSENDABLE: frozenset(),
    }
)

# What each hop's yes and no mean for a submission. An interchange or group speaks of the file.
ANSWERS: Mapping[tuple[Hop, bool], SubmissionStatus] = MappingProxyType(
    {
        ("interchange", True): S.SENT,
        ("interchange", False): S.FILE_REJECTED,
        ("group", True): S.FILE_ACCEPTED,
        ("group", False): S.FILE_REJECTED,
        ("clearinghouse", True): S.CLEARINGHOUSE_ACCEPTED,
        ("clearinghouse", False): S.CLEARINGHOUSE_REJECTED,
        ("payer", True): S.PAYER_ACCEPTED,
        ("payer", False): S.PAYER_REJECTED,
    }
)

# The hop whose silence is counted while a submission stands here.
AWAITED: Mapping[SubmissionStatus, Hop] = MappingProxyType(
    {S.SENT: "group", S.FILE_ACCEPTED: "clearinghouse", S.CLEARINGHOUSE_ACCEPTED: "payer"}
)


class TransmissionStatus(StrEnum):
    """Where one file stands. SENDING is the committed intent; nothing has been promised by then."""

    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"
    """The partner said no at the door: the file was never taken."""
    ACCEPTED = "accepted"
    PARTIALLY_ACCEPTED = "partially_accepted"
    REJECTED = "rejected"


# Over what a TA1 or a 999 has the word about a file: a TA1 does not take back what a 999 has said
# of its parts, and of several 999 the newest counts.
FILE_OPEN = (TransmissionStatus.SENT,)
FILE_JUDGED = (
    TransmissionStatus.SENT,
    TransmissionStatus.ACCEPTED,
    TransmissionStatus.PARTIALLY_ACCEPTED,
    TransmissionStatus.REJECTED,
)


def sources(target: SubmissionStatus) -> tuple[SubmissionStatus, ...]:
    """Every state from which `target` may be entered."""
    return tuple(status for status, targets in TRANSITIONS.items() if target in targets)


class Outcome(StrEnum):
    """What an acknowledgment says of the whole that it speaks of."""

    ACCEPTED = "accepted"
    PARTIALLY_ACCEPTED = "partially_accepted"
    REJECTED = "rejected"

    @classmethod
    def of(cls, *, accepted: int, rejected: int) -> "Outcome":
        if rejected == 0:
            return cls.ACCEPTED
        return cls.PARTIALLY_ACCEPTED if accepted else cls.REJECTED
