"""SNIP 3 and 4 of an 835: its three sums, and what its payment method and reversals ask for."""

from typing import Final

from rcm_x12.check.balance import cents_of
from rcm_x12.check.rules import Context, Segment, loop_rule, segment_rule
from rcm_x12.pieces import at
from rcm_x12.walker import Node

_REVERSAL: Final = "22"


def _cut(loop: Node) -> int | None:
    """The sum of a loop's CAS."""
    total = 0
    for cas in loop.by.get("CAS", ()):
        for place in range(3, len(cas), 3):
            if cas[place]:
                amount = cents_of(cas[place])
                if amount is None:
                    return None
                total += amount
    return total


@segment_rule(
    "line-balance",
    snip=3,
    kinds="835",
    loops="2110",
    segment="SVC",
    says="SVC02 less the line's adjustments is not SVC03",
)
def line_balances(svc: Segment, line: Node, context: Context) -> None:
    """Service line: SVC02 - CAS = SVC03."""
    charge, paid, cut = cents_of(at(svc, 2)), cents_of(at(svc, 3) or "0"), _cut(line)
    if charge is not None and paid is not None and cut is not None and charge - cut != paid:
        context.say(line, svc, 3)


@segment_rule(
    "claim-balance",
    snip=3,
    kinds="835",
    loops="2100",
    segment="CLP",
    says="CLP03 less all adjustments of the claim and its lines is not CLP04",
)
def claim_balances(clp: Segment, claim: Node, context: Context) -> None:
    """Claim: CLP03 - CAS of loop 2100 - CAS of its loops 2110 = CLP04."""
    paid = cents_of(at(clp, 4))
    context.memory["paid"] = context.memory.get("paid", 0) + (paid or 0)
    if paid is None:
        context.memory["unsure"] = True
    charge = cents_of(at(clp, 3))
    cuts = [_cut(claim), *(_cut(line) for line in claim.loops("2110"))]
    if charge is None or paid is None or None in cuts:
        return
    if charge - sum(cut for cut in cuts if cut is not None) != paid:
        context.say(claim, clp, 4)


@segment_rule(
    "claim-lines",
    snip=3,
    kinds="835",
    loops="2100",
    segment="CLP",
    severity="warning",
    says="CLP03 is not the sum of the lines' charges",
)
def claim_charge_is_its_lines(clp: Segment, claim: Node, context: Context) -> None:
    """The sum of SVC02 is CLP03 when lines are reported."""
    charges = [cents_of(at(svc, 2)) for line in claim.loops("2110") for svc in line.by["SVC"]]
    known = [charge for charge in charges if charge is not None]
    if known and len(known) == len(charges) and sum(known) != cents_of(at(clp, 3)):
        context.say(claim, clp, 3)


@segment_rule(
    "patient-share",
    snip=3,
    kinds="835",
    loops="2100",
    segment="CLP",
    severity="warning",
    says="CLP05 is not the sum of group PR",
)
def patient_share_is_group_pr(clp: Segment, claim: Node, context: Context) -> None:
    """CLP05 tells what CAS*PR of claim and lines add up to."""
    stated = cents_of(at(clp, 5))
    if stated is None or at(clp, 2) == _REVERSAL:
        return
    share = 0
    for loop in (claim, *claim.loops("2110")):
        for cas in loop.by.get("CAS", ()):
            if cas[1:2] == ["PR"]:
                share += sum(cents_of(amount) or 0 for amount in cas[3::3])
    if stated != share:
        context.say(claim, clp, 5)


def provider_adjustments(plb: Segment, context: Context) -> None:
    """Adds up PLB as it passes; the engine shows every one, however many there are."""
    for text in plb[4::2]:
        amount = cents_of(text)
        if amount is not None:
            context.memory["plb"] = context.memory.get("plb", 0) + amount
        elif text:
            context.memory["unsure"] = True


@segment_rule(
    "payment-balance",
    snip=3,
    kinds="835",
    loops="ROOT",
    segment="BPR",
    says="BPR02 is not the sum of CLP04 less the sum of PLB",
)
def payment_balances(bpr: Segment, root: Node, context: Context) -> None:
    """Transaction: BPR02 = sum of CLP04 - sum of PLB; a positive PLB takes money away."""
    memory = context.memory
    payment = cents_of(at(bpr, 2))
    if payment is None or memory.get("unsure"):
        return
    if payment != memory.get("paid", 0) - memory.get("plb", 0):
        context.say(root, bpr, 2)


@segment_rule(
    "payment-sign",
    snip=3,
    kinds="835",
    loops="ROOT",
    segment="BPR",
    says="BPR02 is negative; a shortfall belongs into PLB*FB",
    alone=True,
)
def payment_is_not_negative(bpr: Segment, root: Node, context: Context) -> None:
    """BPR02 is zero or more; what is owed is carried forward by PLB*FB."""
    payment = cents_of(at(bpr, 2))
    if payment is not None and payment < 0:
        context.say(root, bpr, 2)


@segment_rule(
    "payment-method",
    snip=4,
    kinds="835",
    loops="ROOT",
    segment="BPR",
    x12="I12",
    says="no payment (BPR04 NON, BPR01 H) goes with an amount of zero, and only with it",
    alone=True,
)
def no_payment_is_zero(bpr: Segment, root: Node, context: Context) -> None:
    """BPR01 H and BPR04 NON: notification only."""
    payment = cents_of(at(bpr, 2))
    if payment is not None and payment > 0 and (at(bpr, 4) == "NON" or at(bpr, 1) == "H"):
        context.say(root, bpr, 4)


@segment_rule(
    "bank-account-missing",
    snip=4,
    kinds="835",
    loops="ROOT",
    segment="BPR",
    x12="I9",
    severity="warning",
    says="a payment by ACH or wire names both banks and accounts",
    alone=True,
)
def transfer_names_both_accounts(bpr: Segment, root: Node, context: Context) -> None:
    """BPR06 to BPR10 and BPR12 to BPR15 are required when BPR04 is ACH, BOP or FWT."""
    if at(bpr, 4) in {"ACH", "BOP", "FWT"}:
        for place in (6, 7, 8, 9, 10, 12, 13, 14, 15):
            if not at(bpr, place):
                context.say(root, bpr, place)
                return


@segment_rule(
    "payer-id-form",
    snip=4,
    kinds="835",
    loops="ROOT",
    segment="TRN",
    x12="I12",
    severity="warning",
    says="TRN03 is 1 and the payer's nine-digit tax number",
    alone=True,
)
def payer_is_a_tax_number(trn: Segment, root: Node, context: Context) -> None:
    """TRN03 pairs the remittance with the bank's addenda."""
    text = at(trn, 3)
    if text and not (len(text) == 10 and text[0] == "1" and text.isascii() and text.isdecimal()):
        context.say(root, trn, 3)


@segment_rule(
    "reversal-sign",
    snip=3,
    kinds="835",
    loops="2100",
    segment="CLP",
    says="a reversal (CLP02 22) takes back what was charged, so CLP03 is not positive",
    alone=True,
)
def reversal_is_negative(clp: Segment, claim: Node, context: Context) -> None:
    """A reversal repeats the original with every amount negated."""
    charge = cents_of(at(clp, 3))
    if at(clp, 2) == _REVERSAL and charge is not None and charge > 0:
        context.say(claim, clp, 3)


@segment_rule(
    "reversal-share",
    snip=4,
    kinds="835",
    loops="2100",
    segment="CLP",
    x12="I13",
    severity="warning",
    says="a reversal (CLP02 22) does not tell the patient's share (CLP05)",
    alone=True,
)
def reversal_has_no_share(clp: Segment, claim: Node, context: Context) -> None:
    """CLP05 is not used on reversals."""
    if at(clp, 2) == _REVERSAL and at(clp, 5):
        context.say(claim, clp, 5)


@segment_rule(
    "adjustment-zero",
    snip=4,
    kinds="835",
    loops="2100 2110",
    segment="CAS",
    x12="I12",
    severity="warning",
    says="an adjustment of zero adjusts nothing",
    alone=True,
)
def adjustment_adjusts(cas: Segment, loop: Node, context: Context) -> None:
    """CAS03, 06, 09 and so on are not zero."""
    for place in range(3, len(cas), 3):
        if cas[place] and cents_of(cas[place]) == 0:
            context.say(loop, cas, place)


@loop_rule(
    "adjustment-repeated",
    snip=4,
    kinds="835",
    loops="2100 2110",
    needs="CAS",
    x12="I12",
    severity="warning",
    says="a reason stands twice under one group at one level",
)
def reasons_differ(loop: Node, context: Context) -> None:
    """Within a claim or line a reason occurs once in a group."""
    segments = loop.by.get("CAS", ())
    if len(segments) == 1 and len(segments[0]) <= 5:
        return
    seen = set()
    for cas in segments:
        for place in range(2, len(cas), 3):
            if cas[place]:
                if (at(cas, 1), cas[place]) in seen:
                    context.say(loop, cas, place)
                seen.add((at(cas, 1), cas[place]))


@segment_rule(
    "service-date-missing",
    snip=4,
    kinds="835",
    loops="2110",
    segment="SVC",
    x12="I6",
    severity="warning",
    says="neither the line nor its claim has a date of service",
)
def line_has_a_date(svc: Segment, line: Node, context: Context) -> None:
    """DTM*472, 150 or 151 of loop 2110, else DTM*232 or 233 of loop 2100."""
    claim = line.parent
    if "DTM" in line.by or claim is None:
        return
    if not any(dtm[1:2] in (["232"], ["233"]) for dtm in claim.by.get("DTM", ())):
        context.say(line, missing="DTM", trigger=(svc, 1, 0))
