"""What stands against a remittance, where, and how many cents hang on it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from payer_gateway.domain.remittance import adjusted_cents, findings_of
from rcm.contracts import values
from rcm_x12 import findings as x12
from rcm_x12.remittance_835 import ClaimPayment, Remittance

Level = Literal["file", "payment", "claim", "line"]

ResolutionCode = Literal[
    "posted_by_hand", "payer_will_correct", "not_ours", "accepted_as_is", "entered_in_error"
]
"""Why a person is done with an exception; codes, so that nobody writes a patient into them."""

_PAYMENT = frozenset({"BPR", "TRN", "N1", "PLB", "SE", "ST"})


@dataclass(frozen=True, slots=True)
class Placed:
    """A finding with its level, the CLP that it stands in, and the cents that wait on it: what an
    equation is off by, else what the claim or the payment pays."""

    finding: values.Finding
    level: Level = "file"
    claim_ordinal: int | None = None
    stake_cents: int = 0


def of_payment(finding: values.Finding, stake_cents: int) -> Placed:
    """One that is about the payment as a whole."""
    return Placed(finding, "payment", None, abs(stake_cents))


def placed(found: Iterable[x12.Finding], remittance: Remittance) -> list[Placed]:
    """The codec's findings about one ST, each in its place."""
    ordinals = _ordinals(remittance)
    return [_placed(each, remittance, ordinals) for each in found]


def _ordinals(remittance: Remittance) -> Mapping[str, int]:
    """Position of each CLP by its number; of a number that comes twice, the first."""
    ordinals: dict[str, int] = {}
    for ordinal, claim in enumerate(remittance.claims, 1):
        ordinals.setdefault(claim.control_number, ordinal)
    return ordinals


def _placed(found: x12.Finding, remittance: Remittance, ordinals: Mapping[str, int]) -> Placed:
    [finding] = findings_of([found])
    ordinal = ordinals.get(found.reference) if found.reference else None
    if ordinal is not None:
        claim = remittance.claims[ordinal - 1]
        level: Level = "line" if found.code.startswith("line-") else "claim"
        return Placed(finding, level, ordinal, _claim_stake(found.code, claim))
    if found.segment_id in _PAYMENT or found.code.startswith("payment-"):
        return of_payment(finding, _payment_stake(found.code, remittance))
    return Placed(finding, "file", None, abs(remittance.header.payment_cents))


def _claim_stake(code: str, claim: ClaimPayment) -> int:
    if code == "line-balance":
        return sum(
            abs(line.charge_cents - sum(a.amount_cents for a in line.adjustments) - line.paid_cents)
            for line in claim.services
        )
    if code == "claim-balance":
        return abs(claim.charge_cents - adjusted_cents(claim) - claim.paid_cents)
    if code == "claim-lines":
        return abs(claim.charge_cents - sum(line.charge_cents for line in claim.services))
    if code == "patient-share":
        return abs((claim.patient_responsibility_cents or 0) - _patient_cents(claim))
    return abs(claim.paid_cents)


def _patient_cents(claim: ClaimPayment) -> int:
    levels = (claim.adjustments, *(line.adjustments for line in claim.services))
    return sum(a.amount_cents for level in levels for a in level if a.group_code == "PR")


def _payment_stake(code: str, remittance: Remittance) -> int:
    payment_cents = remittance.header.payment_cents
    if code != "payment-balance":
        return payment_cents
    paid = sum(claim.paid_cents for claim in remittance.claims)
    adjusted = sum(each.amount_cents for each in remittance.provider_adjustments)
    return payment_cents - paid + adjusted
