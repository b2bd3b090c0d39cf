"""The edits: what an auditor would say of a coding, said before it leaves.

Each is a pure function of a case: the coding, what of the patient matters, the patient's earlier
services, and the releases in force on the date of service. The same case has the same findings
for ever, so a finding can be replayed years later.
"""

from coding_svc.domain.edits import (
    add_ons,
    demographics,
    excludes,
    global_days,
    laterality,
    medicare,
    modifiers,
    pairs,
    procedures,
    sequence,
    units,
    validity,
)
from coding_svc.domain.edits.case import Case, PastService, PatientFacts, same_provider
from coding_svc.domain.edits.registry import Edit, EditFinding, check, edits

__all__ = [
    "Case",
    "Edit",
    "EditFinding",
    "PastService",
    "PatientFacts",
    "add_ons",
    "check",
    "demographics",
    "edits",
    "excludes",
    "global_days",
    "laterality",
    "medicare",
    "modifiers",
    "pairs",
    "procedures",
    "same_provider",
    "sequence",
    "units",
    "validity",
]
