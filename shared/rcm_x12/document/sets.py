"""Each transaction set of a file as values, one at a time, whatever its kind."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

from rcm_x12 import (
    ack_999,
    claim_837i,
    claim_837p,
    eligibility_270,
    eligibility_271,
    remittance_835,
    status_276,
    status_277,
    status_277ca,
)
from rcm_x12.document.kinds import Kind, kind_of
from rcm_x12.envelope import Reading, TransactionSet
from rcm_x12.findings import Finding
from rcm_x12.tokenizer import Separators, blocks

READERS: Final[dict[str, Callable[[bytes], Reading[Any]]]] = {
    "837P": claim_837p.read,
    "837I": claim_837i.read,
    "835": remittance_835.read,
    "277CA": status_277ca.read,
    "999": ack_999.read,
    "270": eligibility_270.read,
    "271": eligibility_271.read,
    "276": status_276.read,
    "277": status_277.read,
}
_ENVELOPE_SEGMENTS: Final = 2
"""ISA and GS, which stand before the ST when a set is read alone."""


@dataclass(frozen=True, slots=True)
class RawSet:
    """One ST..SE as text, with the headers that it stands under."""

    isa: str
    gs: str
    separators: Separators
    position: int
    """Ordinal of the ST in the file."""
    segments: list[str] = field(default_factory=list, repr=False)

    @property
    def version(self) -> str:
        """GS08, or ST03 where a group has none."""
        element = self.separators.element
        given = (self.gs.split(element)[8:9], self.segments[0].split(element)[3:4])
        return next((one[0] for one in given if one and one[0]), "")

    @property
    def set_id(self) -> str:
        return [*self.segments[0].split(self.separators.element), "", ""][1]

    @property
    def kind(self) -> Kind:
        return kind_of(self.version, self.set_id)


def raw_sets(source: bytes | Iterable[bytes], findings: list[Finding]) -> Iterator[RawSet]:
    """The sets of a file in order; one at a time is held. Raises NotX12."""
    isa, gs = "", ""
    open_set: RawSet | None = None
    for block in blocks(source, findings):
        element = block.separators.element
        for position, segment in enumerate(block.segments, block.first):
            name = segment.split(element, 1)[0]
            if open_set is not None and name in _BOUNDS:
                if name == "SE":
                    open_set.segments.append(segment)
                yield open_set
                open_set = None
            if name == "ISA":
                isa, gs = segment, ""
            elif name == "GS":
                gs = segment
            elif name == "ST":
                open_set = RawSet(isa, gs, block.separators, position, [segment])
            elif open_set is not None:
                open_set.segments.append(segment)
    if open_set is not None:
        yield open_set


_BOUNDS: Final = frozenset({"SE", "ST", "GE", "GS", "IEA", "ISA"})


def read_set(raw: RawSet) -> TransactionSet[Any] | None:
    """The set as values, its findings with positions of the file; None when it cannot be read."""
    reader = READERS.get(raw.kind.name) if raw.kind.standing == "supported" else None
    if reader is None:
        return None
    separators = raw.separators
    ge = separators.element.join(("GE", "1", _element(raw.gs, 6, separators)))
    iea = separators.element.join(("IEA", "1", _element(raw.isa, 13, separators)))
    text = separators.terminator.join((raw.isa, raw.gs, *raw.segments, ge, iea, ""))
    reading = reader(text.encode())
    if not reading.sets:
        return None
    one = reading.sets[0]
    offset = raw.position - _ENVELOPE_SEGMENTS - 1
    moved = (replace(finding, position=finding.position + offset) for finding in one.findings)
    return replace(one, findings=tuple(moved))


def _element(segment: str, place: int, separators: Separators) -> str:
    return "".join(segment.split(separators.element)[place : place + 1])


def read_sets(
    source: bytes | Iterable[bytes], findings: list[Finding]
) -> Iterator[tuple[RawSet, TransactionSet[Any] | None]]:
    """Each set of a file, as text and as values where it is supported. Raises NotX12."""
    return ((raw, read_set(raw)) for raw in raw_sets(source, findings))
