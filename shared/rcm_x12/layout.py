"""The guides as tables: which loops, segments and elements, how often, with which codes.

One `.guide` file per transaction set lies in `guides/`; adding a set is adding a table. A line is

    loop NAME USAGE MAX                     a loop; what is indented below it belongs to it
    same NAME USAGE MAX                     a loop that is declared above, at this place too
    ID USAGE MAX [key=E[-C]] : ELEMENTS ; SYNTAX

Usage is R required, S situational, N not used; `*` is any number. `key` names the element whose
code tells this use of a segment from others with the same id. An element is `01R1028` (place,
usage, number in `elements.txt`), then `*10` repeats, `=A,B` its codes or `@name` a code list kept
outside; a composite is `05R(01R1331 02R1332=B)`. Syntax notes are those of the standard: P pairs,
R at least one, E at most one, C if the first then all, L if the first then one of the rest.
A line that starts with + or & continues the one before it (& without a space).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Final

UNBOUNDED: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Element:
    """One place in a segment or composite."""

    usage: str
    number: str = ""
    type: str = ""
    shortest: int = 0
    longest: int = 0
    codes: frozenset[str] | None = None
    code_list: str = ""
    """A code list that is kept outside of the guide and has dates."""
    repeats: int = 1
    components: tuple["Element", ...] = ()


@dataclass(frozen=True, slots=True)
class SegmentUse:
    """A segment at one place of a loop."""

    id: str
    usage: str
    maximum: int
    elements: tuple[Element, ...]
    key: tuple[int, int] | None = None
    """Element and component (0 for none) that hold the distinguishing code."""
    key_codes: frozenset[str] = frozenset()
    syntax: tuple[tuple[str, tuple[int, ...]], ...] = ()

    def takes(self, code: str) -> bool:
        return self.key is None or code in self.key_codes


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop: its first child is the segment that opens it (the root has none)."""

    name: str
    usage: str
    maximum: int
    children: tuple["SegmentUse | Loop", ...] = field(repr=False)

    @property
    def opener(self) -> SegmentUse:
        first = self.children[0]
        return first if isinstance(first, SegmentUse) else first.opener


@dataclass(frozen=True, slots=True)
class Guide:
    """One transaction set of one implementation guide."""

    version: str
    """GS08 and, where there is one, ST03."""
    set_id: str
    functional_id: str
    root: Loop
    segment_ids: frozenset[str]


@cache
def guide(version: str, set_id: str = "") -> Guide:
    """The guide with this GS08. KeyError when it is not declared.

    An inquiry and its answer share one GS08; there `set_id` (ST01) says which of the two is meant,
    and each has a table of its own, `VERSION-SET.guide`.
    """
    if not re.fullmatch(r"[0-9]{6}X[0-9]{3}(A[0-9])?-([0-9]{3})?", f"{version}-{set_id}"):
        raise KeyError(version)
    folder = files("rcm_x12").joinpath("guides")
    named = folder.joinpath(f"{version}-{set_id}.guide"), folder.joinpath(f"{version}.guide")
    source = next((one for one in named if one.is_file()), None)
    if source is None:
        raise KeyError(version)
    lines = list(_logical_lines(source.read_text()))
    _, declared, its_set_id, functional_id = lines[0][1].split()
    if set_id not in {"", its_set_id}:
        raise KeyError(version)
    root = Loop("", "R", 1, _children(lines[1:], {}))
    return Guide(declared, its_set_id, functional_id, root, frozenset(_ids(root)))


@cache
def elements() -> dict[str, tuple[str, int, int]]:
    """Type, shortest and longest by element number."""
    table = {}
    for line in files("rcm_x12").joinpath("guides", "elements.txt").read_text().splitlines():
        if line and not line.startswith(";"):
            number, kind, shortest, longest = line.split()
            table[number] = (kind, int(shortest), int(longest))
    return table


def _ids(loop: Loop) -> Iterator[str]:
    for child in loop.children:
        if isinstance(child, Loop):
            yield from _ids(child)
        else:
            yield child.id


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """(indentation, line) with continuations joined and comments gone."""
    depth, current = 0, ""
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line.startswith(";"):
            continue
        if line[0] in "+&":
            current += (" " if line[0] == "+" else "") + line[1:].strip()
            continue
        if current:
            yield depth, current
        depth, current = len(raw) - len(raw.lstrip()), line
    yield depth, current


def _children(
    lines: list[tuple[int, str]], known: dict[str, Loop]
) -> tuple[SegmentUse | Loop, ...]:
    """The loops and segments at the first line's depth, each loop with what is deeper."""
    children: list[SegmentUse | Loop] = []
    index = 0
    while index < len(lines):
        depth, line = lines[index]
        index += 1
        if not line.startswith(("loop ", "same ")):
            children.append(_segment(line))
            continue
        end = index
        while end < len(lines) and lines[end][0] > depth:
            end += 1
        kind, name, usage, maximum = line.split()
        inner = known[name].children if kind == "same" else _children(lines[index:end], known)
        known[name] = Loop(name, usage, _times(maximum), inner)
        children.append(known[name])
        index = end
    return tuple(children)


def _segment(line: str) -> SegmentUse:
    head, _, rest = line.partition(" : ")
    body, _, notes = rest.partition(";")
    name, usage, maximum, *options = head.split()
    parsed = _elements(body)
    key: tuple[int, int] | None = None
    codes: frozenset[str] = frozenset()
    for option in options:
        place, _, component = option.removeprefix("key=").partition("-")
        key = (int(place), int(component or 0))
        keyed = parsed[key[0] - 1]
        codes = (keyed.components[key[1] - 1] if key[1] else keyed).codes or frozenset()
    syntax = tuple(_note(note) for note in notes.split())
    return SegmentUse(name, usage, _times(maximum), parsed, key, codes, syntax)


def _note(text: str) -> tuple[str, tuple[int, ...]]:
    return text[0], tuple(int(pair) for pair in re.findall(r"[0-9]{2}", text[1:]))


def _times(text: str) -> int:
    return UNBOUNDED if text == "*" else int(text)


_ELEMENT = re.compile(
    r"(?P<place>[0-9]{2})(?P<usage>[RSN])(?P<number>(?:I?[0-9]+)?)(?:\*(?P<repeats>[0-9]*))?"
    r"(?:\((?P<parts>[^)]*)\)|=(?P<codes>\S+)|@(?P<list>\w+))?"
)


def _elements(body: str) -> tuple[Element, ...]:
    return tuple(_element(match) for match in _ELEMENT.finditer(body.strip()))


def _element(match: re.Match[str]) -> Element:
    kind, shortest, longest = elements().get(match["number"], ("", 0, 0))
    repeats = 1 if match["repeats"] is None else _times(match["repeats"] or "*")
    codes = frozenset(match["codes"].split(",")) if match["codes"] else None
    parts = _elements(match["parts"]) if match["parts"] else ()
    return Element(
        match["usage"],
        match["number"],
        kind,
        shortest,
        longest,
        codes,
        match["list"] or "",
        repeats,
        parts,
    )
