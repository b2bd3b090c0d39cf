"""What a secondary payer sees of the payers before it, from the COB loops of its 837."""

from payer_twin.billed import Claim
from rcm_x12.claim.values import OtherCoverage

_RANKS = "PSTABCDEFGH"


def left_over(claim: Claim) -> tuple[int, ...] | None:
    """What the payers before left to the patient, by line (RFI 2806: the rest of each charge is
    OA-23). None when the claim is a first payer's, or no payer before has decided."""
    rank = _RANKS.find(claim.subscriber.rank)
    before = [
        one
        for one in claim.other_coverages
        if _RANKS.find(one.rank) < rank and (one.paid_cents is not None or _by_line(claim, one))
    ]
    if rank <= 0 or not before:
        return None
    # Whoever decided last has seen what the others did.
    last = max(before, key=lambda one: _RANKS.find(one.rank))
    if _by_line(claim, last):
        return tuple(
            min(
                line.charge_cents,
                sum(
                    each.amount_cents
                    for decided in line.adjudications
                    if decided.payer_id == last.payer.id
                    for each in decided.adjustments
                    if each.group_code == "PR"
                ),
            )
            for line in claim.lines
        )
    return _spread(claim, _share(last))


def _by_line(claim: Claim, coverage: OtherCoverage) -> bool:
    return any(
        decided.payer_id == coverage.payer.id
        for line in claim.lines
        for decided in line.adjudications
    )


def _share(coverage: OtherCoverage) -> int:
    """The patient's share that a payer stated for the whole claim."""
    by_group = sum(a.amount_cents for a in coverage.adjustments if a.group_code == "PR")
    return by_group or coverage.remaining_liability_cents or 0


def _spread(claim: Claim, cents: int) -> tuple[int, ...]:
    """A claim's share on its lines, from the first on, each as far as its charge reaches."""
    found = []
    for line in claim.lines:
        found.append(min(cents, line.charge_cents))
        cents -= found[-1]
    return tuple(found)
