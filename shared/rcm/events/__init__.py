"""Events: said in the transaction that makes them true, applied once per consumer, in order.

`publish` is the only way out, a handler registered with `Subscriptions.on` the only way in.
"""

from rcm.events.consumer import Consumer
from rcm.events.jobs import JobRunner
from rcm.events.outbox import EventTooLarge, publish, why_unfit
from rcm.events.received import Caused, Park, Received
from rcm.events.relay import Relay
from rcm.events.retry import ParkingWorker
from rcm.events.subscriptions import Job, JobContext, Subscriptions
from rcm.events.topics import ensure_topics

__all__ = [
    "Caused",
    "Consumer",
    "EventTooLarge",
    "Job",
    "JobContext",
    "JobRunner",
    "Park",
    "ParkingWorker",
    "Received",
    "Relay",
    "Subscriptions",
    "ensure_topics",
    "publish",
    "why_unfit",
]
