"""Posting a payer's answer: from a reported CLP to the claim's new state, entries and events."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from claims_svc.domain import announce, books, reports
from claims_svc.domain.change import Change, Denial, Refused, Unpostable
from claims_svc.domain.claim import RANKS, Cause, Claim, Edge, edges, unadjudicated
from claims_svc.domain.coordination import Decided, next_rank
from claims_svc.domain.decision import (
    Decision,
    Reading,
    adjudication_id,
    is_repeated_denial,
    mirrors,
    read,
)
from claims_svc.domain.lifecycle import WORKABLE
from claims_svc.domain.passing import onward, pass_on
from claims_svc.domain.policy import Treatment, category
from claims_svc.domain.standing import Excess, Standing, settle
from claims_svc.domain.voiding import is_taken_back
from rcm.contracts.payer import ClaimPaymentReported
from rcm.ids import derived_id
from rcm.ledger.entries import Entry


@dataclass(frozen=True, slots=True)
class Record:
    """A claim with all that was decided on it, oldest first, and what of it the books say.
    `entries` has the booked entries that a reversal may have to mirror."""

    claim: Claim
    decisions: tuple[Decision, ...] = ()
    denials: tuple[Denial, ...] = ()
    entries: Mapping[UUID, Entry] | None = None
    replaced: tuple[Decision, ...] = ()
    """What was decided on the claim that this one replaces."""

    @property
    def decided(self) -> Decided:
        """What payers decided, in this claim's lineage."""
        return Decided(self.decisions, self.replaced)

    def after(self, change: Change) -> "Record":
        """The record once this change of it is saved, for the next event of the same batch."""
        decisions = {known.adjudication_id: known for known in (*self.decisions, *change.decisions)}
        denials = {known.denial_id: known for known in (*self.denials, *change.denials)}
        entries = {**(self.entries or {}), **{entry.entry_id: entry for entry in change.entries}}
        open_denials = tuple(known for known in denials.values() if known.resolution is None)
        return Record(change.claim, tuple(decisions.values()), open_denials, entries, self.replaced)


def post_payment(
    record: Record, payment: ClaimPaymentReported, cause: Cause
) -> Change | Unpostable | None:
    """What this CLP does to this claim; None when it was posted before."""
    claim = record.claim
    posted = adjudication_id(payment)
    if any(known.adjudication_id == posted for known in record.decisions):
        return None
    if claim.charge_entry_id is None:
        return Unpostable("claim_not_billed")
    reading = read(claim, payment, posted)
    if reading.decision.kind == "reversal":
        return _reverse(record, reading, cause)
    if reading.decision.kind == "information" or is_repeated_denial(
        reading, list(record.decisions)
    ):
        return _note(claim, reading)
    return _decide(record, reading, cause)


def release_to_next(record: Record, cause: Cause) -> Change | Refused:
    """A person lets a claim go to the later payer that it waits for, or sends it there again with
    the decisions as they stand now."""
    before, decisions = record.claim, record.decisions
    standing = settle(before, decisions)
    if isinstance(standing, Excess) or before.status not in WORKABLE | {"adjudicated"}:
        return Refused(before.status)
    rank = next_rank(before, decisions, standing)
    if rank is None:
        return Refused(before.status)
    released = replace(before, hold_reason=None, version=before.version + 1, updated_at=cause.now)
    claim, event = pass_on(released, rank, record.decided, cause)
    return Change(claim, before, edges(before, claim, cause), events=(event,))


def _note(claim: Claim, reading: Reading) -> Change:
    """An answer without a decision is kept and moves nothing."""
    noted = replace(reading.decision, kind="information")
    return Change(claim, claim, decisions=(noted,))


def _decide(record: Record, reading: Reading, cause: Cause) -> Change | Unpostable:
    before = record.claim
    standing = settle(before, (*record.decisions, reading.decision))
    if isinstance(standing, Excess):
        return Unpostable("exceeds_charge")
    entries = tuple(books.decide(before, reading, standing, cause))
    booked = next((entry.entry_id for entry in entries if entry.kind == books.DECIDED), None)
    decision = replace(reading.decision, entry_id=booked)
    decided = Decided((*record.decisions, decision), record.replaced)
    moved = _moved(before, standing, cause, decision)
    claim, passed = onward(before, moved, decided, standing=standing, cause=cause)
    opened: tuple[Denial, ...] = ()
    resolved: tuple[Denial, ...] = ()
    if standing.money.insurance_balance_cents > 0:
        opened = tuple(_denials(claim, reading, cause))
    else:
        resolved = tuple(
            replace(denial, resolution="paid", resolved_at=cause.now) for denial in record.denials
        )
    events = (
        announce.adjudicated(claim, reading, standing, cause),
        *map(announce.opened, opened),
        *map(announce.resolved, resolved),
        *announce.closed(claim, cause),
        *passed,
    )
    return Change(
        claim,
        before,
        edges=_edges(before, claim, cause, goes_on=bool(passed)),
        entries=entries,
        events=events,
        decisions=(decision,),
        denials=(*opened, *resolved),
    )


def _reverse(record: Record, reading: Reading, cause: Cause) -> Change | Unpostable:
    """CLP02 22: find the decision that it mirrors to the cent, and take exactly that one back."""
    before = record.claim
    original = next(
        (
            known
            for known in reversed(record.decisions)
            if known.is_active and mirrors(known, reading)
        ),
        None,
    )
    if original is None:
        return Unpostable("reversed_decision_unknown")
    back = replace(reading.decision, reverses=original.adjudication_id, rank=original.rank)
    marked = replace(original, reversed_by=back.adjudication_id)
    left = tuple(marked if known is original else known for known in record.decisions)
    standing = settle(before, left)
    if isinstance(standing, Excess):
        return Unpostable("exceeds_charge")
    if before.superseded_by is not None and is_taken_back(standing.money, left):
        # Nobody is asked any more: the balance goes back to where the charge was booked.
        standing = replace(standing, asked=RANKS[0])
    booked = _booked(record, original.entry_id)
    entries = tuple(
        books.reverse(
            before, original=original, booked=booked, back=back, standing=standing, cause=cause
        )
    )
    claim = _moved(before, standing, cause, back)
    resolved = tuple(
        replace(denial, resolution="reversed", resolved_at=cause.now)
        for denial in record.denials
        if denial.adjudication_id == original.adjudication_id
    )
    change = Change(
        claim,
        before,
        edges=_edges(before, claim, cause),
        entries=entries,
        decisions=(marked, back),
        denials=resolved,
    )
    change = _superseded(record, change, cause)
    events = (
        announce.taken_back(change.claim, original, reading, cause),
        *map(announce.resolved, resolved),
        *announce.closed(change.claim, cause),
    )
    return replace(change, events=(*events, *change.events))


def _superseded(record: Record, change: Change, cause: Cause) -> Change:
    """Once the payers took back everything on a claim that another one replaced or voided, its
    charge goes too, whichever of them was the last to do so."""
    claim = change.claim
    if claim.superseded_by is None or claim.charge_entry_id is None:
        return change
    if not is_taken_back(claim.money, record.after(change).decisions):
        return change
    booked = _booked(record, claim.charge_entry_id)
    assert booked is not None  # noqa: S101 - the record is loaded with the charge's entry
    voided = replace(
        claim,
        status="voided",
        responsible_party="none",
        money=unadjudicated(0),
        holder_payer_id=None,
        charge_entry_id=None,
    )
    event = announce.status_changed(claim, voided, cause)
    assert change.before is not None  # noqa: S101 - a reversal always has a claim before it
    return replace(
        change,
        claim=voided,
        edges=(*change.edges, *edges(claim, voided, cause)),
        entries=(*change.entries, books.uncharge(change.before, booked, cause)),
        events=(*change.events, event),
    )


def _booked(record: Record, entry_id: UUID | None) -> Entry | None:
    return None if entry_id is None else (record.entries or {})[entry_id]


def _moved(claim: Claim, standing: Standing, cause: Cause, decision: Decision) -> Claim:
    """The claim in its new standing: closed when no payer owes anything on it any more. The number
    that it keeps is the first payer's, which a correction has to name."""
    closed = standing.money.insurance_balance_cents == 0
    number = decision.payer_claim_number if decision.rank == RANKS[0] else None
    return replace(
        claim,
        status="closed" if closed else "adjudicated",
        outcome=standing.outcome,
        responsible_party=standing.responsible_party,
        money=standing.money,
        holder_payer_id=claim.payer_of(standing.asked),
        payer_claim_number=number or claim.payer_claim_number,
        findings=reports.settled(claim.findings),
        version=claim.version + 1,
        updated_at=cause.now,
    )


def _edges(before: Claim, after: Claim, cause: Cause, *, goes_on: bool = False) -> tuple[Edge, ...]:
    """A claim that a decision closes, or that goes on to the next payer, has been adjudicated
    first, and its history says so."""
    found = edges(before, after, cause)
    closes = after.status == "closed" and before.status != "closed"
    if before.status == "adjudicated" or not (closes or goes_on):
        return found
    return (
        Edge("lifecycle", before.status, "adjudicated", cause),
        Edge("lifecycle", "adjudicated", after.status, cause),
        *(edge for edge in found if edge.axis != "lifecycle"),
    )


def _denials(claim: Claim, reading: Reading, cause: Cause) -> Iterator[Denial]:
    decision = reading.decision
    remarks = {
        match.line_number: line.remark_codes
        for line, match in zip(decision.lines, reading.decision.matches, strict=True)
    }
    for position, part in enumerate(reading.parts_of(Treatment.DENIED)):
        yield Denial(
            tenant_id=claim.tenant_id,
            denial_id=derived_id(decision.adjudication_id, "denial", position),
            claim_id=claim.claim_id,
            adjudication_id=decision.adjudication_id,
            payer_id=claim.payer_of(decision.rank) or decision.payer_id,
            line_number=part.line_number,
            denied_cents=part.cents,
            group_code=part.group_code,
            reason_code=part.reason_code,
            remark_codes=remarks.get(part.line_number, ()),
            category=category(part.group_code, part.reason_code),
            opened_at=cause.now,
        )
