"""Door 1 of coding-svc: someone asks."""

from coding_svc.api import charts, checking, codes, documents, encounters, intake, suggestions
from coding_svc.api.register import router

__all__ = [
    "charts",
    "checking",
    "codes",
    "documents",
    "encounters",
    "intake",
    "router",
    "suggestions",
]
