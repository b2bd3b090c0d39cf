"""Turns the money steps of an accepted claim into entries of the payment queue."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from payer_twin.adjudication import adjudicate, reverse, split
from payer_twin.clock import next_run
from payer_twin.plan import DAY_S, Adjust, Pay, ProviderCut, Reverse
from payer_twin.planning import Planned
from payer_twin.remitting import ITEM, PAYMENT, Item, Route
from payer_twin.storage import Session, Waiting
from rcm_x12.remittance_835 import ClaimPayment


@dataclass(frozen=True, slots=True)
class Terms:
    """When the payer pays what nobody asked to be paid at another time."""

    now: float
    delay_s: float
    run_minute: int | None
    """The minute of the day (UTC) of the daily run; None pays each claim by itself."""

    @property
    def due_at(self) -> float:
        at = self.now + self.delay_s
        return at if self.run_minute is None else next_run(at, self.run_minute)


@dataclass(slots=True)
class _Money:
    """What one claim has been paid so far."""

    paid: ClaimPayment | None = None
    first_paid_cents: int = 0


def waiting(session: Session, route: Route, planned: Planned, terms: Terms) -> list[Waiting]:
    """Every entry that the claim's steps make. Raises ScriptDoesNotFit."""
    original = _take_back(session, route, planned)
    if planned.claim.frequency_code == "8":
        item = replace(_item(planned, route), claims=original)
        return [_entry(planned, route, terms.due_at, item)]
    money, found = _Money(), []
    for step in planned.steps:
        for due_at, item in _items(planned, route, terms, step=step, money=money):
            whole = replace(item, claims=(*original, *item.claims))
            original = ()
            found.append(_entry(planned, route, due_at, whole))
    return found


def _entry(planned: Planned, route: Route, due_at: float, item: Item) -> Waiting:
    return Waiting(planned.number, route.receiver_id, due_at, ITEM.dump_json(item))


def _take_back(session: Session, route: Route, planned: Planned) -> tuple[ClaimPayment, ...]:
    """A replacement takes the original back first; a void does nothing else."""
    claim = planned.claim
    if claim.frequency_code not in {"7", "8"}:
        return ()
    row = session.adjudicated(route.receiver_id, claim.original_claim_number)
    if row is None:
        return ()
    session.mark(row["id"], "voided" if claim.frequency_code == "8" else "reversed")
    return (reverse(PAYMENT.validate_json(row["decision"])),)


def _item(planned: Planned, route: Route) -> Item:
    return Item(route, planned.claim.payer, planned.claim.billing_provider)


def _items(
    planned: Planned, route: Route, terms: Terms, *, step: object, money: _Money
) -> Iterator[tuple[float, Item]]:
    base = _item(planned, route)
    match step:
        case Pay():
            at = terms.due_at if step.after_s is None else terms.now + step.after_s
            yield from _payments(planned, base, at, step=step, money=money)
        case Reverse() if money.paid is not None:
            back, money.paid = reverse(money.paid), None
            yield (
                terms.now + step.after_s,
                replace(
                    base,
                    claims=(back,),
                    cuts=_cuts(planned, step.provider_cuts, money),
                    is_reversal=True,
                    set_key=planned.payer_claim_number if step.delivery.is_apart else "",
                    delivery=step.delivery,
                ),
            )
        case Adjust():
            cuts = _cuts(planned, step.provider_cuts, money)
            yield terms.now + step.after_s, replace(base, cuts=cuts)
        case _:
            return


def _payments(
    planned: Planned, base: Item, at: float, *, step: Pay, money: _Money
) -> Iterator[tuple[float, Item]]:
    number, shape = planned.payer_claim_number, step.delivery
    paid = adjudicate(planned.claim, step, number, planned.procedure_codes)
    money.paid = paid
    money.first_paid_cents = money.first_paid_cents or paid.paid_cents
    cuts = _cuts(planned, step.provider_cuts, money)
    interest = sum(amount.cents for amount in paid.amounts if amount.qualifier == "I")
    if interest:
        cuts = (*cuts, ("L6", -interest, number))
    shown = replace(paid, control_number=f"X{number}") if shape.strange_number else paid
    item = replace(base, decision=paid, delivery=shape)
    for ordinal, part in enumerate(split(shown) if shape.split else (shown,)):
        yield (
            at + (ordinal * DAY_S if shape.split == "files" else 0),
            replace(
                item,
                claims=(part,),
                cuts=() if ordinal else cuts,
                set_key=f"{number}.{ordinal or ''}".rstrip(".") if shape.is_apart else "",
                file_key=number if shape.needs_own_file else "",
            ),
        )


def _cuts(
    planned: Planned, cuts: tuple[ProviderCut, ...], money: _Money
) -> tuple[tuple[str, int, str], ...]:
    return tuple(
        (
            cut.reason_code,
            cut.cents + money.first_paid_cents * cut.percent_of_paid // 100,
            cut.reference or planned.payer_claim_number,
        )
        for cut in cuts
    )
