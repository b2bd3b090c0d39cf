"""The quick question of every segment, "is anything wrong with it?", as one function a segment.

Each declared segment becomes straight code: no loop over its elements, no look at a table that
says what kind they are. Texts that repeat (codes, dates, amounts, composites) are judged once and
remembered. Measured on 837P files: a sixth of the time of the loop that it took the place of.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from rcm_x12.layout import Element, SegmentUse

Fails = Callable[[list[str]], bool]
Fault = Callable[[str, Element], str]
"""The code of what is wrong with a value; empty when nothing is."""
_MEMO_MAX: Final = 20_000
_KEPT_TEXT_MAX: Final = 64
"""Longer values do not repeat, and a hostile file must not fill the memo with them."""


class Memo(dict[str, str]):
    """Faults of one kind of element by its text."""

    def __init__(self, element: Element, fault: Fault) -> None:
        super().__init__()
        self._element, self._fault = element, fault

    def __missing__(self, text: str) -> str:
        found = self._fault(text, self._element)
        if len(text) <= _KEPT_TEXT_MAX:
            if len(self) >= _MEMO_MAX:
                self.clear()
            self[text] = found
        return found


def compiled(use: SegmentUse, fault: Fault) -> Fails:
    """The question for one declared segment; `fault` judges what is not plain text or a code."""
    lines = ["def fails(s):", " n = len(s)"]
    names: dict[str, Any] = {}
    required = [place for place, one in enumerate(use.elements, 1) if one.usage == "R"]
    most, least = len(use.elements) + 1, max(required, default=0) + 1
    lines.append(f" if n > {most} or n < {least} or (n > 1 and not s[-1]): return True")
    depth = 1
    for place, element in enumerate(use.elements, 1):
        if place >= least:
            lines.append(" " * depth + f"if n > {place}:")
            depth += 1
        names[f"c{place}"] = element.codes
        names[f"m{place}"] = Memo(element, fault)
        lines += [" " * depth + line for line in _element(place, element)]
        lines.append(" " * depth + "pass")
    lines += [" " + line for line in _notes(use)]
    lines.append(" return False")
    exec("\n".join(lines), names)  # noqa: S102 - numbers of our own tables only
    made: Fails = names["fails"]
    return made


def _element(place: int, element: Element) -> Iterator[str]:
    value = f"s[{place}]"
    if element.usage == "N":
        yield f"if {value}: return True"
        return
    plain = not element.components and element.repeats == 1
    if plain and element.codes is not None:
        wrong = f"{value} not in c{place}"
    elif plain and element.type in {"AN", "ID"}:
        wrong = f"not {element.shortest} <= len({value}) <= {element.longest}"
    else:
        wrong = f"m{place}[{value}]"
    if element.usage == "R":
        yield f"if not {value} or {wrong}: return True"
    else:
        yield f"if {value} and {wrong}: return True"


def _notes(use: SegmentUse) -> Iterator[str]:
    """The syntax notes; all but R concern elements that are there."""
    for kind, places in use.syntax:
        there = [f"(n > {place} and s[{place}] != '')" for place in places]
        first, rest = there[0], there[1:]
        match kind:
            case "P":
                wrong = f"any(({', '.join(there)},)) and not all(({', '.join(there)},))"
            case "R":
                wrong = f"not ({' or '.join(there)})"
            case "E":
                wrong = f"{' + '.join(there)} > 1"
            case "C":
                wrong = f"{first} and not ({' and '.join(rest)})"
            case _:
                wrong = f"{first} and not ({' or '.join(rest)})"
        guard = "" if kind == "R" else f"n > {min(places)} and "
        yield f"if {guard}({wrong}): return True"
