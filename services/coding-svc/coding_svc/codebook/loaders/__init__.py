"""One module per published layout; importing it registers its kind."""

from coding_svc.codebook.loaders import (
    coverage,
    hcpcs,
    icd10_index,
    icd10cm,
    icd10pcs,
    lists,
    ncci_ptp,
    nppes,
    practice,
)  # fmt: skip

__all__ = [
    "coverage", "hcpcs", "icd10_index", "icd10cm", "icd10pcs", "lists", "ncci_ptp", "nppes",
    "practice",
]  # fmt: skip
