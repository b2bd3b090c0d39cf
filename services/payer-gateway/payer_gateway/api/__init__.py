"""The gateway's REST API: partners, payers and routes, what was sent, what came back."""

from payer_gateway.api import (
    acknowledgments,
    companions,
    connection_tests,
    eligibility,
    enrollments,
    interchanges,
    partners,
    payers,
    remittances,
    routes,
    status_inquiries,
    transmissions,
)
from payer_gateway.api.register import router

__all__ = [
    "acknowledgments",
    "companions",
    "connection_tests",
    "eligibility",
    "enrollments",
    "interchanges",
    "partners",
    "payers",
    "remittances",
    "router",
    "routes",
    "status_inquiries",
    "transmissions",
]
