"""Fee schedules: what a service is charged at, by payer, modifier and date of service."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from claims_svc.domain.claim import Content, Line
from rcm.money import multiply

DEFAULT_SCHEDULE = "default"
"""The schedule of every payer that has no rate of its own."""


@dataclass(frozen=True, slots=True)
class Rate:
    """One price. It holds from `effective_from` until the next rate of the same schedule, code and
    modifier; a rate without cents ends it."""

    schedule: str
    procedure_code: str
    modifier: str
    effective_from: date
    unit_cents: int | None


class FeeSchedules:
    """The rates of one tenant that a set of claims may need."""

    __slots__ = ("_rates",)

    def __init__(self, rates: Iterable[Rate]) -> None:
        found: dict[tuple[str, str, str], list[tuple[date, int | None]]] = {}
        for rate in rates:
            key = (rate.schedule, rate.procedure_code, rate.modifier)
            found.setdefault(key, []).append((rate.effective_from, rate.unit_cents))
        for dated in found.values():
            dated.sort(reverse=True)
        self._rates: Mapping[tuple[str, str, str], list[tuple[date, int | None]]] = found

    def unit_cents(
        self, payer_id: str | None, procedure_code: str, modifiers: Iterable[str], *, on: date
    ) -> int | None:
        """The price of one unit: the payer's before the default one, a modifier's before the plain
        one; None when nobody priced it on that day."""
        variants = (*modifiers, "")
        for schedule in (payer_id, DEFAULT_SCHEDULE):
            for modifier in variants:
                for since, cents in self._rates.get((schedule or "", procedure_code, modifier), ()):
                    if since <= on:
                        if cents is not None:
                            return cents
                        break
        return None


def priced(content: Content, schedules: FeeSchedules) -> Content:
    """The content with a charge on every line that has none and can be priced. A charge that came
    with the coding stands."""
    if all(line.charge_amount_cents is not None for line in content.lines):
        return content
    payer_id = content.coverages[0].payer_id if content.coverages else None
    lines = tuple(_priced(line, payer_id, schedules) for line in content.lines)
    return replace(content, lines=lines)


def _priced(line: Line, payer_id: str | None, schedules: FeeSchedules) -> Line:
    if line.charge_amount_cents is not None:
        return line
    cents = schedules.unit_cents(
        payer_id, line.procedure_code, line.modifiers, on=line.date_of_service
    )
    if cents is None:
        return line
    charge_cents = multiply(cents, line.quantity)
    return type(line).model_construct(**{**line.__dict__, "charge_amount_cents": charge_cents})
