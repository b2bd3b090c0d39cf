"""Door 1 of claims-svc: someone asks."""

from claims_svc.api import claims, fees, unposted, verbs, worklists
from claims_svc.api.routes import router

__all__ = ["claims", "fees", "router", "unposted", "verbs", "worklists"]
