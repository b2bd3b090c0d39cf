"""837P, 005010X222A1: professional claims.

write(envelope: Envelope, batches: Sequence[Batch]) -> bytes
read(source: bytes | Iterable[bytes]) -> Reading[Batch]
stream(source: bytes | Iterable[bytes], findings: list[Finding]) -> Iterator[Claim]
in_hierarchy(claims: Iterable[Claim]) -> tuple[Claim, ...]

A file without findings, read and written again under its own numbers, is the same file when it is
spelled as X12 wants it spelled: amounts without needless zeros, capitals, triplets of one CAS
group together, HL levels not repeated for one provider or subscriber.
"""

from rcm_x12.claim.parties import Dependent, Organization, Payer, Person, Provider, Subscriber
from rcm_x12.claim.values import (
    Attachment,
    Condition,
    Contract,
    Diagnosis,
    Drug,
    LineAdjudication,
    Location,
    OtherCoverage,
    OtherPayerProvider,
    Repricing,
    Transport,
)
from rcm_x12.claim_837p.reader import read, stream
from rcm_x12.claim_837p.values import (
    Answer,
    Batch,
    Claim,
    Equipment,
    EquipmentNeed,
    Form,
    Line,
    Measurement,
    PurchasedService,
    SpinalTreatment,
)
from rcm_x12.claim_837p.writer import in_hierarchy, write

__all__ = [
    "Answer",
    "Attachment",
    "Batch",
    "Claim",
    "Condition",
    "Contract",
    "Dependent",
    "Diagnosis",
    "Drug",
    "Equipment",
    "EquipmentNeed",
    "Form",
    "Line",
    "LineAdjudication",
    "Location",
    "Measurement",
    "Organization",
    "OtherCoverage",
    "OtherPayerProvider",
    "Payer",
    "Person",
    "Provider",
    "PurchasedService",
    "Repricing",
    "SpinalTreatment",
    "Subscriber",
    "Transport",
    "in_hierarchy",
    "read",
    "stream",
    "write",
]
