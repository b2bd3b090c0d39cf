"""A claim that several payers know is taken back from each of them, under its own number, and the
books come to zero in whatever order they answer."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from claims_world import World, cause

from claims_svc.domain.change import Change
from claims_svc.domain.coordination import Decided
from claims_svc.domain.decision import Decision
from claims_svc.domain.intake import Desk
from claims_svc.domain.lineage import void_at_payers
from claims_svc.domain.pricing import FeeSchedules
from claims_svc.domain.release import Facts, release
from claims_svc.domain.voiding import payers_to_tell
from rcm.contracts.claims import ClaimHeld, ClaimReady, ClaimReversed, ClaimStatus
from rcm.contracts.coding import EncounterVoided
from rcm.contracts.payer import ClaimPaymentReported
from rcm.contracts.values import Coverage, CoverageRank
from rcm.ledger.accounts import AccountCode
from rcm.testing.claims import (
    MOMENT,
    PRIMARY,
    SECONDARY,
    paid_line,
    payment,
    reversal_of_payment,
    service,
)
from rcm.testing.samples import TENANT

TERTIARY = Coverage(rank="tertiary", payer_id="P3", payer_name="Third Health")
PAYERS = (PRIMARY, SECONDARY, TERTIARY)
# Of 100.00: 25.00 is given up, and each payer leaves something to the next one.
ANSWERS = (
    (6_000, ("CO", "45", 2_500), ("PR", "1", 1_000), ("PR", "3", 500)),
    (900, ("OA", "23", 8_500), ("PR", "3", 600)),
    (400, ("OA", "23", 9_400), ("PR", "3", 200)),
)


def answer(world: World, position: int, **changes: Any) -> ClaimPaymentReported:
    """What the payer at this position decides."""
    paid_cents, *triplets = ANSWERS[position]
    given: dict[str, Any] = {
        "payer_id": f"P{position + 1}",
        "status": str(position + 1),
        "trace_number": f"TRN-{position}",
        "payer_claim_number": f"ICN{position + 1}",
    }
    line = paid_line(world.number(1), "99213", 10_000, paid_cents, *triplets)
    return payment(world.claim.patient_control_number, line, **(given | changes))


def billed(payers: int, *, decided: int | None = None) -> tuple[World, list[ClaimPaymentReported]]:
    """A claim with so many payers, and the answers of those that have decided."""
    world = World.of(service("99213", 10_000), coverages=PAYERS[:payers])
    answers = [
        answer(world, position) for position in range(payers if decided is None else decided)
    ]
    for each in answers:
        world.post(each)
    return world, answers


def taken_back(world: World) -> list[Change]:
    """The void claims, after which the claim itself knows that it is voided."""
    *voids, marked = void_at_payers(world.claim, world.record.decided, cause())
    world.apply(marked)
    return voids


def sent(voids: Sequence[Change]) -> list[ClaimReady]:
    return [event for void in voids for event in void.events if isinstance(event, ClaimReady)]


@pytest.mark.parametrize("payers", [1, 2, 3])
def test_each_payer_is_told_under_its_own_number_the_last_one_first(payers: int) -> None:
    world, _ = billed(payers)
    events = sent(taken_back(world))
    told = [
        (
            each.frequency_code,
            each.coverage.payer_id,
            each.replaces and each.replaces.payer_claim_number,
        )
        for each in events
    ]
    assert told == [("8", f"P{n}", f"ICN{n}") for n in range(payers, 0, -1)]
    assert {each.replaces.claim_id for each in events if each.replaces} == {world.claim.claim_id}
    assert len({each.patient_control_number for each in events}) == payers
    assert world.claim.superseded_by == events[-1].claim_id


@pytest.mark.parametrize("payers", [2, 3])
def test_each_void_says_of_the_payers_before_what_the_claim_said(payers: int) -> None:
    world, _ = billed(payers)
    first_told = {each.coverage.rank: each.prior_decisions for each in world.told(ClaimReady)}
    assert {
        each.coverage.rank: each.prior_decisions for each in sent(taken_back(world))
    } == first_told


ORDERS = [
    pytest.param(order, id="-".join(f"P{position + 1}" for position in order))
    for payers in (1, 2, 3)
    for order in permutations(range(payers))
]


@pytest.mark.parametrize("order", ORDERS)
def test_all_money_is_back_in_whatever_order_they_answer(order: tuple[int, ...]) -> None:
    world, answers = billed(len(order))
    taken_back(world)
    for position in order[:-1]:
        world.post(reversal_of_payment(answers[position], trace_number=f"BACK-{position}"))
        assert world.claim.status == "adjudicated"
    world.post(reversal_of_payment(answers[order[-1]], trace_number=f"BACK-{order[-1]}"))
    assert (world.claim.status, world.claim.money.charge_cents) == ("voided", 0)
    assert {place: cents for place, cents in world.accounts.items() if cents} == {}
    back = [(each.payer_id, each.paid_cents) for each in world.told(ClaimReversed)]
    assert back == [(f"P{position + 1}", -ANSWERS[position][0]) for position in order]
    assert world.told(ClaimReversed)[-1].patient_due_cents == 0


@pytest.mark.parametrize("keeps", [0, 1, 2])
def test_what_one_payer_keeps_stays_in_the_books(keeps: int) -> None:
    """The control of the test above: a payer that is not told keeps what it paid, and it shows."""
    world, answers = billed(3)
    taken_back(world)
    for position in {0, 1, 2} - {keeps}:
        world.post(reversal_of_payment(answers[position], trace_number=f"BACK-{position}"))
    assert (world.claim.status, world.claim.money.paid_cents) == ("adjudicated", ANSWERS[keeps][0])
    assert world.cents(AccountCode.REVENUE) == -10_000


def test_a_charge_goes_although_a_payer_that_never_knew_the_patient_took_nothing_back() -> None:
    world = World.of(service("99213", 10_000), coverages=PAYERS[:2])
    unknown = paid_line(world.number(1), "99213", 10_000, 0, ("CO", "31", 10_000))
    world.pay(unknown, status="4")
    second = answer(world, 1)
    world.post(second)
    assert [each.coverage.payer_id for each in sent(taken_back(world))] == ["P2"]
    world.post(reversal_of_payment(second, trace_number="BACK"))
    assert world.claim.status == "voided"
    assert {place: cents for place, cents in world.accounts.items() if cents} == {}


def decision(number: int, **changes: Any) -> Decision:
    """What the payer of this number decided on a claim of three payers."""
    return replace(billed(3)[0].record.decisions[number - 1], **changes)


P1, P2, P3 = (decision(number) for number in (1, 2, 3))


@pytest.mark.parametrize(
    ("own", "replaced", "asked", "told"),
    [
        pytest.param((P1,), (), ("primary", "adjudicated"), "1", id="one has decided"),
        pytest.param((P1,), (), ("secondary", "ready"), "21", id="the second is about to be asked"),
        pytest.param((P1,), (), ("secondary", "payer_accepted"), "21", id="the second has it"),
        pytest.param((P1,), (), ("secondary", "payer_rejected"), "1", id="the second rejected it"),
        pytest.param((P1,), (), ("secondary", "held"), "1", id="it waits here for the second"),
        pytest.param((P1, P2), (), ("secondary", "adjudicated"), "21", id="both have decided"),
        pytest.param((P1, P2, P3), (), ("tertiary", "closed"), "321", id="all have decided"),
        pytest.param(
            (replace(P1, status_code="19"),), (), ("primary", "adjudicated"), "21",
            id="the first passed it on itself",
        ),
        pytest.param(
            (replace(P1, status_code="4"), P2), (), ("secondary", "closed"), "2",
            id="the first never knew the patient",
        ),
        pytest.param(
            (replace(P1, status_code="4"),), (), ("primary", "adjudicated"), "1",
            id="nobody seems to know it",
        ),
        pytest.param(
            (replace(P1, kind="information"),), (), ("primary", "payer_accepted"), "1",
            id="only information so far",
        ),
        pytest.param(
            (P1, replace(P2, kind="information")), (), ("secondary", "payer_accepted"), "21",
            id="the second says only that it has it",
        ),
        pytest.param(
            (P1,), (P1, P2), ("primary", "adjudicated"), "21",
            id="the second knows what this one replaces",
        ),
        pytest.param(
            (P1,), (P1, replace(P2, reversed_by=P1.adjudication_id)), ("primary", "adjudicated"),
            "1", id="the second took back what this one replaces",
        ),
    ],
)  # fmt: skip
def test_who_is_told(
    own: tuple[Decision, ...],
    replaced: tuple[Decision, ...],
    asked: tuple[CoverageRank, ClaimStatus],
    told: str,
) -> None:
    rank, status = asked
    claim = replace(billed(3, decided=0)[0].claim, billed_rank=rank, status=status)
    ranks: dict[CoverageRank, str] = {"primary": "1", "secondary": "2", "tertiary": "3"}
    assert "".join(ranks[each] for each in payers_to_tell(claim, Decided(own, replaced))) == told


def test_a_void_waits_for_the_payer_that_has_not_decided_and_holds_up_no_other() -> None:
    world, _ = billed(2, decided=1)
    waiting, first = taken_back(world)
    [held] = [event for event in waiting.events if isinstance(event, ClaimHeld)]
    assert {finding.code for finding in held.findings} == {"L001", "L002"}
    assert [each.coverage.payer_id for each in sent([first])] == ["P1"]
    # The second payer decides after all; the claim goes nowhere else, and the void may leave now.
    world.post(answer(world, 1))
    facts = Facts(original=world.claim, decided=world.record.decided)
    released = release(waiting.claim, FeeSchedules(()), facts, cause())
    assert isinstance(released, Change)
    [ready] = sent([released])
    assert (ready.frequency_code, ready.coverage.payer_id) == ("8", "P2")
    assert ready.replaces is not None
    assert ready.replaces.payer_claim_number == "ICN2"
    assert [each.rank for each in ready.prior_decisions] == ["primary"]


def test_a_late_void_still_tells_of_what_the_first_payer_took_back_meanwhile() -> None:
    world, answers = billed(2, decided=1)
    waiting, _ = taken_back(world)
    second = answer(world, 1)
    world.post(second)
    world.post(reversal_of_payment(answers[0], trace_number="BACK"))
    facts = Facts(original=world.claim, decided=world.record.decided)
    released = release(waiting.claim, FeeSchedules(()), facts, cause())
    assert isinstance(released, Change)
    [ready] = sent([released])
    assert [each.paid_cents for each in ready.prior_decisions] == [6_000]
    world.post(reversal_of_payment(second, trace_number="BACK-2"))
    assert world.claim.status == "voided"
    assert {place: cents for place, cents in world.accounts.items() if cents} == {}


def test_a_voided_encounter_is_taken_back_from_every_payer() -> None:
    world, _ = billed(2)
    [encounter_id] = world.claim.encounter_ids
    event = EncounterVoided(
        tenant_id=TENANT,
        encounter_id=encounter_id,
        revision=1,
        voided_at=MOMENT,
        reason_code="wrong_patient",
    )
    decided = {world.claim.claim_id: world.record.decided}
    desk = Desk.of([world.claim], world.record.entries or {}, {}, {}, decided=decided)
    first_time, again = desk.void(event, cause()), desk.void(event, cause())
    assert [each.coverage.payer_id for each in sent(first_time)] == ["P2", "P1"]
    assert again == []
