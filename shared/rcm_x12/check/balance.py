"""SNIP 3 of claims: what must add up within a claim, and between a claim and its other payers."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from rcm_x12.check.dates import dates_of
from rcm_x12.check.rules import Context, Segment, loop_rule, segment_rule
from rcm_x12.pieces import at
from rcm_x12.scalars import CENTS
from rcm_x12.walker import Node

_CLAIMS: Final = "837P 837I"


def cents_of(text: str) -> int | None:
    """Cents of an amount that is one."""
    try:
        return CENTS[text] if text else None
    except ValueError:
        return None


def line_segment(line: Node) -> Segment:
    """SV1 or SV2 of a service line."""
    found = line.by.get("SV1") or line.by.get("SV2")
    return found[0] if found else []


@dataclass(slots=True)
class Line:
    """A loop 2400 with what many rules ask of it."""

    node: Node
    service: Segment
    """SV1 or SV2; empty when it is missing."""
    parts: list[str]
    """The components of its procedure."""

    @property
    def code(self) -> str:
        return at(self.parts, 1)


def lines_of(claim: Node, context: Context) -> list[Line]:
    """The service lines of a claim, read once for all rules."""
    known: list[Line] | None = context.claim.get("lines")
    if known is None:
        known = context.claim["lines"] = []
        for node in claim.children:
            if node.name == "2400":
                service = line_segment(node)
                place = 1 if service[:1] == ["SV1"] else 2
                known.append(Line(node, service, context.parts(at(service, place))))
    return known


def charge_of(line: Node) -> int | None:
    """SV102 or SV203."""
    service = line_segment(line)
    return cents_of(at(service, 2 if service[:1] == ["SV1"] else 3)) if service else None


@segment_rule(
    "claim-total",
    snip=3,
    kinds=_CLAIMS,
    loops="2300",
    segment="CLM",
    says="CLM02 is not the sum of the lines' charges",
)
def claim_is_the_sum_of_its_lines(clm: Segment, claim: Node, context: Context) -> None:
    """CLM02 equals the sum of SV102 (professional) or SV203 (institutional)."""
    total = 0
    lines = lines_of(claim, context)
    for line in lines:
        charge = cents_of(at(line.service, 2 if line.service[:1] == ["SV1"] else 3))
        if charge is None:
            return
        total += charge
    stated = cents_of(at(clm, 2))
    if stated is not None and stated != total and 0 < len(lines) < _LINES_KEPT:
        context.say(claim, clm, 2)


_LINES_KEPT = 2000


@segment_rule(
    "claim-negative",
    snip=3,
    kinds=_CLAIMS,
    loops="2300",
    segment="CLM",
    says="the charge of a claim is not negative",
)
def claim_charges_something(clm: Segment, claim: Node, context: Context) -> None:
    """CLM02 is zero or more."""
    if at(clm, 2).startswith("-") and cents_of(clm[2]):
        context.say(claim, clm, 2)


@segment_rule(
    "line-negative",
    snip=3,
    kinds=_CLAIMS,
    loops="2400",
    segment="SV1 SV2",
    says="the charge of a line is not negative",
    alone=True,
)
def line_charges_something(service: Segment, line: Node, context: Context) -> None:
    """SV102 and SV203 are zero or more."""
    place = 2 if service[0] == "SV1" else 3
    if (cents_of(at(service, place)) or 0) < 0:
        context.say(line, service, place)


@segment_rule(
    "patient-paid-over",
    snip=3,
    kinds=_CLAIMS,
    loops="2300",
    segment="AMT",
    severity="warning",
    says="the patient has paid more than the claim's charge",
)
def patient_paid_at_most_the_charge(amt: Segment, claim: Node, context: Context) -> None:
    """AMT*F5 of loop 2300 is not above CLM02."""
    paid, charge = cents_of(at(amt, 2)), cents_of(at(claim.segments[0], 2))
    if amt[1:2] == ["F5"] and paid is not None and charge is not None and paid > charge:
        context.say(claim, amt, 2)


def adjustments(loop: Node) -> Counter[tuple[str, str, int]] | None:
    """(group, reason, cents) of a loop's CAS; None when an amount is none."""
    found: Counter[tuple[str, str, int]] = Counter()
    for cas in loop.by.get("CAS", ()):
        for place in range(2, len(cas), 3):
            if cas[place] or at(cas, place + 1):
                amount = cents_of(at(cas, place + 1))
                if amount is None:
                    return None
                found[at(cas, 1), cas[place], amount] += 1
    return found


def _sum(found: Counter[tuple[str, str, int]]) -> int:
    return sum(key[2] * times for key, times in found.items())


def _payer_id(other: Node) -> str:
    payer = other.loop("2330B")
    return at(payer.by["NM1"][0], 9) if payer is not None else ""


def _paid(other: Node) -> int | None:
    """AMT*D of a loop 2320: what that payer paid; None when it has not decided."""
    for amt in other.by.get("AMT", ()):
        if amt[1:2] == ["D"]:
            return cents_of(at(amt, 2))
    return None


def _decisions(claim: Node, payer_id: str) -> list[tuple[Node, Node]]:
    """(line, loop 2430) of what one payer decided on the lines."""
    return [
        (line, decision)
        for line in claim.loops("2400")
        for decision in line.loops("2430")
        if at(decision.by["SVD"][0], 1) == payer_id
    ]


def _balances(claim: Node, other: Node) -> bool:
    """Whether what a payer paid and adjusted accounts for the charge; True when nobody can say."""
    charge, paid = cents_of(at(claim.segments[0], 2)), _paid(other)
    levels = [adjustments(other)]
    levels += [adjustments(one) for _, one in _decisions(claim, _payer_id(other))]
    if paid is None or charge is None or None in levels:
        return True
    return charge == paid + sum(_sum(one) for one in levels if one is not None)


@loop_rule(
    "cob-payer-balance",
    snip=3,
    kinds=_CLAIMS,
    loops="2300",
    needs="2320",
    says="CLM02 is not what the other payer paid (AMT*D) and adjusted (CAS) on claim and lines",
)
def other_payer_accounts_for_the_charge(claim: Node, context: Context) -> None:
    """For each payer that decided: CLM02 = AMT*D + CAS of loop 2320 + CAS of its loops 2430."""
    for other in claim.loops("2320"):
        if not _balances(claim, other):
            context.say(other, next(amt for amt in other.by["AMT"] if amt[1] == "D"), 2)


@loop_rule(
    "cob-line-balance",
    snip=3,
    kinds=_CLAIMS,
    loops="2400",
    needs="2430",
    says="the line's charge is not what the other payer paid (SVD02) and adjusted (CAS)",
)
def other_payer_accounts_for_the_line(line: Node, context: Context) -> None:
    """For each payer: SV102 (SV203) = SVD02 + CAS over its loops 2430 of the line."""
    charge = charge_of(line)
    sums: dict[str, int] = {}
    last: dict[str, Node] = {}
    for decision in line.loops("2430"):
        svd = decision.by["SVD"][0]
        paid, cut = cents_of(at(svd, 2)), adjustments(decision)
        if paid is None or cut is None or charge is None:
            return
        payer_id = at(svd, 1)
        sums[payer_id] = sums.get(payer_id, 0) + paid + _sum(cut)
        last[payer_id] = decision
    for payer_id, accounted in sums.items():
        if accounted != charge:
            context.say(last[payer_id], last[payer_id].by["SVD"][0], 2)


@loop_rule(
    "cob-adjustment-twice",
    snip=3,
    kinds=_CLAIMS,
    loops="2300",
    needs="2320",
    says="the other payer's adjustment stands at claim level and again at a line",
)
def adjustment_stands_at_one_level(claim: Node, context: Context) -> None:
    """An amount is reported in loop 2320 or in loop 2430, never in both."""
    for other in claim.loops("2320"):
        above = adjustments(other)
        if not above or _balances(claim, other):
            continue
        for _, decision in _decisions(claim, _payer_id(other)):
            for group, reason, amount in adjustments(decision) or ():
                if (group, reason, amount) in above:
                    context.say(decision, decision.by["CAS"][0])


@loop_rule(
    "cob-payer-unknown",
    snip=4,
    kinds=_CLAIMS,
    loops="2300",
    x12="I12",
    says="SVD01 names a payer that no loop 2330B of the claim names",
)
def line_payer_is_a_payer_of_the_claim(claim: Node, context: Context) -> None:
    """SVD01 of loop 2430 equals NM109 of a loop 2330B."""
    known = {_payer_id(other) for other in claim.loops("2320")}
    for line in claim.loops("2400"):
        for decision in line.loops("2430"):
            svd = decision.by["SVD"][0]
            if at(svd, 1) not in known:
                context.say(decision, svd, 1)


@loop_rule(
    "cob-paid-missing",
    snip=4,
    kinds=_CLAIMS,
    loops="2300",
    needs="2320",
    x12="I6",
    says="the other payer decided on lines (2430), and AMT*D does not say what it paid",
)
def decided_payer_says_what_it_paid(claim: Node, context: Context) -> None:
    """AMT*D of loop 2320 is required when the payer has adjudicated the claim."""
    for other in claim.loops("2320"):
        decided = _decisions(claim, _payer_id(other))
        if decided and not any(amt[1:2] == ["D"] for amt in other.by.get("AMT", ())):
            context.say(other, missing="AMT", trigger=(decided[0][1].by["SVD"][0], 1, 0))


@loop_rule(
    "cob-date-twice",
    snip=4,
    kinds=_CLAIMS,
    loops="2300",
    needs="2320",
    x12="I9",
    says="the date of the other payer's decision stands at claim and at line",
)
def decision_is_dated_once(claim: Node, context: Context) -> None:
    """DTP*573 stands in loop 2330B or in loops 2430, not in both."""
    for other in claim.loops("2320"):
        payer = other.loop("2330B")
        if payer is None or not dates_of(payer, "DTP", "573"):
            continue
        if any(dates_of(one, "DTP", "573") for _, one in _decisions(claim, _payer_id(other))):
            context.say(payer, next(dtp for dtp in payer.by["DTP"] if dtp[1] == "573"))


@loop_rule(
    "cob-date-missing",
    snip=4,
    kinds=_CLAIMS,
    loops="2300",
    needs="2320",
    x12="I6",
    says="the date of the other payer's decision stands neither at claim nor at line",
)
def decision_is_dated(claim: Node, context: Context) -> None:
    """DTP*573 is required at one level when the payer has adjudicated the claim."""
    for other in claim.loops("2320"):
        payer = other.loop("2330B")
        if payer is None or _paid(other) is None or dates_of(payer, "DTP", "573"):
            continue
        decided = _decisions(claim, _payer_id(other))
        if not any(dates_of(one, "DTP", "573") for _, one in decided):
            amt = next(one for one in other.by["AMT"] if one[1] == "D")
            context.say(payer, missing="DTP", trigger=(amt, 2, 0))
