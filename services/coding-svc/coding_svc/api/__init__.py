"""Door 1 of coding-svc: someone asks."""

from coding_svc.api import checking, codes, encounters, suggestions
from coding_svc.api.register import router

__all__ = ["checking", "codes", "encounters", "router", "suggestions"]
