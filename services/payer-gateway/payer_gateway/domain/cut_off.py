"""When a queue leaves: it is full enough, old enough, or a cut-off time has come."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from payer_gateway.domain.partner import Terms


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for one partner, of one kind."""

    kind: str
    waiting: int
    """Counted up to the size of a set only."""
    oldest: datetime


def is_due(terms: Terms, queue: Queue, *, now: datetime, wanted: bool) -> bool:
    """`wanted`: somebody asked to wait for nothing."""
    if not queue.waiting:
        return False
    if wanted or queue.waiting >= terms.claims_per_set:
        return True
    if queue.oldest <= now - timedelta(seconds=terms.send_after_s):
        return True
    passed = last_cut_off(terms, now)
    return passed is not None and queue.oldest <= passed


def last_cut_off(terms: Terms, now: datetime) -> datetime | None:
    """The newest cut-off that has passed, on the partner's own clock. An hour that a change of
    clocks skips comes where the clock stands after it; one that it repeats comes once."""
    zone = ZoneInfo(terms.time_zone)
    today = now.astimezone(zone).date()
    moments = [
        datetime.combine(today - timedelta(days=back), time.fromisoformat(each), tzinfo=zone)
        for each in terms.cut_offs
        for back in (0, 1)
    ]
    # Compared as instants: within one zone Python compares wall clocks.
    passed = [moment for moment in moments if moment.timestamp() <= now.timestamp()]
    return max(passed, key=datetime.timestamp, default=None)
