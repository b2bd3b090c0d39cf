"""Who did what to whose record: append-only, sealed in signed blocks, anchored outside.

`record` writes in the caller's transaction, so what is done and what is said about it stand or fall
together. Seconds later `AuditSealer` binds records into hash-chained blocks and anchors their heads
outside the database; `verify` tells which row is no longer what it was.
"""

from rcm.security.audit.anchor import Anchor, FileAnchor
from rcm.security.audit.chain import Finding, FindingKind
from rcm.security.audit.records import Record, record, record_all
from rcm.security.audit.sealer import AuditSealer
from rcm.security.audit.signing import AuditKeyUnusable, Signer, Verifiers
from rcm.security.audit.verify import Verification, verify

__all__ = [
    "Anchor",
    "AuditKeyUnusable",
    "AuditSealer",
    "FileAnchor",
    "Finding",
    "FindingKind",
    "Record",
    "Signer",
    "Verification",
    "Verifiers",
    "record",
    "record_all",
    "verify",
]
