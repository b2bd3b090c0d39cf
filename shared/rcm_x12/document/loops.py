"""The segments of a supported set as its guide nests them, none left out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rcm_x12.check.guides import declared
from rcm_x12.document.values import Segment
from rcm_x12.layout import Loop as Declared
from rcm_x12.walker import Spot, keys_of, spot_of


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop as it occurred; its parts stand in file order."""

    name: str
    parts: list["Segment | Loop"] = field(default_factory=list, repr=False)

    @property
    def segments(self) -> Iterator[Segment]:
        for part in self.parts:
            if isinstance(part, Segment):
                yield part
            else:
                yield from part.segments


def loops_of(
    segments: Sequence[Segment], version: str, set_id: str, component: str
) -> list[Segment | Loop] | None:
    """The segments between ST and SE, nested; None when no guide is declared for the set.

    A segment that the guide does not know stays where it stood.
    """
    guide, _ = declared(version, set_id)
    if guide is None:
        return None
    root = Loop("")
    standing = [_Standing(spot_of(guide), root)]
    keys = keys_of(guide)
    for segment in segments:
        _take(segment, standing, _key(segment, keys.get(segment.id), component))
    return root.parts


@dataclass(slots=True)
class _Standing:
    """A loop that is open, and how far it has come."""

    spot: Spot
    loop: Loop
    place: int = 0


def _key(segment: Segment, key: tuple[int, int] | None, component: str) -> str:
    if key is None:
        return ""
    text = segment.element(key[0])
    parts = text.split(component) if key[1] else [text]
    return parts[key[1] - 1] if key[1] and len(parts) >= key[1] else parts[0]


def _take(segment: Segment, standing: list[_Standing], code: str) -> None:
    here = standing[-1]
    decision = here.spot.decide(here.place, segment.id, code)
    if decision is None:
        here.loop.parts.append(segment)
        return
    if decision.climbed:
        del standing[-decision.climbed :]
    here, index = standing[-1], decision.index
    if decision.in_order:
        here.place = index
    child = here.spot.loop.children[index]
    while isinstance(child, Declared):
        opened = Loop(child.name)
        here.loop.parts.append(opened)
        here = _Standing(here.spot.spots[index], opened)
        standing.append(here)
        index, child = 0, child.children[0]
    here.loop.parts.append(segment)
