"""Envelopes of what goes back: numbers from the twin's memory, times from its clock."""

from payer_twin.clock import moment
from payer_twin.remitting import Route
from payer_twin.storage import Outgoing, Session
from rcm_x12.envelope import Envelope

OTHER_USAGE = {"T": "P", "P": "T"}


def route_back(received: Envelope) -> Route:
    """From its receiver to its sender."""
    return Route(
        received.receiver_id,
        received.sender_id,
        received.receiver_qualifier,
        received.sender_qualifier,
        received.application_receiver,
        received.application_sender,
        received.usage,
    )


def envelope_for(
    session: Session, route: Route, at: float, *, other_usage: bool = False
) -> Envelope:
    """The next interchange to this submitter."""
    number = session.next_number(f"interchange:{route.receiver_id}")
    return Envelope(
        sender_id=route.sender_id,
        receiver_id=route.receiver_id,
        interchange_control_number=f"{number:09d}",
        group_control_number=str(number),
        created_at=moment(at),
        sender_qualifier=route.sender_qualifier,
        receiver_qualifier=route.receiver_qualifier,
        application_sender=route.application_sender,
        application_receiver=route.application_receiver,
        usage=OTHER_USAGE[route.usage] if other_usage else route.usage,
    )


def outgoing(
    kind: str, envelope: Envelope, content: bytes, *, interchange_id: int | None, due_at: float
) -> Outgoing:
    """A file under the name that its number gives it."""
    safe = "".join(char if char.isalnum() else "_" for char in envelope.receiver_id)
    name = f"{safe}.{envelope.interchange_control_number}.{kind}.x12"
    return Outgoing(name, envelope.receiver_id, kind, interchange_id, due_at, content)
