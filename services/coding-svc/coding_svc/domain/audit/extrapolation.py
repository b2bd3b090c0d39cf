"""What the errors of a sample come to in its population, with the interval that the way of drawing
calls for. Every sample has the estimator of its own method: no mean is taken of what was not drawn
alike.

- `random`: the mean difference times the population, Student's interval, finite correction (as
  RAT-STATS does for an unrestricted sample).
- `stratified`: the same within each stratum, summed; degrees of freedom by Satterthwaite (Cochran,
  Sampling Techniques, 5.4), rounded down, so rather too wide than too narrow.
- `proportional_to_size`: Hansen and Hurwitz. Each hit says what the whole would be if every cent
  erred as its item's did; their mean is the estimate, their spread its error. Without a finite
  correction, so rather too wide than too narrow.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import mean, variance

from coding_svc.domain.audit import statistics as st
from coding_svc.domain.audit.accuracy import impact_cents
from coding_svc.domain.audit.sampling import Method
from coding_svc.domain.desk.review import Review

CONFIDENCE = 0.90
"""Two-sided: its lower limit is the amount that OIG recommends to recover."""
ITEMS_MIN = 2
"""Without a second one nothing is known of how much items differ."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What a sample was drawn from, how, and how many draws there were."""

    method: Method
    draws: int
    items: int
    charge_cents: int


@dataclass(frozen=True, slots=True)
class Extrapolation:
    """The overpayment of the whole population; `low_cents` is the lower limit of the interval."""

    n: int
    population: int
    sample_cents: int
    estimate_cents: int
    error_cents: int
    low_cents: int
    high_cents: int
    error_rate_permille: int


@dataclass(frozen=True, slots=True)
class _Estimate:
    """An amount in cents, its standard error, and the degrees of freedom of that error."""

    cents: Fraction
    error: float
    freedom: int


def extrapolated(first: Sequence[Review], frame: Frame) -> Extrapolation | str:
    """The overpayment of the population from what its first readers read, or why there is none.
    What is unread counts as if it were like the rest of its stratum."""
    read = [each for each in first if each.is_read]
    found = _estimate(first, read, frame)
    if isinstance(found, str):
        return found
    half = st.t_of(CONFIDENCE, found.freedom) * found.error
    overpaid = sum(each.weight * impact_cents(each) for each in read)
    paid = sum(each.weight * _paid_cents(each) for each in read)
    return Extrapolation(
        n=len(read),
        population=frame.items,
        sample_cents=sum(impact_cents(each) for each in read),
        estimate_cents=round(found.cents),
        error_cents=round(found.error),
        low_cents=round(found.cents - half),
        high_cents=round(found.cents + half),
        error_rate_permille=int(1000 * max(0.0, overpaid) // paid) if paid else 0,
    )


def _estimate(first: Sequence[Review], read: Sequence[Review], frame: Frame) -> _Estimate | str:
    if len(read) < ITEMS_MIN or frame.items < len(read):
        return "two items at least are needed to extrapolate"
    match frame.method:
        case "risk":
            return "the sample is not random, so nothing is extrapolated"
        case "random":
            return _simple(read, frame.items)
        case "stratified":
            return _stratified(first, frame.items)
        case "proportional_to_size" if frame.charge_cents > 0:
            return _by_size(read, frame)
        case "proportional_to_size":
            # Nothing was charged, so every item was as likely as any other.
            return _simple(read, frame.items)


def _simple(read: Sequence[Review], population: int) -> _Estimate:
    differences = [impact_cents(each) for each in read]
    n = len(read)
    unread = (population - n) / population
    error = population * math.sqrt(unread * variance(differences) / n)
    return _Estimate(Fraction(population * sum(differences), n), error, n - 1)


def _stratified(first: Sequence[Review], population: int) -> _Estimate | str:
    """Each stratum as a population of its own. An item stands for `weight` of its stratum's."""
    strata: dict[str, list[Review]] = {}
    for each in first:
        strata.setdefault(each.stratum, []).append(each)
    sizes = {name: round(sum(each.weight for each in group)) for name, group in strata.items()}
    if sum(sizes.values()) != population:
        return "a stratum has no item in the sample, so nothing is extrapolated"
    cents, parts, freedoms = Fraction(0), 0.0, 0.0
    for name, group in strata.items():
        differences = [impact_cents(each) for each in group if each.is_read]
        n, size = len(differences), sizes[name]
        # What was read whole is known, however little it is.
        if n < ITEMS_MIN and n < size:
            return "every stratum needs two items that are read, so nothing is extrapolated"
        cents += Fraction(size * sum(differences), n)
        if n < size:
            part = size * (size - n) / n * variance(differences)
            parts += part
            freedoms += part * part / (n - 1)
    # Never less than that of the smallest stratum, which is one.
    freedom = max(1, int(parts * parts / freedoms)) if freedoms else len(first) - 1
    return _Estimate(cents, math.sqrt(parts), freedom)


def _by_size(read: Sequence[Review], frame: Frame) -> _Estimate | str:
    """An item that was hit more than once counts as often."""
    projected: list[Fraction] = []
    for each in read:
        share = Fraction(each.charge_cents, frame.charge_cents)
        hits = round(each.weight * frame.draws * share)
        whole = Fraction(impact_cents(each) * frame.charge_cents, each.charge_cents)
        projected += [whole] * hits
    n = len(projected)
    return _Estimate(mean(projected), math.sqrt(variance(projected) / n), n - 1)


def _paid_cents(review: Review) -> int:
    return review.charge_cents if review.paid_cents is None else review.paid_cents
