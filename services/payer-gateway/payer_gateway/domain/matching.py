"""Which of our claims a CLP is about: our number first, then the payer's, then a person."""

from collections.abc import Collection, Mapping, Sequence
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
BY_A_LATER_PAYER = frozenset({"2", "3", "20", "21"})
"""CLP02: processed as secondary or tertiary."""


def payers_asked(
    claims: Sequence[ClaimPayment],
    sent: Mapping[str, Sequence[Submission]],
    *,
    paying: Collection[str] | None = None,
) -> list[str] | None:
    """The payers that the answered claims went to; None when it takes those that this company has
    paid for before (`paying`) to know. It does where a claim went to one payer after the other, and
    where it is answered by a later payer that we never sent it to: the first one passed it on."""
    found: dict[str, None] = {}
    for claim in claims:
        asked = list(dict.fromkeys(each.payer_id for each in sent.get(claim.control_number, ())))
        is_clear = len(asked) < 2 and claim.status_code not in BY_A_LATER_PAYER
        if is_clear or not asked:
            found |= dict.fromkeys(asked)
            continue
        if paying is None:
            return None
        known = [payer_id for payer_id in asked if payer_id in paying]
        # The newest was asked last; who was asked first and alone is not the one that answers.
        found |= dict.fromkeys(known or (asked[:1] if len(asked) > 1 else ()))
    return list(found) or (None if paying is None else [])


def sent_to(payer_id: str, several: Sequence[Submission]) -> Submission:
    """Of what left under one number, newest first: the newest that went to this payer, else the
    newest. A first payer may take back what it paid long after the next one was asked."""
    return next((each for each in several if each.payer_id == payer_id), several[0])


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
