"""What the fee schedule pays: relative values, indices of the place, conversion factor, then the
modifiers, then the reductions for many procedures. Whole numbers to the last step; rounded once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from coding_svc.domain.codes import Fee, Fees, Locality
from coding_svc.domain.edits.case import FACILITY_PLACES
from coding_svc.domain.encounter import CodedLine

PAID_STATUS = frozenset({"A", "R", "T"})
NO_INDEX = Locality("", "", "", 1_000, 1_000, 1_000)
# Shares that a modifier leaves of the amount (Medicare claims processing manual ch. 12 §20.4).
SHARES = {
    "80": Fraction(16, 100), "81": Fraction(16, 100), "82": Fraction(16, 100),
    "AS": Fraction(16, 100) * Fraction(85, 100), "62": Fraction(625, 1000),
}  # fmt: skip
RANKED = (Fraction(1), Fraction(1, 2), Fraction(1, 2), Fraction(1, 2), Fraction(1, 2))
BILATERAL = {"1": Fraction(3, 2), "3": Fraction(2)}


@dataclass(frozen=True, slots=True)
class Price:
    """What Medicare's schedule allows for a line; None where it gives no amount."""

    amount_cents: int | None
    reason: str = ""


def price_lines(
    lines: Sequence[CodedLine], *, place: str, fees: Fees, locality: Locality = NO_INDEX
) -> list[Price]:
    """A price a line, in their order."""
    found = [fees.fee(line.procedure_code, _component(line)) for line in lines]
    whole = [_of_line(line, fee, place, locality) for line, fee in zip(lines, found, strict=True)]
    shares = _reductions(lines, found, whole)
    return [
        Price(None, _why(fee))
        if amount is None
        else Price(_rounded(amount * share * Fraction(line.quantity)))
        for line, fee, amount, share in zip(lines, found, whole, shares, strict=True)
    ]


def _component(line: CodedLine) -> str:
    return next((each for each in ("26", "TC", "53") if each in line.modifiers), "")


def _of_line(line: CodedLine, fee: Fee | None, place: str, locality: Locality) -> Fraction | None:
    """Cents of one unit, exactly."""
    if fee is None or fee.status not in PAID_STATUS:
        return None
    facility = (line.place_of_service_code or place) in FACILITY_PLACES
    practice = fee.practice_facility if facility else fee.practice_nonfacility
    units = (
        fee.work * locality.work
        + practice * locality.practice
        + fee.malpractice * locality.malpractice
    )
    # Relative values are hundredths, indices thousandths, the factor ten-thousandths of a dollar.
    amount = Fraction(units * fee.factor * 100, 100 * 1_000 * 10_000)
    for modifier in line.modifiers:
        amount *= SHARES.get(modifier, 1)
        amount *= _part_of_package(modifier, fee)
        if modifier == "50":
            amount *= BILATERAL.get(fee.bilateral, 1)
    return amount


def _part_of_package(modifier: str, fee: Fee) -> Fraction:
    """54, 55 and 56 share the package: surgery, care after, care before. 78 pays the surgery."""
    parts = {"54": fee.pre + fee.intra, "55": fee.post, "56": fee.pre, "78": fee.intra}
    if modifier not in parts or not fee.intra:
        return Fraction(1)
    # The shares are given as decimals of 1 with two digits.
    return Fraction(parts[modifier], 100)


def _reductions(
    lines: Sequence[CodedLine], found: Sequence[Fee | None], whole: Sequence[Fraction | None]
) -> list[Fraction]:
    """Multiple procedures of a day (indicator 2): the dearest in full, the others by half."""
    ranked = sorted(
        (
            at
            for at, fee in enumerate(found)
            if fee and fee.multiple == "2" and whole[at] is not None and not _alone(lines[at])
        ),
        key=lambda at: (-(whole[at] or 0), at),
    )
    shares = [Fraction(1)] * len(lines)
    ranks: Counter[date] = Counter()
    for at in ranked:
        day = lines[at].date_of_service
        shares[at] = RANKED[min(ranks[day], len(RANKED) - 1)]
        ranks[day] += 1
    return shares


def _alone(line: CodedLine) -> bool:
    """A return to the operating room (78) is not ranked with others."""
    return "78" in line.modifiers


def _why(fee: Fee | None) -> str:
    return "not in the fee schedule" if fee is None else f"status {fee.status} has no amount"


def _rounded(amount: Fraction) -> int:
    """Half up, once."""
    return int(amount + Fraction(1, 2))
