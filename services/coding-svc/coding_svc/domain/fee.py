"""What the fee schedule pays: relative values, indices of the place, conversion factor, then the
modifiers, then the reductions for many procedures. Whole numbers to the last step; rounded once."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from math import prod
from typing import Literal

from coding_svc.domain.codes import Books, Fee, Fees, Locality, ReleaseName
from coding_svc.domain.edits.case import FACILITY_PLACES
from coding_svc.domain.encounter import CodedLine

PAID_STATUS = frozenset({"A", "R", "T"})
NO_INDEX = Locality("", "", "", 1_000, 1_000, 1_000)
# Shares that a modifier leaves of the amount (Medicare claims processing manual ch. 12 §20.4).
SHARES = {
    "80": Fraction(16, 100), "81": Fraction(16, 100), "82": Fraction(16, 100),
    "AS": Fraction(16, 100) * Fraction(85, 100), "62": Fraction(625, 1000),
}  # fmt: skip
# One assistant is paid once: AS says who assisted where 80 to 82 say at what.
ASSISTANTS = ("AS", "80", "81", "82")
RANKED = (Fraction(1), Fraction(1, 2), Fraction(1, 2), Fraction(1, 2), Fraction(1, 2))
MULTIPLE = "multiple procedures"
NO_SCHEDULE = "no release of the fee schedule covers the day"
NO_INDICES = "no release of the geographic indices covers the day"
NO_LOCALITY = "is not in the geographic indices of the day"
BILATERAL = {"1": Fraction(3, 2), "3": Fraction(2)}


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A share that is left of the amount, and by what: a modifier, or the rank among procedures."""

    by: str
    share: Fraction


@dataclass(frozen=True, slots=True)
class Reckoning:
    """All that an amount is made of, so that anybody can reckon it again."""

    fee: Fee
    is_facility: bool
    locality: Locality
    adjustments: tuple[Adjustment, ...] = ()

    @property
    def practice(self) -> int:
        return self.fee.practice_facility if self.is_facility else self.fee.practice_nonfacility

    @property
    def unit_cents(self) -> Fraction:
        """Of one unit, exactly."""
        fee, index = self.fee, self.locality
        units = (
            fee.work * index.work
            + self.practice * index.practice
            + fee.malpractice * index.malpractice
        )
        # Relative values are hundredths, indices thousandths, the factor ten-thousandths of a
        # dollar.
        amount = Fraction(units * fee.factor * 100, 100 * 1_000 * 10_000)
        return amount * prod(each.share for each in self.adjustments)


@dataclass(frozen=True, slots=True)
class Price:
    """What Medicare's schedule allows for a line. Without an amount `reason` says why, and `place`
    which part of the line or of what was asked is the cause."""

    amount_cents: int | None
    reason: str = ""
    place: Literal["procedure_code", "date_of_service", "locality"] = "procedure_code"
    reckoning: Reckoning | None = field(default=None, compare=False)
    releases: tuple[ReleaseName, ...] = field(default=(), compare=False)


def price_days(
    lines: Sequence[CodedLine],
    *,
    place: str,
    books: Mapping[date, Books],
    area: tuple[str, str] | None = None,
) -> list[Price]:
    """A price a line, in their order, by the releases of its day. `area` is a contractor and its
    locality; without one the amounts are the national ones."""
    priced: dict[int, Price] = {}
    for day in dict.fromkeys(line.date_of_service for line in lines):
        at = [number for number, line in enumerate(lines) if line.date_of_service == day]
        found = _of_day([lines[number] for number in at], place, books[day], area)
        priced |= zip(at, found, strict=True)
    return [priced[number] for number in range(len(lines))]


def _of_day(
    lines: Sequence[CodedLine], place: str, books: Books, area: tuple[str, str] | None
) -> list[Price]:
    if books.fees is None:
        return [Price(None, NO_SCHEDULE, "date_of_service")] * len(lines)
    if area is None:
        found = price_lines(lines, place=place, fees=books.fees)
        return [replace(each, releases=(books.fees.release,)) for each in found]
    if books.localities is None:
        return [Price(None, NO_INDICES, "locality")] * len(lines)
    locality = books.localities.locality(*area)
    if locality is None:
        return [Price(None, NO_LOCALITY, "locality")] * len(lines)
    releases = (books.fees.release, books.localities.release)
    found = price_lines(lines, place=place, fees=books.fees, locality=locality)
    return [replace(each, releases=releases) for each in found]


def price_lines(
    lines: Sequence[CodedLine], *, place: str, fees: Fees, locality: Locality = NO_INDEX
) -> list[Price]:
    """A price a line, in their order."""
    found = [fees.fee(line.procedure_code, _component(line)) for line in lines]
    whole = [_of_line(line, fee, place, locality) for line, fee in zip(lines, found, strict=True)]
    reduced = _reduced(lines, whole)
    return [
        Price(None, _why(fee))
        if how is None
        else Price(_rounded(how.unit_cents * Fraction(line.quantity)), reckoning=how)
        for line, fee, how in zip(lines, found, reduced, strict=True)
    ]


def _component(line: CodedLine) -> str:
    return next((each for each in ("26", "TC", "53") if each in line.modifiers), "")


def _of_line(line: CodedLine, fee: Fee | None, place: str, locality: Locality) -> Reckoning | None:
    if fee is None or fee.status not in PAID_STATUS:
        return None
    adjustments = (
        Adjustment(modifier, share)
        for modifier in _that_count(line.modifiers)
        if (share := _share(modifier, fee)) != 1
    )
    facility = (line.place_of_service_code or place) in FACILITY_PLACES
    return Reckoning(fee, facility, locality, tuple(adjustments))


def _that_count(modifiers: Sequence[str]) -> Iterator[str]:
    """Each once; of those that tell of an assistant, one."""
    assistant = next((each for each in ASSISTANTS if each in modifiers), None)
    for modifier in dict.fromkeys(modifiers):
        if modifier not in ASSISTANTS or modifier == assistant:
            yield modifier


def _share(modifier: str, fee: Fee) -> Fraction:
    if modifier == "50":
        return BILATERAL.get(fee.bilateral, Fraction(1))
    return SHARES.get(modifier, Fraction(1)) * _part_of_package(modifier, fee)


def _part_of_package(modifier: str, fee: Fee) -> Fraction:
    """54, 55 and 56 share the package: surgery, care after, care before. 78 pays the surgery."""
    parts = {"54": fee.pre + fee.intra, "55": fee.post, "56": fee.pre, "78": fee.intra}
    if modifier not in parts or not fee.intra:
        return Fraction(1)
    # The shares are given as decimals of 1 with two digits.
    return Fraction(parts[modifier], 100)


def _reduced(
    lines: Sequence[CodedLine], whole: Sequence[Reckoning | None]
) -> list[Reckoning | None]:
    """Multiple procedures of a day (indicator 2): the dearest in full, the others by half."""
    ranked = sorted(
        (
            (how, at)
            for at, how in enumerate(whole)
            if how and how.fee.multiple == "2" and not _alone(lines[at])
        ),
        key=lambda found: (-found[0].unit_cents, found[1]),
    )
    reduced = list(whole)
    ranks: Counter[date] = Counter()
    for how, at in ranked:
        day = lines[at].date_of_service
        share = RANKED[min(ranks[day], len(RANKED) - 1)]
        if share != 1:
            rank = Adjustment(MULTIPLE, share)
            reduced[at] = replace(how, adjustments=(*how.adjustments, rank))
        ranks[day] += 1
    return reduced


def _alone(line: CodedLine) -> bool:
    """A return to the operating room (78) is not ranked with others."""
    return "78" in line.modifiers


def _why(fee: Fee | None) -> str:
    return "not in the fee schedule" if fee is None else f"status {fee.status} has no amount"


def _rounded(amount: Fraction) -> int:
    """Half up, once."""
    return int(amount + Fraction(1, 2))
