"""Days of service, worked out once a claim, and the rules about days."""

from datetime import date

from rcm_x12.check.rules import Context, Segment, loop_rule, segment_rule
from rcm_x12.elements import typed_fault
from rcm_x12.pieces import at
from rcm_x12.scalars import DATES
from rcm_x12.walker import Node


def days(form: str, text: str) -> tuple[date, ...]:
    """The days of a DTP03 by its format; empty when it is none."""
    try:
        if form == "RD8":
            start, _, end = text.partition("-")
            return (DATES[start], DATES[end])
        return (DATES[text[:8] if form == "DT" else text],)
    except ValueError:
        return ()


def dates_of(loop: Node, segment_id: str, qualifier: str) -> tuple[date, ...]:
    """The days of the first such DTP or DTM of a loop."""
    for segment in loop.by.get(segment_id, ()):
        if at(segment, 1) == qualifier:
            if segment_id == "DTM":
                return days("D8", at(segment, 2))
            return days(at(segment, 2), at(segment, 3))
    return ()


def claim_date(claim: Node, context: Context) -> date:
    """The first day of service of a claim: its statement's, or the earliest of its lines."""
    known = context.claim.get("date")
    if known is None:
        found = dates_of(claim, "DTP", "434")
        if not found:
            lines = (dates_of(line, "DTP", "472") for line in claim.loops("2400"))
            found = tuple(sorted(one[0] for one in lines if one))
        known = context.claim["date"] = found[0] if found else context.today
    assert isinstance(known, date)  # noqa: S101 - nothing else is kept under this name
    return known


@segment_rule(
    "date-form",
    snip=1,
    kinds="837P 837I 270 271 276 277 277CA",
    loops="*",
    segment="DTP",
    x12="8",
    says="DTP03 is not what the format in DTP02 says",
    alone=True,
)
def date_has_its_form(dtp: Segment, loop: Node, context: Context) -> None:
    """DTP02 D8 is CCYYMMDD, RD8 two of them with a dash, DT a day with HHMM, TM a time."""
    form, text = at(dtp, 2), at(dtp, 3)
    if form == "TM":
        wrong = typed_fault(text, "TM", 4, 8) != ""
    elif form == "DT":
        wrong = not days(form, text) or typed_fault(text[8:], "TM", 4, 8) != ""
    else:
        wrong = form in {"D8", "RD8"} and not days(form, text)
    if wrong:
        context.say(loop, dtp, 3)


@segment_rule(
    "date-range-order",
    snip=4,
    kinds="837P 837I 270 271 276 277 277CA",
    loops="*",
    segment="DTP",
    x12="8",
    says="the range ends before it begins",
    alone=True,
)
def range_runs_forward(dtp: Segment, loop: Node, context: Context) -> None:
    """A range RD8 runs from the earlier day to the later."""
    if at(dtp, 2) == "RD8":
        found = days("RD8", at(dtp, 3))
        if found and found[1] < found[0]:
            context.say(loop, dtp, 3)


@segment_rule(
    "birth-date",
    snip=1,
    kinds="837P 837I 270 271 276 277",
    loops="*",
    segment="DMG",
    x12="8",
    says="the birth date is not a date as CCYYMMDD",
    alone=True,
)
def birth_date_is_a_date(dmg: Segment, loop: Node, context: Context) -> None:
    """DMG02 under format D8."""
    if at(dmg, 1) == "D8" and at(dmg, 2) and not days("D8", at(dmg, 2)):
        context.say(loop, dmg, 2)


@segment_rule(
    "birth-date-future",
    snip=4,
    kinds="837P 837I 270 276",
    loops="*",
    segment="DMG",
    x12="8",
    says="the birth date lies in the future",
    alone=True,
)
def nobody_is_born_tomorrow(dmg: Segment, loop: Node, context: Context) -> None:
    """A patient was born before the file was made."""
    born = days("D8", at(dmg, 2))
    if born and born[0] > context.today:
        context.say(loop, dmg, 2)


_PAST = frozenset(
    [
        "431",
        "454",
        "304",
        "453",
        "439",
        "484",
        "455",
        "471",
        "435",
        "096",
        "434",
        "472",
        "573",
        "090",
        "091",
        "444",
        "050",
        "296",
        "461",
    ]
)
"""Qualifiers of what has happened when it is claimed."""


@segment_rule(
    "future-date",
    snip=4,
    kinds="837P 837I",
    loops="2300 2400 2430 2330B",
    segment="DTP",
    x12="8",
    says="what is claimed lies in the future",
    alone=True,
)
def nothing_is_claimed_ahead(dtp: Segment, loop: Node, context: Context) -> None:
    """Dates of service, onset, accident, admission and payment are past when a claim is made."""
    if at(dtp, 1) in _PAST:
        found = days(at(dtp, 2), at(dtp, 3))
        if found and max(found) > context.today:
            context.say(loop, dtp, 3)


@segment_rule(
    "line-date-range",
    snip=4,
    kinds="837P",
    loops="2400",
    segment="DTP",
    severity="info",
    says="a range of one day is sent as a day (D8)",
    alone=True,
)
def range_has_two_days(dtp: Segment, line: Node, context: Context) -> None:
    """DTP*472 of loop 2400: RD8 is for services that span days."""
    if at(dtp, 1) == "472" and at(dtp, 2) == "RD8":
        found = days("RD8", at(dtp, 3))
        if found and found[0] == found[1]:
            context.say(line, dtp, 2)


@loop_rule(
    "discharge-before-admission",
    snip=4,
    kinds="837P",
    loops="2300",
    needs="DTP",
    x12="I6",
    says="the discharge lies before the admission",
)
def discharge_follows_admission(claim: Node, context: Context) -> None:
    """DTP*096 of loop 2300 is not earlier than DTP*435."""
    left, came = dates_of(claim, "DTP", "096"), dates_of(claim, "DTP", "435")
    if left and came and left[0] < came[0]:
        context.say(claim, next(one for one in claim.by["DTP"] if at(one, 1) == "096"), 3)
