"""What happens when a claim is ready or time passes: queue, send, collect, read, alarm."""

from payer_gateway.handlers import alarms, queueing, reading, receiving, sending, trying
from payer_gateway.handlers.register import subscriptions

__all__ = ["alarms", "queueing", "reading", "receiving", "sending", "subscriptions", "trying"]
