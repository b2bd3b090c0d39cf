"""What happens when a claim is ready or time passes: queue, send, collect, read, ask, alarm."""

from payer_gateway.handlers import (
    alarms,
    follow_up,
    inquiring,
    queueing,
    reading,
    receiving,
    sending,
    trying,
)
from payer_gateway.handlers.register import subscriptions

__all__ = [
    "alarms",
    "follow_up",
    "inquiring",
    "queueing",
    "reading",
    "receiving",
    "sending",
    "subscriptions",
    "trying",
]
