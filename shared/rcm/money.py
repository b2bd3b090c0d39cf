"""Money is integer cents, everywhere: columns, events, APIs. No float ever touches it."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from pydantic import Field

# One hundred billion cents is a billion dollars: above any claim, below every overflow.
LIMIT_CENTS = 100_000_000_000

Cents = Annotated[int, Field(ge=-LIMIT_CENTS, le=LIMIT_CENTS, strict=True)]
"""A signed amount; negative only where the field says what a negative amount means."""

PositiveCents = Annotated[int, Field(ge=0, le=LIMIT_CENTS, strict=True)]
"""An amount of zero or more."""


def multiply(unit_cents: int, quantity: Decimal) -> int:
    """Price times quantity, rounded half up once, as a charge line is priced."""
    return int((Decimal(unit_cents) * quantity).quantize(Decimal(1), ROUND_HALF_UP))


def allocate(total_cents: int, weights: Sequence[int]) -> list[int]:
    """Split a total by weights so that the parts add up to it exactly (largest remainder).

    Ties go to the earlier part, so the answer does not depend on anything but the arguments.
    Raises ValueError when no weight is positive.
    """
    whole = sum(weights)
    if whole <= 0 or any(weight < 0 for weight in weights):
        raise ValueError("weights must not be negative and must sum to more than zero")
    sign = -1 if total_cents < 0 else 1
    floors, remainders = [], []
    for position, weight in enumerate(weights):
        share, remainder = divmod(abs(total_cents) * weight, whole)
        floors.append(share)
        remainders.append((-remainder, position))
    for _, position in sorted(remainders)[: abs(total_cents) - sum(floors)]:
        floors[position] += 1
    return [sign * share for share in floors]


def dollars(cents: int) -> str:
    """`123456` as `1,234.56`, for people; never for the wire."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100:,}.{abs(cents) % 100:02d}"
