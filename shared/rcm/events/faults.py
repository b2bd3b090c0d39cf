"""Named points where a test may kill, delay or fail the data path; nothing in production."""

from collections.abc import Callable

POINTS = (
    "publish.appended",
    "relay.locked",
    "relay.read",
    "relay.sent",
    "relay.acknowledged",
    "relay.settled",
    "consumer.polled",
    "consumer.begun",
    "consumer.gated",
    "consumer.handled",
    "consumer.before_commit",
    "consumer.committed",
    "consumer.offsets_committed",
    "parking.begun",
    "parking.released",
)

_hooks: list[Callable[[str], None]] = []


def buggify(point: str) -> None:
    """Let whatever is switched on happen here."""
    for hook in _hooks:
        hook(point)


def switch_on(hook: Callable[[str], None]) -> None:
    """Call `hook` with the point's name at every point of this process."""
    _hooks.append(hook)


def switch_off() -> None:
    """Forget every hook."""
    _hooks.clear()
