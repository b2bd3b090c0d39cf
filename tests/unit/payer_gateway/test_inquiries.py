"""Questions to payers: what their answers mean, when to ask again, and who is ours of several."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from payer_gateway.domain.claim_status import (
    CATEGORY_WORDS,
    FollowUpTerms,
    StatusReport,
    follow_up,
    next_step,
    of_claim,
    respond_by,
)
from payer_gateway.domain.eligibility import (
    Benefit,
    EligibilityAnswer,
    EligibilityError,
    retry_at,
)
from payer_gateway.domain.inquiry import PAUSES, TRANSITIONS, InquiryStatus, next_attempt, sources
from rcm.contracts.payer import StatusCode

AT = datetime(2026, 3, 4, 12, tzinfo=UTC)


def report(category: str, **changes: Any) -> StatusReport:
    code = StatusCode(category_code=category, status_code="20")
    return StatusReport(**({"status_codes": (code,), "effective_on": AT.date()} | changes))


@pytest.mark.parametrize(
    ("category", "step", "final"),
    [
        ("A0", "wait", False),
        ("A1", "wait", False),
        ("A2", "wait", False),
        ("A3", "correct_claim", False),
        ("A4", "find_claim", False),
        ("A5", "wait", False),
        ("A6", "correct_claim", False),
        ("A7", "correct_claim", False),
        ("A8", "correct_claim", False),
        ("P0", "wait", False),
        ("P3", "send_information", False),
        ("P4", "send_information", False),
        ("P5", "wait", False),
        ("R0", "send_information", False),
        ("R17", "send_information", False),
        ("RQ", "send_information", False),
        ("F0", "expect_payment", True),
        ("F1", "expect_payment", True),
        ("F2", "expect_denial", True),
        ("F3", "expect_payment", True),
        ("F3F", "expect_payment", True),
        ("F3N", "expect_payment", True),
        ("F4", "expect_denial", True),
        ("D0", "find_claim", False),
        ("E0", "ask_again", False),
        ("E4", "ask_again", False),
        ("?", "wait", False),
    ],
)
def test_each_category_asks_for_one_step(category: str, step: str, *, final: bool) -> None:
    given = report(category)
    assert next_step(given) == step
    assert given.is_final == final
    assert given.category
    if category[0] not in {"R", "?"}:
        assert category in CATEGORY_WORDS


@pytest.mark.parametrize(
    ("category", "terms", "days", "ended"),
    [
        ("P1", FollowUpTerms(), 7, False),
        ("P1", FollowUpTerms(every_days=3), 3, False),
        ("P1", FollowUpTerms(after_days=None), None, False),
        ("D0", FollowUpTerms(), 7, False),
        ("R3", FollowUpTerms(), 7, False),
        ("F1", FollowUpTerms(), None, True),
        ("F2", FollowUpTerms(after_days=None), None, True),
        ("A7", FollowUpTerms(), None, True),
    ],
)
def test_when_a_claim_is_asked_about_next(
    category: str, terms: FollowUpTerms, days: int | None, *, ended: bool
) -> None:
    plan = follow_up(report(category), terms, at=AT)
    assert plan.ended == ended
    assert plan.at == (None if days is None else AT + timedelta(days=days))


def test_the_clock_of_a_request_begins_on_the_payers_day() -> None:
    asked = report("R3", effective_on=date(2026, 2, 1))
    assert respond_by(asked, FollowUpTerms(information_due_days=10), at=AT) == date(2026, 2, 11)
    undated = report("R3", effective_on=None)
    assert respond_by(undated, FollowUpTerms(information_due_days=10), at=AT) == date(2026, 3, 14)
    assert respond_by(report("P1"), FollowUpTerms(), at=AT) is None


def test_of_several_claims_ours_is_found_by_number() -> None:
    old = report("P1", payer_claim_number="I1", patient_control_number="C1")
    new = report("F1", effective_on=date(2026, 3, 9), patient_control_number="C2")
    found = [old, new]
    assert of_claim(found, control_number="C9", payer_claim_number="I1") is old
    assert of_claim(found, control_number="C1", payer_claim_number=None) is old
    assert of_claim(found, control_number="C9", payer_claim_number=None) is new
    assert of_claim([], control_number="C1", payer_claim_number=None) is None


def test_every_state_is_reached_and_an_answer_is_final() -> None:
    assert set(TRANSITIONS) == set(InquiryStatus)
    assert TRANSITIONS[InquiryStatus.ANSWERED] == frozenset()
    assert InquiryStatus.FAILED in sources(InquiryStatus.ANSWERED)


def test_pauses_grow_and_end() -> None:
    moments = [next_attempt(number, at=AT) for number in range(len(PAUSES) + 2)]
    assert moments[-1] is None
    given = [each for each in moments if each is not None]
    assert given == sorted(given)


PLAN, OFFICE = ("30",), ("98",)


@pytest.mark.parametrize(
    ("benefits", "errors", "status"),
    [
        ([("1", PLAN)], [], "active"),
        ([("5", PLAN)], [], "active"),
        ([("6", PLAN)], [], "inactive"),
        ([("8", ())], [], "inactive"),
        ([("6", OFFICE), ("1", PLAN)], [], "active"),
        ([("1", OFFICE), ("6", PLAN)], [], "inactive"),
        ([("1", OFFICE)], [], "active"),
        ([("B", OFFICE)], [], "unclear"),
        ([], [], "unclear"),
        ([], [("75", "C")], "rejected"),
        ([("1", PLAN)], [("52", "N")], "active"),
    ],
)
def test_whether_a_coverage_is_active(
    benefits: list[tuple[str, tuple[str, ...]]], errors: list[tuple[str, str]], status: str
) -> None:
    answer = EligibilityAnswer(
        benefits=tuple(Benefit(code, service_type_codes=types) for code, types in benefits),
        errors=tuple(EligibilityError("subscriber", *each) for each in errors),
    )
    assert answer.coverage_status == status


@pytest.mark.parametrize(
    ("errors", "again"),
    [
        ([("42", "R")], True),
        ([("42", "P")], True),
        ([("42", "Y")], True),
        ([("80", "")], True),
        ([("42", "N")], False),
        ([("42", "S")], False),
        ([("42", "C")], False),
        ([("75", "R")], False),
        ([("42", "R"), ("72", "C")], False),
        ([], False),
    ],
)
def test_only_a_passing_trouble_is_asked_about_again(
    errors: list[tuple[str, str]], *, again: bool
) -> None:
    answer = EligibilityAnswer(errors=tuple(EligibilityError("payer", *each) for each in errors))
    assert (retry_at(answer, 1, at=AT) is not None) == again
    assert retry_at(answer, len(PAUSES) + 1, at=AT) is None


def test_what_a_person_reads_hides_what_names_a_person() -> None:
    benefit = Benefit("C", "FAM", PLAN, period_code="33", network_code="W", messages=("SECRET",))
    assert (benefit.information, benefit.coverage_level) == ("deductible", "family")
    assert (benefit.period, benefit.network, benefit.is_remaining) == (
        "lifetime, remaining",
        "both",
        True,
    )
    assert "SECRET" not in repr(benefit)
    strange = Benefit("ZZ")
    assert (strange.information, strange.period) == ("ZZ", None)
