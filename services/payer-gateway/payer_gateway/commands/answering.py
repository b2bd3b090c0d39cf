"""The acknowledgments that a received file is owed."""

from datetime import datetime

from rcm_x12 import ack_999, ta1
from rcm_x12.check import Report, check_file
from rcm_x12.envelope import Envelope


def answer(content: bytes, number: int, at: datetime) -> bytes:
    """A TA1 where one is due, then a 999 for each group; empty when nothing is acknowledged.

    Sender and receiver change places. `number` is the control number of the first interchange.
    """
    report = check_file(content)
    interchanges, groups = ta1.acknowledge(report), ack_999.acknowledge(report)
    written = []
    if interchanges:
        written.append(ta1.write(_envelope(report, number, at), interchanges))
    if groups:
        envelope = _envelope(report, number + len(written), at)
        written.append(ack_999.write(envelope, groups))
    return b"".join(written)


def _envelope(report: Report, number: int, at: datetime) -> Envelope:
    first = report.interchanges[0]
    given = next((one.envelope for one in report.sets), None)
    return Envelope(
        sender_id=first.receiver_id,
        receiver_id=first.sender_id,
        interchange_control_number=f"{number:09d}",
        group_control_number=str(number),
        created_at=at,
        sender_qualifier=given.receiver_qualifier if given else "ZZ",
        receiver_qualifier=given.sender_qualifier if given else "ZZ",
        application_sender=given.application_receiver if given else "",
        application_receiver=given.application_sender if given else "",
        usage=first.usage if first.usage in {"P", "T"} else "P",
    )
