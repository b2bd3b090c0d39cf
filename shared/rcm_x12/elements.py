"""Checks the elements of one segment against its declaration.

`fails` is the quick question, asked of every segment; `explain` names each fault of the few that
fail. Findings carry place and reason, never the value.
"""

import re
from collections.abc import Iterator
from typing import Protocol, TypedDict, Unpack

from rcm_x12.compiled import Fails, compiled
from rcm_x12.findings import Severity
from rcm_x12.layout import Element, SegmentUse
from rcm_x12.scalars import date_of

_NUMERIC = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)", re.ASCII)
_WHOLE = re.compile(r"-?[0-9]+", re.ASCII)
_TIME = re.compile(r"(?:[01][0-9]|2[0-3])[0-5][0-9](?:[0-5][0-9](?:[0-9]{1,2})?)?", re.ASCII)
_AMOUNT = "782"
"""The element that holds every amount of money."""
_SEPARATORS_MAX = 8
_WATCHED = frozenset({"HL", "PLB"})
"""Segments that a checker wants to see in the order of the file, and every one."""
_SIGNS = str.maketrans("", "", "-.")


class Place(TypedDict, total=False):
    """Where in the segment at hand a fault is; the segment's own place is known."""

    segment_id: str
    loop: str
    element: int
    component: int
    repetition: int
    data_element: str


class Reporter(Protocol):
    """Takes findings about the segment at hand."""

    component: str
    repetition: str

    def finding(
        self, code: str, message: str, severity: Severity = "error", **place: Unpack[Place]
    ) -> None: ...


class Check:
    """One use of a segment, ready to be asked."""

    def __init__(self, use: SegmentUse) -> None:
        self.use = use
        self.coded = tuple(_coded(use))
        """Element, component and name of the code lists that are kept outside of the guide."""
        self.is_watched = bool(self.coded) or use.id in _WATCHED
        self._count = len(use.elements)
        self._compiled: dict[str, Fails] = {}

    def fails(self, segment: list[str], separators: str) -> bool:
        """Whether anything is wrong with the segment; `separators` are component and repetition."""
        try:
            return self._compiled[separators](segment)
        except KeyError:
            if len(self._compiled) >= _SEPARATORS_MAX:
                self._compiled.clear()
            component, repetition = separators[:1], separators[1:]
            made = compiled(self.use, lambda text, one: _first(text, one, component, repetition))
            self._compiled[separators] = made
            return made(segment)

    def explain(self, segment: list[str], reporter: Reporter, loop: str) -> None:
        """Report every fault."""
        where: Place = {"segment_id": self.use.id, "loop": loop}
        for place in range(1, max(len(segment), self._count + 1)):
            text = segment[place] if place < len(segment) else ""
            if place > self._count:
                if text:
                    text_of = "the guide has no element at this place"
                    reporter.finding("element-too-many", text_of, **_at(where, element=place))
                continue
            element = self.use.elements[place - 1]
            for repeated, one in enumerate(_repetitions(text, element, reporter.repetition), 1):
                at = _at(where, element=place)
                if repeated > 1:
                    at["repetition"] = repeated
                _explain_one(one, element, reporter, at, repeated=repeated)
        if len(segment) > 1 and not segment[-1]:
            reporter.finding(
                "trailing-separator", "empty elements end the segment", severity="warning", **where
            )
        for kind, places in self.use.syntax:
            if breaks(segment, kind, places):
                message = _NOTES[kind].format(", ".join(f"{p:02d}" for p in places))
                code = "element-exclusive" if kind == "E" else "element-conditional"
                reporter.finding(code, message, **_at(where, element=places[0]))


def _at(where: Place, **more: Unpack[Place]) -> Place:
    return {**where, **more}


_NOTES = {
    "P": "elements {} come together or not at all",
    "R": "one of the elements {} is needed",
    "E": "only one of the elements {} may be there",
    "C": "the first of the elements {} needs all the others",
    "L": "the first of the elements {} needs one of the others",
}


def breaks(segment: list[str], kind: str, places: tuple[int, ...]) -> bool:
    """Whether a syntax note of the standard is broken."""
    size = len(segment)
    there = [place < size and segment[place] != "" for place in places]
    match kind:
        case "P":
            return any(there) and not all(there)
        case "R":
            return not any(there)
        case "E":
            return sum(there) > 1
        case "C":
            return there[0] and not all(there)
        case _:
            return there[0] and not any(there[1:])


def typed_fault(text: str, kind: str, shortest: int, longest: int) -> str:
    """The code of what is wrong with a number, date or time; empty when nothing is."""
    if kind == "DT":
        return "" if _is_date(text) else "element-date"
    if kind == "TM":
        return "" if _TIME.fullmatch(text) else "element-time"
    if kind == "R":
        size = len(text.translate(_SIGNS)) if _NUMERIC.fullmatch(text) else -1
    elif kind.startswith("N"):
        size = len(text.lstrip("-")) if _WHOLE.fullmatch(text) else -1
    else:
        size = len(text)
    return "element-character" if size < 0 else _length_fault(size, shortest, longest)


def _is_date(text: str) -> bool:
    try:
        date_of(text)
    except ValueError:
        return False
    return True


def _length_fault(size: int, shortest: int, longest: int) -> str:
    if size < shortest:
        return "element-too-short"
    return "element-too-long" if longest and size > longest else ""


def _coded(use: SegmentUse) -> Iterator[tuple[int, int, str]]:
    for place, element in enumerate(use.elements, 1):
        if element.code_list:
            yield place, 0, element.code_list
        for part, one in enumerate(element.components, 1):
            if one.code_list:
                yield place, part, one.code_list


def _repetitions(text: str, element: Element, repetition: str) -> list[str]:
    return text.split(repetition) if element.repeats > 1 else [text]


def value_fault(text: str, element: Element) -> str:
    """The code of what is wrong with a simple value that is there; empty when nothing is."""
    if element.usage == "N":
        return "element-not-used"
    if element.codes is not None:
        return "" if text in element.codes else "element-code"
    if not element.type:
        return ""
    fault = typed_fault(text, element.type, element.shortest, element.longest)
    if not fault and element.number == _AMOUNT and len(text.partition(".")[2]) > 2:
        return "amount-decimals"
    return fault


def _first(text: str, element: Element, component: str, repetition: str) -> str:
    """Some fault of an element with its repetitions and components, or nothing."""
    several = _repetitions(text, element, repetition)
    if len(several) > element.repeats:
        return "repetition-too-many"
    for one in several:
        if element.components:
            fault = _composite_fault(one, element, component)
        else:
            fault = value_fault(one, element) if one else "element-missing"
        if fault:
            return fault
    return ""


def _composite_fault(text: str, element: Element, component: str) -> str:
    parts = text.split(component)
    declared = element.components
    if len(parts) > len(declared) or not parts[-1]:
        return "component-too-many"
    for index, one in enumerate(declared):
        part = parts[index] if index < len(parts) else ""
        fault = value_fault(part, one) if part else ("element-missing" if one.usage == "R" else "")
        if fault:
            return fault
    return ""


_MESSAGES = {
    "element-missing": "the guide requires this element",
    "element-not-used": "the guide does not use this element",
    "element-code": "the guide does not list this code here",
    "element-too-short": "the element is shorter than it may be",
    "element-too-long": "the element is longer than it may be",
    "element-character": "the element is not a number",
    "element-date": "the element is not a date as CCYYMMDD",
    "element-time": "the element is not a time as HHMM",
    "amount-decimals": "an amount has at most two decimals",
}


def _explain_one(
    text: str, element: Element, reporter: Reporter, where: Place, *, repeated: int
) -> None:
    if repeated == element.repeats + 1:
        message = f"the element repeats more than {element.repeats} times"
        reporter.finding("repetition-too-many", message, **where)
    elif element.components:
        _explain_composite(text, element, reporter, where)
    else:
        _explain(text, element, reporter, where)


def _explain(text: str, element: Element, reporter: Reporter, where: Place) -> None:
    if text:
        fault = value_fault(text, element)
    else:
        fault = "element-missing" if element.usage == "R" or "repetition" in where else ""
    if fault:
        reporter.finding(fault, _MESSAGES[fault], **_at(where, data_element=element.number))


def _explain_composite(text: str, element: Element, reporter: Reporter, where: Place) -> None:
    if not text:
        if element.usage == "R":
            reporter.finding("element-missing", _MESSAGES["element-missing"], **where)
        return
    if element.usage == "N":
        reporter.finding("element-not-used", _MESSAGES["element-not-used"], **where)
        return
    parts = text.split(reporter.component)
    for index in range(max(len(parts), len(element.components))):
        part = parts[index] if index < len(parts) else ""
        place = _at(where, component=index + 1)
        if index < len(element.components):
            _explain(part, element.components[index], reporter, place)
        elif part:
            message = "the guide has no component at this place"
            reporter.finding("component-too-many", message, **place)
    if not parts[-1]:
        text_of = "empty components end the composite"
        reporter.finding("trailing-separator", text_of, severity="warning", **where)
