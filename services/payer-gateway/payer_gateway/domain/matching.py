"""Which of our claims a CLP is about: our number first, then the payer's, then a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from payer_gateway.domain.submission import Submission
from rcm.contracts.payer import PaymentMatch
from rcm_x12.remittance_835 import ClaimPayment


@dataclass(frozen=True, slots=True)
class Match:
    """What was sent of the claim, if we sent it, and by which rung it was found."""

    submission: Submission | None
    matched_by: PaymentMatch


NO_MATCH = Match(None, "none")


def match_claims(
    claims: Sequence[ClaimPayment],
    *,
    by_number: Mapping[str, Submission],
    by_payer_number: Mapping[str, Submission],
) -> tuple[Match, ...]:
    """One match for each CLP. CLP01 may come back as 0 or garbage; CLP07 is the payer's own number
    for a claim that it told us before, in a 277CA or an earlier remittance."""
    return tuple(_match(claim, by_number, by_payer_number) for claim in claims)


def _match(
    claim: ClaimPayment,
    by_number: Mapping[str, Submission],
    by_payer_number: Mapping[str, Submission],
) -> Match:
    found = by_number.get(claim.control_number)
    if found is not None:
        return Match(found, "control_number")
    found = by_payer_number.get(claim.payer_claim_number)
    return Match(found, "payer_claim_number") if found else NO_MATCH
