"""The arithmetic of audits, in plain functions: proportions with their intervals, sizes of samples,
agreement of readers, and tests against peers. No amount is computed here but by its caller."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

NORMAL = NormalDist()
HALVINGS = 60
"""After so many, an interval is as short as a number can tell."""


@dataclass(frozen=True, slots=True)
class Proportion:
    """`hits` of `n`, with Wilson's interval; without any item there is no value."""

    hits: int
    n: int
    value: float | None
    low: float | None
    high: float | None


def z_of(confidence: float) -> float:
    """The two-sided quantile: 1.96 for 0.95."""
    return NORMAL.inv_cdf(0.5 + confidence / 2)


def proportion(hits: int, n: int, confidence: float = 0.95) -> Proportion:
    """Wilson's score interval, which keeps its word for few items and for 0 or all of them."""
    if n == 0:
        return Proportion(hits, n, None, None, None)
    z, p = z_of(confidence), hits / n
    middle = p + z * z / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    below = 1 + z * z / n
    return Proportion(
        hits, n, p, max(0.0, (middle - half) / below), min(1.0, (middle + half) / below)
    )


def attribute_size(population: int, *, rate: float, precision: float, confidence: float) -> int:
    """How many to read to know an error rate within `precision` (a share, such as 0.05)."""
    wanted = (z_of(confidence) / precision) ** 2 * rate * (1 - rate)
    return _finite(wanted, population)


def variable_size(
    population: int, *, mean: float, deviation: float, precision: float, confidence: float
) -> int:
    """How many to read to know a mean within `precision` of itself (0.25 is a quarter of it), from
    a probe's mean and standard deviation."""
    if mean == 0:
        return population
    wanted = (z_of(confidence) * deviation / (precision * abs(mean))) ** 2
    return _finite(wanted, population)


def kappa(pairs: Sequence[tuple[bool, bool]]) -> float | None:
    """Cohen's kappa of two readers' yes and no; None where chance alone explains all or nothing."""
    n = len(pairs)
    if n == 0:
        return None
    agreed = sum(a == b for a, b in pairs) / n
    first, second = sum(a for a, _ in pairs) / n, sum(b for _, b in pairs) / n
    by_chance = first * second + (1 - first) * (1 - second)
    return None if by_chance == 1 else (agreed - by_chance) / (1 - by_chance)


def chi_square(observed: Sequence[int], expected_shares: Sequence[float]) -> tuple[float, int]:
    """The statistic and its degrees of freedom, over the cells that peers have."""
    n = sum(observed)
    cells = [
        (found, share * n) for found, share in zip(observed, expected_shares, strict=True) if share
    ]
    value = sum((found - wanted) ** 2 / wanted for found, wanted in cells if wanted)
    return value, max(0, len(cells) - 1)


def chi_square_p(value: float, freedom: int) -> float:
    """How likely at least this is by chance: the upper tail, exact for whole degrees of freedom."""
    if freedom <= 0 or value <= 0:
        return 1.0
    half = value / 2
    if freedom % 2 == 0:
        term, total = math.exp(-half), math.exp(-half)
        for step in range(1, freedom // 2):
            term *= half / step
            total += term
        return min(1.0, total)
    total = math.erfc(math.sqrt(half))
    term = math.sqrt(half / math.pi) * 2 * math.exp(-half)
    for step in range(freedom // 2):
        total += term
        term *= half / (step + 1.5)
    return min(1.0, total)


def z_of_share(hits: int, n: int, peer_share: float) -> float | None:
    """How many standard errors a share lies above (or below) that of peers."""
    if n == 0 or not 0 < peer_share < 1:
        return None
    return (hits / n - peer_share) / math.sqrt(peer_share * (1 - peer_share) / n)


def t_of(confidence: float, freedom: int) -> float:
    """Student's two-sided quantile for whole degrees of freedom, by halving an interval: the
    smallest samples are where a guess is worst, and where an auditor looks first."""
    low, high = 0.0, 1.0
    while _t_within(high, freedom) < confidence:
        low, high = high, high * 2
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _t_within(middle, freedom) < confidence else (low, middle)
    return (low + high) / 2


def _t_within(t: float, freedom: int) -> float:
    """How likely Student's t lies between -t and t, exactly (Abramowitz and Stegun 26.7.3-4)."""
    angle = math.atan(t / math.sqrt(freedom))
    cosine, is_odd = math.cos(angle), freedom % 2
    term = cosine if is_odd else 1.0
    total = term if freedom > 1 else 0.0
    for step in range(2 + is_odd, freedom - 1, 2):
        term *= cosine**2 * (step - 1) / step
        total += term
    share = math.sin(angle) * total
    return 2 / math.pi * (angle + share) if is_odd else share


def _finite(wanted: float, population: int) -> int:
    """With the correction for a finite population, and never more than it has."""
    if population <= 0:
        return 0
    return min(population, math.ceil(wanted / (1 + (wanted - 1) / population)))
