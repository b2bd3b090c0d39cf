"""837I, 005010X223A2: institutional claims.

write(envelope: Envelope, batches: Sequence[Batch]) -> bytes
read(source: bytes | Iterable[bytes]) -> Reading[Batch]
stream(source: bytes | Iterable[bytes], findings: list[Finding]) -> Iterator[Claim]
in_hierarchy(claims: Iterable[Claim]) -> tuple[Claim, ...]

Parties, other payers and attachments are those of the professional claim (`rcm_x12.claim`).
"""

from rcm_x12.claim.parties import Dependent, Organization, Payer, Person, Provider, Subscriber
from rcm_x12.claim.values import (
    Attachment,
    Condition,
    Contract,
    Diagnosis,
    Drug,
    LineAdjudication,
    OtherCoverage,
    OtherPayerProvider,
    Repricing,
)
from rcm_x12.claim_837i.reader import read, stream
from rcm_x12.claim_837i.values import (
    Batch,
    Claim,
    Line,
    Occurrence,
    OccurrenceSpan,
    PerformedProcedure,
    ValueCode,
)
from rcm_x12.claim_837i.writer import in_hierarchy, write

__all__ = [
    "Attachment",
    "Batch",
    "Claim",
    "Condition",
    "Contract",
    "Dependent",
    "Diagnosis",
    "Drug",
    "Line",
    "LineAdjudication",
    "Occurrence",
    "OccurrenceSpan",
    "Organization",
    "OtherCoverage",
    "OtherPayerProvider",
    "Payer",
    "PerformedProcedure",
    "Person",
    "Provider",
    "Repricing",
    "Subscriber",
    "ValueCode",
    "in_hierarchy",
    "read",
    "stream",
    "write",
]
