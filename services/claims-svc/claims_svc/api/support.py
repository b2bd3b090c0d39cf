"""What the endpoints share: loading, the facts of a scrub, and keeping what was decided."""

from collections.abc import Sequence
from uuid import UUID

from claims_svc import storage
from claims_svc.domain.change import Change
from claims_svc.domain.claim import Claim, Content
from claims_svc.domain.coordination import NOTHING_DECIDED, Decided
from claims_svc.domain.intake import NO_SCHEDULES, visit_of
from claims_svc.domain.pricing import DEFAULT_SCHEDULE, FeeSchedules
from claims_svc.domain.release import Facts
from rcm.db import Tx
from rcm.errors import NotFound
from rcm.events import publish
from rcm.ledger import post


async def load(tx: Tx, claim_id: UUID, *, lock: bool = False, with_persons: bool = False) -> Claim:
    """The claim, or the problem that there is none for this tenant."""
    found = await storage.claim(tx, claim_id, lock=lock, with_persons=with_persons)
    if found is None:
        raise NotFound("claim_unknown", "There is no such claim.")
    return found


async def schedules_of(tx: Tx, content: Content) -> FeeSchedules:
    """The rates that may price this content."""
    found = await storage.schedules_for(
        tx,
        [tx.tenant_id],
        [line.procedure_code for line in content.lines],
        [DEFAULT_SCHEDULE, *(coverage.payer_id for coverage in content.coverages[:1])],
    )
    return found.get(tx.tenant_id, NO_SCHEDULES)


async def facts_for(tx: Tx, claim: Claim) -> Facts:
    """What a scrub of this claim may ask for."""
    original, decided = None, NOTHING_DECIDED
    if claim.replaces_claim_id is not None:
        original = await storage.claim(tx, claim.replaces_claim_id)
    if original is not None and claim.frequency_code == "8":
        decided = await decided_on(tx, original)
    visit = visit_of(claim.tenant_id, claim.patient_id, claim.content)
    billed = (await storage.billed_for(tx, [visit])).get(visit, {})
    codes: set[str] = set()
    for services in billed.values():
        same = services.claim_id in (claim.claim_id, claim.replaces_claim_id)
        if not same and not services.encounter_ids.intersection(claim.encounter_ids):
            codes |= services.procedure_codes
    charges = await storage.charges_of(tx, [claim])
    booked = charges.get(claim.charge_entry_id) if claim.charge_entry_id else None
    return Facts(original, frozenset(codes), booked, decided)


async def decided_on(tx: Tx, claim: Claim) -> Decided:
    """What payers decided on a claim."""
    return (await storage.records(tx, [claim]))[claim.claim_id].decided


async def keep(tx: Tx, changes: Sequence[Change]) -> None:
    """Save, book and publish what was decided."""
    await storage.save(tx, changes)
    entries = [entry for change in changes for entry in change.entries]
    if entries:
        await post(tx, entries)
    await publish(tx, [event for change in changes for event in change.events])
