"""Text of single elements to values and back: cents, shares, dates. No float anywhere."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

_AMOUNT = re.compile(r"-?(?:[0-9]{1,16}(?:\.[0-9]{0,2})?|\.[0-9]{1,2})", re.ASCII)
_NUMBER = re.compile(r"-?(?:[0-9]{1,15}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})", re.ASCII)
_SHARE = re.compile(r"-?(?:[0-9]{1,9}(?:\.[0-9]{0,6})?|\.[0-9]{1,6})", re.ASCII)
_DATE = re.compile(r"[0-9]{8}", re.ASCII)
EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Stands in where there is no date; a finding says so. A year of two digits says no earlier."""
_MEMO_MAX: Final = 100_000
"""Amounts and dates repeat; beyond this many the memo starts anew, so memory stays flat."""


class _Memo(dict[str, int]):
    """Cents by text: a hit costs a tenth of a parse. Raises ValueError for what is no amount."""

    def __missing__(self, text: str) -> int:
        dollars, _, fraction = text.partition(".")
        if fraction in _FRACTIONS and dollars in _DOLLARS:
            # Most amounts that were not seen before have whole dollars that were.
            value = _DOLLARS[dollars] + _FRACTIONS[fraction]
        else:
            value = _parsed(text)
            if dollars.isdecimal() and len(_DOLLARS) < _MEMO_MAX:
                _DOLLARS[dollars] = int(dollars) * 100
        if len(self) >= _MEMO_MAX:
            self.clear()
        self[text] = value
        return value


_DOLLARS: Final[dict[str, int]] = {}
"""Cents of whole dollars without a sign."""
_FRACTIONS: Final = {
    "": 0,
    **{f"{n}": n * 10 for n in range(10)},
    **{f"{n:02d}": n for n in range(100)},
}


def _parsed(text: str) -> int:
    if not _AMOUNT.fullmatch(text):
        raise ValueError("not an amount in dollars and at most two decimals")
    whole, _, fraction = text.lstrip("-").partition(".")
    cents = int(whole or "0") * 100 + int((fraction + "00")[:2])
    return -cents if text[0] == "-" else cents


class _Dates(dict[str, date]):
    """Dates by CCYYMMDD. Raises ValueError for what is no date."""

    def __missing__(self, text: str) -> date:
        if not _DATE.fullmatch(text):
            raise ValueError("not a date as CCYYMMDD")
        if len(self) >= _MEMO_MAX:
            self.clear()
        try:
            value = date(int(text[:4]), int(text[4:6]), int(text[6:]))
        except ValueError:
            raise ValueError("not a date of the calendar") from None
        self[text] = value
        return value


class _Quantities(dict[str, Decimal]):
    """Numbers by their text. Raises ValueError for what is no number."""

    def __missing__(self, text: str) -> Decimal:
        if not _NUMBER.fullmatch(text):
            raise ValueError("not a number")
        if len(self) >= _MEMO_MAX:
            self.clear()
        self[text] = value = Decimal(text)
        return value


class _DateTexts(dict[date, str]):
    """CCYYMMDD by date: written ten times as often as there are days in a year."""

    def __missing__(self, value: date) -> str:
        if len(self) >= _MEMO_MAX:
            self.clear()
        self[value] = text = f"{value.year:04d}{value.month:02d}{value.day:02d}"
        return text


DATE_TEXTS: Final[dict[date, str]] = _DateTexts()
CENTS: Final[dict[str, int]] = _Memo()
"""`CENTS["12.5"]` is 1250. Use `cents` unless the lookup is on a hot path."""
DATES: Final[dict[str, date]] = _Dates()
"""`DATES["20260131"]`."""
QUANTITIES: Final[dict[str, Decimal]] = _Quantities()
"""`QUANTITIES["1.5"]`."""


def cents(text: str) -> int:
    """Integer cents of `225`, `225.00`, `.5`, `-0`. ValueError for anything else."""
    return CENTS[text]


def amount_text(value_cents: int) -> str:
    """Cents as the guides want them: no plus, no leading zeros, decimals only when needed."""
    whole, fraction = divmod(abs(value_cents), 100)
    text = f"{whole}.{fraction:02d}".rstrip("0") if fraction else str(whole)
    return "-" + text if value_cents < 0 else text


def quantity(text: str) -> Decimal:
    """A count or measure. ValueError for what is no number."""
    return QUANTITIES[text]


def quantity_text(value: Decimal) -> str:
    """A number without exponent, plus, leading or trailing zeros."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def share_ppm(text: str) -> int:
    """Millionths of a share written as a fraction: `.2` is 200000, which is 20 %. ValueError."""
    if not _SHARE.fullmatch(text):
        raise ValueError("not a number with at most six decimals")
    whole, _, fraction = text.lstrip("-").partition(".")
    value = int(whole or "0") * 1_000_000 + int((fraction + "000000")[:6])
    return -value if text[0] == "-" else value


def share_text(value_ppm: int) -> str:
    """A share as a fraction without leading and trailing zeros."""
    whole, fraction = divmod(abs(value_ppm), 1_000_000)
    text = (str(whole or "") + f".{fraction:06d}".rstrip("0")) if fraction else str(whole)
    return "-" + text if value_ppm < 0 else text


def date_of(text: str) -> date:
    """CCYYMMDD. ValueError for what is no date."""
    return DATES[text]


def date_text(value: date) -> str:
    return DATE_TEXTS[value]


def moment_of(day: str, time: str) -> datetime:
    """CCYYMMDD or YYMMDD with HHMM (seconds ignored), as UTC. ValueError when it is none."""
    full = day if len(day) == 8 else "20" + day
    at = date_of(full)
    if not re.fullmatch(r"[0-9]{4,8}", time, re.ASCII):
        raise ValueError("not a time as HHMM")
    return datetime(at.year, at.month, at.day, int(time[:2]), int(time[2:4]), tzinfo=UTC)
