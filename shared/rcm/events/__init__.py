"""Events: said in the transaction that makes them true, applied once per consumer, in order.

`publish` is the only way out, a handler registered with `Subscriptions.on` the only way in.
"""

from rcm.events.outbox import EventTooLarge, publish
from rcm.events.received import Caused, Park, Received
from rcm.events.subscriptions import Job, JobContext, Subscriptions

__all__ = [
    "Caused",
    "EventTooLarge",
    "Job",
    "JobContext",
    "Park",
    "Received",
    "Subscriptions",
    "publish",
]
