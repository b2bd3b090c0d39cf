"""SNIP 6: what one kind of service needs that others do not: anesthesia, ambulance, equipment."""

import re
from typing import Final

from rcm_x12.check.balance import Line, line_segment, lines_of
from rcm_x12.check.rules import Context, Segment, loop_rule, segment_rule
from rcm_x12.pieces import at
from rcm_x12.walker import Node

_ANESTHESIA = re.compile(r"0(?:0[1-9][0-9]{2}|1[0-9]{3})", re.ASCII).fullmatch
_BY_UNITS: Final = frozenset({"01953", "01996"})
"""Anesthesia that is counted and not timed: burns by area, daily management."""
_ANESTHESIA_MODIFIERS: Final = frozenset({"AA", "AD", "QK", "QX", "QY", "QZ"})
_TRANSPORT = re.compile(r"A04(?:2[5-9]|3[0-6])", re.ASCII).fullmatch


@segment_rule(
    "anesthesia-minutes",
    snip=6,
    kinds="837P",
    loops="2400",
    segment="SV1",
    x12="I12",
    says="anesthesia is counted in minutes (SV103 MJ)",
    alone=True,
)
def anesthesia_is_timed(sv1: Segment, line: Node, context: Context) -> None:
    """SV103 is MJ for procedures 00100 to 01999 that have a time."""
    parts = context.parts(at(sv1, 1))
    code = at(parts, 1)
    if code[:1] != "0" or parts[0] != "HC":
        return
    if _ANESTHESIA(code) and code not in _BY_UNITS and at(sv1, 3) != "MJ":
        context.say(line, sv1, 3)


@segment_rule(
    "minutes-unneeded",
    snip=6,
    kinds="837P",
    loops="2400",
    segment="SV1",
    x12="I12",
    says="only anesthesia is counted in minutes (SV103 MJ)",
    alone=True,
)
def minutes_are_for_anesthesia(sv1: Segment, line: Node, context: Context) -> None:
    """SV103 MJ is for procedures 00100 to 01999."""
    if at(sv1, 3) == "MJ":
        parts = context.parts(at(sv1, 1))
        if parts[0] == "HC" and not _ANESTHESIA(at(parts, 1)):
            context.say(line, sv1, 3)


@segment_rule(
    "anesthesia-modifier",
    snip=6,
    kinds="837P",
    loops="2400",
    segment="SV1",
    severity="warning",
    says="anesthesia has a modifier that says who gave it",
    alone=True,
)
def anesthesia_says_who_gave_it(sv1: Segment, line: Node, context: Context) -> None:
    """CMS Claims Processing Manual 12 section 50: AA, AD, QK, QX, QY or QZ."""
    parts = context.parts(at(sv1, 1))
    code = at(parts, 1)
    if code[:1] != "0" or parts[0] != "HC" or not _ANESTHESIA(code) or code in _BY_UNITS:
        return
    if not _ANESTHESIA_MODIFIERS & set(parts[2:6]):
        context.say(line, sv1, 1)


def _transports(claim: Node, context: Context) -> list[Line]:
    """The lines that carry a patient."""
    known: list[Line] | None = context.claim.get("transports")
    if known is None:
        known = [line for line in lines_of(claim, context) if _TRANSPORT(line.code)]
        context.claim["transports"] = known
    return known


@loop_rule(
    "ambulance-transport-missing",
    snip=6,
    kinds="837P",
    loops="2300",
    says="an ambulance transport tells its reason and distance (CR1)",
)
def transport_is_described(claim: Node, context: Context) -> None:
    """CR1 at claim or line is required on claims of ambulance transport."""
    if "CR1" in claim.by:
        return
    for line in _transports(claim, context):
        if "CR1" not in line.node.by:
            context.say(line.node, missing="CR1", trigger=(line.service, 1, 2))


def _place_rule(code: str, qualifier: str, loops: tuple[str, str], words: str) -> None:
    at_claim, at_line = loops

    @loop_rule(
        code,
        snip=6,
        kinds="837P",
        loops="2300",
        says=f"an ambulance transport tells where it {words} (NM1*{qualifier})",
    )
    def transport_has_a_place(claim: Node, context: Context) -> None:
        """Loops 2310E and 2310F of the claim, or 2420G and 2420H of the line."""
        if claim.loop(at_claim) is None:
            for line in _transports(claim, context):
                if line.node.loop(at_line) is None:
                    context.say(line.node, missing="NM1", trigger=(line.service, 1, 2))


_place_rule("ambulance-pickup-missing", "PW", ("2310E", "2420G"), "picked the patient up")
_place_rule("ambulance-dropoff-missing", "45", ("2310F", "2420H"), "brought the patient")


@loop_rule(
    "ambulance-condition-missing",
    snip=6,
    kinds="837P",
    loops="2300",
    severity="warning",
    says="an ambulance transport tells the patient's condition (CRC*07)",
)
def transport_was_needed(claim: Node, context: Context) -> None:
    """CRC*07 at claim or line: why nothing but an ambulance would do."""
    lines = _transports(claim, context)
    if lines and not any(_certifies(loop, "07") for loop in (claim, *[one.node for one in lines])):
        context.say(claim, missing="CRC", trigger=(lines[0].service, 1, 2))


def _certifies(loop: Node, category: str) -> bool:
    return any(crc[1:2] == [category] for crc in loop.by.get("CRC", ()))


@loop_rule(
    "ambulance-unneeded",
    snip=6,
    kinds="837P",
    loops="2300",
    needs="CR1",
    severity="warning",
    says="CR1 describes a transport, and no line is one",
)
def description_has_a_transport(claim: Node, context: Context) -> None:
    """CR1 is for claims of ambulance transport."""
    if not any(line.code[:2] == "A0" for line in lines_of(claim, context)):
        context.say(claim, claim.by["CR1"][0])


@segment_rule(
    "equipment-certificate-missing",
    snip=6,
    kinds="837P",
    loops="2400",
    segment="PWK",
    says="a certificate of medical necessity is announced, and neither CR3 nor a form carries it",
)
def certificate_comes_with_the_line(pwk: Segment, line: Node, context: Context) -> None:
    """PWK*CT*AD of loop 2400: the certificate is in this claim, as CR3 or loop 2440."""
    if pwk[1:3] == ["CT", "AD"] and "CR3" not in line.by and line.loop("2440") is None:
        context.say(line, missing="CR3", trigger=(pwk, 2, 0))


@segment_rule(
    "equipment-condition-missing",
    snip=6,
    kinds="837P",
    loops="2400",
    segment="CR3",
    says="a certificate of medical necessity (CR3) has its condition indicator (CRC*09)",
)
def certificate_tells_its_condition(cr3: Segment, line: Node, context: Context) -> None:
    """CRC*09 of loop 2400 is required when CR3 is there."""
    if not _certifies(line, "09"):
        context.say(line, missing="CRC", trigger=(cr3, 1, 0))


@segment_rule(
    "equipment-begin-missing",
    snip=6,
    kinds="837P",
    loops="2400",
    segment="CR3",
    says="a certificate of medical necessity (CR3) has the day when therapy began (DTP*463)",
)
def certificate_tells_its_begin(cr3: Segment, line: Node, context: Context) -> None:
    """DTP*463 of loop 2400 is required when CR3 is there."""
    if not any(dtp[1:2] == ["463"] for dtp in line.by.get("DTP", ())):
        context.say(line, missing="DTP", trigger=(cr3, 1, 0))


@segment_rule(
    "equipment-revision-missing",
    snip=6,
    kinds="837P",
    loops="2400",
    segment="CR3",
    says="a renewed or revised certificate (CR301 R, S) has the day of it (DTP*607)",
)
def certificate_tells_its_revision(cr3: Segment, line: Node, context: Context) -> None:
    """DTP*607 of loop 2400 is required when CR301 is R or S."""
    is_dated = any(dtp[1:2] == ["607"] for dtp in line.by.get("DTP", ()))
    if at(cr3, 1) in {"R", "S"} and not is_dated:
        context.say(line, missing="DTP", trigger=(cr3, 1, 0))


@segment_rule(
    "equipment-procedure",
    snip=6,
    kinds="837P",
    loops="2400",
    segment="SV5",
    says="SV501 names another procedure than SV101",
)
def equipment_is_what_is_billed(sv5: Segment, line: Node, context: Context) -> None:
    """SV501-2 of loop 2400 equals SV101-2."""
    sv1 = line_segment(line)
    billed = at(context.parts(at(sv1, 1)), 1)
    if at(context.parts(at(sv5, 1)), 1) != billed:
        context.say(line, sv5, 1, 2)
