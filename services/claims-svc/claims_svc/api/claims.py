"""Claims over REST: post one, check one, read what became of it."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from claims_svc import storage
from claims_svc.api.bodies import ClaimCreate
from claims_svc.api.routes import router
from claims_svc.api.support import facts_for, keep, load, schedules_of
from claims_svc.api.views import (
    CheckView,
    ClaimRow,
    ClaimView,
    DecisionsView,
    DecisionView,
    EdgeView,
    HistoryView,
    LedgerView,
    PersonsView,
)
from claims_svc.domain.claim import Cause, Claim
from claims_svc.domain.edits import Subject, blocks, scrub
from claims_svc.domain.lineage import Draft, drafted
from claims_svc.domain.release import judge
from rcm.contracts.claims import ClaimStatus
from rcm.contracts.values import ClaimOutcome, ResponsibleParty
from rcm.db import Tx
from rcm.ids import new_id
from rcm.security.identity import identify_patient
from rcm.service import Page, Paging, RequestClock, RequestTx, versioned

POSTED = "claim.posted"


@router.post("/claims", status_code=201, scope="Claim.c", tags=["claims"])
async def post_claim(
    body: ClaimCreate, tx: RequestTx, clock: RequestClock, response: Response
) -> ClaimView:
    """Post a claim as it is: priced, scrubbed, and ready or held with every finding. 409 when the
    `external_id` is in use."""
    cause = Cause(POSTED, tx.actor, clock.now())
    draft = await _drafted(body, tx, cause)
    await storage.check_external_id(tx, body.external_id)
    change = judge(draft, None, await facts_for(tx, draft), cause)
    await keep(tx, [change])
    response.headers["Location"] = f"/claims/{draft.claim_id}"
    versioned(response, change.claim.version)
    return ClaimView.of(change.claim)


@router.post("/claims:validate", scope="Claim.c", audit=False, tags=["claims"])
async def validate_claim(body: ClaimCreate, tx: RequestTx, clock: RequestClock) -> CheckView:
    """What `POST /claims` would charge and find. Keeps nothing."""
    now = clock.now()
    draft = await _drafted(body, tx, Cause(POSTED, tx.actor, now))
    facts = await facts_for(tx, draft)
    findings = scrub(Subject(draft, now.date(), None, facts.billed_elsewhere))
    return CheckView(
        valid=not blocks(findings), charge_cents=draft.content.charge_cents, findings=findings
    )


@router.get("/claims", scope="Claim.s", tags=["claims"])
async def list_claims(
    tx: RequestTx,
    paging: Paging,
    *,
    status: ClaimStatus | None = None,
    outcome: ClaimOutcome | None = None,
    responsible_party: ResponsibleParty | None = None,
    payer_id: Annotated[str | None, Query(max_length=80)] = None,
    patient_id: UUID | None = None,
    encounter_id: UUID | None = None,
    service_from: date | None = None,
    service_to: date | None = None,
) -> Page[ClaimRow]:
    """Claims that fit all filters, newest first."""
    wanted = storage.ClaimFilter(
        status=status,
        outcome=outcome,
        responsible_party=responsible_party,
        payer_id=payer_id,
        patient_id=patient_id,
        encounter_id=encounter_id,
        service_from=service_from,
        service_to=service_to,
    )
    after = paging.after(datetime, UUID)
    rows = await storage.claim_page(tx, wanted, after=after, limit=paging.fetch)
    return Page[ClaimRow].of(
        rows, paging, key=lambda claim: (claim.created_at, claim.claim_id), view=ClaimRow.of
    )


@router.get("/claims/{claim_id}", scope="Claim.r", tags=["claims"])
async def get_claim(claim_id: UUID, tx: RequestTx, response: Response) -> ClaimView:
    """One claim, without persons."""
    claim = await load(tx, claim_id)
    versioned(response, claim.version)
    return ClaimView.of(claim)


@router.get(
    "/claims/{claim_id}/persons",
    scope="Patient.r",
    audit_read=True,
    audit_id="claim_id",
    tags=["claims"],
)
async def get_persons(claim_id: UUID, tx: RequestTx) -> PersonsView:
    """The patient and the members in the clear; each reading is audited."""
    claim = await load(tx, claim_id, with_persons=True)
    assert claim.persons is not None  # noqa: S101 - asked for in the line above
    return PersonsView.of(claim_id, claim.persons)


@router.get("/claims/{claim_id}/history", scope="Claim.r", tags=["claims"])
async def get_history(claim_id: UUID, tx: RequestTx) -> HistoryView:
    """Every step on the three axes, with the event or person that caused it."""
    await load(tx, claim_id)
    rows = await storage.history(tx, claim_id)
    return HistoryView(items=[EdgeView.model_validate(row) for row in rows])


@router.get("/claims/{claim_id}/adjudications", scope="Claim.r", tags=["claims"])
async def get_adjudications(claim_id: UUID, tx: RequestTx) -> DecisionsView:
    """What payers decided, reversals included."""
    await load(tx, claim_id)
    decisions = await storage.decisions_of(tx, claim_id)
    return DecisionsView(items=[DecisionView.of(decision) for decision in decisions])


@router.get("/claims/{claim_id}/ledger", scope="Ledger.r", audit_id="claim_id", tags=["claims"])
async def get_ledger(claim_id: UUID, tx: RequestTx) -> LedgerView:
    """Every entry in the books that is about this claim."""
    claim = await load(tx, claim_id)
    rows = await storage.ledger_of(tx, claim_id)
    return LedgerView.of(claim, [dict(row) for row in rows])


async def _drafted(body: ClaimCreate, tx: Tx, cause: Cause) -> Claim:
    """The claim as it would be, priced, before anybody judged it."""
    assert tx.keyring is not None  # noqa: S101 - claims-svc always has a keyring
    patient = identify_patient(tx.keyring, tx.tenant_id, body.patient.external_id)
    draft = Draft(
        tenant_id=tx.tenant_id,
        claim_id=new_id(),
        patient_id=patient.patient_id,
        content=body.content,
        persons=body.persons,
        external_id=body.external_id,
        encounter_ids=body.encounter_ids,
        hold_reason=body.hold_reason,
    )
    return drafted(draft, await schedules_of(tx, body.content), cause)
