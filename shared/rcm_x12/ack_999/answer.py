"""From what a reader found to the 999 that says so."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any, Final

from rcm_x12.ack_999.values import (
    Acknowledgment,
    Context,
    ElementError,
    SegmentError,
    SetResponse,
)
from rcm_x12.envelope import Reading, TransactionSet
from rcm_x12.findings import Finding

_SEGMENT_CODES: Final = {
    "segment-unknown": "1",
    "segment-unexpected": "2",
    "segment-missing": "3",
    "loop-repeat": "4",
    "segment-repeat": "5",
    "segment-order": "7",
}
"""IK304 by finding."""
_ELEMENT_CODES: Final = {
    "element-missing": "I9",
    "element-conditional": "2",
    "element-too-many": "3",
    "component-too-many": "3",
    "element-too-short": "4",
    "element-too-long": "5",
    "element-character": "6",
    "element-code": "7",
    "element-date": "8",
    "element-time": "9",
    "element-exclusive": "10",
    "element-not-used": "I10",
    "amount": "6",
    "quantity": "6",
    "date": "8",
}
"""IK403 by finding."""
_SET_CODES: Final = {"SE-missing": "2", "SE-number": "3", "SE-count": "4", "ST-repeated": "23"}
"""IK502 by finding."""


def acknowledge(reading: Reading[Any]) -> tuple[Acknowledgment, ...]:
    """One 999 for each group of what was read; a 999 is itself never acknowledged."""
    answerable = [each for each in reading.sets if each.set_id != "999"]
    return tuple(_group(list(sets)) for _, sets in groupby(answerable, _group_key))


def _group_key(each: TransactionSet[Any]) -> tuple[str, ...]:
    envelope = each.envelope
    return (
        envelope.interchange_control_number,
        each.functional_id,
        envelope.group_control_number,
        each.version,
    )


def _group(sets: list[TransactionSet[Any]]) -> Acknowledgment:
    responses = tuple(_set(each) for each in sets)
    accepted = sum(response.is_accepted for response in responses)
    if accepted == 0:
        code = "R"
    elif accepted < len(responses):
        code = "P"
    else:
        code = "E" if any(response.code == "E" for response in responses) else "A"
    first = sets[0]
    number = first.envelope.group_control_number
    size = len(sets)
    return Acknowledgment(
        first.functional_id, number, first.version, code, size, size, accepted, responses
    )


def _set(each: TransactionSet[Any]) -> SetResponse:
    told = [finding for finding in each.findings if finding.severity != "info"]
    errors = tuple(_errors(told))
    codes = [_SET_CODES[finding.code] for finding in told if finding.code in _SET_CODES]
    blocked = any(
        finding.severity == "error" and _is_structural(finding.code) for finding in each.findings
    )
    if errors:
        codes.append("5")
    version = each.version if each.set_id != "835" else ""
    code = "R" if blocked else ("E" if errors else "A")
    return SetResponse(
        each.set_id, each.control_number, code, version, errors, tuple(dict.fromkeys(codes))[:5]
    )


def _is_structural(code: str) -> bool:
    """A 999 judges form; sums and other content are for the 277CA."""
    return code in _SEGMENT_CODES or code in _ELEMENT_CODES or code in _SET_CODES


def _errors(findings: Iterable[Finding]) -> Iterable[SegmentError]:
    """Findings by segment, each with its element errors."""
    form = [f for f in findings if f.code in _SEGMENT_CODES or f.code in _ELEMENT_CODES]
    for (position, segment_id, loop), group in groupby(form, _place):
        several = list(group)
        elements = tuple(_element(one) for one in several if one.code in _ELEMENT_CODES)
        named = [one for one in several if one.code in _SEGMENT_CODES]
        code = _SEGMENT_CODES[named[0].code] if named else "8"
        reference = next((one.reference for one in several if one.reference), "")
        contexts = (Context("CLM01", reference),) if reference else ()
        yield SegmentError(segment_id or "ST", position, code, loop[:4], contexts, elements)


def _place(finding: Finding) -> tuple[int, str, str]:
    return finding.set_position, finding.segment_id.replace("?", ""), finding.loop


def _element(finding: Finding) -> ElementError:
    return ElementError(
        finding.element,
        _ELEMENT_CODES[finding.code],
        finding.component,
        finding.repetition,
        finding.data_element,
    )
