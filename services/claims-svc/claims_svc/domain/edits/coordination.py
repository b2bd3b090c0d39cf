"""B: what earlier payers decided, on a claim that goes to a later one (loops 2320 and 2430)."""

from collections.abc import Iterable, Iterator

from claims_svc.domain.claim import RANKS
from claims_svc.domain.edits.registry import Flaw, Subject, edit
from rcm.contracts.values import Adjustment, Coverage

MEDICARE = frozenset({"MA", "MB"})
PLACE = "/prior_decisions"


@edit("B001")
def earlier_payers_have_decided(subject: Subject) -> Iterator[Flaw]:
    """2320: a later payer is told what every payer before it decided."""
    known = {decision.rank for decision in subject.prior}
    for rank in RANKS[: RANKS.index(subject.claim.billed_rank)]:
        if rank not in known:
            yield Flaw(f"the {rank} payer has not decided", PLACE)


@edit("B002")
def decisions_account_for_the_charge(subject: Subject) -> Iterator[Flaw]:
    """2320: for each earlier payer, CLM02 = AMT*D + CAS of the claim + CAS of all its lines."""
    for position, decision in enumerate(subject.prior):
        accounted = decision.paid_cents + _sum(decision.adjustments)
        accounted += sum(_sum(line.adjustments) for line in decision.lines)
        paid = sum(line.paid_cents for line in decision.lines) - _sum(decision.adjustments)
        if accounted != subject.claim.content.charge_cents or (
            decision.lines and paid != decision.paid_cents
        ):
            message = f"what the {decision.rank} payer decided does not add up to the charge"
            yield Flaw(message, f"{PLACE}/{position}")


@edit("B003")
def decisions_account_for_each_line(subject: Subject) -> Iterator[Flaw]:
    """2430: for each earlier payer and line, SV102 = SVD02 + CAS."""
    for position, decision in enumerate(subject.prior):
        accounted: dict[int, int] = {}
        for line in decision.lines:
            cents = line.paid_cents + _sum(line.adjustments)
            accounted[line.line_number] = accounted.get(line.line_number, 0) + cents
        for number, billed in subject.lines:
            if number in accounted and accounted[number] != billed.charge_amount_cents:
                message = f"what the {decision.rank} payer decided is not the line's charge"
                yield Flaw(message, f"{PLACE}/{position}", number)


@edit("B004")
def later_medicare_says_why(subject: Subject) -> Iterator[Flaw]:
    """2000B SBR05: where Medicare does not pay first, it asks for the reason."""
    for place, coverage in _unexplained(subject):
        if coverage.rank == subject.claim.billed_rank:
            yield Flaw("why Medicare does not pay first is missing", place)


@edit("B104", "warning")
def later_medicare_will_ask_why(subject: Subject) -> Iterator[Flaw]:
    """The same, while the claim is still with the payer before."""
    for place, coverage in _unexplained(subject):
        if coverage.rank != subject.claim.billed_rank:
            yield Flaw("why Medicare does not pay first is missing", place)


def _unexplained(subject: Subject) -> Iterator[tuple[str, Coverage]]:
    for position, coverage in enumerate(subject.claim.content.coverages):
        is_later = coverage.filing_code in MEDICARE and coverage.rank != RANKS[0]
        if is_later and coverage.insurance_type_code is None:
            yield f"/coverages/{position}/insurance_type_code", coverage


def _sum(adjustments: Iterable[Adjustment]) -> int:
    return sum(each.amount_cents for each in adjustments)
