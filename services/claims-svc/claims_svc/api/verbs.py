"""What people do to a claim: hold, release, void; always with a reason."""

from datetime import datetime
from uuid import UUID

from fastapi import Response

from claims_svc import storage
from claims_svc.api.bodies import Because
from claims_svc.api.routes import router
from claims_svc.api.support import decided_on, facts_for, keep, load, schedules_of
from claims_svc.api.views import ClaimView
from claims_svc.domain.adjudication import release_to_next
from claims_svc.domain.change import Change, Refused
from claims_svc.domain.claim import Cause
from claims_svc.domain.lineage import can_be_voided_at_payers, void_at_payers
from claims_svc.domain.release import hold, release, void
from rcm.db import Tx
from rcm.errors import Conflict
from rcm.service import IfMatch, RequestClock, RequestTx, versioned


@router.post("/claims/{claim_id}:hold", scope="Claim.u", tags=["claims"])
async def hold_claim(
    claim_id: UUID,
    body: Because,
    tx: RequestTx,
    *,
    clock: RequestClock,
    if_match: IfMatch,
    response: Response,
) -> ClaimView:
    """Keep an unsent or rejected claim here until it is released."""
    claim = await load(tx, claim_id, lock=True)
    if_match.require(claim.version)
    held = hold(claim, _cause("claim.hold", body, tx, clock.now()))
    return await _answer(tx, held, response)


@router.post("/claims/{claim_id}:release", scope="Claim.u", tags=["claims"])
async def release_claim(
    claim_id: UUID,
    body: Because,
    tx: RequestTx,
    *,
    clock: RequestClock,
    if_match: IfMatch,
    response: Response,
) -> ClaimView:
    """Price and scrub the claim again, and let it go when nothing holds it any more. A rejected
    claim is sent again as an original. One that goes to a later payer takes the earlier payers'
    decisions along as they stand now."""
    claim = await load(tx, claim_id, lock=True, with_persons=True)
    if_match.require(claim.version)
    cause = _cause("claim.release", body, tx, clock.now())
    if claim.is_passed_on:
        record = (await storage.records(tx, [claim]))[claim_id]
        return await _answer(tx, release_to_next(record, cause), response)
    schedules, facts = await schedules_of(tx, claim.content), await facts_for(tx, claim)
    return await _answer(tx, release(claim, schedules, facts, cause), response)


@router.post("/claims/{claim_id}:void", scope="Claim.d", tags=["claims"])
async def void_claim(
    claim_id: UUID,
    body: Because,
    tx: RequestTx,
    *,
    clock: RequestClock,
    if_match: IfMatch,
    response: Response,
) -> ClaimView:
    """Take the claim back. One that no payer accepted is voided at once; for one that payers know
    a claim of frequency 8 is made for each of them (`superseded_by` names the one for the first),
    which goes out with that payer's number once that payer has decided."""
    claim = await load(tx, claim_id, lock=True, with_persons=True)
    if_match.require(claim.version)
    cause = _cause("claim.void", body, tx, clock.now())
    charges = await storage.charges_of(tx, [claim])
    booked = charges.get(claim.charge_entry_id) if claim.charge_entry_id else None
    voided = void(claim, booked, cause)
    if isinstance(voided, Change):
        return await _answer(tx, voided, response)
    if not can_be_voided_at_payers(claim):
        raise _refusal(voided)
    *others, marked = void_at_payers(claim, await decided_on(tx, claim), cause)
    await keep(tx, others)
    return await _answer(tx, marked, response)


async def _answer(tx: Tx, changed: Change | Refused, response: Response) -> ClaimView:
    if isinstance(changed, Refused):
        raise _refusal(changed)
    await keep(tx, [changed])
    versioned(response, changed.claim.version)
    return ClaimView.of(changed.claim)


def _refusal(refused: Refused) -> Conflict:
    return Conflict("status_refuses", f"A claim that is {refused.status} does not allow this.")


def _cause(verb: str, body: Because, tx: Tx, now: datetime) -> Cause:
    return Cause(verb, tx.actor, now, reason=body.reason)
