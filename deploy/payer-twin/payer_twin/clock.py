"""The twin's own time: it runs with the wall, stands still, or is moved, and outlives a restart."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from payer_twin.storage import Session, Storage


@dataclass(frozen=True, slots=True)
class ClockState:
    """What the twin's clock showed when the wall's showed something."""

    shown: float
    wall: float
    is_running: bool = True


class MovesBackwards(ValueError):  # noqa: N818 - it says what happened
    """Time that has been is not taken back: answers of a later day are out already."""


class Clock:
    """Seconds since 1970, as the payer counts them."""

    def __init__(self, storage: Storage, wall: Callable[[], float]) -> None:
        self._storage = storage
        self._wall = wall
        with storage.transaction() as session:
            kept = session.clock()
        now = wall()
        self._state = ClockState(*kept) if kept else ClockState(now, now)

    def now(self) -> float:
        state = self._state
        return state.shown + (self._wall() - state.wall if state.is_running else 0.0)

    @property
    def is_running(self) -> bool:
        return self._state.is_running

    def move(self, *, to: float | None = None, running: bool | None = None) -> float:
        """Set it, or start or stop it; returns what it shows. Raises MovesBackwards."""
        now = self.now()
        if to is not None and to < now:
            raise MovesBackwards
        state = ClockState(
            now if to is None else to,
            self._wall(),
            self._state.is_running if running is None else running,
        )
        self._keep(state)
        return state.shown

    def restart(self, at: float | None) -> None:
        """With an empty memory any time may be chosen; None is the wall's."""
        now = self._wall()
        self._keep(ClockState(now if at is None else at, now, self._state.is_running))

    def _keep(self, state: ClockState) -> None:
        with self._storage.transaction() as session:
            _save(session, state)
        self._state = state


def _save(session: Session, state: ClockState) -> None:
    session.set_clock(state.shown, state.wall, state.is_running)


def moment(seconds: float) -> datetime:
    """What an answer of that time is dated, to the minute as X12 writes it."""
    return datetime.fromtimestamp(int(seconds) // 60 * 60, UTC)


def next_run(now: float, minute_of_day: int) -> float:
    """When the payer pays next, if it pays once a day at that minute (UTC)."""
    day = int(now) // 86_400 * 86_400
    run = day + minute_of_day * 60
    return float(run if run > now else run + 86_400)
