"""A decided claim goes to the next payer, with what the earlier ones decided, to the cent."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from claims_world import World, cause, opened

from claims_svc.domain.adjudication import release_to_next
from claims_svc.domain.change import Change, Refused
from claims_svc.domain.coordination import prior_decisions
from claims_svc.domain.intake import Desk
from claims_svc.domain.lineage import Coding
from claims_svc.domain.passing import OUTDATED
from claims_svc.domain.release import hold, void
from claims_svc.domain.submission import follow_submission
from rcm.contracts.claims import ClaimAdjudicated, ClaimHeld, ClaimReady
from rcm.contracts.payer import ClaimRejected, ClaimSubmitted
from rcm.contracts.values import Coverage, PriorDecision
from rcm.ids import new_id
from rcm.testing.claims import (
    DAY,
    MOMENT,
    PRIMARY,
    SECONDARY,
    cas,
    coded,
    paid_line,
    payment,
    reversal_of_payment,
    service,
)
from rcm.testing.samples import TENANT

TERTIARY = Coverage(rank="tertiary", payer_id="P3", payer_name="Third Health")
BOTH = (PRIMARY, SECONDARY)
MEDICARE = SECONDARY.model_copy(update={"filing_code": "MB"})


def claim_a(*coverages: Coverage) -> World:
    """Vector V3: 150.00 in two lines."""
    return World.of(service("99213", 10_000), service("36415", 5_000), coverages=coverages or BOTH)


def v3(world: World, **changes: object) -> Change:
    """The primary's answer: 70.00 paid, 50.00 contractual, 30.00 left to the patient."""
    return world.pay(
        paid_line(world.number(1), "99213", 10_000, 4_000, ("CO", "45", 3_000), ("PR", "1", 2_000),
                  ("PR", "3", 1_000)),
        paid_line(world.number(2), "36415", 5_000, 3_000, ("CO", "45", 2_000)),
        **changes,
    )  # fmt: skip


def second(world: World, **changes: object) -> Change:
    """The secondary's answer: 25.00 paid, 5.00 left."""
    given: dict[str, object] = {
        "payer_id": "P2",
        "status": "2",
        "trace_number": "TRN9",
        "payer_claim_number": "ICN2",
        "charge_cents": 15_000,
        "paid_cents": 2_500,
        "adjustments": cas(("OA", "23", 12_000), ("PR", "3", 500)),
    }
    return world.pay(**(given | changes))


def test_v3_the_secondary_is_told_what_the_primary_paid_and_why_not_more() -> None:
    world = claim_a()
    v3(world)
    [_, ready] = world.told(ClaimReady)
    assert (ready.coverage, ready.other_coverages) == (SECONDARY, (PRIMARY,))
    assert (ready.frequency_code, ready.replaces, ready.charge_cents) == ("1", None, 15_000)
    [prior] = ready.prior_decisions
    assert (prior.rank, prior.payer_claim_number, prior.paid_cents) == ("primary", "ICN1", 7_000)
    assert (prior.adjustments, prior.patient_cents) == ((), None)
    first, other = prior.lines
    assert (first.line_number, first.paid_cents, first.patient_cents) == (1, 4_000, 3_000)
    assert first.adjustments == cas(("CO", "45", 3_000), ("PR", "1", 2_000), ("PR", "3", 1_000))
    assert (other.line_number, other.paid_cents, other.patient_cents) == (2, 3_000, 0)


def test_v3_the_last_payer_says_what_the_patient_owes() -> None:
    world = claim_a()
    v3(world)
    assert (world.claim.status, world.claim.responsible_party) == ("ready", "secondary")
    second(world)
    event = world.told(ClaimAdjudicated)[-1]
    assert (event.patient_due_cents, event.money.paid_cents) == (500, 9_500)
    assert event.money.contractual_cents == 5_000
    assert (world.claim.status, world.open_cents) == ("closed", 0)
    assert len(world.told(ClaimReady)) == 2


def test_the_history_says_that_the_claim_was_adjudicated_before_it_went_on() -> None:
    change = v3(claim_a())
    steps = [(e.from_value, e.to_value) for e in change.edges if e.axis == "lifecycle"]
    assert steps == [("ready", "adjudicated"), ("adjudicated", "ready")]


def paying(*triplets: tuple[str, str, int], **changes: Any) -> Callable[[World], object]:
    """An answer to one line of 100.00, the rest of which is paid."""
    paid = 10_000 - sum(cents for _, _, cents in triplets)
    return lambda world: world.pay(
        paid_line(world.number(1), "99213", 10_000, paid, *triplets), **changes
    )


@pytest.mark.parametrize(
    ("answer", "coverages", "goes_on"),
    [
        pytest.param(paying(("PR", "2", 2_000)), BOTH, True, id="patient's share"),
        pytest.param(paying(("PR", "2", 2_000)), (PRIMARY,), False, id="one coverage"),
        pytest.param(paying(("CO", "45", 2_000)), BOTH, False, id="nothing is left"),
        pytest.param(paying(("CO", "16", 10_000)), BOTH, False, id="workable denial"),
        pytest.param(paying(("CO", "27", 10_000)), BOTH, True, id="another payer should pay"),
        pytest.param(paying(("PR", "2", 2_000), status="19"), BOTH, False, id="crossover"),
        pytest.param(paying(("PR", "2", 2_000), status="25"), BOTH, False, id="no decision"),
        pytest.param(
            paying(("CO", "16", 2_000), ("PR", "2", 1_000)), BOTH, True, id="partly denied"
        ),
    ],
)
def test_who_is_sent_the_claim(
    answer: Callable[[World], object], coverages: tuple[Coverage, ...], *, goes_on: bool
) -> None:
    world = World.of(service("99213", 10_000), coverages=coverages)
    answer(world)
    assert (len(world.told(ClaimReady)) == 2) is goes_on
    assert (world.claim.billed_rank == "secondary") is goes_on


def test_a_third_payer_is_told_of_both_before_it() -> None:
    world = claim_a(PRIMARY, SECONDARY, TERTIARY)
    v3(world)
    second(world)
    ready = world.told(ClaimReady)[-1]
    assert (ready.coverage, ready.other_coverages) == (TERTIARY, BOTH)
    assert [each.rank for each in ready.prior_decisions] == ["primary", "secondary"]
    whole = ready.prior_decisions[1]
    assert (whole.paid_cents, whole.patient_cents, whole.lines) == (2_500, 500, ())
    assert whole.adjustments == cas(("OA", "23", 12_000), ("PR", "3", 500))


def test_a_share_that_is_only_known_of_the_claim_stands_there_alone() -> None:
    world = World.of(service("99213", 10_000), coverages=BOTH)
    world.pay(
        paid_line(world.number(1), "99213", 10_000, 8_000, ("CO", "45", 2_000)),
        paid_cents=7_000,
        adjustments=cas(("PR", "3", 1_000)),
    )
    [prior] = world.told(ClaimReady)[-1].prior_decisions
    assert prior.patient_cents == 1_000
    assert [line.patient_cents for line in prior.lines] == [None]


def halves(world: World, number: int) -> Change:
    """One of the two parts that a payer made of a claim."""
    lines = (
        paid_line(world.number(1), "99213", 10_000, 8_000, ("PR", "2", 2_000)),
        paid_line(world.number(2), "36415", 5_000, 5_000),
    )
    return world.pay(lines[number], trace_number=f"TRN{number}", ordinal=number + 1)


def test_a_claim_that_its_payer_split_waits_for_all_parts() -> None:
    """Until then its decisions do not account for the charge, and it is held."""
    world = claim_a()
    halves(world, 0)
    [held] = world.told(ClaimHeld)
    assert [each.code for each in held.findings] == ["B002"]
    assert (world.claim.status, world.claim.money.insurance_balance_cents) == ("held", 7_000)
    halves(world, 1)
    assert world.claim.status == "ready"
    [prior] = world.told(ClaimReady)[-1].prior_decisions
    assert (prior.paid_cents, len(prior.lines)) == (13_000, 2)


def test_of_two_answers_to_the_whole_claim_the_newest_is_told() -> None:
    """A payer that denied for a missing record pays later, without taking the denial back."""
    world = World.of(service("99213", 10_000), coverages=BOTH)
    paying(("CO", "16", 10_000))(world)
    paying(("PR", "2", 2_000), trace_number="TRN2")(world)
    [prior] = world.told(ClaimReady)[-1].prior_decisions
    assert (prior.paid_cents, [line.paid_cents for line in prior.lines]) == (8_000, [8_000])


def test_a_line_that_is_none_of_ours_holds_the_claim() -> None:
    world = World.of(service("99213", 10_000), coverages=BOTH)
    world.pay(
        paid_line(None, "99999", 6_000, 5_000, ("PR", "2", 1_000)),
        paid_line(None, "99998", 4_000, 4_000),
    )
    assert [each.code for each in world.claim.findings] == ["B002"]
    assert world.claim.status == "held"


def test_medicare_second_says_why_or_is_held() -> None:
    world = World.of(service("99213", 10_000), coverages=(PRIMARY, MEDICARE))
    assert [each.code for each in world.claim.findings] == ["B104"]
    paying(("PR", "2", 2_000))(world)
    assert [each.code for each in world.claim.findings] == ["B004"]
    assert world.claim.filing_deadline is not None


def test_a_held_claim_stays_held_while_its_reason_does() -> None:
    world = World.of(service("99213", 10_000), coverages=(PRIMARY, MEDICARE))
    paying(("PR", "2", 2_000))(world)
    again = release_to_next(world.record, cause())
    assert isinstance(again, Change)
    world.apply(again)
    assert (world.claim.status, len(world.told(ClaimReady))) == ("held", 1)


def passed_on() -> World:
    """V3, sent to the secondary."""
    world = claim_a()
    v3(world)
    submitted = ClaimSubmitted(
        tenant_id=TENANT,
        claim_id=world.claim.claim_id,
        submission_id=new_id(),
        patient_control_number=world.claim.patient_control_number,
        payer_id="P2",
        transmission_id=new_id(),
        interchange_control_number="000000001",
        group_control_number="1",
        transaction_set_control_number="0001",
        batch_reference="B1",
        charge_cents=15_000,
        submitted_at=MOMENT,
    )
    change = follow_submission(world.claim, submitted, cause())
    assert change is not None
    world.apply(change)
    return world


def rejected() -> World:
    world = passed_on()
    submission_id = world.claim.submission_id
    assert submission_id is not None
    event = ClaimRejected(
        tenant_id=TENANT,
        claim_id=world.claim.claim_id,
        submission_id=submission_id,
        hop="payer",
        rejected_at=MOMENT,
    )
    change = follow_submission(world.claim, event, cause())
    assert change is not None
    world.apply(change)
    return world


def test_what_the_secondary_rejects_is_held_and_released_without_touching_the_money() -> None:
    world = rejected()
    money = world.claim.money
    held = hold(world.claim, cause())
    assert isinstance(held, Change)
    world.apply(held)
    assert (world.claim.status, world.claim.money) == ("held", money)
    released = release_to_next(world.record, cause())
    assert isinstance(released, Change)
    world.apply(released)
    assert (world.claim.status, world.claim.money) == ("ready", money)
    assert world.told(ClaimReady)[-1].prior_decisions == world.told(ClaimReady)[1].prior_decisions


def test_what_a_payer_has_paid_is_not_voided_in_place() -> None:
    assert void(rejected().claim, None, cause()) == Refused("payer_rejected")


def test_what_is_on_its_way_is_not_released() -> None:
    assert release_to_next(passed_on().record, cause()) == Refused("submitted")


def test_the_number_that_a_correction_names_stays_the_first_payers() -> None:
    world = passed_on()
    second(world)
    assert world.claim.payer_claim_number == "ICN1"


def corrected() -> World:
    """The primary takes back what it paid and pays more, while the secondary has the claim."""
    world = passed_on()
    first = payment(
        world.claim.patient_control_number,
        paid_line(world.number(1), "99213", 10_000, 4_000, ("CO", "45", 3_000), ("PR", "1", 2_000),
                  ("PR", "3", 1_000)),
        paid_line(world.number(2), "36415", 5_000, 3_000, ("CO", "45", 2_000)),
    )  # fmt: skip
    world.post(reversal_of_payment(first))
    world.pay(
        paid_line(world.number(1), "99213", 10_000, 5_000, ("CO", "45", 3_000), ("PR", "1", 2_000)),
        paid_line(world.number(2), "36415", 5_000, 3_000, ("CO", "45", 2_000)),
        trace_number="TRN3",
        ordinal=3,
    )
    return world


def test_what_the_next_payer_has_is_not_sent_twice_by_itself() -> None:
    world = corrected()
    assert len(world.told(ClaimReady)) == 2
    assert OUTDATED in {each.code for each in world.claim.findings}
    assert world.claim.responsible_party == "secondary"


def test_a_person_sends_it_again_with_the_decisions_as_they_stand() -> None:
    world = corrected()
    again = release_to_next(world.record, cause())
    assert isinstance(again, Change)
    world.apply(again)
    [prior] = world.told(ClaimReady)[-1].prior_decisions
    assert prior.paid_cents == 8_000
    assert OUTDATED not in {each.code for each in world.claim.findings}


def test_a_replacement_is_one_for_each_payer_that_knows_the_claim() -> None:
    """The secondary decided on the claim that this one replaces, under a number of its own."""
    before = claim_a()
    v3(before)
    second(before)
    world = claim_a()
    original = before.claim.claim_id
    replacing = replace(world.claim, frequency_code="7", replaces_claim_id=original)
    world.record = replace(world.record, claim=replacing, replaced=before.record.decisions)
    v3(world)
    ready = world.told(ClaimReady)[-1]
    assert ready.replaces is not None
    assert (ready.frequency_code, ready.replaces.payer_claim_number) == ("7", "ICN2")
    world = claim_a()
    only_first = tuple(each for each in before.record.decisions if each.rank == "primary")
    world.record = replace(world.record, claim=replacing, replaced=only_first)
    v3(world)
    ready = world.told(ClaimReady)[-1]
    assert (ready.frequency_code, ready.replaces) == ("1", None)


def test_a_first_payer_is_told_of_nobody() -> None:
    world = claim_a()
    [ready] = world.told(ClaimReady)
    assert ready.prior_decisions == ()
    assert prior_decisions(world.claim, world.record.decisions, today=DAY) == ()


def test_a_payment_that_is_dated_ahead_was_decided_today() -> None:
    """BPR16 may be the day on which the money arrives, and no claim tells of the future."""
    ahead, known = claim_a(), claim_a()
    v3(ahead, effective_on=MOMENT.date() + timedelta(days=2))
    v3(known, effective_on=MOMENT.date() - timedelta(days=2))
    days = [each.told(ClaimReady)[-1].prior_decisions[0].decided_on for each in (ahead, known)]
    assert days == [MOMENT.date(), MOMENT.date() - timedelta(days=2)]


def test_remarks_travel_along() -> None:
    world = claim_a()
    v3(world, remark_codes=("MA18", "N1"))
    [prior] = world.told(ClaimReady)[-1].prior_decisions
    assert isinstance(prior, PriorDecision)
    assert prior.remark_codes == ("MA18", "N1")


def coding_of(world: World, **changes: Any) -> Coding:
    """The encounter of a claim, coded anew."""
    [encounter_id] = world.claim.encounter_ids
    content = world.claim.content
    given: dict[str, Any] = {
        "encounter_id": encounter_id,
        "patient_id": world.claim.patient_id,
        "revision": 2,
        "coverages": content.coverages,
    }
    event = coded(*content.lines, **(given | changes))
    return Coding(event, opened(event))


MENDED = MEDICARE.model_copy(update={"insurance_type_code": "12"})


@pytest.mark.parametrize(
    ("changes", "frequencies"),
    [
        pytest.param({"coverages": (PRIMARY, MENDED)}, [], id="the waiting payer's coverage"),
        pytest.param(
            {"coverages": (PRIMARY.model_copy(update={"group_number": "G1"}), MENDED)},
            ["7"],
            id="a coverage that was decided on",
        ),
        pytest.param({"place_of_service_code": "22"}, ["7"], id="what was decided on"),
    ],
)
def test_a_coding_that_mends_a_later_coverage_replaces_nothing(
    changes: dict[str, Any], frequencies: list[str]
) -> None:
    world = World.of(service("99213", 10_000), coverages=(PRIMARY, MEDICARE))
    paying(("PR", "2", 2_000))(world)
    desk = Desk.of([world.claim], {}, {}, {})
    changed = desk.code(coding_of(world, **changes), cause())
    new = [each.claim for each in changed if each.claim.claim_id != world.claim.claim_id]
    assert [each.frequency_code for each in new] == frequencies
    if not frequencies:
        [mended] = changed
        world.apply(mended)
        released = release_to_next(world.record, cause())
        assert isinstance(released, Change)
        world.apply(released)
        assert world.told(ClaimReady)[-1].coverage == MENDED
        assert world.claim.money.paid_cents == 8_000
