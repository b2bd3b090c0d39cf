"""Door 1 of coding-svc: someone asks."""

from coding_svc.api import (
    charts,
    checking,
    codes,
    desk_rules,
    documents,
    encounters,
    intake,
    leaving,
    proposals,
    queries,
    reviews,
    suggestions,
)
from coding_svc.api.register import router

__all__ = [
    "charts",
    "checking",
    "codes",
    "desk_rules",
    "documents",
    "encounters",
    "intake",
    "leaving",
    "proposals",
    "queries",
    "reviews",
    "router",
    "suggestions",
]
