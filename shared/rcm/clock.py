"""Time is an argument. Doors take a `Clock`; the domain takes `now` and `today`."""

from datetime import UTC, date, datetime
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """The moment, with its zone (UTC)."""
        ...

    def today(self) -> date:
        """The calendar day in UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def today(self) -> date:
        return self.now().date()
