"""Door 2 of claims-svc: codings become claims, the gateway's reports move them, payments post.

Every handler works on the whole batch: one query loads what the events are about, the domain
decides event by event in memory, and everything is saved, booked and published in sets.
"""

from claims_svc.handlers import claims, payments, remittances
from claims_svc.handlers.register import subscriptions

__all__ = ["claims", "payments", "remittances", "subscriptions"]
