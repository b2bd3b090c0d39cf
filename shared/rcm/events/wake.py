"""The bell between a commit and the relays of the same process.

It only saves the wait for the next poll: a relay in another process finds the row by polling.
"""

import asyncio

_sleepers: set[asyncio.Event] = set()


def ring() -> None:
    """Something was appended and committed."""
    for sleeper in _sleepers:
        sleeper.set()


def listen(sleeper: asyncio.Event) -> None:
    _sleepers.add(sleeper)


def leave(sleeper: asyncio.Event) -> None:
    _sleepers.discard(sleeper)
