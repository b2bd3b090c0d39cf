"""The picker of ICD-10-PCS: which values an axis may have after those that are chosen.

A code is legal when its first three characters name a table and the values of the other four stand
in one row of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

AXES = 7
OF_TABLE = 3
"""Axes that name the table; the rest are its rows'."""


@dataclass(frozen=True, slots=True)
class AxisValue:
    """A value of an axis and what it means."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: the values that each of axes 4 to 7 may have."""

    axes: tuple[Mapping[str, str], ...]

    def allows(self, chosen: str) -> bool:
        """Whether it has every value chosen so far, axis by axis."""
        return all(value in axis for value, axis in zip(chosen, self.axes, strict=False))


@dataclass(frozen=True, slots=True)
class Picked:
    """What was chosen, what it means, and what may come next."""

    chosen: str
    labels: tuple[str, ...]
    is_legal: bool
    is_complete: bool
    next_axis: int | None
    choices: tuple[AxisValue, ...]


def pick(chosen: str, heads: Mapping[str, Sequence[str]], rows: Iterable[Row]) -> Picked:
    """`heads` are the tables by name, with the labels of their three axes; `rows` are those of the
    chosen table, empty until three characters name one."""
    if len(chosen) < OF_TABLE:
        return _of_tables(chosen, heads)
    if chosen[:OF_TABLE] not in heads:
        return Picked(chosen, (), is_legal=False, is_complete=False, next_axis=None, choices=())
    rest = chosen[OF_TABLE:]
    fitting = [row for row in rows if row.allows(rest)]
    labels = (*heads[chosen[:OF_TABLE]], *_labels(rest, fitting))
    is_complete = len(chosen) == AXES and bool(fitting)
    choices: dict[str, str] = {}
    if len(chosen) < AXES:
        for row in fitting:
            choices |= row.axes[len(rest)]
    return Picked(
        chosen,
        labels,
        is_legal=bool(fitting),
        is_complete=is_complete,
        next_axis=len(chosen) + 1 if fitting and not is_complete else None,
        choices=tuple(AxisValue(value, label) for value, label in sorted(choices.items())),
    )


def _of_tables(chosen: str, heads: Mapping[str, Sequence[str]]) -> Picked:
    fitting = {name: labels for name, labels in heads.items() if name.startswith(chosen)}
    place = len(chosen)
    choices = {name[place]: labels[place] for name, labels in fitting.items()}
    first = next(iter(fitting.values()), ())
    return Picked(
        chosen,
        tuple(first[:place]),
        is_legal=bool(fitting),
        is_complete=False,
        next_axis=place + 1 if fitting else None,
        choices=tuple(AxisValue(value, label) for value, label in sorted(choices.items())),
    )


def _labels(rest: str, fitting: Sequence[Row]) -> tuple[str, ...]:
    if not fitting:
        return ()
    return tuple(fitting[0].axes[place][value] for place, value in enumerate(rest))
