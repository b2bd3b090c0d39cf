"""What happens when a claim is ready or time passes: queue, send, collect, read, ask, alarm."""

from payer_gateway.handlers import (
    alarms,
    depositing,
    follow_up,
    inquiring,
    queueing,
    reading,
    receiving,
    rechecking,
    sending,
    trying,
)
from payer_gateway.handlers.register import subscriptions

__all__ = [
    "alarms",
    "depositing",
    "follow_up",
    "inquiring",
    "queueing",
    "reading",
    "receiving",
    "rechecking",
    "sending",
    "subscriptions",
    "trying",
]
