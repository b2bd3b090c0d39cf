"""The gateway's REST API: partners and payers, what was sent, what came back."""

from payer_gateway.api import (
    acknowledgments,
    interchanges,
    partners,
    remittances,
    transmissions,
)
from payer_gateway.api.register import router

__all__ = [
    "acknowledgments",
    "interchanges",
    "partners",
    "remittances",
    "router",
    "transmissions",
]
