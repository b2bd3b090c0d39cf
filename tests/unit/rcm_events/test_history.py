"""The judge itself: each rule goes red on the history that breaks it, and on no other."""

from dataclasses import replace

import pytest

from rcm.testing.history import History, Seen, check, tally

ONE, TWO, THREE = (Seen("claim", number, f"event-{number}") for number in (1, 2, 3))
GOOD = History(committed=[ONE, TWO, THREE], topic=[ONE, TWO, THREE], applied=[ONE, TWO, THREE])


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({}, None),
        ({"topic": [ONE, TWO, TWO, THREE, ONE]}, None),
        ({"applied": [ONE, TWO], "waiting": {"event-3"}}, None),
        ({"topic": [ONE, TWO], "applied": [ONE, TWO]}, "lost_before_topic"),
        ({"applied": [ONE, TWO]}, "not_applied"),
        ({"topic": [TWO, ONE, THREE]}, "order_on_topic"),
        ({"applied": [ONE, TWO, THREE, THREE]}, "applied_twice"),
        ({"applied": [TWO, ONE, THREE]}, "order_of_effects"),
        ({"rolled_back": {"event-2"}}, "published_though_rolled_back"),
        ({"committed": [ONE, TWO]}, "invented"),
    ],
)
def test_rule(change, rule):
    found = tally(check(replace(GOOD, **change)))
    assert (rule in found) if rule else not found
