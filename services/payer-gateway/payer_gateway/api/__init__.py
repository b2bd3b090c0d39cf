"""The gateway's REST API: partners, payers and routes, what was sent, what came back."""

from payer_gateway.api import (
    acknowledgments,
    adjustments,
    companions,
    connection_tests,
    deposits,
    eligibility,
    enrollments,
    exceptions,
    interchanges,
    paper,
    partners,
    payers,
    reconciliation,
    remittances,
    routes,
    status_inquiries,
    transmissions,
)
from payer_gateway.api.register import router

__all__ = [
    "acknowledgments",
    "adjustments",
    "companions",
    "connection_tests",
    "deposits",
    "eligibility",
    "enrollments",
    "exceptions",
    "interchanges",
    "paper",
    "partners",
    "payers",
    "reconciliation",
    "remittances",
    "router",
    "routes",
    "status_inquiries",
    "transmissions",
]
