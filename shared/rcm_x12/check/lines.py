"""SNIP 4 of service lines: loop 2400 of 837P and 837I."""

import re
from typing import Final

from rcm_x12.check.balance import lines_of
from rcm_x12.check.claims import diagnoses, place_of, reference
from rcm_x12.check.rules import Context, Segment, loop_rule, segment_rule
from rcm_x12.pieces import at
from rcm_x12.scalars import QUANTITIES
from rcm_x12.walker import Node

_CLAIMS: Final = "837P 837I"
_HCPCS = re.compile(r"[0-9A-Z][0-9]{3}[0-9A-Z]", re.ASCII).fullmatch
_MODIFIER = re.compile(r"[0-9A-Z]{2}", re.ASCII).fullmatch
_NDC = re.compile(r"[0-9]{11}", re.ASCII).fullmatch


@loop_rule(
    "line-number",
    snip=2,
    kinds=_CLAIMS,
    loops="2300",
    x12="I12",
    says="LX01 does not count the claim's lines from 1 by 1",
)
def lines_are_counted(claim: Node, context: Context) -> None:
    """LX01 of loop 2400 begins at 1 in every claim."""
    for number, line in enumerate(lines_of(claim, context), 1):
        lx = line.node.segments[0]
        if at(lx, 1) != str(number):
            context.say(line.node, lx, 1)
            return


@loop_rule(
    "pointer-missing",
    snip=4,
    kinds="837P",
    loops="2300",
    x12="I12",
    says="the line points to a diagnosis that the claim does not have",
)
def pointer_finds_its_diagnosis(claim: Node, context: Context) -> None:
    """SV107: each pointer is the place of a diagnosis in HI of loop 2300."""
    count = sum(1 for _ in diagnoses(claim, context))
    for line in lines_of(claim, context):
        pointers = at(line.service, 7)
        if pointers in _LOWEST[:count]:
            continue
        for place, pointer in enumerate(context.parts(pointers), 1):
            if pointer.isdecimal() and len(pointer) <= 2 and not 1 <= int(pointer) <= count:
                context.say(line.node, line.service, 7, place)


_LOWEST = tuple(map(str, range(1, 13)))
"""A single pointer, the commonest case, is answered by a look."""


@segment_rule(
    "pointer-repeated",
    snip=4,
    kinds="837P",
    loops="2400",
    segment="SV1",
    x12="I12",
    says="the line points to one diagnosis twice",
    alone=True,
)
def pointers_differ(sv1: Segment, line: Node, context: Context) -> None:
    """SV107: the first pointer is the primary one, and none is repeated."""
    pointers = context.parts(at(sv1, 7))
    if len(pointers) > 1 and len(set(pointers)) < len(pointers):
        context.say(line, sv1, 7, len(pointers))


@segment_rule(
    "line-units-zero",
    snip=4,
    kinds=_CLAIMS,
    loops="2400",
    segment="SV1 SV2",
    alone=True,
    x12="I12",
    says="a line has more than zero units",
)
def line_has_units(service: Segment, line: Node, context: Context) -> None:
    """SV104 (professional) and SV205 (institutional)."""
    place = 4 if service[0] == "SV1" else 5
    text = at(service, place)
    if text:
        try:
            if QUANTITIES[text] <= 0:
                context.say(line, service, place)
        except ValueError:
            return


def _procedure_place(service: Segment) -> int:
    return 1 if service[0] == "SV1" else 2


@segment_rule(
    "procedure-form",
    snip=2,
    kinds=_CLAIMS,
    loops="2400",
    segment="SV1 SV2",
    alone=True,
    x12="I12",
    says="a HCPCS code has five characters, the middle three of them digits",
)
def procedure_has_its_form(service: Segment, line: Node, context: Context) -> None:
    """SV101-2 and SV202-2 under HC."""
    parts = context.parts(at(service, _procedure_place(service)))
    if parts[0] == "HC" and at(parts, 1) and not _HCPCS(parts[1]):
        context.say(line, service, _procedure_place(service), 2)


@segment_rule(
    "modifier-form",
    snip=2,
    kinds=_CLAIMS,
    loops="2400",
    segment="SV1 SV2",
    alone=True,
    x12="I12",
    says="a modifier has two letters or digits",
)
def modifier_has_its_form(service: Segment, line: Node, context: Context) -> None:
    """SV101-3 to -6 and SV202-3 to -6."""
    parts = context.parts(at(service, _procedure_place(service)))
    for place, modifier in enumerate(parts[2:6], 3):
        if modifier and not _MODIFIER(modifier):
            context.say(line, service, _procedure_place(service), place)


@segment_rule(
    "modifier-repeated",
    snip=4,
    kinds=_CLAIMS,
    loops="2400",
    segment="SV1 SV2",
    alone=True,
    x12="I12",
    severity="warning",
    says="a modifier of the line is repeated",
)
def modifiers_differ(service: Segment, line: Node, context: Context) -> None:
    """SV101-3 to -6: a modifier says the same twice."""
    parts = context.parts(at(service, _procedure_place(service)))
    modifiers = [one for one in parts[2:6] if one]
    if len(modifiers) > 1 and len(set(modifiers)) < len(modifiers):
        context.say(line, service, _procedure_place(service), 3)


@segment_rule(
    "description-missing",
    snip=4,
    kinds="837P",
    loops="2400",
    segment="SV1",
    x12="I9",
    severity="warning",
    says="an unlisted procedure is described (SV101-7)",
)
def unlisted_procedure_is_described(sv1: Segment, line: Node, context: Context) -> None:
    """SV101-7 is required when the code does not describe the service (codes that end in 99)."""
    if "99" not in at(sv1, 1):
        return
    parts = context.parts(sv1[1])
    code = at(parts, 1)
    is_unlisted = parts[0] == "HC" and code.endswith("99") and code.isdecimal() and code >= "10000"
    if is_unlisted and not at(parts, 6) and "NTE" not in line.by:
        context.say(line, sv1, 1, 7)


@segment_rule(
    "line-place-unneeded",
    snip=4,
    kinds="837P",
    loops="2400",
    segment="SV1",
    x12="I13",
    severity="info",
    says="the place of service of the line is that of the claim and is not repeated",
)
def line_place_differs(sv1: Segment, line: Node, context: Context) -> None:
    """SV105 is sent only when it is not CLM05-1."""
    claim = line.parent
    if at(sv1, 5) and claim is not None and at(place_of(claim, context), 0) == sv1[5]:
        context.say(line, sv1, 5)


@loop_rule(
    "line-control-repeated",
    snip=4,
    kinds=_CLAIMS,
    loops="2300",
    x12="I12",
    says="two lines of the claim have the same control number (REF*6R)",
)
def line_control_is_its_own(claim: Node, context: Context) -> None:
    """REF*6R of loop 2400 is unique within the claim; the 835 returns it."""
    seen = set()
    for line in lines_of(claim, context):
        ref = reference(line.node, "6R")
        if ref is not None:
            if at(ref, 2) in seen:
                context.say(line.node, ref, 2)
            seen.add(at(ref, 2))


def _repeats_the_claim(qualifier: str, name: str, words: str) -> None:
    @loop_rule(
        f"line-{name}-unneeded",
        snip=4,
        kinds="837P",
        loops="2300",
        needs="REF",
        x12="I9",
        severity="warning",
        says=f"the {words} of the line is that of the claim and is not repeated",
    )
    def line_number_differs(claim: Node, context: Context) -> None:
        """A number of loop 2400 is sent only when it is not the one of loop 2300."""
        above = reference(claim, qualifier)
        if above is not None:
            for line in claim.loops("2400"):
                ref = reference(line, qualifier)
                if ref is not None and at(ref, 2) == at(above, 2) and not at(ref, 4):
                    context.say(line, ref, 2)


_repeats_the_claim("G1", "authorization", "prior authorization")
_repeats_the_claim("9F", "referral", "referral number")
_repeats_the_claim("X4", "clia", "CLIA number")


@segment_rule(
    "drug-form",
    snip=2,
    kinds=_CLAIMS,
    loops="2410",
    segment="LIN",
    x12="I12",
    says="a national drug code is sent as eleven digits",
    alone=True,
)
def drug_has_eleven_digits(lin: Segment, drug: Node, context: Context) -> None:
    """LIN03 under N4: the 5-4-2 form without dashes."""
    if at(lin, 2) == "N4" and not _NDC(at(lin, 3)):
        context.say(drug, lin, 3)


@segment_rule(
    "drug-quantity-zero",
    snip=4,
    kinds=_CLAIMS,
    loops="2410",
    segment="CTP",
    x12="I12",
    says="a drug has a quantity above zero",
    alone=True,
)
def drug_has_a_quantity(ctp: Segment, drug: Node, context: Context) -> None:
    """CTP04 of loop 2410."""
    try:
        if at(ctp, 4) and QUANTITIES[ctp[4]] <= 0:
            context.say(drug, ctp, 4)
    except ValueError:
        return


@segment_rule(
    "drug-missing",
    snip=4,
    kinds="837P",
    loops="2400",
    segment="SV1",
    x12="I6",
    severity="info",
    says="a drug (HCPCS J code) is often wanted with its national drug code (loop 2410)",
)
def drug_is_named(sv1: Segment, line: Node, context: Context) -> None:
    """Loop 2410 is required where law or contract asks for the drug; payers differ."""
    if at(sv1, 1).startswith(f"HC{context.component}J") and line.loop("2410") is None:
        context.say(line, missing="LIN", trigger=(sv1, 1, 2))


@loop_rule(
    "clia-missing",
    snip=4,
    kinds="837P",
    loops="2300",
    x12="I6",
    severity="warning",
    says="a laboratory test has no CLIA number (REF*X4) at claim or line",
)
def laboratory_has_a_clia_number(claim: Node, context: Context) -> None:
    """REF*X4 is required for tests that CLIA covers; 80000 to 89999 unless referred out (90)."""
    if reference(claim, "X4") is not None:
        return
    for line in lines_of(claim, context):
        code = line.code
        if (
            code[:1] == "8"
            and line.parts[0] == "HC"
            and _HCPCS(code)
            and "90" not in line.parts[2:6]
            and reference(line.node, "X4") is None
        ):
            context.say(line.node, missing="REF", trigger=(line.service, 1, 2))
