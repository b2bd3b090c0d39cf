"""A partner that keeps failing is left alone, then tried with one file, then trusted again."""

from datetime import datetime
from enum import StrEnum

from payer_gateway.domain.partner import Link, Terms


class Breaker(StrEnum):
    CLOSED = "closed"
    """Files are written and sent as they become due."""
    OPEN = "open"
    """Too many failures in a row: nothing is tried before `retry_at`, claims wait unwritten."""
    HALF_OPEN = "half_open"
    """The pause is over: one file, the oldest, is the probe."""


def breaker(terms: Terms, link: Link, *, now: datetime) -> Breaker:
    if link.failures < terms.breaker_failures:
        return Breaker.CLOSED
    if link.retry_at is not None and link.retry_at > now and link.flush_requested_at is None:
        return Breaker.OPEN
    return Breaker.HALF_OPEN


# An open breaker is tried once a minute at first, later once in five.
OPEN_PAUSE_S = 60
LONGEST_PAUSE_S = 300


def pause_s(terms: Terms, failures: int) -> int:
    """How long a partner is left alone after so many failures in a row: 2 s to 5 min."""
    grown = min(1 << min(failures, 9), LONGEST_PAUSE_S)
    return max(grown, OPEN_PAUSE_S) if failures >= terms.breaker_failures else grown
