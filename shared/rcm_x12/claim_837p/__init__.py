"""837P, 005010X222A1: professional claims.

write(envelope: Envelope, batches: Sequence[Batch]) -> bytes
read(content: bytes) -> Reading[Batch]
in_hierarchy(claims: Iterable[Claim]) -> tuple[Claim, ...]
"""

from rcm_x12.claim_837p.parties import Dependent, Organization, Payer, Person, Provider, Subscriber
from rcm_x12.claim_837p.reader import read
from rcm_x12.claim_837p.values import (
    Attachment,
    Batch,
    Claim,
    Condition,
    Diagnosis,
    Drug,
    Line,
    LineAdjudication,
    Location,
    OtherCoverage,
    Transport,
)
from rcm_x12.claim_837p.writer import in_hierarchy, write

__all__ = [
    "Attachment",
    "Batch",
    "Claim",
    "Condition",
    "Dependent",
    "Diagnosis",
    "Drug",
    "Line",
    "LineAdjudication",
    "Location",
    "Organization",
    "OtherCoverage",
    "Payer",
    "Person",
    "Provider",
    "Subscriber",
    "Transport",
    "in_hierarchy",
    "read",
    "write",
]
