"""The payers' books and the patients' books agree on every claim (I9): what one passes on is what
the other charges, after every decision and whatever the patient has paid in between."""

from dataclasses import dataclass, field, replace

from claims_world import World, cause
from hypothesis import given, settings
from hypothesis import strategies as st

from claims_svc.domain.adjudication import post_payment
from claims_svc.domain.change import Change
from patient_billing_svc.domain.account import Account, charge
from patient_billing_svc.domain.charge import Charge, adjudicated, reversed_charge
from rcm.contracts.claims import ClaimAdjudicated, ClaimReversed
from rcm.contracts.payer import ClaimPaymentReported
from rcm.ids import derived_id
from rcm.ledger.accounts import AccountCode
from rcm.money import allocate
from rcm.testing.claims import PRIMARY, SECONDARY, paid_line, payment, reversal_of_payment, service

REASONS = (("CO", "45"), ("CO", "197"), ("PR", "1"), ("PR", "2"), ("PR", "3"), ("OA", "23"))
CHARGE_CENTS = 20_000


@dataclass
class Billing:
    """The patients' side of one claim, in memory."""

    account: Account
    charge: Charge | None = None
    transfer_cents: int = 0
    told: int = 0
    paid_cents: int = field(default=0)

    @classmethod
    def of(cls, world: World) -> "Billing":
        claim = world.claim
        return cls(
            Account(claim.tenant_id, derived_id(claim.claim_id, "account"), claim.patient_id)
        )

    def listen(self, world: World) -> None:
        """Take every event that claims-svc has told since the last time."""
        events = [event for change in world.changes for event in change.events]
        for event in events[self.told :]:
            if isinstance(event, ClaimAdjudicated):
                self.take(adjudicated(event, self.account.account_id, self.charge))
            elif isinstance(event, ClaimReversed):
                self.take(reversed_charge(event, self.account.account_id, self.charge))
        self.told = len(events)

    def take(self, after: Charge) -> None:
        step = charge(self.account, self.charge, after)
        self.account, self.charge = step.account, step.charge
        for posting in step.postings:
            if posting.credit.code is AccountCode.PATIENT_TRANSFER:
                self.transfer_cents += posting.cents
            if posting.debit.code is AccountCode.PATIENT_TRANSFER:
                self.transfer_cents -= posting.cents

    def pay(self, cents: int) -> None:
        if self.charge is None:
            return
        paid = min(cents, self.charge.open_cents)
        self.paid_cents += paid
        self.charge = replace(self.charge, open_cents=self.charge.open_cents - paid)
        self.account = replace(self.account, receivable_cents=self.account.receivable_cents - paid)


answers = st.tuples(
    st.sampled_from(("1", "2", "19")),
    st.sampled_from(("P1", "P2")),
    st.lists(st.integers(0, 5), min_size=7, max_size=7),
)
steps = st.lists(
    st.one_of(
        answers,
        st.tuples(st.just("reverse"), st.integers(0, 9)),
        st.tuples(st.just("pay"), st.integers(0, 20_000)),
    ),
    min_size=1,
    max_size=10,
)


def answer(world: World, status: str, payer: str, weights: list[int]) -> ClaimPaymentReported:
    """A payer's answer whose parts are any split of the charge."""
    cents = allocate(CHARGE_CENTS, weights if any(weights) else [1, *weights[1:]])
    triplets = [(*reason, part) for reason, part in zip(REASONS, cents[1:], strict=True) if part]
    line = paid_line(world.number(1), "99213", CHARGE_CENTS, cents[0], *triplets)
    trace = f"TRN{len(world.changes)}"
    number = world.claim.patient_control_number
    return payment(number, line, status=status, payer_id=payer, trace_number=trace)


@settings(max_examples=200, deadline=None)
@given(steps=steps, both=st.booleans())
def test_both_books_say_the_same_of_every_claim(steps: list[tuple], *, both: bool) -> None:
    coverages = (PRIMARY, SECONDARY) if both else (PRIMARY,)
    world = World.of(service("99213", CHARGE_CENTS), coverages=coverages)
    billing = Billing.of(world)
    posted: list[ClaimPaymentReported] = []
    for step in steps:
        if step[0] == "pay":
            billing.pay(step[1])
        else:
            post(world, step, posted)
        billing.listen(world)
        assert billing.transfer_cents == world.cents(AccountCode.PATIENT_TRANSFER)
        if billing.charge is not None:
            assert billing.charge.due_cents == billing.transfer_cents
            assert billing.charge.adds_up
            assert shown(billing.charge) == known(world)
            assert billing.account.balance_cents == billing.transfer_cents - billing.paid_cents


def shown(charge: Charge) -> tuple[int, int, int, int]:
    """What an itemization says of the charge, the discount, the plan and what is pending."""
    return (
        charge.charge_cents,
        charge.discount_cents,
        charge.plan_paid_cents,
        charge.plan_pending_cents,
    )


def known(world: World) -> tuple[int, int, int, int]:
    """The same as the payers' books have it."""
    money = world.claim.money
    return (
        money.charge_cents,
        money.contractual_cents,
        money.paid_cents,
        money.insurance_balance_cents,
    )


def post(world: World, step: tuple, posted: list[ClaimPaymentReported]) -> None:
    if step[0] == "reverse":
        if not posted:
            return
        original = posted[step[1] % len(posted)]
        event = reversal_of_payment(original, trace_number=f"BACK{len(world.changes)}")
    else:
        event = answer(world, *step)
    change = post_payment(world.record, event, cause())
    if isinstance(change, Change):
        world.apply(change)
        if event.claim_status_code != "22":
            posted.append(event)
