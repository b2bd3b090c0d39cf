"""Taking a claim back from its payers: who has to be told, under which number, and when all of it
is back.

Each payer gets a void claim (frequency 8) of its own, all of them at once. None waits for another:
each takes back what it decided itself, under its own number, and a slow second payer would hold up
money that has to go back to the first one within a time limit. They are made ready from the last
payer to the first, and tell of the decisions before them as the voided claim did.
"""

from collections.abc import Iterable, Iterator

from claims_svc.domain.claim import RANKS, Claim
from claims_svc.domain.coordination import Decided, known_as
from claims_svc.domain.decision import FORWARDED, NOT_RECOGNISED, Decision
from claims_svc.domain.lifecycle import WORKABLE
from rcm.contracts.claims import ClaimMoney
from rcm.contracts.values import ClaimReference, CoverageRank


def payers_to_tell(claim: Claim, decided: Decided) -> tuple[CoverageRank, ...]:
    """The ranks of the payers that know the claim, the last one first; the first payer where it
    seems that none does."""
    knowing = set(_knowing(claim, decided))
    found = [rank for rank in reversed(RANKS) if rank in knowing and claim.coverage(rank)]
    return tuple(found) or RANKS[:1]


def _knowing(claim: Claim, decided: Decided) -> Iterator[CoverageRank]:
    """Who decided on the claim, whom an earlier payer passed it on to, and who was asked last,
    unless it was rejected there or waits here. A payer that knows the claim only by the one that
    it replaces has to take that back."""
    for each in decided.own:
        if each.kind == "decision" and each.status_code != NOT_RECOGNISED:
            yield each.rank
        if each.is_active and each.status_code in FORWARDED:
            yield from RANKS[RANKS.index(each.rank) + 1 :][:1]
    for each in decided.replaced:
        if each.is_active and each.status_code != NOT_RECOGNISED:
            yield each.rank
    has_answered = any(
        each.rank == claim.billed_rank and each.kind == "decision" for each in decided.own
    )
    if claim.status not in WORKABLE and not has_answered:
        yield claim.billed_rank


def original_of(claim: Claim, original: Claim, decided: Decided) -> ClaimReference | None:
    """REF*F8: the number under which the payer that a replacement or void goes to knows the
    original. The first payer's is on the original; a later one's in what it decided."""
    number = known_as(claim, decided.own, decided.replaced)
    if claim.billed_rank == RANKS[0]:
        number = original.payer_claim_number
    if number is None:
        return None
    return ClaimReference(claim_id=original.claim_id, payer_claim_number=number)


def is_taken_back(money: ClaimMoney, decisions: Iterable[Decision]) -> bool:
    """Whether nothing is left that a payer could take back: all of the charge is open again, and
    the only ones that have not reversed anything never knew the patient."""
    known = tuple(decisions)
    return (
        money.insurance_balance_cents == money.charge_cents
        and any(each.reversed_by is not None for each in known)
        and all(each.status_code == NOT_RECOGNISED for each in known if each.is_active)
    )
