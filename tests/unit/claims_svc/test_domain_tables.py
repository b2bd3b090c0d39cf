"""Prices, matches, transitions, treatments, deadlines: the small tables of the domain."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, get_args

import pytest
from claims_world import World, cause

from claims_svc.domain import filing
from claims_svc.domain.claim import patient_control_number
from claims_svc.domain.lifecycle import TRANSITIONS, UNSENT, may_move
from claims_svc.domain.matching import match_lines
from claims_svc.domain.policy import Treatment, category, treatment
from claims_svc.domain.pricing import FeeSchedules, Rate, priced
from claims_svc.domain.submission import follow_submission
from rcm.contracts.claims import ClaimStatus
from rcm.contracts.payer import (
    AcknowledgmentOverdue,
    ClaimAcknowledged,
    ClaimRejected,
    ClaimStatusReported,
    ClaimSubmitted,
    StatusCode,
)
from rcm.contracts.values import LinePayment
from rcm.ids import new_id
from rcm.npi import npi_is_valid
from rcm.testing.claims import MOMENT, cas, paid_line, service
from rcm.testing.samples import TENANT, sample

RATES = FeeSchedules(
    [
        Rate("default", "99213", "", date(2020, 1, 1), 9_000),
        Rate("default", "99213", "", date(2026, 3, 2), 9_500),
        Rate("default", "99213", "TC", date(2020, 1, 1), 4_000),
        Rate("P1", "99213", "", date(2026, 1, 1), 11_000),
        Rate("P1", "99213", "", date(2026, 6, 1), None),
        Rate("default", "A0425", "", date(2020, 1, 1), 733),
    ]
)


@pytest.mark.parametrize(
    ("payer", "code", "modifiers", "day", "cents"),
    [
        ("P2", "99213", (), date(2019, 12, 31), None),
        ("P2", "99213", (), date(2020, 1, 1), 9_000),
        ("P2", "99213", (), date(2026, 3, 1), 9_000),
        ("P2", "99213", (), date(2026, 3, 2), 9_500),
        (None, "99213", (), date(2026, 3, 2), 9_500),
        ("P1", "99213", (), date(2025, 12, 31), 9_000),
        ("P1", "99213", (), date(2026, 1, 1), 11_000),
        ("P1", "99213", (), date(2026, 6, 1), 9_500),
        ("P2", "99213", ("25", "TC"), date(2026, 3, 2), 4_000),
        ("P2", "00000", (), date(2026, 3, 2), None),
    ],
)
def test_the_rate_of_a_day(
    payer: str | None, code: str, modifiers: tuple[str, ...], day: date, cents: int | None
) -> None:
    assert RATES.unit_cents(payer, code, modifiers, on=day) == cents


def test_a_line_is_priced_by_its_quantity_and_rounded_once() -> None:
    claim = World.of(service("99213", 1)).claim
    line = service("A0425", None, quantity=Decimal("1.5"))
    charged = service("99213", 42)
    content = priced(replace(claim.content, lines=(line, charged)), RATES)
    assert [found.charge_amount_cents for found in content.lines] == [1_100, 42]
    assert priced(content, RATES) is content


MATCHES: list[tuple[list[LinePayment], list[tuple[int | None, str]]]] = [
    ([paid_line("{0}02", "xxxxx", 1, 1)], [(2, "control_number")]),
    ([paid_line("{0}09", "99213", 10_000, 0)], [(1, "exact")]),
    ([paid_line(None, "99213", 10_000, 0)], [(1, "exact")]),
    ([paid_line(None, "99213", 10_000, 0, date_of_service=None)], [(1, "exact")]),
    ([paid_line(None, "99213", 10_000, 0, modifiers=("76",))], [(1, "without_modifiers")]),
    ([paid_line(None, "99999", 5_000, 0)], [(2, "charge_only")]),
    ([paid_line(None, "99999", 777, 0)], [(None, "none")]),
    (
        [paid_line(None, "99213", 10_000, 0), paid_line(None, "99213", 10_000, 0)],
        [(1, "exact"), (None, "none")],
    ),
    (
        [paid_line(None, "99213", 10_000, 0), paid_line("{0}01", "99213", 10_000, 0)],
        [(None, "none"), (1, "control_number")],
    ),
]


@pytest.mark.parametrize(("payments", "expected"), MATCHES)
def test_lines_are_matched_by_our_number_first(
    payments: list[LinePayment], expected: list[tuple[int | None, str]]
) -> None:
    claim = World.of(service("99213", 10_000), service("36415", 5_000)).claim
    numbered = [
        line.model_copy(
            update={
                "line_control_number": line.line_control_number
                and line.line_control_number.format(claim.patient_control_number)
            }
        )
        for line in payments
    ]
    found = match_lines(claim, numbered)
    assert [(match.line_number, match.confidence) for match in found] == expected


@pytest.mark.parametrize(
    ("adjustment", "expected"),
    [
        (("CO", "45", 1), Treatment.CONTRACTUAL),
        (("CO", "253", 1), Treatment.CONTRACTUAL),
        (("CO", "24", 1), Treatment.CONTRACTUAL),
        (("CO", "16", 1), Treatment.DENIED),
        (("CO", "197", 1), Treatment.DENIED),
        (("CO", "Z99", 1), Treatment.DENIED),
        (("CO", "16", -1), Treatment.CONTRACTUAL),
        (("CO", "23", 1), Treatment.PRIOR_PAYER),
        (("OA", "23", 1), Treatment.PRIOR_PAYER),
        (("OA", "18", 1), Treatment.DENIED),
        (("PI", "45", 1), Treatment.DENIED),
        (("PR", "1", 1), Treatment.DEDUCTIBLE),
        (("PR", "2", 1), Treatment.COINSURANCE),
        (("PR", "3", -1), Treatment.COPAY),
        (("PR", "96", 1), Treatment.OTHER_PATIENT),
    ],
)
def test_what_becomes_of_an_adjustment(
    adjustment: tuple[str, str, int], expected: Treatment
) -> None:
    assert treatment(cas(adjustment)[0]) is expected


@pytest.mark.parametrize(
    ("group", "code", "expected"),
    [("CO", "29", "timely_filing"), ("PI", "999", "payer_initiated"), ("CO", "999", "other")],
)
def test_a_denial_has_a_worklist_even_when_its_code_is_unknown(
    group: str, code: str, expected: str
) -> None:
    assert category(group, code) == expected


def test_the_table_of_edges_is_whole_and_never_leads_back_to_what_was_not_sent() -> None:
    statuses = set(get_args(ClaimStatus))
    assert set(TRANSITIONS) == statuses
    assert set().union(*TRANSITIONS.values()) <= statuses
    for status in ("submitted", "clearinghouse_accepted", "payer_accepted", "pended", "closed"):
        assert not TRANSITIONS[status] & (UNSENT | {"ready", "queued", "submitted"})
    assert not TRANSITIONS["voided"]


def _acknowledged(hop: str, **changes: Any) -> ClaimAcknowledged:
    return ClaimAcknowledged(
        tenant_id=TENANT,
        claim_id=new_id(),
        submission_id=new_id(),
        hop=hop,  # type: ignore[arg-type]
        acknowledgment="277CA",
        acknowledged_at=MOMENT,
        **changes,
    )


def _submitted() -> ClaimSubmitted:
    return sample(ClaimSubmitted)


def _rejected(hop: str) -> ClaimRejected:
    return ClaimRejected(
        tenant_id=TENANT,
        claim_id=new_id(),
        submission_id=new_id(),
        hop=hop,  # type: ignore[arg-type]
        acknowledgment="999",
        rejected_at=MOMENT,
    )


def _reported(code: str) -> ClaimStatusReported:
    return ClaimStatusReported(
        tenant_id=TENANT,
        claim_id=new_id(),
        status_codes=(StatusCode(category_code=code, status_code="20"),),
        reported_at=MOMENT,
    )


@pytest.mark.parametrize(
    ("status", "event", "expected"),
    [
        ("ready", _acknowledged("payer"), "payer_accepted"),
        ("submitted", _acknowledged("interchange"), "submitted"),
        ("submitted", _acknowledged("group"), "submitted"),
        ("submitted", _acknowledged("clearinghouse"), "clearinghouse_accepted"),
        ("payer_accepted", _acknowledged("clearinghouse"), "payer_accepted"),
        ("payer_accepted", _rejected("clearinghouse"), "payer_accepted"),
        ("payer_accepted", _rejected("payer"), "payer_rejected"),
        ("clearinghouse_rejected", _acknowledged("payer"), "payer_accepted"),
        ("adjudicated", _rejected("payer"), "adjudicated"),
        ("closed", _acknowledged("payer"), "closed"),
        ("submitted", _rejected("group"), "file_rejected"),
        ("submitted", _rejected("interchange"), "file_rejected"),
        ("file_rejected", _submitted(), "submitted"),
        ("payer_accepted", _submitted(), "payer_accepted"),
        ("payer_accepted", _reported("P1"), "pended"),
        ("payer_accepted", _reported("R3"), "pended"),
        ("payer_accepted", _reported("F2"), "payer_accepted"),
        ("adjudicated", _reported("P1"), "adjudicated"),
    ],
)
def test_where_an_answer_leads(status: ClaimStatus, event: Any, expected: str) -> None:
    claim = replace(World.of(service("99213", 1)).claim, status=status)
    change = follow_submission(claim, event, cause())
    assert (change.claim.status if change else claim.status) == expected


@pytest.mark.parametrize(
    ("step", "status", "codes"),
    [
        ("send_information", "payer_accepted", ["S101"]),
        ("correct_claim", "payer_accepted", ["S102"]),
        ("find_claim", "clearinghouse_accepted", ["S103"]),
        ("expect_denial", "payer_accepted", ["S104"]),
        ("wait", "payer_accepted", []),
        ("expect_payment", "payer_accepted", []),
        ("send_information", "adjudicated", []),
        ("send_information", "held", []),
    ],
)
def test_what_a_payer_reports_asks_somebody_to_act(
    step: Any, status: ClaimStatus, codes: list[str]
) -> None:
    """And the next report replaces it."""
    claim = replace(World.of(service("99213", 1)).claim, status=status)
    told = _reported("R3").model_copy(update={"next_step": step, "respond_by": date(2026, 4, 3)})
    change = follow_submission(claim, told, cause())
    assert change is not None
    assert [finding.code for finding in change.claim.findings] == codes
    assert [edge.to_value for edge in change.edges if edge.axis == "report"] == ["R3:20"]
    after = follow_submission(change.claim, _reported("P1"), cause())
    assert after is not None
    assert after.claim.findings == ()


def _overdue(hop: str) -> AcknowledgmentOverdue:
    return AcknowledgmentOverdue(
        tenant_id=TENANT,
        claim_id=new_id(),
        submission_id=new_id(),
        hop=hop,  # type: ignore[arg-type]
        due_at=MOMENT,
    )


def test_a_silent_hop_is_an_alarm_until_somebody_answers() -> None:
    claim = replace(World.of(service("99213", 1)).claim, status="submitted")
    late = follow_submission(claim, _overdue("clearinghouse"), cause())
    assert late is not None
    assert late.claim.status == "submitted"
    assert late.events == ()
    assert [finding.code for finding in late.claim.findings] == ["A101"]
    assert [(edge.axis, edge.to_value) for edge in late.edges] == [
        ("report", "clearinghouse overdue")
    ]
    answered = follow_submission(late.claim, _acknowledged("payer"), cause())
    assert answered is not None
    assert answered.claim.findings == ()
    decided = replace(claim, status="adjudicated")
    assert follow_submission(decided, _overdue("payer"), cause()) is None


def test_an_answer_to_an_earlier_sending_changes_nothing() -> None:
    old = new_id()
    released = replace(World.of(service("99213", 1)).claim, submission_id=old)
    late = _rejected("payer").model_copy(update={"submission_id": old})
    assert follow_submission(released, late, cause()) is None
    sent = replace(released, status="submitted", submission_id=new_id())
    assert follow_submission(sent, late, cause()) is None
    assert may_move("submitted", "payer_rejected")


@pytest.mark.parametrize(
    ("code", "day", "expected"),
    [
        ("MB", date(2026, 3, 15), date(2027, 3, 15)),
        ("MB", date(2024, 2, 29), date(2025, 2, 28)),
        ("CI", date(2026, 3, 15), None),
    ],
)
def test_the_last_day_of_filing(code: str, day: date, expected: date | None) -> None:
    content = World.of(service("99213", 1)).claim.content
    coverage = content.coverages[0].model_copy(update={"filing_code": code})
    line = content.lines[0].model_copy(update={"date_of_service": day})
    changed = replace(content, coverages=(coverage,), date_of_service=day, lines=(line,))
    assert filing.deadline(changed) == expected


def test_a_control_number_is_short_stable_and_the_claims_own() -> None:
    claim_id = new_id()
    number = patient_control_number(claim_id)
    assert number == patient_control_number(claim_id) != patient_control_number(new_id())
    assert len(number) <= 18
    assert number.isalnum()


@pytest.mark.parametrize(
    ("npi", "valid"),
    [
        ("1234567893", True),
        ("1245319599", True),
        ("1234567890", False),
        ("123456789", False),
        ("12345678931", False),
        ("123456789a", False),
        ("١٢٣٤٥٦٧٨٩٣", False),
    ],
)
def test_an_npi_has_a_check_digit(npi: str, *, valid: bool) -> None:
    assert npi_is_valid(npi) is valid
