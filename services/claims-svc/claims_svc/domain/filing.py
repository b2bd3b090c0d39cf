"""Timely filing: until when a payer takes a claim. Rejections do not stop the clock."""

import calendar
from collections.abc import Mapping
from datetime import date, timedelta
from types import MappingProxyType

from claims_svc.domain.claim import Content
from rcm.contracts.values import CoverageRank

ALARM_DAYS = 30

# By claim filing indicator (SBR09): Medicare takes a claim for one calendar year from the service
# (42 CFR 424.44). Commercial limits are contracts; without one no deadline is known.
CALENDAR_YEARS: Mapping[str, int] = MappingProxyType({"MA": 1, "MB": 1})


def deadline(content: Content, rank: CoverageRank = "primary") -> date | None:
    """The last day on which the payer of this rank takes this claim; None when no limit is known.

    The clock of a professional claim starts on the earliest day of service, that of an
    institutional one on the last day of its statement; for every payer, since an earlier payer's
    decision does not stop Medicare's.
    """
    asked = next((found for found in content.coverages if found.rank == rank), None)
    years = CALENDAR_YEARS.get(asked.filing_code) if asked else None
    if years is None:
        return None
    if content.institutional is not None:
        last = content.end_date_of_service or content.date_of_service
        return _same_day(last, last.year + years)
    first = min([content.date_of_service, *(line.date_of_service for line in content.lines)])
    return _same_day(first, first.year + years)


def is_near(last_day: date | None, today: date) -> bool:
    """Whether the alarm should ring: the deadline is close and not over."""
    return last_day is not None and timedelta(0) <= last_day - today <= timedelta(days=ALARM_DAYS)


def is_over(last_day: date | None, today: date) -> bool:
    """Whether the payer would refuse the claim for its age."""
    return last_day is not None and today > last_day


def _same_day(day: date, year: int) -> date:
    last = calendar.monthrange(year, day.month)[1]
    return day.replace(year=year, day=min(day.day, last))
