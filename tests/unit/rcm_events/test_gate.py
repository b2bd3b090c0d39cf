"""The sequence gate's rules, one aggregate at a time."""

import pytest

from rcm.events.gate import Gate, Verdict, judge
from rcm.events.items import Fault, Item, StoredRecord
from rcm.events.layout import runs_of

STREAM = ("7e57c0de-0000-4000-8000-000000000001", "claims.claim.v1", "claim")


def item(sequence, *, fault=None, name=None, truncated=False):
    record = StoredRecord("claims.claim.v1", 0, 0, 0, b"claim", b"{}")
    found = Item(record, {}, STREAM, sequence)
    found.id = name or f"event-{sequence}"
    found.fault = Fault(fault) if fault else None
    found.truncated = truncated
    return found


def judged(items, gate, seen=()):
    verdict = Verdict()
    fresh = {one.id for one in items} - set(seen)
    judge(items, gate, fresh, verdict)
    return verdict


@pytest.mark.parametrize(
    ("arriving", "gate", "last", "parked", "duplicates"),
    [
        pytest.param([1, 2, 3], Gate(), 3, [], 0, id="the beginning"),
        pytest.param([4, 5], Gate(1, 3), 5, [], 0, id="a continuation"),
        pytest.param([2, 3], Gate(1, 3), 3, [], 2, id="known ones"),
        pytest.param([5], Gate(1, 3), 3, [(5, "gap", True)], 0, id="a hole"),
        pytest.param(
            [5, 6], Gate(1, 3), 3, [(5, "gap", True), (6, "held_behind", False)], 0, id="behind it"
        ),
        pytest.param([4], Gate(1, 3, 6), 4, [], 0, id="the missing one passes those that wait"),
        pytest.param([7], Gate(1, 3, 6), 3, [(7, "held_behind", False)], 0, id="more behind it"),
        pytest.param([1, 3, 2], Gate(), 2, [(3, "gap", True)], 0, id="out of order"),
        pytest.param([2], Gate(), 0, [(2, "gap", True)], 0, id="no beginning"),
        pytest.param([2], Gate(3, 5), 5, [(2, "late", False)], 0, id="from before our beginning"),
    ],
)
def test_sequence(arriving, gate, last, parked, duplicates):
    verdict = judged([item(number) for number in arriving], gate)
    assert gate.last == last
    assert [(p.sequence, p.fault.reason, p.head) for p in verdict.park] == parked
    assert verdict.duplicates == duplicates


def test_what_the_inbox_knows_moves_nothing():
    """A parked event that comes again is neither applied nor parked twice."""
    gate = Gate(1, 3, 4)
    verdict = judged([item(4)], gate, seen=["event-4"])
    assert (gate.last, verdict.park, verdict.duplicates) == (3, [], 1)


def test_a_fault_stops_its_aggregate_at_its_place():
    gate = Gate()
    verdict = judged([item(1), item(2, fault="schema"), item(3)], gate)
    assert gate.last == 1
    assert [(p.sequence, p.fault.reason, p.head) for p in verdict.park] == [
        (2, "schema", True),
        (3, "held_behind", False),
    ]


def test_a_record_without_a_number_gets_the_next_place():
    gate = Gate(1, 3)
    verdict = judged([item(None, fault="decode"), item(None, fault="decode", name="b")], gate)
    assert [p.sequence for p in verdict.park] == [4, 5]


def test_an_aggregate_whose_beginning_is_gone_begins_where_it_can():
    gate = Gate()
    verdict = judged([item(7, truncated=True), item(8, truncated=True)], gate)
    assert (gate.first, gate.last, verdict.park) == (7, 8, [])


@pytest.mark.parametrize(
    ("arriving", "plain", "kept", "repeats"),
    [
        ([1, 2, 3], True, 3, 0),
        ([1, 1, 2], True, 2, 1),
        ([1, 2, 1, 3], True, 3, 1),
        ([1, 3], False, 2, 0),
        ([2, 1], False, 2, 0),
    ],
)
def test_a_poll_is_laid_out_by_aggregate(arriving, plain, kept, repeats):
    runs, found = runs_of([item(number) for number in arriving])
    assert (runs[STREAM].plain, len(runs[STREAM].items), found) == (plain, kept, repeats)
