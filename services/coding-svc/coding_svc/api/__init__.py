"""Door 1 of coding-svc: someone asks."""

from coding_svc.api import (
    audits,
    charts,
    checking,
    codes,
    desk_rules,
    documents,
    encounters,
    groupers,
    intake,
    leaving,
    prices,
    proposals,
    queries,
    reports,
    reviews,
    suggestions,
    visits,
)
from coding_svc.api.register import router

__all__ = [
    "audits",
    "charts",
    "checking",
    "codes",
    "desk_rules",
    "documents",
    "encounters",
    "groupers",
    "intake",
    "leaving",
    "prices",
    "proposals",
    "queries",
    "reports",
    "reviews",
    "router",
    "suggestions",
    "visits",
]
