"""Claim edits: what must be right before a payer sees a claim. One function per rule, in the module
of its family; importing this package registers all of them."""

from claims_svc.domain.edits import (
    coordination,
    coverage,
    dates,
    diagnoses,
    institutional,
    lineage,
    procedures,
    providers,
)
from claims_svc.domain.edits.registry import Edit, Subject, blocks, edits, scrub

__all__ = [
    "Edit",
    "Subject",
    "blocks",
    "coordination",
    "coverage",
    "dates",
    "diagnoses",
    "edits",
    "institutional",
    "lineage",
    "procedures",
    "providers",
    "scrub",
]
