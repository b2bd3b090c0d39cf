"""From what a reader or the checker found to the 999 that says so.

A 999 judges form and situation; sums, code sets and a payer's own rules are for the 277CA. What
each finding is called here stands in the checker's catalogue.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any, Final

from rcm_x12.ack_999.values import (
    BAD_VALUE_MAX,
    UNIT_MAX,
    Acknowledgment,
    Context,
    ElementError,
    SegmentError,
    SetResponse,
)
from rcm_x12.builder import as_sent
from rcm_x12.check.catalogue import READERS, STRUCTURE
from rcm_x12.check.report import Group, Report
from rcm_x12.envelope import Reading, TransactionSet
from rcm_x12.findings import Finding

_UNANSWERED: Final = frozenset({"999", "997"})
"""An acknowledgment is itself never acknowledged."""
_UNITS: Final = {"837": "CLM01", "835": "CLP01"}
"""What CTX calls the business unit that `Finding.reference` names."""
_TRIGGERS_MAX: Final = 9
_CODES_MAX: Final = 5
_GUIDE_ERRORS: Final = "I5"
_SYNTAX_ERRORS: Final = "5"

Copy = Callable[[Finding], str]
"""Gives the bad value itself, where a 999 may repeat it (IK404)."""


def acknowledge(
    read: Reading[Any] | Report, copy: Copy | None = None
) -> tuple[Acknowledgment, ...]:
    """One 999 for each group that was read or checked; a 999 is itself never acknowledged.

    Of a checked file the groups of a refused interchange are left out: its TA1 has said all.
    Without `copy` no bad value is repeated.
    """
    if isinstance(read, Report):
        groups = [group for each in read.interchanges if not each.blocks for group in each.groups]
        return tuple(
            _checked_group(group, copy)
            for group in groups
            if not {one.set_id for one in group.sets} & _UNANSWERED and group.functional_id != "FA"
        )
    answerable = [each for each in read.sets if each.set_id not in _UNANSWERED]
    return tuple(_group(list(sets), copy) for _, sets in groupby(answerable, _group_key))


def _group_key(each: TransactionSet[Any]) -> tuple[str, ...]:
    envelope = each.envelope
    return (
        envelope.interchange_control_number,
        each.functional_id,
        envelope.group_control_number,
        each.version,
    )


def _group(sets: list[TransactionSet[Any]], copy: Copy | None) -> Acknowledgment:
    first, size = sets[0], len(sets)
    responses = tuple(_set(each, copy) for each in sets)
    named = _named(first.functional_id, first.envelope.group_control_number, first.version)
    accepted = sum(response.is_accepted for response in responses)
    return Acknowledgment(*named, _verdict(responses), size, size, accepted, responses)


def _named(functional_id: str, number: str, version: str) -> tuple[str, str, str]:
    """AK101-103."""
    return _carried(functional_id, 2, "ZZ"), _carried(number, 9, "0"), _carried(version, 12)


def _carried(text: str, longest: int, otherwise: str = "") -> str:
    """What was sent, as far as a 999 can repeat it: a broken code must not hold it back."""
    return re.sub("[^A-Z0-9]", "", text.upper())[:longest] or otherwise


def _checked_group(group: Group, copy: Copy | None) -> Acknowledgment:
    """A group that is wrong as a whole is rejected with all its sets, whatever they hold."""
    responses = tuple(_set(each, copy) for each in group.sets)
    accepted = 0 if group.blocks else sum(response.is_accepted for response in responses)
    whole = [one for one in group.findings if one.severity != "info" and _level(one) == "group"]
    return Acknowledgment(
        *_named(group.functional_id, group.control_number, group.version),
        "R" if group.blocks else _verdict(responses),
        group.declared_count,
        len(group.sets),
        accepted,
        responses,
        tuple(dict.fromkeys(one.x12_code for one in whole if one.x12_code))[:_CODES_MAX],
    )


def _verdict(responses: tuple[SetResponse, ...]) -> str:
    """AK901 from the sets: all, with errors, some or none."""
    accepted = sum(response.is_accepted for response in responses)
    if accepted == 0:
        return "R"
    if accepted < len(responses):
        return "P"
    return "E" if any(response.code == "E" for response in responses) else "A"


def _set(each: TransactionSet[Any], copy: Copy | None) -> SetResponse:
    told = [one for one in each.findings if one.severity != "info" and _level(one) != "content"]
    errors = tuple(_errors(told, _UNITS.get(each.set_id, ""), copy))
    codes = [_code(finding) for finding in told if _level(finding) == "set"]
    inner = [one for one in told if _level(one) in {"segment", "element"}]
    if any(finding.snip <= 1 for finding in inner):
        codes.append(_SYNTAX_ERRORS)
    if any(finding.snip > 1 for finding in inner):
        codes.append(_GUIDE_ERRORS)
    blocked = any(finding.severity == "error" for finding in told)
    code = "R" if blocked else ("E" if told else "A")
    version = each.version if each.set_id != "835" else ""
    unique = tuple(dict.fromkeys(one for one in codes if one))[:_CODES_MAX]
    set_id, number = _carried(each.set_id, 3, "000"), _carried(each.control_number, 9, "0000")
    return SetResponse(set_id, number, code, _carried(version, 12), errors, unique)


def _level(finding: Finding) -> str:
    """Which segment of a 999 speaks of a finding; `content` is none of them."""
    if finding.code in STRUCTURE:
        return STRUCTURE[finding.code].level
    if finding.code in READERS:
        return READERS[finding.code][0]
    if not finding.x12_code:
        return "content"
    return "element" if finding.element else "segment"


def _code(finding: Finding) -> str:
    if finding.x12_code:
        return finding.x12_code
    if finding.code in READERS:
        return READERS[finding.code][1]
    return STRUCTURE[finding.code].x12_code


def _errors(findings: Iterable[Finding], unit: str, copy: Copy | None) -> Iterator[SegmentError]:
    """Findings by segment: its own errors, then one IK3 that holds those of its elements."""
    form = [one for one in findings if _level(one) in {"segment", "element"}]
    form.sort(key=lambda one: one.set_position)
    for (position, segment_id, loop), group in groupby(form, _place):
        several = list(group)
        unit_number = next((one.reference for one in several if one.reference), "")
        reference = as_sent(unit_number, UNIT_MAX)
        business = (Context(unit, reference),) if unit and reference else ()
        place = (segment_id or "ST", position)
        whole = [one for one in several if _level(one) == "segment"]
        inner = [one for one in several if _level(one) == "element"]
        for code, found in _by_code(whole):
            contexts = (*_triggers(found), *business)
            yield SegmentError(*place, code, loop[:4], contexts)
        if inner:
            elements = tuple(_element(one, copy) for one in inner)
            yield SegmentError(*place, "8", loop[:4], business, elements)


def _by_code(findings: list[Finding]) -> Iterator[tuple[str, list[Finding]]]:
    for code in dict.fromkeys(_code(one) for one in findings):
        yield code, [one for one in findings if _code(one) == code]


def _triggers(findings: list[Finding]) -> tuple[Context, ...]:
    """What asked for the segment or element that a situational rule misses."""
    found = (one.trigger for one in findings if one.trigger is not None)
    return tuple(
        Context(
            "SITUATIONAL TRIGGER",
            "",
            each.segment_id,
            each.set_position,
            each.loop[:4],
            each.element,
            each.component,
        )
        for each in list(dict.fromkeys(found))[:_TRIGGERS_MAX]
    )


def _place(finding: Finding) -> tuple[int, str, str]:
    return finding.set_position, _carried(finding.segment_id, 3), finding.loop


def _element(finding: Finding, copy: Copy | None) -> ElementError:
    code = _code(finding)
    return ElementError(
        finding.element,
        code,
        finding.component,
        finding.repetition,
        finding.data_element,
        "" if copy is None or code in _ABSENT else as_sent(copy(finding), BAD_VALUE_MAX),
        _triggers([finding]),
    )


_ABSENT: Final = frozenset({"1", "2", "I9"})
"""IK403 of what is missing and has no value to repeat."""
