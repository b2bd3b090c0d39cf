"""Pays what is due, in the order in which it became due: each moment is one payment run."""

from dataclasses import dataclass, replace
from typing import Any

from payer_twin.clock import moment
from payer_twin.envelopes import envelope_for, outgoing
from payer_twin.remitting import ITEM, PAYMENT, Cycle, Item, Route, remittance, shares_set
from payer_twin.spoiling import unbalanced
from payer_twin.storage import Happened, Session
from rcm_x12 import remittance_835
from rcm_x12.claim.parties import Payer, Provider
from rcm_x12.remittance_835 import Remittance


@dataclass(frozen=True, slots=True)
class _Due:
    """One entry of the queue."""

    payment_id: int
    claim_id: int
    item: Item


def settle(session: Session, now: float) -> None:
    """Every run until now, then every file its place in the list."""
    while (at := session.next_due(now)) is not None:
        _run(session, at)
    session.release(now)


def _run(session: Session, at: float) -> None:
    files: dict[tuple[Route, str], list[_Due]] = {}
    for row in session.due(at):
        item = ITEM.validate_json(row["item"])
        entry = _Due(row["id"], row["claim_id"], item)
        files.setdefault((item.route, item.file_key), []).append(entry)
    for (route, _), entries in files.items():
        _write(session, route, entries, at)


def _write(session: Session, route: Route, entries: list[_Due], at: float) -> None:
    sets: dict[tuple[str, Payer, Provider], list[_Due]] = {}
    for entry in entries:
        item = entry.item
        sets.setdefault((item.set_key, item.payer, item.provider), []).append(entry)
    remittances = [_remittance(session, route, several, at) for several in sets.values()]
    shape = entries[0].item.delivery
    envelope = envelope_for(session, route, at, other_usage=shape.wrong_usage)
    content = remittance_835.write(envelope, remittances)
    if shape.unbalanced:
        content = unbalanced(content, shape.unbalanced)
    made = outgoing("835", envelope, content, interchange_id=None, due_at=at)
    session.add_outgoing([made])
    session.sent((entry.payment_id for entry in entries), made.name)
    for several, one in zip(sets.values(), remittances, strict=True):
        _note(session, several, one, made.name, at=at)
    if shape.repeat_after_s is not None:
        later = at + shape.repeat_after_s
        again = envelope_for(session, route, later)
        copy = remittance_835.write(again, remittances)
        second = outgoing("835", again, copy, interchange_id=None, due_at=later)
        session.add_outgoing([second])
        session.add_events(
            Happened(entry.claim_id, later, "the same 835 again", second.name) for entry in entries
        )


def _remittance(session: Session, route: Route, entries: list[_Due], at: float) -> Remittance:
    first = entries[0].item
    place = (route.receiver_id, first.payer.id, first.provider.npi or first.provider.tax_id)
    owed, reference = session.owed(*place)
    trace = f"TWEFT{session.next_number('trace'):010d}"
    cycle = Cycle(
        first.payer,
        first.provider,
        tuple(claim for entry in entries for claim in entry.item.claims),
        tuple(cut for entry in entries for cut in entry.item.cuts),
    )
    if shares_set(entry.item for entry in entries):
        cycle = replace(cycle, owed_cents=owed, owed_reference=reference)
    paid = remittance(cycle, trace, moment(at))
    left = owed + paid.owed_cents - cycle.owed_cents
    if left != owed:
        session.set_owed(place, left, trace)
    return paid.remittance


def _note(session: Session, entries: list[_Due], paid: Remittance, name: str, *, at: float) -> None:
    header = paid.header
    told: list[tuple[Any, ...]] = []
    events = []
    for entry in entries:
        item, decision = entry.item, entry.item.decision
        paid_on = (header.effective_on.isoformat(), header.trace_number, name)
        if decision is not None:
            denied = decision.paid_cents == 0 and _is_denial(item)
            share = decision.patient_responsibility_cents or 0
            kept = PAYMENT.dump_json(decision)
            told.append(
                ("adjudicated", decision.paid_cents, share, denied, *paid_on, kept, entry.claim_id)
            )
        elif item.is_reversal:
            told.append(("reversed", 0, 0, False, *paid_on, None, entry.claim_id))
        events.append(Happened(entry.claim_id, at, _words(item), name))
    session.mark_paid(told)
    session.add_events(events)


_SHARES_AND_CUTS = frozenset({"1", "2", "3", "23", "24", "45", "131", "144", "253"})
"""CARC that leave nothing to appeal."""


def _is_denial(item: Item) -> bool:
    return any(
        adjustment.reason_code not in _SHARES_AND_CUTS
        for claim in item.claims
        for line in claim.services
        for adjustment in line.adjustments
    )


def _words(item: Item) -> str:
    if item.decision is not None:
        return f"835 with CLP02 {item.decision.status_code}"
    if item.claims:
        return "835 takes it back (CLP02 22)"
    return f"835 with PLB {', '.join(cut[0] for cut in item.cuts)}"
