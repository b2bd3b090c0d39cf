"""An interchange of inquiries to the files that answer it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from payer_twin.clock import moment
from payer_twin.envelopes import envelope_for, outgoing, route_back
from payer_twin.inquiring import eligibility
from payer_twin.inquiring.status import StatusDesk
from payer_twin.plan import SCRIPT
from payer_twin.row import Scenario
from payer_twin.scenarios import BY_CODE, DEFAULT, by_member
from payer_twin.sorting import Sorted
from payer_twin.storage import Outgoing, Session
from rcm_x12 import ack_999, eligibility_271, status_277
from rcm_x12.envelope import Envelope, Reading

Asked = TypeVar("Asked")


@dataclass(frozen=True, slots=True)
class _Desk:
    """One interchange that is answered."""

    session: Session
    found: Sorted
    interchange_id: int
    now: float

    def envelope(self) -> Envelope:
        return envelope_for(self.session, route_back(self.found.envelope), self.now)

    def file(self, kind: str, envelope: Envelope, content: bytes) -> Outgoing:
        number = self.interchange_id
        return outgoing(kind, envelope, content, interchange_id=number, due_at=self.now)

    def row_of(self, member_id: str) -> Scenario:
        """A script's word on the member, or the table's."""
        body = self.session.script(self.found.submitter, member_id)
        code = SCRIPT.validate_json(body).eligibility if body is not None else ""
        return BY_CODE[code] if code else (by_member(member_id) or DEFAULT)


def answer_inquiries(
    session: Session, found: Sorted, interchange_id: int, *, now: float, at_once: bool
) -> list[Outgoing]:
    """In batch a 999 and then the answers; in real time the answers, or else the 999."""
    desk = _Desk(session, found, interchange_id, now)
    reading = found.eligibility or found.status
    assert reading is not None  # noqa: S101 - only inquiries come here
    verdicts = ack_999.acknowledge(reading)
    accepted = [each.is_accepted for one in verdicts for each in one.sets]
    files = []
    if not at_once or not all(accepted) or not accepted:
        envelope = desk.envelope()
        files.append(desk.file("999", envelope, ack_999.write(envelope, verdicts)))
    if any(accepted) and (all(accepted) or not at_once):
        files.append(_answers(desk, accepted))
    return files


def _answers(desk: _Desk, accepted: list[bool]) -> Outgoing:
    envelope = desk.envelope()
    at = moment(desk.now)
    if desk.found.eligibility is not None:
        told = [
            eligibility.answer(one, desk.row_of, at)
            for one in _passed(desk.found.eligibility, accepted)
        ]
        return desk.file("271", envelope, eligibility_271.write(envelope, told))
    assert desk.found.status is not None  # noqa: S101 - the other kind
    clerk = StatusDesk(desk.session, desk.found.submitter, at)
    number = envelope.interchange_control_number
    said = [
        clerk.answer(one, f"{number}{ordinal:04d}")
        for ordinal, one in enumerate(_passed(desk.found.status, accepted), 1)
    ]
    return desk.file("277", envelope, status_277.write(envelope, said))


def _passed(reading: Reading[Asked], accepted: list[bool]) -> Iterator[Asked]:
    return (one.content for one, ok in zip(reading.sets, accepted, strict=True) if ok)
