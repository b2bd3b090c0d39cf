"""Who is insured by whom and who is the patient: loops 2000B, 2000C and 2320 of claims."""

from typing import Final

from rcm_x12.check.hierarchy import has_level_below
from rcm_x12.check.rules import Context, Segment, loop_rule, segment_rule
from rcm_x12.pieces import at
from rcm_x12.walker import Node

_CLAIMS: Final = "837P 837I"


def is_patient(holder: Node) -> bool:
    """Whether the subscriber of a loop 2000B is the patient."""
    sbr = holder.by.get("SBR")
    return sbr is not None and at(sbr[0], 2) == "18"


@segment_rule(
    "patient-loop-missing",
    snip=4,
    kinds=_CLAIMS,
    loops="2000B",
    segment="SBR",
    x12="I6",
    says="the subscriber is not the patient (SBR02), and no loop 2000C names who is",
)
def patient_is_named(sbr: Segment, holder: Node, context: Context) -> None:
    """Loop 2000C is required when the patient is a dependent."""
    if at(sbr, 2) != "18" and not has_level_below(holder):
        context.say(holder, missing="HL", trigger=(sbr, 2, 0))


@segment_rule(
    "patient-loop-not-used",
    snip=4,
    kinds=_CLAIMS,
    loops="2000B",
    segment="SBR",
    x12="I9",
    says="the subscriber is the patient (SBR02 18), so there is no loop 2000C",
)
def patient_is_named_once(sbr: Segment, holder: Node, context: Context) -> None:
    """SBR02 18 is used only when the subscriber is the patient."""
    if at(sbr, 2) == "18" and has_level_below(holder):
        context.say(holder, sbr, 2)


@loop_rule(
    "subscriber-address-missing",
    snip=4,
    kinds=_CLAIMS,
    loops="2000B",
    x12="I6",
    says="a subscriber who is the patient needs an address",
)
def patient_lives_somewhere(holder: Node, context: Context) -> None:
    """N3 and N4 of loop 2010BA are required when the patient is the subscriber."""
    name = holder.loop("2010BA")
    if name is not None and is_patient(holder):
        for wanted in ("N3", "N4"):
            if wanted not in name.by:
                context.say(name, missing=wanted, trigger=(holder.by["SBR"][0], 2, 0))


@loop_rule(
    "subscriber-demographics-missing",
    snip=4,
    kinds=_CLAIMS,
    loops="2000B",
    x12="I6",
    says="a subscriber who is the patient needs birth date and sex",
)
def patient_has_a_birthday(holder: Node, context: Context) -> None:
    """DMG of loop 2010BA is required when the patient is the subscriber."""
    name = holder.loop("2010BA")
    if name is not None and is_patient(holder) and "DMG" not in name.by:
        context.say(name, missing="DMG", trigger=(holder.by["SBR"][0], 2, 0))


@segment_rule(
    "group-name-unneeded",
    snip=4,
    kinds=_CLAIMS,
    loops="2000B 2320",
    segment="SBR",
    x12="I13",
    severity="warning",
    says="a group name (SBR04) is sent only when there is no group number (SBR03)",
    alone=True,
)
def group_is_named_once(sbr: Segment, loop: Node, context: Context) -> None:
    """SBR04 is required when SBR03 is not used, and not used otherwise."""
    if at(sbr, 3) and at(sbr, 4):
        context.say(loop, sbr, 4)


@segment_rule(
    "filing-code-missing",
    snip=4,
    kinds=_CLAIMS,
    loops="2000B 2320",
    segment="SBR",
    x12="I9",
    says="the claim filing indicator (SBR09) is required",
    alone=True,
)
def filing_code_is_there(sbr: Segment, loop: Node, context: Context) -> None:
    """SBR09 is required until a national plan identifier is mandated, and none is."""
    if not at(sbr, 9):
        context.say(loop, sbr, 9)


@segment_rule(
    "medicare-secondary-type",
    snip=4,
    kinds="837P",
    loops="2000B",
    segment="SBR",
    x12="I9",
    says="SBR05 is required when Medicare is not the primary payer",
    alone=True,
)
def medicare_secondary_says_why(sbr: Segment, loop: Node, context: Context) -> None:
    """SBR05: why Medicare pays second."""
    if at(sbr, 9) in {"MA", "MB"} and at(sbr, 1) not in {"P", "U"} and not at(sbr, 5):
        context.say(loop, sbr, 5)


@segment_rule(
    "insurance-type-unneeded",
    snip=4,
    kinds="837P",
    loops="2000B",
    segment="SBR",
    x12="I13",
    severity="warning",
    says="SBR05 is sent only when Medicare is not the primary payer",
    alone=True,
)
def only_medicare_secondary_says_why(sbr: Segment, loop: Node, context: Context) -> None:
    """SBR05 is not used for other payers."""
    if at(sbr, 5) and (at(sbr, 9) not in {"MA", "MB", "16", "ZZ"} or at(sbr, 1) == "P"):
        context.say(loop, sbr, 5)


@loop_rule(
    "other-payer-missing",
    snip=4,
    kinds=_CLAIMS,
    loops="2300",
    x12="I6",
    says="a payer that is not the primary (SBR01) needs a loop 2320 for each before it",
)
def payers_before_are_named(claim: Node, context: Context) -> None:
    """Loop 2320 is required when the patient has other coverage than the destination payer's."""
    holder = claim.above("2000B")
    sbr = holder.by.get("SBR") if holder is not None else None
    if sbr is not None and at(sbr[0], 1) in _LATER and claim.loop("2320") is None:
        context.say(claim, missing="SBR", trigger=(sbr[0], 1, 0))


_LATER = frozenset("STABCDEFGH")
"""SBR01 of payers that are not the first; U is unknown."""


@loop_rule(
    "payer-rank-repeated",
    snip=4,
    kinds=_CLAIMS,
    loops="2300",
    needs="2320",
    x12="I12",
    says="two payers of the claim have the same rank (SBR01)",
)
def payers_have_ranks_of_their_own(claim: Node, context: Context) -> None:
    """Within a claim each SBR01 other than U occurs once."""
    holder = claim.above("2000B")
    sbr = holder.by.get("SBR") if holder is not None else None
    seen = {at(sbr[0], 1)} if sbr is not None else set()
    for other in claim.loops("2320"):
        rank = at(other.by["SBR"][0], 1)
        if rank in seen and rank != "U":
            context.say(other, other.by["SBR"][0], 1)
        seen.add(rank)


@loop_rule(
    "other-payer-repeated",
    snip=4,
    kinds=_CLAIMS,
    loops="2300",
    needs="2320",
    x12="I12",
    says="two other payers have the same identifier, so lines cannot say which one paid",
)
def payers_have_names_of_their_own(claim: Node, context: Context) -> None:
    """NM109 of loop 2330B is what SVD01 of loop 2430 refers to."""
    seen = set()
    for other in claim.loops("2320"):
        payer = other.loop("2330B")
        if payer is None:
            continue
        nm1 = payer.by["NM1"][0]
        if at(nm1, 9) in seen:
            context.say(payer, nm1, 9)
        seen.add(at(nm1, 9))
