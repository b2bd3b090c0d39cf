"""Rare segments as tables: one declaration is both their writer and their reader.

The segments that every claim has are written out by hand, since they decide the speed; for the
others a table is shorter and cannot disagree with itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from rcm_x12.builder import CODE, segment, text
from rcm_x12.findings import WriteRefused
from rcm_x12.pieces import Report, at
from rcm_x12.scalars import amount_text, cents, date_of, date_text, quantity, quantity_text

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kind:
    """How a value becomes an element and back; `absent` stands for an empty element."""

    write: Callable[[Any], str]
    read: Callable[[str], Any]
    absent: Any


CODED: Final = Kind(lambda value: CODE[value], str, "")
CENTS: Final = Kind(amount_text, cents, None)
NUMBER: Final = Kind(quantity_text, quantity, None)
DATE: Final = Kind(date_text, date_of, None)
YES: Final = Kind(lambda value: "Y" if value else "", lambda value: value == "Y", absent=False)


def free(longest: int) -> Kind:
    """Text of at most so many characters."""
    return Kind(lambda value: text(value, "", longest), str, "")


class Codec(Generic[T]):
    """One segment: `places` names the field, element and kind of each value.

    `fixed` holds codes that stand before a value and are there exactly when it is: {1: ("LB", 2)}.
    `needed` are the elements without which the segment says nothing.
    """

    def __init__(
        self,
        of: Callable[..., T],
        segment_id: str,
        places: dict[str, tuple[int, Kind]],
        *,
        fixed: dict[int, tuple[str, int]] | None = None,
        needed: tuple[int, ...] = (),
    ) -> None:
        self._of = of
        self.segment_id = segment_id
        self._places = places
        self._fixed = fixed or {}
        self._needed = needed
        self._size = max(place for place, _ in places.values())

    def write(self, value: T, loop: str) -> str:
        """The segment. Raises WriteRefused for what cannot be sent or is missing."""
        elements = [""] * self._size
        for name, (place, kind) in self._places.items():
            given = getattr(value, name)
            if given is None or given == "":
                continue
            try:
                elements[place - 1] = kind.write(given)
            except WriteRefused as refused:
                raise WriteRefused(self._name(loop, place), refused.reason) from None
        for place, (code, companion) in self._fixed.items():
            if elements[companion - 1]:
                elements[place - 1] = code
        for place in self._needed:
            if not elements[place - 1]:
                raise WriteRefused(self._name(loop, place), "it is required")
        return segment(self.segment_id, *elements)

    def read(self, found: list[str], report: Report) -> T:
        """The value; what cannot be understood is absent and reported."""
        values: dict[str, Any] = {}
        for name, (place, kind) in self._places.items():
            given = at(found, place)
            values[name] = kind.absent
            if given:
                try:
                    values[name] = kind.read(given)
                except ValueError as error:
                    report("element", str(error), place)
        return self._of(**values)

    def _name(self, loop: str, place: int) -> str:
        return f"{loop} {self.segment_id}{place:02d}"
