"""Verdicts of 999, TA1 and 277CA, level by level."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from payer_gateway.domain.acknowledgment import (
    batch_verdict,
    claim_verdict,
    group_verdict,
    interchange_verdict,
)
from payer_gateway.domain.lifecycle import SubmissionStatus
from payer_gateway.domain.submission import Submission
from rcm.ids import derived_id
from rcm.testing.samples import SAMPLES
from rcm_x12.ack_999 import Acknowledgment, SetResponse
from rcm_x12.status_277ca import (
    ClaimAcknowledgment,
    ClaimStatus,
    ProviderStatus,
    Status,
    StatusCode,
)
from rcm_x12.values import Name

AT, DAY = datetime(2026, 3, 4, tzinfo=UTC), date(2026, 3, 4)


@pytest.mark.parametrize(
    ("group", "sets", "expected"),
    [
        ("A", {"0001": "A", "0002": "E"}, {"0001": True, "0002": True}),
        ("E", {"0001": "A"}, {"0001": True, "0002": True}),
        ("P", {"0001": "A", "0002": "R"}, {"0001": True, "0002": False, "0003": None}),
        ("R", {}, {"0001": False}),
        ("R", {"0001": "A"}, {"0001": False}),
        ("M", {}, {"0001": False}),
        ("W", {}, {"0001": False}),
        ("X", {}, {"0001": False}),
        ("A", {"0001": "X"}, {"0001": False, "0002": True}),
    ],
)
def test_a_999_decides_set_by_set(
    group: str, sets: dict[str, str], expected: dict[str, bool | None]
) -> None:
    answer = Acknowledgment(
        "HC",
        "7",
        "005010X222A1",
        group,
        3,
        3,
        3,
        tuple(SetResponse("837", number, code) for number, code in sets.items()),
    )
    verdict = group_verdict(answer)
    found = {number: verdict.verdict(number) for number in expected}
    assert {n: on.is_accepted if on else None for n, on in found.items()} == expected


def test_a_rejected_set_without_details_still_says_so() -> None:
    rejected = SetResponse("837", "0001", "R", error_codes=("5",))
    answer = Acknowledgment("HC", "7", "V", "R", 1, 1, 0, (rejected,))
    on_set = group_verdict(answer).verdict("0001")
    assert on_set is not None
    assert [found.code for found in on_set.findings] == ["999.set"]


@pytest.mark.parametrize(("note", "words"), [("025", "used before"), ("031", "was rejected")])
def test_a_ta1_says_why(note: str, words: str) -> None:
    [finding] = interchange_verdict(is_accepted=False, note_code=note).findings
    assert words in finding.message
    assert interchange_verdict(is_accepted=True, note_code="000").findings == ()


def status(category: str, action: str = "") -> Status:
    return Status((StatusCode(category, "20"),), DAY, action)


def answer(
    claim: str | None = None, *, batch: str = "A1", provider: str = "A1", source: str = "AY"
) -> ClaimAcknowledgment:
    named = (ClaimStatus(Name("DOE"), "C1", (status(claim),)),) if claim else ()
    providers = (
        ProviderStatus(Name("CLINIC", id="1234567893"), named, statuses=(status(provider),)),
    )
    return ClaimAcknowledgment(
        "R1",
        AT,
        Name("HOUSE"),
        source,
        "T1",
        DAY,
        DAY,
        Name("CLINIC"),
        "000000001-0001",
        (status(batch),),
        providers=providers,
    )


def sent(npi: str = "1234567893", number: str = "C1") -> Submission:
    return Submission(
        SAMPLES,
        derived_id(SAMPLES, number),
        SAMPLES,
        SAMPLES,
        "",
        number,
        "DEMO1",
        npi,
        "1",
        100,
        SubmissionStatus.SENT,
        None,
        None,
        None,
        None,
        None,
        AT,
        AT,
        AT,
    )


@pytest.mark.parametrize(
    ("given", "submission", "expected"),
    [
        (answer("A2"), sent(), True),
        (answer("A0"), sent(), True),
        (answer("A5"), sent(), True),
        (answer("A3"), sent(), False),
        (answer("A4"), sent(), False),
        (answer("A6"), sent(), False),
        (answer("A8"), sent(), False),
        (answer("A2"), sent(number="C2"), None),
        (answer(None), sent(), None),
        (answer("A2", provider="A7"), sent(), False),
        (answer("A2", provider="A7"), sent(npi="1999999999", number="C2"), None),
        (answer("A2", batch="A8"), sent(), False),
        (answer(None, batch="A3"), sent(npi="1999999999"), False),
    ],
)
def test_a_277ca_decides_level_by_level(
    given: ClaimAcknowledgment, submission: Submission, expected: Any
) -> None:
    on = claim_verdict(batch_verdict(given), submission)
    assert (on.is_accepted if on else None) == expected
    if on is not None and not on.is_accepted:
        assert on.findings
        assert on.status_codes


@pytest.mark.parametrize(("source", "hop"), [("AY", "clearinghouse"), ("PR", "payer")])
def test_who_speaks_is_the_hop(source: str, hop: str) -> None:
    assert batch_verdict(answer("A2", source=source)).hop == hop
