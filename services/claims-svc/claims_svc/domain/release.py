"""Whether a claim leaves or is held: scrubbed, booked and announced in one place for every door."""

from dataclasses import dataclass, replace

from claims_svc.domain import announce, books
from claims_svc.domain.change import Change, Refused
from claims_svc.domain.claim import Cause, Claim, edges, unadjudicated
from claims_svc.domain.coordination import NOTHING_DECIDED, Decided, prior_decisions
from claims_svc.domain.edits import Subject, blocks, scrub
from claims_svc.domain.lifecycle import WORKABLE, may_move
from claims_svc.domain.pricing import FeeSchedules, priced
from claims_svc.domain.voiding import original_of
from rcm.contracts.base import Event
from rcm.contracts.claims import ClaimMoney
from rcm.contracts.values import ClaimReference, Finding, PriorDecision
from rcm.ledger.entries import Entry

HELD_BY_HAND = "H001"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a scrub may ask for beyond the claim."""

    original: Claim | None = None
    billed_elsewhere: frozenset[str] = frozenset()
    booked_charge: Entry | None = None
    """The entry of the charge that stands, where the claim was billed before."""
    decided: Decided = NOTHING_DECIDED
    """Of a void claim: what payers decided on the original."""


NOTHING_KNOWN = Facts()
Findings = tuple[Finding, ...]


def judge(claim: Claim, before: Claim | None, facts: Facts, cause: Cause) -> Change:
    """Let the claim go, or hold it with every finding. `claim` is the draft as it should be; its
    charge is booked when it goes for the first time, and anew when its lines changed."""
    subject = Subject(
        claim,
        cause.now.date(),
        facts.original,
        facts.billed_elsewhere,
        prior=_prior(claim, facts, cause),
        decided=facts.decided,
    )
    findings = scrub(subject)
    if claim.hold_reason is not None:
        findings = (*findings, Finding(code=HELD_BY_HAND, message="held by a person"))
    if blocks(findings):
        return _held(claim, before, findings, facts, cause=cause)
    return _ready(claim, before, findings, facts, cause=cause)


def is_open(claim: Claim) -> bool:
    """Whether it may be changed in place: no payer has accepted it, the first one included."""
    return claim.status in WORKABLE and not claim.is_passed_on


def hold(claim: Claim, cause: Cause) -> Change | Refused:
    """A person keeps an unsent or rejected claim here, with a reason."""
    if claim.status not in WORKABLE:
        return Refused(claim.status)
    finding = Finding(code=HELD_BY_HAND, message="held by a person")
    others = tuple(known for known in claim.findings if known.code != HELD_BY_HAND)
    holding = replace(_touched(claim, cause), hold_reason=cause.reason)
    return _held(holding, claim, (*others, finding), cause=cause)


def release(claim: Claim, schedules: FeeSchedules, facts: Facts, cause: Cause) -> Change | Refused:
    """Price and scrub the claim again and let it go when nothing holds it any more. A rejected
    claim goes as an original again: it was never adjudicated. One that waits for a later payer is
    released with its decisions (`domain.adjudication`)."""
    if not is_open(claim):
        return Refused(claim.status)
    content = priced(claim.content, schedules)
    released = replace(_touched(claim, cause), content=content, hold_reason=None)
    return judge(released, claim, facts, cause)


def void(claim: Claim, booked_charge: Entry | None, cause: Cause) -> Change | Refused:
    """Take back a claim that no payer has accepted. One that a payer knows needs a claim of
    frequency 8 (`domain.lineage`)."""
    if not is_open(claim) or not may_move(claim.status, "voided"):
        return Refused(claim.status)
    voided = replace(
        _touched(claim, cause),
        status="voided",
        responsible_party="none",
        money=unadjudicated(0),
        holder_payer_id=None,
        charge_entry_id=None,
    )
    entries = () if booked_charge is None else (books.uncharge(claim, booked_charge, cause),)
    events = (announce.status_changed(claim, voided, cause),)
    return Change(voided, claim, edges(claim, voided, cause), entries, events)


def _held(
    claim: Claim,
    before: Claim | None,
    findings: Findings,
    facts: Facts = NOTHING_KNOWN,
    *,
    cause: Cause,
) -> Change:
    entries: tuple[Entry, ...] = ()
    entry_id, holder = claim.charge_entry_id, claim.holder_payer_id
    if facts.booked_charge is not None and _lines_changed(claim, before):
        # What was billed is no longer what would be billed: the charge waits with the claim.
        entries, entry_id, holder = (books.uncharge(claim, facts.booked_charge, cause),), None, None
    held = replace(
        claim,
        status="held",
        findings=findings,
        money=_money(claim),
        charge_entry_id=entry_id,
        holder_payer_id=holder,
    )
    return _change(held, before, entries, announce.held(held, cause), cause=cause)


def _ready(
    claim: Claim, before: Claim | None, findings: Findings, facts: Facts, *, cause: Cause
) -> Change:
    entries: tuple[Entry, ...] = ()
    entry_id, holder = claim.charge_entry_id, claim.holder_payer_id
    if claim.frequency_code != "8" and _needs_charge(claim, before):
        if facts.booked_charge is not None:
            entries = (books.uncharge(claim, facts.booked_charge, cause),)
        holder = claim.payer_id
        assert holder is not None  # noqa: S101 - C001 holds a claim without coverage
        entry = books.charge(claim, holder, cause)
        entries, entry_id = (*entries, entry), entry.entry_id
    ready = replace(
        claim,
        status="ready",
        findings=findings,
        money=_money(claim),
        charge_entry_id=entry_id,
        holder_payer_id=holder,
    )
    event = announce.ready(
        ready, cause, replaces=_replaced(ready, facts), prior=_prior(ready, facts, cause)
    )
    return _change(ready, before, entries, event, cause=cause)


def _replaced(claim: Claim, facts: Facts) -> ClaimReference | None:
    if facts.original is None:
        return None
    return original_of(claim, facts.original, facts.decided)


def _prior(claim: Claim, facts: Facts, cause: Cause) -> tuple[PriorDecision, ...]:
    """What a void claim for a later payer says of the payers before; nobody is before the first."""
    return prior_decisions(claim, facts.decided.as_it_stood(), today=cause.now.date())


def _needs_charge(claim: Claim, before: Claim | None) -> bool:
    return claim.charge_entry_id is None or _lines_changed(claim, before)


def _lines_changed(claim: Claim, before: Claim | None) -> bool:
    if before is None:
        return False
    was = [line.charge_amount_cents for line in before.content.lines]
    return was != [line.charge_amount_cents for line in claim.content.lines] or (
        before.payer_id != claim.payer_id
    )


def _money(claim: Claim) -> ClaimMoney:
    if claim.is_passed_on:
        return claim.money
    return unadjudicated(0 if claim.frequency_code == "8" else claim.content.charge_cents)


def _touched(claim: Claim, cause: Cause) -> Claim:
    return replace(claim, version=claim.version + 1, updated_at=cause.now)


def _change(
    claim: Claim, before: Claim | None, entries: tuple[Entry, ...], event: Event, *, cause: Cause
) -> Change:
    events = (announce.created(claim), event) if before is None else (event,)
    return Change(claim, before, edges(before, claim, cause), entries, events)
