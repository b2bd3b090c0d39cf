"""Which codings are read: drawn by a stored seed, so that anybody can draw the same again."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from coding_svc.domain.desk.criteria import Criteria

Method = Literal["random", "stratified", "proportional_to_size", "risk"]
Scope = Literal["prospective", "retrospective"]


@dataclass(frozen=True, slots=True)
class Item:
    """A coding of the population."""

    encounter_id: UUID
    revision: int
    charge_cents: int
    stratum: str = ""
    risk: int = 0


@dataclass(frozen=True, slots=True)
class Drawn:
    """An item of the sample: it stands for `weight` items of the population."""

    item: Item
    weight: float


@dataclass(frozen=True, slots=True)
class Plan:
    """How an audit draws. `seed` and the population decide the sample entirely."""

    name: str
    method: Method
    seed: int
    size: int
    criteria: Criteria = field(default_factory=Criteria)
    pack: str = ""
    second_readers_permille: int = 0


def draw(plan: Plan, population: Sequence[Item]) -> list[Drawn]:
    """The sample. The order in which the population is given makes no difference."""
    items = sorted(population, key=lambda each: (each.encounter_id.bytes, each.revision))
    size = min(plan.size, len(items))
    chance = random.Random(plan.seed)  # noqa: S311 - to be drawn again by anybody
    if size == 0:
        return []
    match plan.method:
        case "random":
            return [Drawn(each, len(items) / size) for each in chance.sample(items, size)]
        case "stratified":
            return _stratified(items, size, chance)
        case "proportional_to_size":
            return _proportional(items, size, chance)
        case "risk":
            first = sorted(items, key=lambda each: (-each.risk, each.encounter_id.bytes))
            return [Drawn(each, 1.0) for each in first[:size]]


def _stratified(items: Sequence[Item], size: int, chance: random.Random) -> list[Drawn]:
    """From each stratum its share by largest remainders; one at least where that is possible."""
    strata: dict[str, list[Item]] = {}
    for each in items:
        strata.setdefault(each.stratum, []).append(each)
    shares = {name: size * len(group) / len(items) for name, group in strata.items()}
    sizes = {name: int(share) for name, share in shares.items()}
    by_rest = sorted(shares, key=lambda name: (sizes[name] > 0, sizes[name] - shares[name], name))
    for name in by_rest[: size - sum(sizes.values())]:
        sizes[name] += 1
    return [
        Drawn(each, len(group) / sizes[name])
        for name, group in sorted(strata.items())
        if sizes[name]
        for each in chance.sample(group, min(sizes[name], len(group)))
    ]


def _proportional(items: Sequence[Item], size: int, chance: random.Random) -> list[Drawn]:
    """Systematically along the charges: every so many cents an item, so a dear one is read for
    sure. An item that is hit more than once counts as often."""
    total = sum(each.charge_cents for each in items)
    if total <= 0:
        return [Drawn(each, len(items) / size) for each in chance.sample(list(items), size)]
    start, reached, at = chance.randrange(total), 0, 0
    points = sorted((start + total * step // size) % total for step in range(size))
    drawn: list[Drawn] = []
    for each in items:
        reached += each.charge_cents
        hits = 0
        while at < len(points) and points[at] < reached:
            at, hits = at + 1, hits + 1
        if hits:
            drawn.append(Drawn(each, total * hits / (size * each.charge_cents)))
    return drawn
