"""Provider adjustments (PLB): what a payer takes or gives beside the claims, and what nets out.

A positive amount takes money away, a negative one gives it. FB carries a debt into a later
payment: negative now, positive when it comes back, over all cycles zero. WO announces a recovery:
negative while the reversed money is left with us, positive when it is taken; a 72 gives back what
we refunded by cheque and offsets a WO. L6 is interest, which is income and never nets out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Literal
from uuid import UUID

from rcm_x12.remittance_835 import Remittance

Family = Literal["forward", "recovery", "interest", "other"]

FAMILIES: Mapping[str, Family] = MappingProxyType(
    {"FB": "forward", "WO": "recovery", "72": "recovery", "L6": "interest"}
)

SettlementCode = Literal["claim_reversed", "refund_sent", "agreed_with_payer", "written_off"]
"""Why an open recovery or balance needs no more work."""


def family_of(reason_code: str) -> Family:
    """What an adjustment nets out with."""
    return FAMILIES.get(reason_code, "other")


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One PLB pair of a reported remittance, and the claim that its reference names, if any."""

    remittance_id: UUID
    ordinal: int
    payer_id: str
    provider_npi: str
    family: Family
    reason_code: str
    reference: str
    amount_cents: int
    fiscal_period_on: date | None
    trace_number: str
    effective_on: date | None
    submission_id: UUID | None = None
    claim_id: UUID | None = None
    settled_code: str | None = None
    settled_at: datetime | None = None


def adjustments_of(remittance: Remittance, remittance_id: UUID, payer_id: str) -> list[Adjustment]:
    """Every PLB pair, in the order of the file."""
    header = remittance.header
    return [
        Adjustment(
            remittance_id,
            ordinal,
            payer_id,
            each.provider_id,
            family_of(each.reason_code),
            each.reason_code,
            each.reference,
            each.amount_cents,
            each.fiscal_period_on,
            header.trace_number,
            header.effective_on,
        )
        for ordinal, each in enumerate(remittance.provider_adjustments, 1)
    ]


def names_in(reference: str) -> list[str]:
    """What of a PLB reference may be a claim's number: all of it, and its words. Payers write the
    claim's number, their own, or several with a separator of theirs."""
    words = reference
    for separator in "/|,;-":
        words = words.replace(separator, " ")
    found = [reference.strip(), *words.split()]
    return [each for each in dict.fromkeys(found) if len(each) >= SHORTEST_NUMBER]


SHORTEST_NUMBER = 4
"""Shorter words name no claim: they are plan years, sites or initials."""
