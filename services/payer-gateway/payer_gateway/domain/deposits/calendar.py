"""Business days as banks count them: no weekends, no holidays of the Federal Reserve."""

from datetime import date, timedelta
from functools import cache

SATURDAY, SUNDAY = 5, 6


def business_days_between(first: date, last: date) -> int:
    """Business days after `first` up to `last`; 0 when `last` is not later."""
    count, day = 0, first
    while day < last:
        day += timedelta(days=1)
        count += is_business_day(day)
    return count


def add_business_days(day: date, count: int) -> date:
    """The day that is `count` business days after this one."""
    while count > 0:
        day += timedelta(days=1)
        count -= is_business_day(day)
    return day


def subtract_business_days(day: date, count: int) -> date:
    """The last day that is `count` business days before this one."""
    while count > 0:
        count -= is_business_day(day)
        day -= timedelta(days=1)
    return day


def is_business_day(day: date) -> bool:
    return day.weekday() < SATURDAY and day not in _holidays(day.year)


@cache
def _holidays(year: int) -> frozenset[date]:
    """Days on which the Federal Reserve settles nothing. One on a Sunday is kept on Monday, one on
    a Saturday is not moved."""
    fixed = [date(year, 1, 1), date(year, 6, 19), date(year, 7, 4), date(year, 11, 11)]
    fixed.append(date(year, 12, 25))
    moved = [day + timedelta(days=1) if day.weekday() == SUNDAY else day for day in fixed]
    return frozenset(
        [
            *moved,
            _nth_weekday(year, 1, 0, 3),
            _nth_weekday(year, 2, 0, 3),
            _last_monday_of_may(year),
            _nth_weekday(year, 9, 0, 1),
            _nth_weekday(year, 10, 0, 2),
            _nth_weekday(year, 11, 3, 4),
        ]
    )


def _nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


def _last_monday_of_may(year: int) -> date:
    last = date(year, 5, 31)
    return last - timedelta(days=last.weekday())
