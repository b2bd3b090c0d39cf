"""SNIP 4 of 837I: what the type of bill asks for."""

import re
from typing import Final

from rcm_x12.check.claims import place_of, reference
from rcm_x12.check.dates import dates_of
from rcm_x12.check.rules import Context, Segment, loop_rule, segment_rule
from rcm_x12.pieces import at
from rcm_x12.walker import Node

_INPATIENT: Final = frozenset({"11", "18", "21", "41", "65", "66", "86"})
"""CLM05-1, the first two digits of the type of bill: hospital, swing bed, nursing, and so on."""
_OUTPATIENT: Final = frozenset(
    {"13", "14", "23", "71", "72", "74", "75", "76", "77", "78", "79", "83", "85"}
)
_FINAL: Final = frozenset({"1", "4", "7"})
_BILL = re.compile(r"[1-9][1-9]", re.ASCII).fullmatch
_REVENUE = re.compile(r"[0-9]{4}", re.ASCII).fullmatch
_EMERGENCY = re.compile(r"045[0-9]|0516|0526|0762", re.ASCII).fullmatch


def is_inpatient(claim: Node, context: Context) -> bool:
    return at(place_of(claim, context), 0) in _INPATIENT


def _qualified(claim: Node, context: Context, *qualifiers: str) -> bool:
    """Whether some HI begins with one of these."""
    return any(context.parts(at(hi, 1))[0] in qualifiers for hi in claim.by.get("HI", ()))


@segment_rule(
    "bill-type",
    snip=2,
    kinds="837I",
    loops="2300",
    segment="CLM",
    x12="I12",
    says="CLM05-1 is the first two digits of the type of bill",
)
def bill_type_has_two_digits(clm: Segment, claim: Node, context: Context) -> None:
    """CLM05-1: facility and care, NUBC form locator 4 without its leading zero."""
    if not _BILL(at(place_of(claim, context), 0)):
        context.say(claim, clm, 5, 1)


@segment_rule(
    "admission-missing",
    snip=4,
    kinds="837I",
    loops="2300",
    segment="CLM",
    x12="I6",
    says="an inpatient bill has the admission (DTP*435)",
)
def inpatient_bill_has_an_admission(clm: Segment, claim: Node, context: Context) -> None:
    """DTP*435 of loop 2300 is required on inpatient claims."""
    if is_inpatient(claim, context) and not _has_date(claim, "435"):
        context.say(claim, missing="DTP", trigger=(clm, 5, 1))


def _has_date(loop: Node, qualifier: str) -> bool:
    return any(dtp[1:2] == [qualifier] for dtp in loop.by.get("DTP", ()))


@segment_rule(
    "discharge-hour-missing",
    snip=4,
    kinds="837I",
    loops="2300",
    segment="CLM",
    x12="I6",
    says="the last bill of a stay has the hour of discharge (DTP*096)",
)
def last_bill_has_a_discharge(clm: Segment, claim: Node, context: Context) -> None:
    """DTP*096 of loop 2300 is required on final inpatient claims."""
    status = at((claim.by.get("CL1") or [[]])[0], 3)
    is_final = at(place_of(claim, context), 2) in _FINAL and status != "30"
    if is_final and is_inpatient(claim, context) and not _has_date(claim, "096"):
        context.say(claim, missing="DTP", trigger=(clm, 5, 3))


@segment_rule(
    "admission-type-missing",
    snip=4,
    kinds="837I",
    loops="2300",
    segment="CLM",
    x12="I6",
    says="an inpatient bill has the type of admission (CL101)",
)
def inpatient_bill_has_a_type(clm: Segment, claim: Node, context: Context) -> None:
    """CL101 is required when the patient is admitted."""
    cl1 = claim.by.get("CL1")
    if is_inpatient(claim, context) and (not cl1 or not at(cl1[0], 1)):
        context.say(claim, missing="CL1", trigger=(clm, 5, 1))


@segment_rule(
    "admitting-diagnosis-missing",
    snip=4,
    kinds="837I",
    loops="2300",
    segment="CLM",
    x12="I6",
    says="an inpatient bill has the admitting diagnosis (HI*ABJ)",
)
def inpatient_bill_has_a_diagnosis(clm: Segment, claim: Node, context: Context) -> None:
    """HI*ABJ of loop 2300 is required on inpatient admission claims."""
    if is_inpatient(claim, context) and not _qualified(claim, context, "ABJ", "BJ"):
        context.say(claim, missing="HI", trigger=(clm, 5, 1))


@segment_rule(
    "present-on-admission-missing",
    snip=4,
    kinds="837I",
    loops="2300",
    segment="HI",
    severity="warning",
    says="a hospital's inpatient diagnosis tells whether it was present on admission",
)
def diagnosis_says_whether_it_was_there(hi: Segment, claim: Node, context: Context) -> None:
    """The ninth component of HI*ABK, for acute inpatient care (type of bill 11)."""
    parts = context.parts(at(hi, 1))
    if parts[0] == "ABK" and at(place_of(claim, context), 0) == "11" and not at(parts, 8):
        context.say(claim, hi, 1, 9)


@loop_rule(
    "reason-for-visit-missing",
    snip=4,
    kinds="837I",
    loops="2300",
    x12="I6",
    says="an unscheduled outpatient visit has the patient's reason for it (HI*APR)",
)
def visit_has_a_reason(claim: Node, context: Context) -> None:
    """HI*APR: types of bill 13 and 85, admission types 1, 2, 5, emergency revenue codes."""
    if at(place_of(claim, context), 0) not in {"13", "85"}:
        return
    cl1 = claim.by.get("CL1")
    if not cl1 or at(cl1[0], 1) not in {"1", "2", "5"} or _qualified(claim, context, "APR", "PR"):
        return
    for line in claim.loops("2400"):
        sv2 = line.by.get("SV2")
        if sv2 and _EMERGENCY(at(sv2[0], 1)):
            context.say(claim, missing="HI", trigger=(sv2[0], 1, 0))
            return


@loop_rule(
    "attending-missing",
    snip=4,
    kinds="837I",
    loops="2300",
    x12="I6",
    severity="warning",
    says="a bill names the attending provider (loop 2310A)",
)
def bill_names_who_attended(claim: Node, context: Context) -> None:
    """Loop 2310A is required for all but scheduled transport."""
    if claim.loop("2310A") is None:
        context.say(claim, missing="NM1", trigger=(claim.segments[0], 5, 1))


@loop_rule(
    "line-date-missing",
    snip=4,
    kinds="837I",
    loops="2300",
    x12="I6",
    says="an outpatient line has its date (DTP*472)",
)
def outpatient_line_has_a_date(claim: Node, context: Context) -> None:
    """DTP*472 of loop 2400 is required on outpatient claims."""
    if at(place_of(claim, context), 0) in _OUTPATIENT:
        for line in claim.loops("2400"):
            if not _has_date(line, "472"):
                context.say(line, missing="DTP", trigger=(claim.segments[0], 5, 1))


@loop_rule(
    "line-outside-statement",
    snip=4,
    kinds="837I",
    loops="2300",
    severity="warning",
    says="a line's date lies outside of the statement's (DTP*434)",
)
def line_lies_within_the_statement(claim: Node, context: Context) -> None:
    """DTP*472 of loop 2400 lies within DTP*434 of loop 2300."""
    period = dates_of(claim, "DTP", "434")
    for line in claim.loops("2400") if period else ():
        found = dates_of(line, "DTP", "472")
        if found and not period[0] <= found[0] <= found[-1] <= period[-1]:
            context.say(line, next(dtp for dtp in line.by["DTP"] if dtp[1] == "472"), 3)


@segment_rule(
    "revenue-form",
    snip=2,
    kinds="837I",
    loops="2400",
    segment="SV2",
    x12="I12",
    says="a revenue code has four digits",
    alone=True,
)
def revenue_has_four_digits(sv2: Segment, line: Node, context: Context) -> None:
    """SV201, with its leading zero."""
    if not _REVENUE(at(sv2, 1)):
        context.say(line, sv2, 1)


@segment_rule(
    "revenue-total",
    snip=4,
    kinds="837I",
    loops="2400",
    segment="SV2",
    x12="I12",
    says="revenue code 0001 is the total of a paper form, not a line",
    alone=True,
)
def total_is_no_line(sv2: Segment, line: Node, context: Context) -> None:
    """SV201 0001 is not sent; CLM02 is the total."""
    if at(sv2, 1) == "0001":
        context.say(line, sv2, 1)


@loop_rule(
    "bill-diagnosis-repeated",
    snip=4,
    kinds="837I",
    loops="2300",
    x12="I12",
    says="a diagnosis of the bill is repeated",
)
def bill_diagnosis_stands_once(claim: Node, context: Context) -> None:
    """HI*ABK and HI*ABF of loop 2300: a code occurs once."""
    seen = set()
    for hi in claim.by.get("HI", ()):
        for place, text in enumerate(hi[1:], 1):
            parts = context.parts(text)
            if parts[0] in {"ABK", "ABF", "BK", "BF"}:
                if at(parts, 1) in seen:
                    context.say(claim, hi, place, 2)
                seen.add(at(parts, 1))


@segment_rule(
    "bill-authorization-twice",
    snip=4,
    kinds="837I",
    loops="2300",
    segment="REF",
    severity="warning",
    says="referral and prior authorization are the same number",
)
def numbers_say_different_things(ref: Segment, claim: Node, context: Context) -> None:
    """REF*9F is a referral, REF*G1 an authorization."""
    other = reference(claim, "G1")
    if ref[1:2] == ["9F"] and other is not None and at(other, 2) == at(ref, 2):
        context.say(claim, ref, 2)
