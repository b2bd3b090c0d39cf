"""Checks the elements of one segment against its declaration.

`fails` is the quick question, asked of every segment; `explain` names each fault of the few that
fail. Findings carry place and reason, never the value.
"""

import re
from typing import Protocol, TypedDict, Unpack

from rcm_x12.findings import Severity
from rcm_x12.layout import Element, SegmentUse
from rcm_x12.scalars import date_of

_NUMERIC = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)", re.ASCII)
_WHOLE = re.compile(r"-?[0-9]+", re.ASCII)
_TIME = re.compile(r"(?:[01][0-9]|2[0-3])[0-5][0-9](?:[0-5][0-9](?:[0-9]{1,2})?)?", re.ASCII)
_SIGNS = str.maketrans("", "", "-.")


class Place(TypedDict, total=False):
    """Where in the segment at hand a fault is; the segment's own place is known."""

    segment_id: str
    loop: str
    element: int
    component: int
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
        self._count = len(use.elements)
        self._plain = tuple(
            (place, element.codes, element.shortest, element.longest, element.type)
            for place, element in enumerate(use.elements, 1)
            if not element.components and element.usage != "N"
        )
        self._required = tuple(i for i, e in enumerate(use.elements, 1) if e.usage == "R")
        self._unused = tuple(i for i, e in enumerate(use.elements, 1) if e.usage == "N")
        self._composites = tuple((i, e) for i, e in enumerate(use.elements, 1) if e.components)

    def fails(self, segment: list[str], component: str) -> bool:
        """Whether anything is wrong with the segment."""
        return (
            self._shape_fails(segment)
            or self._values_fail(segment)
            or self._composites_fail(segment, component)
            or any(breaks(segment, *note) for note in self.use.syntax)
        )

    def _shape_fails(self, segment: list[str]) -> bool:
        """Too long, empty at the end, something missing, or something the guide does not use."""
        size = len(segment)
        if size - 1 > self._count or (size > 1 and not segment[-1]):
            return True
        for place in self._required:
            if place >= size or not segment[place]:
                return True
        return any(place < size and segment[place] for place in self._unused)

    def _values_fail(self, segment: list[str]) -> bool:
        size = len(segment)
        for place, codes, shortest, longest, kind in self._plain:
            if place >= size:
                break
            text = segment[place]
            if not text:
                continue
            if codes is not None:
                wrong = text not in codes
            elif kind in {"AN", "ID"}:
                wrong = not shortest <= len(text) <= longest
            else:
                wrong = typed_fault(text, kind, shortest, longest) != ""
            if wrong:
                return True
        return False

    def _composites_fail(self, segment: list[str], component: str) -> bool:
        size = len(segment)
        return any(
            place < size
            and segment[place] != ""
            and (element.repeats > 1 or _composite_fails(segment[place], element, component))
            for place, element in self._composites
        )

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
            if element.components:
                _explain_composite(text, element, reporter, _at(where, element=place))
            else:
                _explain(text, element, reporter, _at(where, element=place))
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


def _composite_fails(text: str, element: Element, component: str) -> bool:
    parts = text.split(component)
    declared = element.components
    if len(parts) > len(declared) or not parts[-1]:
        return True
    for index, one in enumerate(declared):
        part = parts[index] if index < len(parts) else ""
        if not part:
            wrong = one.usage == "R"
        elif one.usage == "N":
            wrong = True
        elif one.codes is not None:
            wrong = part not in one.codes
        else:
            wrong = typed_fault(part, one.type, one.shortest, one.longest) != ""
        if wrong:
            return True
    return False


_MESSAGES = {
    "element-missing": "the guide requires this element",
    "element-not-used": "the guide does not use this element",
    "element-code": "the guide does not list this code here",
    "element-too-short": "the element is shorter than it may be",
    "element-too-long": "the element is longer than it may be",
    "element-character": "the element is not a number",
    "element-date": "the element is not a date as CCYYMMDD",
    "element-time": "the element is not a time as HHMM",
}


def _explain(text: str, element: Element, reporter: Reporter, where: Place) -> None:
    fault = ""
    if not text:
        fault = "element-missing" if element.usage == "R" else ""
    elif element.usage == "N":
        fault = "element-not-used"
    elif element.codes is not None:
        fault = "" if text in element.codes else "element-code"
    elif element.type:
        fault = typed_fault(text, element.type, element.shortest, element.longest)
    if fault:
        reporter.finding(fault, _MESSAGES[fault], **_at(where, data_element=element.number))


def _explain_composite(text: str, element: Element, reporter: Reporter, where: Place) -> None:
    if not text:
        if element.usage == "R":
            reporter.finding("element-missing", _MESSAGES["element-missing"], **where)
        return
    repetitions = text.split(reporter.repetition) if element.repeats > 1 else [text]
    for repetition in repetitions:
        parts = repetition.split(reporter.component)
        for index in range(max(len(parts), len(element.components))):
            part = parts[index] if index < len(parts) else ""
            place = _at(where, component=index + 1)
            if index < len(element.components):
                _explain(part, element.components[index], reporter, place)
            elif part:
                message = "the guide has no component at this place"
                reporter.finding("component-too-many", message, **place)
