"""Few calls, and each aggregate's order kept."""

import random
import uuid

import pytest

from rcm.contracts.claims import ClaimClosed, ClaimHeld, ClaimStatusChanged
from rcm.events import Park, Received, Subscriptions
from rcm.events.dispatch import waves
from rcm.testing.samples import sample

KINDS = (ClaimHeld, ClaimStatusChanged, ClaimClosed)


async def first(batch, tx):
    """Handles two kinds."""


async def second(batch, tx):
    """Handles the third."""


HANDLERS = {ClaimHeld: first, ClaimStatusChanged: second, ClaimClosed: first}


def event(kind, claim, sequence):
    return Received.of(sample(kind, claim_id=claim), sequence=sequence)


@pytest.mark.parametrize("seed", range(20))
def test_every_aggregate_is_handled_in_its_order(seed):
    chance = random.Random(seed)  # noqa: S311 - repeatable
    claims = [uuid.UUID(int=n + 1) for n in range(8)]
    reached = dict.fromkeys(claims, 0)
    batch = []
    for _ in range(100):
        claim = chance.choice(claims)
        reached[claim] += 1
        batch.append(event(chance.choice(KINDS), claim, reached[claim]))
    handled = [received for _, events in waves(batch, HANDLERS) for received in events]
    assert len(handled) == 100
    for claim in claims:
        numbers = [found.sequence for found in handled if found.key == str(claim)]
        assert numbers == sorted(numbers)


def test_a_usual_batch_is_one_call_per_handler():
    claims = [uuid.UUID(int=n + 1) for n in range(50)]
    batch = [event(kind, claim, n) for claim in claims for n, kind in enumerate(KINDS[:2], 1)]
    assert [(handler, len(events)) for handler, events in waves(batch, HANDLERS)] == [
        (first, 50),
        (second, 50),
    ]


def test_misuse_of_subscriptions_fails_at_import():
    subscriptions = Subscriptions("service")
    subscriptions.on(ClaimHeld)(first)
    with pytest.raises(TypeError, match="two handlers"):
        subscriptions.on(ClaimHeld)(second)
    with pytest.raises(TypeError, match="async"):
        subscriptions.on(ClaimClosed)(lambda batch, tx: None)  # noqa: ARG005
    with pytest.raises(TypeError, match="at least one"):
        subscriptions.on()
    with pytest.raises(ValueError, match="positive"):
        subscriptions.every(seconds=0)
    with pytest.raises(ValueError, match="at least one"):
        Park([], "nothing")
