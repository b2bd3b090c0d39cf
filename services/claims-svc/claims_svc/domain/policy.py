"""What an adjustment means for us, by group and CARC. Codes are X12's, the words are ours.

Only what a contract allows is ever written off by itself. Any other reduction that a payer answers
for is a denial: it stays in the receivable until somebody decides it.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from rcm.contracts.values import Adjustment


class Treatment(StrEnum):
    """What becomes of the cents of one adjustment."""

    CONTRACTUAL = "contractual"
    """Written off: the contract says so."""
    PRIOR_PAYER = "prior_payer"
    """Explained by what another payer did; moves nothing here."""
    DENIED = "denied"
    """Refused; stays open until worked."""
    DEDUCTIBLE = "deductible"
    COINSURANCE = "coinsurance"
    COPAY = "copay"
    OTHER_PATIENT = "other_patient"


PATIENT = frozenset(
    {Treatment.DEDUCTIBLE, Treatment.COINSURANCE, Treatment.COPAY, Treatment.OTHER_PATIENT}
)

# 24 capitation, 44 prompt payment, 45 above the contract's rate, 59 several procedures at once,
# 94 more than was charged, 103 promotional discount, 104 withhold, 131 negotiated for this claim,
# 137 levy, 144 incentive, 161 performance bonus, 237 penalty by law, 253 sequestration.
CONTRACTUAL_CARCS = frozenset(
    {"24", "44", "45", "59", "94", "103", "104", "131", "137", "144", "161", "237", "253"}
)
PRIOR_PAYER_CARC = "23"
DUPLICATE_CARC = "18"

_PATIENT_CARCS: Mapping[str, Treatment] = {
    "1": Treatment.DEDUCTIBLE,
    "2": Treatment.COINSURANCE,
    "3": Treatment.COPAY,
}


def treatment(adjustment: Adjustment) -> Treatment:
    """What becomes of one CAS amount.

    A negative amount outside PR raises the payment, so it is never a denial: it goes with the
    contract's reductions and keeps its sign.
    """
    if adjustment.group_code == "PR":
        return _PATIENT_CARCS.get(adjustment.reason_code, Treatment.OTHER_PATIENT)
    if adjustment.reason_code == PRIOR_PAYER_CARC:
        return Treatment.PRIOR_PAYER
    if adjustment.amount_cents < 0:
        return Treatment.CONTRACTUAL
    if adjustment.group_code == "CO" and adjustment.reason_code in CONTRACTUAL_CARCS:
        return Treatment.CONTRACTUAL
    return Treatment.DENIED


# Why a line without payment was still processed: these reasons alone make no denial (with PR 1-3).
NOT_A_DENIAL_CARCS = CONTRACTUAL_CARCS | {PRIOR_PAYER_CARC}

ELIGIBILITY = "eligibility"
COORDINATION = "coordination_of_benefits"
WRONG_PAYER = "wrong_payer"

CATEGORIES: Mapping[str, str] = MappingProxyType(
    {
        "4": "modifier",
        "11": "diagnosis_does_not_support_procedure",
        "16": "missing_or_invalid_information",
        "18": "duplicate",
        "22": COORDINATION,
        "26": ELIGIBILITY,
        "27": ELIGIBILITY,
        "29": "timely_filing",
        "31": ELIGIBILITY,
        "50": "medical_necessity",
        "96": "not_covered",
        "97": "bundled",
        "109": WRONG_PAYER,
        "119": "benefit_maximum",
        "151": "units",
        "197": "authorization",
        "198": "authorization",
        "204": "not_covered",
        "236": "bundled",
        "252": "documentation",
        "B7": "credentialing",
    }
)
"""Seed of the denial worklists, by CARC. An unknown code is `other`: it never blocks money."""

ANOTHER_PAYER = frozenset({ELIGIBILITY, COORDINATION, WRONG_PAYER})
"""Denials that say 'not us': the next payer is asked instead of this one again."""


def category(group_code: str, reason_code: str) -> str:
    """The worklist that a denial belongs to."""
    known = CATEGORIES.get(reason_code)
    if known is None and group_code == "PI":
        return "payer_initiated"
    return known or "other"
