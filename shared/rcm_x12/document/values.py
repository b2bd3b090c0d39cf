"""A file as it was sent: every part in order, and what stood between."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from rcm_x12.tokenizer import Separators


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment; without elements when nothing but noise stood before its terminator."""

    elements: tuple[str, ...] = field(repr=False)
    """The id, then the elements as sent, with their components and repetitions."""
    before: str = ""
    """Line breaks and indentation in front."""
    after: str = ""
    """The same between the last element and the terminator."""

    @property
    def id(self) -> str:
        return self.elements[0] if self.elements else ""

    def element(self, place: int) -> str:
        """An element, or nothing beyond the end."""
        return self.elements[place] if place < len(self.elements) else ""


@dataclass(frozen=True, slots=True)
class SetDocument:
    """ST to SE."""

    segments: tuple[Segment, ...]

    @property
    def set_id(self) -> str:
        return self.segments[0].element(1)

    @property
    def control_number(self) -> str:
        return self.segments[0].element(2)


@dataclass(frozen=True, slots=True)
class Group:
    """GS to GE: its sets, and whatever else stands between them."""

    parts: tuple[Segment | SetDocument, ...]

    @property
    def header(self) -> Segment:
        first = self.parts[0]
        return first if isinstance(first, Segment) else Segment(())

    @property
    def functional_id(self) -> str:
        return self.header.element(1)

    @property
    def version(self) -> str:
        return self.header.element(8)

    @property
    def sets(self) -> tuple[SetDocument, ...]:
        return tuple(part for part in self.parts if isinstance(part, SetDocument))


@dataclass(frozen=True, slots=True)
class Interchange:
    """ISA to IEA: its groups, and whatever else stands between them (a TA1)."""

    separators: Separators
    parts: tuple[Segment | Group | SetDocument, ...]
    preamble: str = ""
    """What stood before the ISA: a byte order mark, blank lines."""
    is_terminated: bool = True
    """Whether the last segment has its terminator."""

    @property
    def groups(self) -> tuple[Group, ...]:
        return tuple(part for part in self.parts if isinstance(part, Group))

    @property
    def segments(self) -> Iterator[Segment]:
        """Every segment in file order."""
        return _flat(self.parts)


@dataclass(frozen=True, slots=True)
class Document:
    """A whole file."""

    interchanges: tuple[Interchange, ...]
    trailer: str = field(default="", repr=False)
    """What stood behind the last interchange, X12 or not."""
    encoding: str = "utf-8"
    """utf-8 where the bytes are that, else latin-1, which loses nothing."""

    @property
    def sets(self) -> Iterator[tuple[str, SetDocument]]:
        """Each set with the version of its group."""
        for interchange in self.interchanges:
            for part in interchange.parts:
                if isinstance(part, SetDocument):
                    yield part.segments[0].element(3), part
                elif isinstance(part, Group):
                    yield from (
                        (part.version or one.segments[0].element(3), one) for one in part.sets
                    )


def _flat(parts: tuple[Segment | Group | SetDocument, ...]) -> Iterator[Segment]:
    for part in parts:
        if isinstance(part, Segment):
            yield part
        elif isinstance(part, SetDocument):
            yield from part.segments
        else:
            yield from _flat(part.parts)
