"""Worked remittances, from what the payer reported to the cents in every account."""

from dataclasses import replace
from datetime import date

import pytest
from claims_world import World, cause

from claims_svc.domain import books, filing
from claims_svc.domain.adjudication import post_payment
from claims_svc.domain.change import Unpostable
from claims_svc.domain.edits import Subject, scrub
from claims_svc.domain.submission import follow_submission
from rcm.contracts.claims import ClaimAdjudicated, ClaimClosed, ClaimReversed, DenialOpened
from rcm.contracts.payer import ClaimRejected, RemittanceReceived, StatusCode
from rcm.contracts.values import ProviderAdjustment
from rcm.ids import new_id
from rcm.ledger.accounts import AccountCode
from rcm.testing.claims import (
    DAY,
    MOMENT,
    PRIMARY,
    SECONDARY,
    paid_line,
    payment,
    reversal_of_payment,
    service,
)
from rcm.testing.samples import TENANT

AR, CLEARING = AccountCode.AR_PAYER, AccountCode.REMIT_CLEARING


def two_lines() -> World:
    """Claim A: 150.00 in two lines."""
    return World.of(service("99213", 10_000), service("36415", 5_000))


def remittance(*adjustments: tuple[str, str, int], payment_cents: int = 0) -> RemittanceReceived:
    return RemittanceReceived(
        tenant_id=TENANT,
        remittance_id=new_id(),
        payer_id="P1",
        payer_name="First Health",
        trace_number="TRN1",
        originating_company_id="1999999999",
        payment_cents=payment_cents,
        payment_method="ACH",
        effective_on=date(2026, 3, 20),
        claim_count=2,
        claim_paid_cents=7_000,
        provider_adjustments=tuple(
            ProviderAdjustment(
                provider_npi="1234567893", reason_code=code, reference=reference, amount_cents=cents
            )
            for code, reference, cents in adjustments
        ),
        received_at=MOMENT,
    )


def test_v1_a_paid_claim_leaves_contract_patient_and_nothing_open() -> None:
    world = two_lines()
    world.pay(
        paid_line(world.number(1), "99213", 10_000, 4_000, ("CO", "45", 3_000), ("PR", "1", 2_000),
                  ("PR", "3", 1_000)),
        paid_line(world.number(2), "36415", 5_000, 3_000, ("CO", "45", 2_000)),
    )  # fmt: skip
    [event] = world.told(ClaimAdjudicated)
    assert event.money.paid_cents == world.cents(CLEARING, "P1") == 7_000
    assert event.money.contractual_cents == world.cents(AccountCode.ADJ_CONTRACTUAL) == 5_000
    assert (event.deductible_cents, event.copay_cents, event.patient_due_cents) == (
        2_000,
        1_000,
        3_000,
    )
    assert (event.outcome, event.responsible_party) == ("paid", "patient")
    assert world.open_cents == 0
    assert world.claim.status == "closed"
    assert len(world.told(ClaimClosed)) == 1


def test_v1_processed_as_primary_and_unpaid_is_a_denial_and_stays_open() -> None:
    world = World.of(service("99214", 8_000))
    world.pay(paid_line(world.number(1), "99214", 8_000, 0, ("CO", "197", 8_000)))
    [denial] = world.told(DenialOpened)
    assert (denial.denied_cents, denial.category, denial.line_number) == (8_000, "authorization", 1)
    assert (world.claim.outcome, world.claim.responsible_party) == ("denied", "primary")
    assert world.open_cents == 8_000
    assert world.cents(AccountCode.ADJ_CONTRACTUAL) == 0
    assert world.claim.status == "adjudicated"


def test_v1_provider_adjustments_leave_what_the_bank_will_see() -> None:
    world = two_lines()
    world.pay(
        paid_line(world.number(1), "99213", 10_000, 4_000, ("CO", "45", 6_000)),
        paid_line(world.number(2), "36415", 5_000, 3_000, ("CO", "45", 2_000)),
    )
    event = remittance(("WO", "OLDCLAIM", 2_500), ("L6", "", -125), payment_cents=4_625)
    entry = books.provider_adjustments(event, new_id(), "test")
    assert entry is not None
    world.book((entry,))
    assert world.cents(CLEARING, "P1") == 4_625
    assert world.cents(AccountCode.PROVIDER_ADJ) == 2_500
    assert world.cents(AccountCode.INTEREST_INCOME) == -125


def test_v2_a_reversal_takes_back_every_cent_and_a_correction_follows() -> None:
    world = World.of(service("99215", 20_000))
    first = payment(
        world.claim.patient_control_number,
        paid_line(world.number(1), "99215", 20_000, 9_600, ("CO", "45", 8_000), ("PR", "2", 2_400)),
    )
    world.post(first)
    assert world.claim.money.patient_responsibility_cents == 2_400
    world.post(reversal_of_payment(first))
    [back] = world.told(ClaimReversed)
    assert (back.patient_due_cents, back.paid_cents) == (0, -9_600)
    assert (world.claim.outcome, world.claim.status) == ("reversed", "adjudicated")
    assert world.open_cents == 20_000
    world.pay(
        paid_line(world.number(1), "99215", 20_000, 7_000, ("CO", "45", 8_000), ("PR", "1", 5_000)),
        trace_number="TRN2",
        ordinal=2,
    )
    assert world.claim.money.patient_responsibility_cents == 5_000
    assert world.open_cents == 0
    assert world.cents(CLEARING, "P1") == 7_000
    forward = remittance(("FB", "NEXT", -2_600))
    entry = books.provider_adjustments(forward, new_id(), "test")
    later = books.provider_adjustments(remittance(("FB", "NEXT", 2_600)), new_id(), "test")
    assert entry is not None
    assert later is not None
    world.book((entry, later))
    assert world.cents(AccountCode.PROVIDER_ADJ) == 0


def test_v2_each_remittance_clears_to_what_its_own_bank_payment_is() -> None:
    world = World.of(service("99215", 20_000))
    first = payment(
        world.claim.patient_control_number,
        paid_line(world.number(1), "99215", 20_000, 9_600, ("CO", "45", 8_000), ("PR", "2", 2_400)),
    )
    world.post(first)
    change = world.post(reversal_of_payment(first))
    by_trace: dict[str, int] = {}
    for entry in (*world.changes[1].entries, *change.entries):
        for leg in entry.postings:
            for account, sign in ((leg.debit, 1), (leg.credit, -1)):
                if account.code is CLEARING:
                    before = by_trace.get(account.reference, 0)
                    by_trace[account.reference] = before + sign * leg.cents
    assert by_trace == {"TRN1": 9_600, "TRN2": -9_600}


def test_v3_the_secondary_pays_and_the_patient_owes_what_the_last_payer_says() -> None:
    world = World.of(
        service("99213", 10_000), service("36415", 5_000), coverages=(PRIMARY, SECONDARY)
    )
    world.pay(
        paid_line(world.number(1), "99213", 10_000, 4_000, ("CO", "45", 3_000), ("PR", "1", 2_000),
                  ("PR", "3", 1_000)),
        paid_line(world.number(2), "36415", 5_000, 3_000, ("CO", "45", 2_000)),
    )  # fmt: skip
    [primary] = world.told(ClaimAdjudicated)
    assert (primary.responsible_party, primary.patient_due_cents) == ("secondary", 0)
    assert world.cents(AR, "P1") == 0
    assert world.cents(AR, "P2") == primary.money.insurance_balance_cents == 3_000
    world.pay(
        payer_id="P2",
        status="2",
        trace_number="TRN9",
        charge_cents=15_000,
        paid_cents=2_500,
        adjustments=[
            {"group_code": "OA", "reason_code": "23", "amount_cents": 12_000},
            {"group_code": "PR", "reason_code": "3", "amount_cents": 500},
        ],
    )
    event = world.told(ClaimAdjudicated)[1]
    assert (event.patient_due_cents, event.responsible_party) == (500, "patient")
    assert (event.money.paid_cents, event.money.contractual_cents) == (9_500, 5_000)
    assert world.open_cents == 0
    assert world.claim.status == "closed"


def test_v4_a_negative_adjustment_keeps_its_sign() -> None:
    world = World.of(service("99213", 10_000))
    world.pay(
        paid_line(world.number(1), "99213", 10_000, 8_300, ("CO", "45", 2_000), ("CO", "144", -300))
    )
    assert world.claim.money.contractual_cents == 1_700
    assert world.claim.outcome == "paid"
    assert world.open_cents == 0


@pytest.mark.parametrize(
    ("adjustment", "due_cents", "responsible"),
    [(("CO", "24", 12_000), 0, "none"), (("PR", "1", 12_000), 12_000, "patient")],
)
def test_v5_capitation_and_deductible_are_no_denials(
    adjustment: tuple[str, str, int], due_cents: int, responsible: str
) -> None:
    world = World.of(service("99213", 12_000))
    world.pay(paid_line(world.number(1), "99213", 12_000, 0, adjustment))
    assert world.told(DenialOpened) == []
    assert (world.claim.outcome, world.claim.responsible_party) == ("paid", responsible)
    assert world.claim.money.patient_responsibility_cents == due_cents


def test_v6_the_same_payment_posts_once() -> None:
    world = World.of(service("99213", 12_000))
    event = payment(
        world.claim.patient_control_number, paid_line(world.number(1), "99213", 12_000, 12_000)
    )
    world.post(event)
    assert post_payment(world.record, event, cause()) is None


def test_v8_a_rejection_does_not_stop_the_filing_clock_and_rings_the_alarm() -> None:
    medicare = PRIMARY.model_copy(update={"filing_code": "MB"})
    served = date(2026, 3, 15)
    event_now = MOMENT.replace(year=2027, month=3, day=1)
    world = World.of(service("99213", 12_000), coverages=(medicare,))
    content = world.claim.content
    assert filing.deadline(content) == date(DAY.year + 1, DAY.month, DAY.day)
    claim = world.claim
    lines = tuple(line.model_copy(update={"date_of_service": served}) for line in content.lines)
    moved = replace(content, date_of_service=served, lines=lines)
    claim = replace(claim, content=moved, filing_deadline=filing.deadline(moved))
    assert claim.filing_deadline == date(2027, 3, 15)
    rejected = ClaimRejected(
        tenant_id=TENANT,
        claim_id=claim.claim_id,
        submission_id=new_id(),
        hop="payer",
        acknowledgment="277CA",
        status_codes=(StatusCode(category_code="A7", status_code="562"),),
        rejected_at=event_now,
    )
    change = follow_submission(claim, rejected, replace(cause(), now=event_now))
    assert change is not None
    assert change.claim.status == "payer_rejected"
    assert change.claim.filing_deadline == date(2027, 3, 15)
    assert [finding.code for finding in change.claim.findings] == ["R001", "T102"]
    codes = {found.code for found in scrub(Subject(change.claim, event_now.date()))}
    assert "T102" in codes
    assert "T101" not in codes
    assert change.entries == ()


def test_paid_given_up_and_left_to_the_patient_never_exceed_the_charge() -> None:
    world = World.of(service("99213", 12_000))
    event = payment(
        world.claim.patient_control_number, paid_line(world.number(1), "99213", 12_000, 12_000)
    )
    world.post(event)
    again = event.model_copy(update={"ordinal": 2})
    assert post_payment(world.record, again, cause()) == Unpostable("exceeds_charge")


def test_a_reversal_without_its_decision_waits() -> None:
    world = World.of(service("99213", 12_000))
    event = payment(
        world.claim.patient_control_number, paid_line(world.number(1), "99213", 12_000, 12_000)
    )
    back = reversal_of_payment(event)
    assert post_payment(world.record, back, cause()) == Unpostable("reversed_decision_unknown")


def test_a_reversal_that_is_off_by_a_cent_takes_nothing_back() -> None:
    world = World.of(service("99213", 12_000))
    event = payment(
        world.claim.patient_control_number,
        paid_line(world.number(1), "99213", 12_000, 9_000, ("CO", "45", 3_000)),
    )
    world.post(event)
    back = reversal_of_payment(event)
    line = back.lines[0].model_copy(
        update={"adjustments": (back.lines[0].adjustments[0].model_copy(
            update={"reason_code": "253"}),)}
    )  # fmt: skip
    off = back.model_copy(update={"lines": (line,)})
    assert post_payment(world.record, off, cause()) == Unpostable("reversed_decision_unknown")


def test_a_denied_line_beside_a_paid_one_leaves_the_denied_cents_with_the_payer() -> None:
    world = two_lines()
    world.pay(
        paid_line(world.number(1), "99213", 10_000, 8_000, ("PR", "3", 2_000)),
        paid_line(world.number(2), "36415", 5_000, 0, ("CO", "16", 5_000), remark_codes=("M76",)),
    )
    [denial] = world.told(DenialOpened)
    assert (denial.line_number, denial.remark_codes) == (2, ("M76",))
    assert (world.claim.outcome, world.claim.responsible_party) == ("partially_paid", "primary")
    assert world.claim.money.patient_responsibility_cents == 2_000
    assert world.open_cents == 5_000


def test_a_denial_that_another_payer_should_pay_goes_to_the_next_one() -> None:
    world = World.of(service("99213", 10_000), coverages=(PRIMARY, SECONDARY))
    world.pay(paid_line(world.number(1), "99213", 10_000, 0, ("CO", "27", 10_000)))
    assert world.claim.responsible_party == "secondary"
    assert world.cents(AR, "P2") == 10_000


def test_a_workable_denial_stays_with_the_payer_that_refused() -> None:
    world = World.of(service("99213", 10_000), coverages=(PRIMARY, SECONDARY))
    world.pay(paid_line(world.number(1), "99213", 10_000, 0, ("CO", "16", 10_000)))
    assert world.claim.responsible_party == "primary"
    assert world.cents(AR, "P1") == 10_000


def test_a_forwarded_claim_waits_for_a_payer_that_nobody_told_us_about() -> None:
    world = World.of(service("99213", 10_000))
    world.pay(
        paid_line(world.number(1), "99213", 10_000, 8_000, ("PR", "2", 2_000)),
        status="19",
        crossover_payer_id="P7",
    )
    assert (world.claim.responsible_party, world.open_cents) == ("secondary", 2_000)
    assert world.claim.money.patient_responsibility_cents == 0


def test_a_secondary_that_does_not_know_the_patient_leaves_the_primary_share() -> None:
    world = World.of(service("99213", 10_000), coverages=(PRIMARY, SECONDARY))
    world.pay(paid_line(world.number(1), "99213", 10_000, 8_000, ("PR", "2", 2_000)))
    world.pay(
        paid_line(world.number(1), "99213", 10_000, 0, ("CO", "31", 10_000)),
        status="4",
        payer_id="P2",
        trace_number="TRN9",
    )
    assert (world.claim.responsible_party, world.open_cents) == ("patient", 0)
    assert world.claim.money.patient_responsibility_cents == 2_000


def test_reversing_the_primary_after_the_secondary_makes_the_patient_owe_nothing() -> None:
    world = World.of(service("99213", 10_000), coverages=(PRIMARY, SECONDARY))
    first = payment(
        world.claim.patient_control_number,
        paid_line(world.number(1), "99213", 10_000, 6_000, ("CO", "45", 1_000), ("PR", "2", 3_000)),
    )
    world.post(first)
    world.pay(
        paid_line(world.number(1), "99213", 10_000, 2_000, ("OA", "23", 7_000), ("PR", "3", 1_000)),
        status="2",
        payer_id="P2",
        trace_number="TRN9",
    )
    assert world.claim.money.patient_responsibility_cents == 1_000
    world.post(reversal_of_payment(first))
    assert world.claim.money.patient_responsibility_cents == 0
    assert (world.claim.responsible_party, world.cents(AR, "P1")) == ("primary", 8_000)
    world.post(first.model_copy(update={"ordinal": 2}))
    assert world.claim.money.patient_responsibility_cents == 1_000
    assert world.open_cents == 0


def test_a_payment_that_fits_no_line_is_still_the_claims() -> None:
    world = World.of(service("99213", 10_000))
    world.pay(paid_line(None, "99999", 9_999, 9_999), charge_cents=9_999, paid_cents=9_999)
    assert world.claim.money.paid_cents == 9_999
    assert world.record.decisions[0].matches[0].confidence == "none"


def test_a_predetermination_and_a_repeated_denial_move_nothing() -> None:
    world = World.of(service("99213", 10_000))
    line = paid_line(world.number(1), "99213", 10_000, 10_000)
    world.pay(line, status="25")
    assert world.claim.status == "ready"
    world.pay(line, ordinal=2)
    world.pay(
        paid_line(world.number(1), "99213", 10_000, 0, ("OA", "18", 10_000)), trace_number="TRN3"
    )
    assert (world.claim.outcome, world.claim.status) == ("paid", "closed")
    assert world.told(DenialOpened) == []


def test_a_line_without_a_charge_does_not_soften_a_denial() -> None:
    """A reported measure of 0.00 is neither paid nor refused: it says nothing about the claim."""
    world = World.of(service("99213", 10_000), service("G8427", 0), coverages=(PRIMARY, SECONDARY))
    world.pay(
        paid_line(world.number(1), "99213", 10_000, 0, ("CO", "50", 10_000)),
        paid_line(world.number(2), "G8427", 0, 0),
    )
    assert (world.claim.outcome, world.claim.responsible_party) == ("denied", "primary")
    assert world.cents(AR, "P1") == 10_000


def test_a_refusal_that_leaves_nothing_open_is_nobodys_work() -> None:
    """The secondary knows no such patient, so the primary's share is the patient's: no cents are
    left that anybody could win back from the secondary."""
    world = World.of(service("99213", 10_000), coverages=(PRIMARY, SECONDARY))
    world.pay(paid_line(world.number(1), "99213", 10_000, 8_000, ("PR", "2", 2_000)))
    world.pay(
        paid_line(world.number(1), "99213", 10_000, 0, ("CO", "31", 10_000)),
        status="4",
        payer_id="P2",
        trace_number="TRN9",
    )
    assert (world.claim.status, world.open_cents) == ("closed", 0)
    assert world.told(DenialOpened) == []
    assert world.record.denials == ()


def test_a_payer_takes_back_its_own_decision_only() -> None:
    """Two payers refused with the same words and cents; the second one's must stand."""
    world = World.of(service("99213", 10_000), coverages=(PRIMARY, SECONDARY))
    first = payment(
        world.claim.patient_control_number,
        paid_line(world.number(1), "99213", 10_000, 0, ("CO", "27", 10_000)),
        payer_claim_number=None,
    )
    second = first.model_copy(
        update={"payer_id": "P2", "trace_number": "TRN9", "remittance_id": new_id()}
    )
    world.post(first)
    world.post(second)
    world.post(reversal_of_payment(first))
    reversed_ones = {known.payer_id for known in world.record.decisions if known.reversed_by}
    assert reversed_ones == {"P1"}


def test_a_reversal_says_where_the_rest_of_the_claim_stands() -> None:
    """The secondary takes its payment back; what the primary paid and gave up still stands."""
    world = World.of(service("99213", 10_000), coverages=(PRIMARY, SECONDARY))
    world.pay(
        paid_line(world.number(1), "99213", 10_000, 6_000, ("CO", "45", 1_000), ("PR", "2", 3_000))
    )
    second = payment(
        world.claim.patient_control_number,
        paid_line(world.number(1), "99213", 10_000, 2_000, ("OA", "23", 7_000), ("PR", "3", 1_000)),
        status="2",
        payer_id="P2",
        trace_number="TRN9",
    )
    world.post(second)
    world.post(reversal_of_payment(second, trace_number="TRN10"))
    [back] = world.told(ClaimReversed)
    assert back.money == world.claim.money
    assert (back.money.paid_cents, back.money.contractual_cents) == (6_000, 1_000)
    assert (back.outcome, back.responsible_party) == ("paid", "secondary")
