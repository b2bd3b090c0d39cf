"""The events: one module per owning service. Importing this package registers every event.

A class here is a promise to every reader: unknown fields are ignored, new fields carry a default,
anything else is a new class or a `.v2` topic (`docs/how-to/add-an-event.md`).
"""

from rcm.contracts import billing, claims, coding, payer
from rcm.contracts.base import Event, Sealed, SealedBytes, Topic, event_types, topics

__all__ = [
    "Event",
    "Sealed",
    "SealedBytes",
    "Topic",
    "billing",
    "claims",
    "coding",
    "event_types",
    "payer",
    "topics",
]
