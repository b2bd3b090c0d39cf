"""A file that its partner never had goes out once more: the same claims under the same batch
references, with new control numbers, marked as sent again (BHT02 18)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from payer_gateway.domain.batch import envelope
from payer_gateway.domain.claims import GUIDES
from payer_gateway.domain.lifecycle import SubmissionStatus, TransmissionStatus
from payer_gateway.domain.partner import Numbers, TradingPartner
from payer_gateway.domain.submission import Submission
from payer_gateway.domain.transaction import CLAIM_KINDS
from payer_gateway.domain.transmission import Transmission

SENT_AGAIN = "18"


@dataclass(frozen=True, slots=True)
class Reissue:
    """The new intent, and its bytes."""

    transmission: Transmission
    content: bytes


def is_lost(lost: Transmission, held: Sequence[Submission]) -> bool:
    """Whether the partner may never have had it: it took the file at the door, and no hop has said
    a word since of the file or of any claim in it; or it refused the file that took its place."""
    unheard = {TransmissionStatus.SENT}
    if lost.purpose_code == SENT_AGAIN:
        unheard.add(TransmissionStatus.REFUSED)
    silent = lost.status in unheard and lost.answered_at is None
    waiting = all(each.status is SubmissionStatus.SENT for each in held)
    return lost.kind in CLAIM_KINDS and silent and bool(held) and waiting


def reissue(
    lost: Transmission,
    content: bytes,
    *,
    partner: TradingPartner,
    numbers: Numbers,
    ids: tuple[UUID, UUID],
    at: datetime,
) -> Reissue:
    """`ids` are those of the new transmission and its interchange. Sets keep their order, and so
    their numbers (ST02)."""
    guide = next(guide for kind, guide in GUIDES.items() if kind == lost.kind)
    batches = [replace(each, purpose_code=SENT_AGAIN) for each in guide.read(content).contents]
    again = replace(
        lost,
        transmission_id=ids[0],
        interchange_id=ids[1],
        file_name=numbers.file_name(partner, lost.kind),
        interchange_control_number=numbers.interchange_control_number,
        group_control_number=numbers.group_control_number,
        status=TransmissionStatus.SENDING,
        attempts=0,
        last_error=None,
        written_at=at,
        sent_at=None,
        purpose_code=SENT_AGAIN,
        reissued_as=None,
    )
    return Reissue(again, guide.write(envelope(partner, numbers, at), batches))
