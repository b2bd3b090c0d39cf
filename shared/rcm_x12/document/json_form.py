"""The JSON form of a document, and back. It is stable: a change of meaning changes `"x12"`."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from rcm_x12.document.kinds import kind_of
from rcm_x12.document.loops import Loop, loops_of
from rcm_x12.document.sets import RawSet, read_set
from rcm_x12.document.values import Document, Group, Interchange, Segment, SetDocument
from rcm_x12.findings import X12Error
from rcm_x12.tokenizer import Separators

FORM: Final = 1
_DEPTH_MAX: Final = 30
"""No guide nests its loops half as deep."""


class JsonInvalid(X12Error):  # noqa: N818 - it says what the text is
    """The JSON is not a document of this form; `pointer` says where."""

    def __init__(self, pointer: str, reason: str) -> None:
        super().__init__(f"{pointer or '/'}: {reason}")
        self.pointer = pointer
        self.reason = reason


def to_json(document: Document) -> dict[str, Any]:
    """The document as JSON values."""
    form: dict[str, Any] = {"x12": FORM}
    if document.encoding != "utf-8":
        form["encoding"] = document.encoding
    form["interchanges"] = [_interchange(one) for one in document.interchanges]
    if document.trailer:
        form["trailer"] = document.trailer
    return form


def _interchange(one: Interchange) -> dict[str, Any]:
    noise = Counter(segment.before for segment in list(one.segments)[1:])
    line_break = noise.most_common(1)[0][0] if noise else ""
    dresser = _Dresser(one, line_break)
    separators = one.separators
    form: dict[str, Any] = {
        "separators": {
            "element": separators.element,
            "component": separators.component,
            "repetition": separators.repetition,
            "terminator": separators.terminator,
        },
        "line_break": line_break,
        "parts": [dresser.part(part, "") for part in one.parts],
    }
    if one.preamble:
        form["preamble"] = one.preamble
    if not one.is_terminated:
        form["is_terminated"] = False
    return form


class _Dresser:
    """Turns the parts of one interchange into JSON values."""

    def __init__(self, interchange: Interchange, line_break: str) -> None:
        self._separators = interchange.separators
        self._line_break = line_break
        self._first: Segment | None = next(interchange.segments, None)
        self._isa = self._joined(self._first) if self._first else ""

    def part(self, part: Segment | Group | SetDocument | Loop, version: str, gs: str = "") -> Any:
        if isinstance(part, Segment):
            return self._segment(part)
        if isinstance(part, Loop):
            return {"loop": part.name, "parts": [self.part(one, "") for one in part.parts]}
        if isinstance(part, SetDocument):
            return self._set(part, version or part.segments[0].element(3), gs)
        header = self._joined(part.header)
        return {
            "group": part.functional_id,
            "version": part.version,
            "parts": [self.part(one, part.version, header) for one in part.parts],
        }

    def _segment(self, one: Segment) -> Any:
        usual = "" if one is self._first else self._line_break
        if one.before == usual and not one.after:
            return list(one.elements)
        form: dict[str, Any] = {"segment": list(one.elements), "before": one.before}
        if one.after:
            form["after"] = one.after
        return form

    def _set(self, one: SetDocument, version: str, gs: str) -> dict[str, Any]:
        kind = kind_of(version, one.set_id)
        form: dict[str, Any] = {"set": one.set_id, "kind": kind.name, "standing": kind.standing}
        has_end = len(one.segments) > 1 and one.segments[-1].id == "SE"
        inner = one.segments[1:-1] if has_end else one.segments[1:]
        nested = loops_of(inner, version, one.set_id, self._separators.component)
        parts: list[Segment | Loop] = [one.segments[0], *(inner if nested is None else nested)]
        if has_end:
            parts.append(one.segments[-1])
        form["parts"] = [self.part(part, "") for part in parts]
        texts = [self._joined(segment) for segment in one.segments if segment.elements]
        raw = RawSet(self._isa, gs, self._separators, 1, texts)
        read = read_set(raw) if self._isa and gs else None
        if read is not None:
            form["values"] = plain(read.content)
        return form

    def _joined(self, one: Segment) -> str:
        return self._separators.element.join(one.elements)


def plain(value: Any) -> Any:
    """A dataclass as JSON values, by field names; what is empty is left out."""
    if is_dataclass(value) and not isinstance(value, type):
        found = {one.name: plain(getattr(value, one.name)) for one in fields(value)}
        return {name: one for name, one in found.items() if one not in (None, "", [], {})}
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, (tuple, list, frozenset)):
        return [plain(one) for one in value]
    return value


def from_json(form: Any) -> Document:
    """The document. Loops and values are passed over. Raises JsonInvalid."""
    top = _mapping(form, "")
    if top.get("x12") != FORM:
        raise JsonInvalid("/x12", f"it must be {FORM}")
    given = _sequence(top.get("interchanges"), "/interchanges")
    if not given:
        raise JsonInvalid("/interchanges", "a file holds at least one")
    interchanges = tuple(
        _interchange_of(one, f"/interchanges/{index}") for index, one in enumerate(given)
    )
    trailer = _text(top.get("trailer", ""), "/trailer")
    return Document(interchanges, trailer, _text(top.get("encoding", "utf-8"), "/encoding"))


def _interchange_of(form: Any, at: str) -> Interchange:
    one = _mapping(form, at)
    chars = _mapping(one.get("separators"), f"{at}/separators")
    names = ("element", "component", "repetition", "terminator")
    signs = [_text(chars.get(name), f"{at}/separators/{name}") for name in names]
    if any(len(sign) != 1 for sign in signs):
        raise JsonInvalid(f"{at}/separators", "each must be one character")
    line_break = _text(one.get("line_break", ""), f"{at}/line_break")
    taker = _Taker(line_break)
    parts = tuple(
        taker.part(part, f"{at}/parts/{index}", 0)
        for index, part in enumerate(_sequence(one.get("parts"), f"{at}/parts"))
    )
    preamble = _text(one.get("preamble", ""), f"{at}/preamble")
    return Interchange(Separators(*signs), parts, preamble, one.get("is_terminated", True) is True)


class _Taker:
    """Turns JSON values into the parts of one interchange."""

    def __init__(self, line_break: str) -> None:
        self._line_break = line_break
        self._is_first = True

    def part(self, form: Any, at: str, depth: int) -> Segment | Group | SetDocument:
        if isinstance(form, list) or (isinstance(form, dict) and "segment" in form):
            return self._segment(form, at)
        one = _mapping(form, at)
        inner = _sequence(one.get("parts"), f"{at}/parts")
        if "set" in one:
            segments = tuple(self._flat(inner, f"{at}/parts", depth))
            if not segments:
                raise JsonInvalid(f"{at}/parts", "a set needs at least its ST")
            return SetDocument(segments)
        if "group" not in one or depth:
            raise JsonInvalid(at, "it must be a segment, a group or a set")
        parts = [self.part(each, f"{at}/parts/{i}", 1) for i, each in enumerate(inner)]
        return Group(tuple(part for part in parts if not isinstance(part, Group)))

    def _flat(self, forms: Sequence[Any], at: str, depth: int) -> list[Segment]:
        if depth > _DEPTH_MAX:
            raise JsonInvalid(at, "loops are nested too deep")
        found = []
        for index, form in enumerate(forms):
            place = f"{at}/{index}"
            if isinstance(form, dict) and "loop" in form:
                inner = _sequence(form.get("parts"), f"{place}/parts")
                found += self._flat(inner, f"{place}/parts", depth + 1)
            else:
                found.append(self._segment(form, place))
        return found

    def _segment(self, form: Any, at: str) -> Segment:
        usual = "" if self._is_first else self._line_break
        self._is_first = False
        if isinstance(form, list):
            return Segment(tuple(_text(one, at) for one in form), usual)
        one = _mapping(form, at)
        elements = _sequence(one.get("segment"), f"{at}/segment")
        return Segment(
            tuple(_text(each, f"{at}/segment") for each in elements),
            _text(one.get("before", usual), f"{at}/before"),
            _text(one.get("after", ""), f"{at}/after"),
        )


def _mapping(form: Any, at: str) -> dict[str, Any]:
    if not isinstance(form, dict):
        raise JsonInvalid(at, "it must be an object")
    return form


def _sequence(form: Any, at: str) -> list[Any]:
    if not isinstance(form, list):
        raise JsonInvalid(at, "it must be an array")
    return form


def _text(form: Any, at: str) -> str:
    if not isinstance(form, str):
        raise JsonInvalid(at, "it must be a string")
    return form
