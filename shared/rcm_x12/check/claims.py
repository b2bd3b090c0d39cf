"""SNIP 4 of claims: what loop 2300 of 837P and 837I needs when something else says so."""

import re
from collections.abc import Iterator
from typing import Final

from rcm_x12.check.balance import lines_of
from rcm_x12.check.dates import claim_date
from rcm_x12.check.rules import Context, Segment, loop_rule, segment_rule
from rcm_x12.pieces import at
from rcm_x12.scalars import DATES
from rcm_x12.walker import Node

_CLAIMS: Final = "837P 837I"
_INPATIENT: Final = frozenset({"21", "51", "61"})
_REPLACING: Final = frozenset({"6", "7", "8"})
_ICD_10_FROM: Final = DATES["20151001"]
_KEPT_CLAIMS_MAX: Final = 100_000


def reference(loop: Node, qualifier: str) -> Segment | None:
    """The first REF with this qualifier."""
    for ref in loop.by.get("REF", ()):
        if ref[1:2] == [qualifier]:
            return ref
    return None


def place_of(claim: Node, context: Context) -> list[str]:
    """The components of CLM05."""
    return context.parts(at(claim.segments[0], 5))


@segment_rule(
    "original-number-missing",
    snip=4,
    kinds=_CLAIMS,
    loops="2300",
    segment="CLM",
    x12="I6",
    says="a replacement or void (CLM05-3) needs the payer's number of the original (REF*F8)",
)
def replacement_names_the_original(clm: Segment, claim: Node, context: Context) -> None:
    """REF*F8 of loop 2300 is required when CLM05-3 is 6, 7 or 8."""
    if at(place_of(claim, context), 2) in _REPLACING and reference(claim, "F8") is None:
        context.say(claim, missing="REF", trigger=(clm, 5, 3))


@segment_rule(
    "original-number-unneeded",
    snip=4,
    kinds=_CLAIMS,
    loops="2300",
    segment="CLM",
    x12="I9",
    severity="warning",
    says="an original claim (CLM05-3 1) has no number of an earlier one (REF*F8)",
)
def original_names_no_other(clm: Segment, claim: Node, context: Context) -> None:
    """REF*F8 of loop 2300 is for replacements and voids."""
    ref = reference(claim, "F8")
    if ref is not None and at(place_of(claim, context), 2) == "1":
        context.say(claim, ref, trigger=(clm, 5, 3))


@segment_rule(
    "frequency-code",
    snip=5,
    kinds="837P",
    loops="2300",
    segment="CLM",
    x12="7",
    severity="warning",
    says="a professional claim is an original, a correction, a replacement or a void (1, 6, 7, 8)",
    alone=True,
)
def frequency_is_known(clm: Segment, claim: Node, context: Context) -> None:
    """CLM05-3: claim frequency codes of the NUBC."""
    frequency = at(context.parts(at(clm, 5)), 2)
    if frequency and frequency not in {"1", "6", "7", "8"}:
        context.say(claim, clm, 5, 3)


@segment_rule(
    "claim-id-length",
    snip=4,
    kinds=_CLAIMS,
    loops="2300",
    segment="CLM",
    x12="5",
    says="a claim id longer than 20 characters does not come back whole",
    alone=True,
)
def claim_id_comes_back(clm: Segment, claim: Node, context: Context) -> None:
    """CLM01: payers return 20 characters, whatever the element allows."""
    if len(at(clm, 1)) > 20:
        context.say(claim, clm, 1)


@segment_rule(
    "claim-id-repeated",
    snip=4,
    kinds=_CLAIMS,
    loops="2300",
    segment="CLM",
    severity="warning",
    says="another claim of the set has the same id, so answers cannot be told apart",
)
def claim_id_is_its_own(clm: Segment, claim: Node, context: Context) -> None:
    """CLM01 is what 277CA, 277 and 835 refer to."""
    seen: set[int] = context.memory.setdefault("claim-ids", set())
    mark = hash(at(clm, 1))
    if mark in seen:
        context.say(claim, clm, 1)
    elif len(seen) < _KEPT_CLAIMS_MAX:
        seen.add(mark)


@segment_rule(
    "accident-date-missing",
    snip=4,
    kinds="837P",
    loops="2300",
    segment="CLM",
    x12="I6",
    says="an accident (CLM11) needs its date (DTP*439)",
)
def accident_has_a_date(clm: Segment, claim: Node, context: Context) -> None:
    """DTP*439 of loop 2300 is required when CLM11-1 or -2 is AA or OA."""
    causes = context.parts(at(clm, 11))[:2]
    if {"AA", "OA"} & set(causes) and not _has_date(claim, "439"):
        context.say(claim, missing="DTP", trigger=(clm, 11, 1))


def _has_date(loop: Node, qualifier: str) -> bool:
    return any(dtp[1:2] == [qualifier] for dtp in loop.by.get("DTP", ()))


@segment_rule(
    "accident-date-unneeded",
    snip=4,
    kinds="837P",
    loops="2300",
    segment="DTP",
    x12="I9",
    severity="warning",
    says="an accident date (DTP*439) has no accident in CLM11",
)
def accident_date_has_an_accident(dtp: Segment, claim: Node, context: Context) -> None:
    """DTP*439 of loop 2300 belongs to CLM11 AA, EM or OA."""
    if dtp[1:2] == ["439"] and not at(claim.segments[0], 11):
        context.say(claim, dtp, trigger=(claim.segments[0], 11, 1))


@segment_rule(
    "accident-state-missing",
    snip=4,
    kinds="837P",
    loops="2300",
    segment="CLM",
    x12="I9",
    says="an auto accident (CLM11 AA) needs its state (CLM11-4)",
    alone=True,
)
def auto_accident_has_a_state(clm: Segment, claim: Node, context: Context) -> None:
    """CLM11-4 is required when CLM11-1 or -2 is AA and the accident was in the United States."""
    causes = context.parts(at(clm, 11))
    if "AA" in causes[:2] and not at(causes, 3) and not at(causes, 4):
        context.say(claim, clm, 11, 4)


@segment_rule(
    "admission-date-missing",
    snip=4,
    kinds="837P",
    loops="2300",
    segment="CLM",
    x12="I6",
    says="a visit to an inpatient (place of service 21, 51, 61) needs the admission (DTP*435)",
)
def inpatient_was_admitted(clm: Segment, claim: Node, context: Context) -> None:
    """DTP*435 of loop 2300 is required on inpatient medical visits."""
    if at(place_of(claim, context), 0) in _INPATIENT and not _has_date(claim, "435"):
        context.say(claim, missing="DTP", trigger=(clm, 5, 1))


def diagnoses(claim: Node, context: Context) -> Iterator[tuple[Segment, int, list[str]]]:
    """(HI, element, components) of every diagnosis that lines can point to."""
    for hi in claim.by.get("HI", ()):
        if hi[1:] and context.parts(hi[1])[0] in {"ABK", "BK"}:
            for place, text in enumerate(hi[1:], 1):
                yield hi, place, context.parts(text)


_DIAGNOSIS = re.compile(
    r"[A-TV-Z](?:[0-9][0-9A-Z]|A[0-9])[0-9A-Z]{0,4}|U[0-9][0-9A-Z]{1,5}", re.ASCII
).fullmatch


@segment_rule(
    "diagnosis-dotted",
    snip=2,
    kinds=_CLAIMS,
    loops="2300",
    segment="HI",
    x12="I12",
    says="a diagnosis or procedure code is sent without its dot",
    alone=True,
)
def diagnosis_has_no_dot(hi: Segment, claim: Node, context: Context) -> None:
    """HI: the decimal point is implied."""
    for place, text in enumerate(hi[1:], 1):
        parts = context.parts(text)
        if parts[0] not in _VALUES and "." in at(parts, 1):
            context.say(claim, hi, place, 2)


_VALUES = frozenset({"BE", "BH", "BI", "BG", "TC", "DR"})
"""HI qualifiers of values, occurrences, conditions and groups."""


@segment_rule(
    "diagnosis-form",
    snip=2,
    kinds=_CLAIMS,
    loops="2300",
    segment="HI",
    x12="I12",
    says="an ICD-10-CM code is a letter, a digit and one to five letters or digits",
    alone=True,
)
def diagnosis_has_its_form(hi: Segment, claim: Node, context: Context) -> None:
    """HI under ABK, ABF, ABJ, APR and ABN."""
    for place, text in enumerate(hi[1:], 1):
        parts = context.parts(text)
        code = at(parts, 1)
        if parts[0] in _ICD_10 and code and "." not in code and not _DIAGNOSIS(code):
            context.say(claim, hi, place, 2)


_ICD_10 = frozenset({"ABK", "ABF", "ABJ", "APR", "ABN"})


@segment_rule(
    "diagnosis-repeated",
    snip=4,
    kinds="837P",
    loops="2300",
    segment="HI",
    x12="I12",
    says="a diagnosis of the claim is repeated",
    alone=True,
)
def diagnosis_stands_once(hi: Segment, claim: Node, context: Context) -> None:
    """HI*ABK of loop 2300: a code occurs once."""
    seen = set()
    for place, text in enumerate(hi[1:], 1):
        parts = context.parts(text)
        if parts[0] in {"ABK", "ABF", "BK", "BF"}:
            if at(parts, 1) in seen:
                context.say(claim, hi, place, 2)
            seen.add(at(parts, 1))


@segment_rule(
    "diagnosis-kinds-mixed",
    snip=4,
    kinds=_CLAIMS,
    loops="2300",
    segment="HI",
    x12="I12",
    says="ICD-9 and ICD-10 codes stand in one claim",
    alone=True,
)
def diagnoses_are_of_one_kind(hi: Segment, claim: Node, context: Context) -> None:
    """HI: BK goes with BF, ABK with ABF."""
    kinds = [context.parts(text)[0] for text in hi[1:]]
    first = kinds[0] if kinds else ""
    for place, kind in enumerate(kinds, 1):
        if (first in {"ABK", "ABF"} and kind == "BF") or (first in {"BK", "BF"} and kind == "ABF"):
            context.say(claim, hi, place, 1)


@segment_rule(
    "diagnosis-outdated",
    snip=5,
    kinds=_CLAIMS,
    loops="2300",
    segment="HI",
    x12="I12",
    says="ICD-9 codes are for services before October 2015",
)
def diagnosis_is_of_its_time(hi: Segment, claim: Node, context: Context) -> None:
    """45 CFR 162.1002: ICD-10 from 2015-10-01."""
    if hi[1:] and context.parts(hi[1])[0] == "BK" and claim_date(claim, context) >= _ICD_10_FROM:
        context.say(claim, hi, 1, 1)


@segment_rule(
    "referral-without-provider",
    snip=4,
    kinds="837P",
    loops="2300",
    segment="REF",
    x12="I6",
    severity="warning",
    says="a referral number (REF*9F) has no referring provider (loop 2310A)",
)
def referral_has_a_provider(ref: Segment, claim: Node, context: Context) -> None:
    """Loop 2310A is required when the claim involves a referral."""
    if ref[1:2] == ["9F"] and claim.loop("2310A") is None:
        context.say(claim, missing="NM1", trigger=(ref, 1, 0))


def _npi(loop: Node | None) -> str:
    nm1 = loop.by.get("NM1") if loop is not None else None
    return at(nm1[0], 9) if nm1 is not None and at(nm1[0], 8) == "XX" else ""


def _provider_rule(loop_name: str, who: str, kinds: str) -> None:
    @loop_rule(
        f"{who}-unneeded",
        snip=4,
        kinds=kinds,
        loops="2300",
        needs=loop_name,
        x12="I9",
        severity="warning",
        says=f"the {who.replace('-', ' ')} provider is the billing provider and is not repeated",
    )
    def provider_differs(claim: Node, context: Context) -> None:
        """Sent only when it is not the billing provider of loop 2010AA."""
        top, named = claim.above("2000A"), claim.loop(loop_name)
        npi = _npi(named)
        if npi and named is not None and npi == _npi(top.loop("2010AA") if top else None):
            context.say(named, named.by["NM1"][0], 9)


_provider_rule("2310B", "rendering", "837P")
_provider_rule("2310C", "facility", "837P")


@loop_rule(
    "line-rendering-unneeded",
    snip=4,
    kinds="837P",
    loops="2300",
    needs="2310B",
    x12="I9",
    severity="warning",
    says="the rendering provider of the line is that of the claim and is not repeated",
)
def line_provider_differs(claim: Node, context: Context) -> None:
    """Loop 2420A is sent only when it is not the provider of loop 2310B."""
    npi = _npi(claim.loop("2310B"))
    if npi:
        for line in claim.loops("2400"):
            named = line.loop("2420A")
            if named is not None and _npi(named) == npi:
                context.say(named, named.by["NM1"][0], 9)


@loop_rule(
    "billing-npi-missing",
    snip=4,
    kinds=_CLAIMS,
    loops="2000A",
    x12="I9",
    severity="warning",
    says="a health care provider is identified by its national provider identifier",
)
def billing_provider_has_an_npi(top: Node, context: Context) -> None:
    """NM108 and NM109 of loop 2010AA, unless the provider gives no health care."""
    name = top.loop("2010AA")
    if name is not None and not _npi(name):
        context.say(name, name.by["NM1"][0], 9)


@loop_rule(
    "epsdt-referral-missing",
    snip=6,
    kinds="837P",
    loops="2300",
    says="a line is an EPSDT service (SV111), and no CRC*ZZ tells of its referral",
)
def epsdt_says_where_it_refers(claim: Node, context: Context) -> None:
    """CRC*ZZ of loop 2300 is required on claims of early and periodic screening."""
    for line in lines_of(claim, context):
        if at(line.service, 11) == "Y":
            if not any(crc[1:2] == ["ZZ"] for crc in claim.by.get("CRC", ())):
                context.say(claim, missing="CRC", trigger=(line.service, 11, 0))
            return
