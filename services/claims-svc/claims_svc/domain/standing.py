"""Where a claim's charge stands after all decisions so far: what was paid and given up, who is
asked next, and what the patient owes."""

from collections.abc import Sequence
from dataclasses import dataclass

from claims_svc.domain.claim import RANKS, Claim
from claims_svc.domain.decision import FORWARDED, Decision
from rcm.contracts.claims import ClaimMoney
from rcm.contracts.values import ClaimOutcome, CoverageRank, ResponsibleParty


@dataclass(frozen=True, slots=True)
class Share:
    """What decisions leave to the patient, by kind."""

    deductible_cents: int = 0
    coinsurance_cents: int = 0
    copay_cents: int = 0
    other_cents: int = 0

    @property
    def cents(self) -> int:
        return self.deductible_cents + self.coinsurance_cents + self.copay_cents + self.other_cents


@dataclass(frozen=True, slots=True)
class Standing:
    """The claim's money and its axes. `share` is what the last payer leaves to the patient; it is
    due only when no payer comes next."""

    money: ClaimMoney
    outcome: ClaimOutcome
    responsible_party: ResponsibleParty
    asked: CoverageRank
    """The rank in whose receivable the open balance stands."""
    share: Share

    @property
    def patient_due_cents(self) -> int:
        return self.money.patient_responsibility_cents


@dataclass(frozen=True, slots=True)
class Excess:
    """Paid, given up and left to the patient come to more than was charged."""

    cents: int


def settle(claim: Claim, decisions: Sequence[Decision]) -> Standing | Excess:
    """The standing after these decisions, oldest first.

    The patient owes what the last payer says (its PR amounts), not the sum over payers, and nothing
    while a payer comes next. A payer that did not recognise the patient is not the last one.
    """
    charge_cents = claim.money.charge_cents
    active = [decision for decision in decisions if decision.is_active]
    paid_cents = sum(decision.paid_cents for decision in active)
    contractual_cents = sum(decision.contractual_cents for decision in active)
    share = _share(active)
    following = _taken_back(decisions) or _next(claim, active)
    open_cents = charge_cents - paid_cents - contractual_cents
    due_cents = 0 if following else max(0, share.cents)
    if open_cents - due_cents < 0:
        return Excess(due_cents - open_cents)
    balance_cents = open_cents - due_cents
    asked = following or _last_rank(active)
    money = ClaimMoney(
        charge_cents=charge_cents,
        paid_cents=paid_cents,
        contractual_cents=contractual_cents,
        other_adjustment_cents=claim.money.other_adjustment_cents,
        patient_responsibility_cents=due_cents,
        insurance_balance_cents=balance_cents,
    )
    return Standing(
        money=money,
        outcome=_outcome(decisions, balance_cents),
        responsible_party=_responsible(asked, balance_cents, due_cents),
        asked=asked,
        share=share,
    )


def _last_rank(active: Sequence[Decision]) -> CoverageRank:
    return max((decision.rank for decision in active), key=RANKS.index, default="primary")


def _taken_back(decisions: Sequence[Decision]) -> CoverageRank | None:
    """The first payer that took its decision back and has not decided anew: it is asked again,
    whatever later payers said in between."""
    active = {decision.rank for decision in decisions if decision.is_active}
    for rank in RANKS:
        reversed_ones = [d for d in decisions if d.rank == rank and d.reversed_by is not None]
        if reversed_ones and rank not in active:
            return rank
    return None


def _next(claim: Claim, active: Sequence[Decision]) -> CoverageRank | None:
    """The payer that comes next: before any decision the first one; after a workable denial nobody,
    since the payer that refused is asked again."""
    if not active:
        return "primary"
    last = _last_rank(active)
    newest = [decision for decision in active if decision.rank == last][-1]
    position = RANKS.index(last) + 1
    if position == len(RANKS):
        return None
    following = RANKS[position]
    if newest.status_code in FORWARDED:
        return following
    if claim.coverage(following) is None:
        return None
    refused = newest.result == "denied" and newest.denied_cents > 0
    return None if refused and not newest.asks_another_payer else following


def _share(active: Sequence[Decision]) -> Share:
    """PR of the last payer that recognised the patient."""
    ranks = sorted({decision.rank for decision in active}, key=RANKS.index, reverse=True)
    for rank in ranks:
        own = [decision for decision in active if decision.rank == rank]
        if rank != ranks[-1] and all(decision.asks_another_payer for decision in own):
            continue
        return Share(
            sum(decision.deductible_cents for decision in own),
            sum(decision.coinsurance_cents for decision in own),
            sum(decision.copay_cents for decision in own),
            sum(decision.other_patient_cents for decision in own),
        )
    return Share()


def _responsible(asked: CoverageRank, balance_cents: int, due_cents: int) -> ResponsibleParty:
    if balance_cents > 0:
        return asked
    return "patient" if due_cents > 0 else "none"


def _outcome(decisions: Sequence[Decision], balance_cents: int) -> ClaimOutcome:
    results = {decision.result for decision in decisions if decision.is_active}
    if not results:
        was_reversed = any(decision.reversed_by is not None for decision in decisions)
        return "reversed" if was_reversed else "none"
    if results == {"denied"}:
        return "denied"
    if results == {"paid"} or (balance_cents == 0 and "denied" in results):
        return "paid"
    return "partially_paid"
