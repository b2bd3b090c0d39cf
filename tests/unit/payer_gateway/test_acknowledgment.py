"""Verdicts of 999, TA1 and 277CA, level by level."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from payer_gateway.domain.ack_words import NOTE_WORDS
from payer_gateway.domain.acknowledgment import (
    FINDINGS_PER_CLAIM,
    batch_verdict,
    claim_verdict,
    group_verdict,
    interchange_verdict,
)
from payer_gateway.domain.lifecycle import SubmissionStatus
from payer_gateway.domain.submission import Submission
from payer_gateway.domain.totals import charge_findings, missing, totals_findings
from rcm.ids import derived_id
from rcm.testing.samples import SAMPLES
from rcm_x12.ack_999 import Acknowledgment, Context, SegmentError, SetResponse
from rcm_x12.status_277ca import (
    ClaimAcknowledgment,
    ClaimStatus,
    ProviderStatus,
    ServiceStatus,
    Status,
    StatusCode,
    Totals,
)
from rcm_x12.values import Name, Procedure

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


OF_C1 = SegmentError("NM1", 9, "8", contexts=(Context("CLM01", "C1"),))
OF_C2 = SegmentError("CLM", 30, "3", contexts=(Context("CLM01", "C2"),))
OF_ALL = SegmentError("HL", 2, "7")


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        ((OF_C1, OF_C2), {"C1": ["8"], "C2": ["3"], "C3": ["set"]}),
        ((OF_C1, OF_ALL), {"C1": ["8", "7"], "C2": ["7"]}),
        ((OF_ALL,) * 5_000, {"C1": ["7"] * FINDINGS_PER_CLAIM}),
    ],
)
def test_a_claim_hears_of_its_own_errors(
    errors: tuple[SegmentError, ...], said: dict[str, list[str]]
) -> None:
    """A set holds thousands of claims: what CTX says of one is no finding of the others."""
    rejected = SetResponse("837", "0001", "R", errors=errors)
    verdict = group_verdict(Acknowledgment("HC", "7", "V", "R", 1, 1, 0, (rejected,)))
    found = {claim: verdict.verdict("0001", claim) for claim in said}
    assert {
        claim: [each.code.removeprefix("999.").removeprefix("segment.") for each in on.findings]
        for claim, on in found.items()
        if on is not None
    } == said
    assert len(verdict.findings["0001"]) == len(errors)


@pytest.mark.parametrize(
    ("code", "note", "accepted", "said"),
    [
        ("A", "000", True, []),
        ("E", "014", True, [("TA1.014", "warning", "date is not valid")]),
        ("R", "025", False, [("TA1.025", "error", "used before")]),
        ("R", "777", False, [("TA1.777", "error", "was rejected")]),
        ("R", "SMITH", False, [("TA1.?", "error", "was rejected")]),
        ("", "000", False, [("TA1.000", "error", "no error")]),
    ],
)
def test_a_ta1_says_why(
    code: str, note: str, *, accepted: bool, said: list[tuple[str, str, str]]
) -> None:
    verdict = interchange_verdict(code=code, note_code=note)
    assert (verdict.is_accepted, verdict.level) == (accepted, "interchange")
    assert len(verdict.findings) == len(said)
    for finding, (finding_code, severity, words) in zip(verdict.findings, said, strict=True):
        assert (finding.code, finding.severity) == (finding_code, severity)
        assert words in finding.message


def test_every_note_of_5010_has_words() -> None:
    assert set(NOTE_WORDS) == {f"{number:03d}" for number in range(32)}


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


def test_a_line_is_named_by_our_number_and_a_strange_value_is_not_repeated() -> None:
    lines = tuple(
        ServiceStatus(Procedure("99213"), 100, (status("A7"),), line_control_number=number)
        for number in ("C1-1", "JOHN SMITH~")
    )
    given = answer("A7")
    [provider] = given.providers
    [claim] = provider.claims
    told = replace(provider, claims=(replace(claim, services=lines),))
    verdict = claim_verdict(batch_verdict(replace(given, providers=(told,))), sent())
    assert verdict is not None
    assert [found.location for found in verdict.findings] == [None, "line C1-1", "a line"]


@pytest.mark.parametrize(
    ("totals", "codes"),
    [
        (Totals(), []),
        (Totals(2, 1, 200, 100), []),
        (Totals(3, None, 300, None), []),
        (Totals(2, None), ["277CA.count"]),
        (Totals(None, None, 299, 2), ["277CA.amount"]),
        (Totals(4, 0, 1, 0), ["277CA.count", "277CA.amount"]),
    ],
)
def test_its_totals_are_compared_with_what_we_sent(totals: Totals, codes: list[str]) -> None:
    held = [sent(number=number) for number in ("C1", "C2", "C3")]
    given = replace(answer("A2"), totals=totals)
    assert [found.code for found in totals_findings(given, held)] == codes
    [provider] = given.providers
    within = replace(given, totals=Totals(), providers=(replace(provider, totals=totals),))
    assert [found.code for found in totals_findings(within, held)] == codes


def test_a_charge_that_the_payer_read_wrong_is_said() -> None:
    given = answer("A2")
    [provider] = given.providers
    wrong = replace(status("A2"), amount_cents=99)
    claim = replace(provider.claims[0], statuses=(wrong,))
    told = replace(given, providers=(replace(provider, claims=(claim,)),))
    assert [found.code for found in charge_findings(told, [sent()])] == ["277CA.charge"]
    assert charge_findings(given, [sent()]) == ()


@pytest.mark.parametrize(
    ("given", "numbers"),
    [
        (answer("A2"), ["C2"]),
        (answer(None), ["C1", "C2"]),
        (answer(None, batch="A3"), []),
        (answer(None, provider="A7"), []),
    ],
)
def test_a_claim_is_missing_that_nothing_covers(
    given: ClaimAcknowledgment, numbers: list[str]
) -> None:
    held = [sent(number="C1"), sent(number="C2")]
    found = missing(batch_verdict(given), held)
    assert [each.patient_control_number for each in found] == numbers
