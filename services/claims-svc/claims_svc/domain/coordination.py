"""Coordination of benefits: which payer comes next, and what it is told of the payers before it.

The amounts are the posted ones, copied reason by reason; nothing is made up so that they add up. A
claim whose earlier decisions do not account for its charge is held by an edit (family B).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from uuid import UUID

from claims_svc.domain.claim import RANKS, Claim
from claims_svc.domain.decision import FORWARDED, Decision
from claims_svc.domain.standing import Standing
from rcm.contracts.values import (
    Adjustment,
    ClaimReference,
    CoverageRank,
    LinePayment,
    PriorDecision,
    PriorLine,
)

PATIENT_GROUP = "PR"


@dataclass(frozen=True, slots=True)
class Decided:
    """What payers decided on a claim, and on the one that it replaces; oldest first."""

    own: Sequence[Decision] = ()
    replaced: Sequence[Decision] = ()

    def by(self, rank: CoverageRank) -> tuple[Decision, ...]:
        """All that the payer of this rank decided, taken back or not."""
        return (*_by(rank, self.replaced), *_by(rank, self.own))

    def as_it_stood(self) -> tuple[Decision, ...]:
        """What each payer has decided, or had before it took all of it back: a void claim tells of
        the payers before as the claim did that it takes back."""
        return tuple(chain.from_iterable(map(self._stood, RANKS)))

    def _stood(self, rank: CoverageRank) -> tuple[Decision, ...]:
        known = _by(rank, self.own) or _by(rank, self.replaced)
        active = tuple(each for each in known if each.is_active)
        return active or tuple(replace(each, reversed_by=None) for each in known)


NOTHING_DECIDED = Decided()


def _by(rank: CoverageRank, decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    return tuple(each for each in decisions if each.kind == "decision" and each.rank == rank)


def next_rank(
    claim: Claim, decisions: Iterable[Decision], standing: Standing
) -> CoverageRank | None:
    """The later payer that needs the claim from us. None when nothing is open, when that payer has
    decided, or when the one before it passed the claim on itself (CLP02 19, 20, 21)."""
    rank = standing.asked
    is_later = rank != RANKS[0] and claim.coverage(rank) is not None
    if not is_later or standing.money.insurance_balance_cents <= 0:
        return None
    if claim.frequency_code == "8" or claim.superseded_by is not None:
        return None
    before = RANKS[RANKS.index(rank) - 1]
    for known in decisions:
        if known.kind == "decision" and known.rank == rank:
            return None
        if known.is_active and known.rank == before and known.status_code in FORWARDED:
            return None
    return rank


def is_before(rank: CoverageRank, other: CoverageRank) -> bool:
    """Whether this payer pays before the other."""
    return RANKS.index(rank) < RANKS.index(other)


def prior_decisions(
    claim: Claim, decisions: Iterable[Decision], *, today: date
) -> tuple[PriorDecision, ...]:
    """What each payer before `billed_rank` decided, one value for each that has decided."""
    active = [known for known in decisions if known.is_active]
    found = []
    for rank in RANKS[: RANKS.index(claim.billed_rank)]:
        own = _that_count([known for known in active if known.rank == rank], claim)
        if own:
            found.append(_told(rank, own, today))
    return tuple(found)


def known_as(claim: Claim, own: Iterable[Decision], replaced: Iterable[Decision]) -> str | None:
    """The number under which the payer of `billed_rank` knows this claim, or the one that it
    replaces: to that payer it is a replacement, whatever it is to the first one."""
    both = Decided(tuple(own), tuple(replaced))
    numbers = [known.payer_claim_number for known in both.by(claim.billed_rank)]
    return next((number for number in reversed(numbers) if number), None)


def reference(claim: Claim, number: str | None) -> ClaimReference | None:
    """What REF*F8 says, where there is something to replace."""
    replaced: UUID = claim.replaces_claim_id or claim.claim_id
    return ClaimReference(claim_id=replaced, payer_claim_number=number) if number else None


def _that_count(own: Sequence[Decision], claim: Claim) -> Sequence[Decision]:
    """All parts of a claim that its payer split; of several answers to the whole claim, the newest:
    a payer may decide anew without taking the old decision back."""
    charge_cents = claim.content.charge_cents
    if sum(known.charge_cents for known in own) == charge_cents:
        return own
    whole = [known for known in own if known.charge_cents == charge_cents]
    return whole[-1:] or own


def _told(rank: CoverageRank, own: Sequence[Decision], today: date) -> PriorDecision:
    lines = tuple(chain.from_iterable(map(_lines, own)))
    above = tuple(chain.from_iterable(known.adjustments for known in own))
    # The guide wants what is left to the patient at one level: at the lines, unless a part of it is
    # only known of the whole claim.
    by_line = bool(lines) and not any(one.group_code == PATIENT_GROUP for one in above)
    return PriorDecision(
        rank=rank,
        payer_claim_number=next(
            (d.payer_claim_number for d in reversed(own) if d.payer_claim_number), None
        ),
        # A payer dates its payment ahead (BPR16), to the day on which the money arrives.
        decided_on=min(today, max(known.effective_on for known in own)),
        paid_cents=sum(known.paid_cents for known in own),
        adjustments=_grouped(above),
        patient_cents=None if by_line else sum(known.patient_cents for known in own),
        remark_codes=tuple(dict.fromkeys(chain.from_iterable(d.remark_codes for d in own))),
        # Of a stay that its payer split, the newest: its amounts belong together.
        inpatient_adjudication=next(
            (d.inpatient_adjudication for d in reversed(own) if d.inpatient_adjudication), ()
        ),
        lines=lines if by_line else tuple(_without_share(line) for line in lines),
    )


def _lines(decision: Decision) -> Iterator[PriorLine]:
    """The payment lines that are known to be about a line of ours."""
    for line, match in zip(decision.lines, decision.matches, strict=True):
        if match.line_number is not None:
            yield _line(line, match.line_number)


def _line(line: LinePayment, number: int) -> PriorLine:
    share = sum(each.amount_cents for each in line.adjustments if each.group_code == PATIENT_GROUP)
    return PriorLine(
        line_number=number,
        procedure_code=line.procedure_code,
        modifiers=line.modifiers,
        quantity=line.quantity,
        paid_cents=line.paid_cents,
        adjustments=_grouped(line.adjustments),
        patient_cents=share,
    )


def _without_share(line: PriorLine) -> PriorLine:
    return line.model_copy(update={"patient_cents": None})


def _grouped(adjustments: Iterable[Adjustment]) -> tuple[Adjustment, ...]:
    """One CAS for each group, as the guide wants it: the amounts stay as they were reported."""
    groups: dict[str, list[Adjustment]] = {}
    for each in adjustments:
        groups.setdefault(each.group_code, []).append(each)
    return tuple(chain.from_iterable(groups.values()))
