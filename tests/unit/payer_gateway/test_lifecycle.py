"""The one transition table of submissions."""

import pytest

from payer_gateway.domain.lifecycle import (
    ANSWERS,
    AWAITED,
    TRANSITIONS,
    Outcome,
    SubmissionStatus,
    sources,
)

S = SubmissionStatus


def test_every_state_is_in_the_table_and_can_be_reached() -> None:
    assert set(TRANSITIONS) == set(S)
    assert {target for targets in TRANSITIONS.values() for target in targets} == set(S)


@pytest.mark.parametrize(
    "status",
    [S.SENT, S.FILE_ACCEPTED, S.CLEARINGHOUSE_ACCEPTED, S.PAYER_ACCEPTED, S.PAYER_REJECTED,
     S.CLEARINGHOUSE_REJECTED, S.REMITTED],
)  # fmt: skip
def test_what_a_partner_has_taken_is_never_queued_again(status: S) -> None:
    assert S.QUEUED not in TRANSITIONS[status]
    assert S.SENDING not in TRANSITIONS[status]


@pytest.mark.parametrize(
    ("later", "earlier"),
    [
        (S.PAYER_ACCEPTED, ("group", False)),
        (S.PAYER_ACCEPTED, ("clearinghouse", False)),
        (S.CLEARINGHOUSE_ACCEPTED, ("group", False)),
        (S.CLEARINGHOUSE_ACCEPTED, ("interchange", False)),
        (S.REMITTED, ("payer", False)),
    ],
)
def test_a_later_hop_outranks_an_earlier_one(later: S, earlier: tuple[str, bool]) -> None:
    assert ANSWERS[earlier] not in TRANSITIONS[later]


def test_within_a_hop_the_newest_word_counts() -> None:
    for accepted, rejected in (
        (S.CLEARINGHOUSE_ACCEPTED, S.CLEARINGHOUSE_REJECTED),
        (S.PAYER_ACCEPTED, S.PAYER_REJECTED),
    ):
        assert rejected in TRANSITIONS[accepted]
        assert accepted in TRANSITIONS[rejected]


def test_sources_turn_the_table_round() -> None:
    for target in S:
        assert set(sources(target)) == {
            s for s, targets in TRANSITIONS.items() if target in targets
        }


def test_silence_is_counted_where_an_answer_is_due() -> None:
    assert {status: AWAITED[status] for status in AWAITED} == {
        S.SENT: "group",
        S.FILE_ACCEPTED: "clearinghouse",
        S.CLEARINGHOUSE_ACCEPTED: "payer",
    }


@pytest.mark.parametrize(
    ("accepted", "rejected", "outcome"),
    [(2, 0, "accepted"), (0, 0, "accepted"), (1, 1, "partially_accepted"), (0, 2, "rejected")],
)
def test_the_outcome_of_a_whole(accepted: int, rejected: int, outcome: str) -> None:
    assert Outcome.of(accepted=accepted, rejected=rejected).value == outcome
