"""Whatever payers report, in whatever order, and take back again: the money of a claim adds up, its
books agree, and no receivable falls below zero. `World.apply` checks it after every step."""

from claims_world import World, cause
from hypothesis import given, settings
from hypothesis import strategies as st

from claims_svc.domain.adjudication import post_payment
from claims_svc.domain.change import Change
from rcm.contracts.payer import ClaimPaymentReported
from rcm.money import allocate
from rcm.testing.claims import PRIMARY, SECONDARY, paid_line, payment, reversal_of_payment, service

REASONS = (
    ("CO", "45"), ("CO", "16"), ("CO", "197"), ("PR", "1"), ("PR", "2"), ("PR", "96"),
    ("OA", "23"), ("PI", "50"), ("CO", "27"),
)  # fmt: skip
CHARGE_CENTS = 12_345

answers = st.tuples(
    st.sampled_from(("1", "2", "4", "19", "25")),
    st.sampled_from(("P1", "P2", "P9")),
    st.lists(st.integers(0, 5), min_size=1 + len(REASONS), max_size=1 + len(REASONS)),
)
steps = st.lists(st.one_of(answers, st.integers(0, 9)), min_size=1, max_size=8)


def answer(world: World, status: str, payer: str, weights: list[int]) -> ClaimPaymentReported:
    """A payer's answer whose parts are any split of the charge."""
    cents = allocate(CHARGE_CENTS, weights if any(weights) else [1, *weights[1:]])
    triplets = [(*reason, part) for reason, part in zip(REASONS, cents[1:], strict=True) if part]
    line = paid_line(world.number(1), "99213", CHARGE_CENTS, cents[0], *triplets)
    trace = f"TRN{len(world.changes)}"
    number = world.claim.patient_control_number
    return payment(number, line, status=status, payer_id=payer, trace_number=trace)


@settings(max_examples=150, deadline=None)
@given(steps=steps, both=st.booleans())
def test_the_money_adds_up_after_every_step(
    steps: list[tuple[str, str, list[int]] | int], *, both: bool
) -> None:
    world = World.of(
        service("99213", CHARGE_CENTS), coverages=(PRIMARY, SECONDARY) if both else (PRIMARY,)
    )
    posted: list[ClaimPaymentReported] = []
    for step in steps:
        if isinstance(step, int):
            if not posted:
                continue
            original = posted[step % len(posted)]
            event = reversal_of_payment(original, trace_number=f"BACK{len(world.changes)}")
        else:
            event = answer(world, *step)
        change = post_payment(world.record, event, cause())
        if isinstance(change, Change):
            world.apply(change)
            if event.claim_status_code != "22":
                posted.append(event)
