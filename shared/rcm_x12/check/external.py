"""SNIP 5: codes whose lists live outside of the guides, asked of the code sets that are loaded.

A list that the guide itself names (`@pos`) is asked by the walker; where the list depends on a
qualifier beside the code, a rule does it. An unknown adjustment or remark code only warns: money
never waits for a table that is behind.
"""

from datetime import date

from rcm_x12.check.codesets import Standing
from rcm_x12.check.dates import claim_date, dates_of
from rcm_x12.check.rules import RULES, Context, Rule, Segment, segment_rule
from rcm_x12.elements import Check
from rcm_x12.findings import Severity
from rcm_x12.pieces import at
from rcm_x12.walker import Node

_EVERY = frozenset({"837P", "837I", "835", "270", "271", "276", "277", "277CA", "999"})
_LISTS: dict[str, tuple[str, str, str, Severity]] = {
    "pos": ("place-of-service-code", "place-of-service", "place of service", "error"),
    "states": ("state-code", "state", "state or province", "error"),
    "country": ("country-code", "country", "country", "error"),
    "currency": ("currency-code", "currency", "currency", "error"),
    "claim_status_cat": ("status-category-code", "status-category", "status category", "error"),
    "claim_status": ("claim-status-code", "claim-status", "claim status", "warning"),
}
"""By the guide's name of the list: rule, code set, words, severity."""

LISTED: dict[str, tuple[Rule, str]] = {
    name: (
        Rule(
            code,
            5,
            severity,
            f"the {words} code is not in its code set on that day",
            "7",
            _EVERY,
            frozenset({"*"}),
            frozenset(),
            None,
            f"Code set `{code_set}`, wherever a guide refers to it.",
        ),
        code_set,
    )
    for name, (code, code_set, words, severity) in _LISTS.items()
}
RULES.update({rule.code: rule for rule, _ in LISTED.values()})


def stands(context: Context, code_set: str, code: str, on: date) -> bool:
    """Whether nothing speaks against a code on a day."""
    standing = context.codes.look(code_set, code, on)
    return standing is Standing.VALID or standing is Standing.NOT_LOADED


def coded(segment: Segment, check: Check, context: Context) -> list[tuple[Rule, int, int]]:
    """The codes of a segment, from lists that its guide names, which are not in their sets."""
    found = []
    for element, component, name in check.coded:
        if name in LISTED and element < len(segment) and segment[element]:
            rule, code_set = LISTED[name]
            text = segment[element]
            code = at(context.parts(text), component - 1) if component else text
            if code and not stands(context, code_set, code, context.today):
                found.append((rule, element, component))
    return found


_DIAGNOSES = {
    "ABK": "icd-10-cm",
    "ABF": "icd-10-cm",
    "ABJ": "icd-10-cm",
    "APR": "icd-10-cm",
    "ABN": "icd-10-cm",
    "BK": "icd-9-cm",
    "BF": "icd-9-cm",
    "BJ": "icd-9-cm",
    "PR": "icd-9-cm",
    "BN": "icd-9-cm",
    "BBR": "icd-10-pcs",
    "BBQ": "icd-10-pcs",
    "BR": "icd-9-cm",
    "BQ": "icd-9-cm",
    "BP": "hcpcs",
    "BO": "hcpcs",
}
"""Code sets by the qualifier of HI."""


@segment_rule(
    "diagnosis-code",
    snip=5,
    kinds="837P 837I",
    loops="2300",
    segment="HI",
    x12="7",
    says="the code is not in its code set on the date of service",
)
def diagnosis_is_known(hi: Segment, claim: Node, context: Context) -> None:
    """HI of loop 2300: ICD-10-CM, ICD-10-PCS, ICD-9-CM or HCPCS by the qualifier."""
    on = claim_date(claim, context)
    for place, text in enumerate(hi[1:], 1):
        parts = context.parts(text)
        code_set = _DIAGNOSES.get(parts[0])
        if code_set and at(parts, 1) and not stands(context, code_set, parts[1], on):
            context.say(claim, hi, place, 2)


_PROCEDURES = (("SV1", 1), ("SV2", 2), ("SVC", 1), ("SVD", 3))
"""Segments and the element that is a procedure."""


def _procedure_rule(segment: str, element: int) -> None:
    name = "procedure-code" if segment == "SV1" else f"procedure-code-{segment.lower()}"
    severity: Severity = "warning" if segment == "SVC" else "error"

    @segment_rule(
        name,
        snip=5,
        kinds="835 277CA 277" if segment == "SVC" else "837P 837I",
        loops="*",
        segment=segment,
        x12="7",
        severity=severity,
        says="the procedure or a modifier is not in its code set on the date of service",
    )
    def procedure_is_known(found: Segment, line: Node, context: Context) -> None:
        """HCPCS under qualifier HC, and its modifiers."""
        parts = context.parts(at(found, element))
        if parts[0] != "HC":
            return
        on = line_date(line, context)
        if at(parts, 1) and not stands(context, "hcpcs", parts[1], on):
            context.say(line, found, element, 2)
        for place, modifier in enumerate(parts[2:6], 3):
            if modifier and not stands(context, "modifier", modifier, on):
                context.say(line, found, element, place)


def line_date(line: Node, context: Context) -> date:
    """The first day of a line, or of its claim."""
    for qualifier in ("472", "150"):
        for days in (dates_of(line, "DTP", qualifier), dates_of(line, "DTM", qualifier)):
            if days:
                return days[0]
    return context.today


for _segment, _element in _PROCEDURES:
    _procedure_rule(_segment, _element)


@segment_rule(
    "taxonomy-code",
    snip=5,
    kinds="837P 837I 270",
    loops="*",
    segment="PRV",
    x12="7",
    says="the taxonomy code is not in its code set",
    alone=True,
)
def taxonomy_is_known(prv: Segment, loop: Node, context: Context) -> None:
    """PRV03 under qualifier PXC: the NUCC provider taxonomy."""
    if at(prv, 2) == "PXC" and not stands(context, "taxonomy", at(prv, 3), context.today):
        context.say(loop, prv, 3)


@segment_rule(
    "revenue-code",
    snip=5,
    kinds="837I",
    loops="2400",
    segment="SV2",
    x12="7",
    says="the revenue code is not in its code set",
)
def revenue_is_known(sv2: Segment, line: Node, context: Context) -> None:
    """SV201: NUBC revenue codes."""
    if not stands(context, "revenue", at(sv2, 1), line_date(line, context)):
        context.say(line, sv2, 1)


@segment_rule(
    "drug-code",
    snip=5,
    kinds="837P 837I",
    loops="2410",
    segment="LIN",
    x12="7",
    severity="warning",
    says="the national drug code is not in its code set",
    alone=True,
)
def drug_is_known(lin: Segment, drug: Node, context: Context) -> None:
    """LIN03 under qualifier N4."""
    if at(lin, 2) == "N4" and not stands(context, "ndc", at(lin, 3), context.today):
        context.say(drug, lin, 3)


@segment_rule(
    "adjustment-reason-code",
    snip=5,
    kinds="835 837P 837I",
    loops="*",
    segment="CAS",
    x12="7",
    severity="warning",
    says="the adjustment reason is not in the code set; money does not wait for it",
    alone=True,
)
def adjustment_reason_is_known(cas: Segment, loop: Node, context: Context) -> None:
    """CAS02, 05, 08 ...: claim adjustment reason codes, external code source 139."""
    for place in range(2, len(cas), 3):
        if cas[place] and not stands(context, "carc", cas[place], context.today):
            context.say(loop, cas, place)


@segment_rule(
    "remark-code",
    snip=5,
    kinds="835",
    loops="2110",
    segment="LQ",
    x12="7",
    severity="warning",
    says="the remark is not in the code set; money does not wait for it",
    alone=True,
)
def remark_is_known(lq: Segment, line: Node, context: Context) -> None:
    """LQ02 under HE: remittance advice remark codes, external code source 411."""
    if at(lq, 1) == "HE" and not stands(context, "rarc", at(lq, 2), context.today):
        context.say(line, lq, 2)


def _outpatient_remarks(segment: str, places: tuple[int, ...]) -> None:
    @segment_rule(
        f"remark-code-{segment.lower()}",
        snip=5,
        kinds="835 837P 837I",
        loops="2100 2320",
        segment=segment,
        x12="7",
        severity="warning",
        says="the remark is not in the code set; money does not wait for it",
    )
    def remarks_are_known(found: Segment, claim: Node, context: Context) -> None:
        """The remark codes of MIA and MOA."""
        for place in places:
            code = at(found, place)
            if code and not stands(context, "rarc", code, context.today):
                context.say(claim, found, place)


_outpatient_remarks("MOA", (3, 4, 5, 6, 7))
_outpatient_remarks("MIA", (5, 20, 21, 22, 23))
