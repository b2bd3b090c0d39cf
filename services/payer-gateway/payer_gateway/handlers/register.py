"""The register that the doors of this room sign into."""

from payer_gateway.domain.submission import Submission
from rcm.contracts.base import Event
from rcm.events import Caused, Subscriptions

subscriptions = Subscriptions("payer-gateway")

# Named points where a test may kill the process (`rcm.events.faults`); nothing in production.
POINTS = (
    "doubt.heard",
    "send.writing",
    "send.written",
    "send.acted",
    "send.recording",
    "send.recorded",
    "collect.fetched",
    "collect.storing",
    "collect.stored",
    "read.parsed",
    "read.applying",
    "read.applied",
    "ask.writing",
    "ask.written",
    "ask.acted",
    "ask.recording",
    "ask.recorded",
)


def caused(submission: Submission, event: Event) -> Caused:
    """`event`, as a consequence of the claim that this submission carries."""
    return Caused(event, submission.correlation_id, str(submission.source_event_id))
