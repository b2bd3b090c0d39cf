"""TA1, 999 and 277CA as they came, what each says of each claim, and the proof of timely filing."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query

from payer_gateway.api.register import View, found, router
from payer_gateway.domain.acknowledgment import Kind, Level
from payer_gateway.domain.lifecycle import Hop, Outcome
from payer_gateway.storage import acknowledgments, transmissions
from rcm.service import Page, Paging, RequestTx


class StatusCodeView(View):
    """One STC composite."""

    category_code: str
    status_code: str
    entity_code: str | None


class NoteView(View):
    """What it says is wrong, in words and by place; never a value of a claim."""

    code: str
    severity: str
    message: str
    location: str | None


class AcknowledgmentView(View):
    acknowledgment_id: UUID
    transmission_id: UUID | None
    interchange_id: UUID
    kind: Kind
    hop: Hop
    outcome: Outcome
    reference: str
    code: str
    """TA104, AK901, or the category of a 277CA's batch."""
    note_code: str | None
    """TA105."""
    accepted_count: int
    rejected_count: int
    missing_count: int
    """Claims of the batch that a 277CA leaves out."""
    moved_count: int
    """Claims that it brought further: none when it repeats what was known, or came too late."""
    received_at: datetime


class AcknowledgmentDetail(AcknowledgmentView):
    source_received_on: date | None
    """The day on which the sender of a 277CA had received our batch."""
    findings: list[NoteView]


class AcknowledgedClaimView(View):
    submission_id: UUID
    claim_id: UUID
    patient_control_number: str
    accepted: bool
    level: Level
    """Where the verdict stands: on the claim, or on a whole that holds it."""
    status_codes: list[StatusCodeView]
    payer_claim_number: str | None
    clearinghouse_trace_number: str | None
    effective_on: date | None
    findings: list[NoteView]


class FilingProofView(View):
    """The payer's own first word that it had the claim (277CA, A1 or A2), and the file that holds
    it. A clearinghouse's acceptance proves nothing."""

    claim_id: UUID
    is_proven: bool
    first_sent_at: datetime | None
    accepted_on: date | None
    payer_received_on: date | None
    payer_claim_number: str | None
    status_codes: list[StatusCodeView]
    submission_id: UUID | None
    acknowledgment_id: UUID | None
    interchange_id: UUID | None


@router.get("/acknowledgments", scope="Acknowledgment.s")
async def get_acknowledgments(
    tx: RequestTx,
    paging: Paging,
    *,
    transmission_id: Annotated[UUID | None, Query()] = None,
    submission_id: Annotated[UUID | None, Query()] = None,
    kind: Annotated[Kind | None, Query()] = None,
    matched: Annotated[bool | None, Query()] = None,
) -> Page[AcknowledgmentView]:
    """Newest first; of one file, or of one claim. `matched=false` are the answers to nothing that
    we sent."""
    after = paging.after(UUID)
    rows = await acknowledgments.list_page(
        tx,
        transmission_id=transmission_id,
        submission_id=submission_id,
        kind=kind,
        matched=matched,
        after=after[0] if after else None,
        limit=paging.fetch,
    )
    return Page[AcknowledgmentView].of(
        rows,
        paging,
        key=lambda row: (row.acknowledgment_id,),
        view=AcknowledgmentView.model_validate,
    )


@router.get("/transmissions/{transmission_id}/acknowledgments", scope="Acknowledgment.s")
async def get_transmission_acknowledgments(
    transmission_id: UUID, tx: RequestTx, paging: Paging
) -> Page[AcknowledgmentView]:
    """What each hop said of this file, newest first."""
    found(await transmissions.find(tx, transmission_id), "transmission")
    return await get_acknowledgments(tx, paging, transmission_id=transmission_id)


@router.get("/acknowledgments/{acknowledgment_id}", scope="Acknowledgment.r")
async def get_acknowledgment(acknowledgment_id: UUID, tx: RequestTx) -> AcknowledgmentDetail:
    return AcknowledgmentDetail.model_validate(
        found(await acknowledgments.find(tx, acknowledgment_id), "acknowledgment")
    )


@router.get("/acknowledgments/{acknowledgment_id}/claims", scope="Acknowledgment.r")
async def get_acknowledged_claims(
    acknowledgment_id: UUID,
    tx: RequestTx,
    paging: Paging,
    accepted: Annotated[bool | None, Query()] = None,
) -> Page[AcknowledgedClaimView]:
    """The verdict on each claim of ours that it speaks of."""
    found(await acknowledgments.find(tx, acknowledgment_id), "acknowledgment")
    after = paging.after(UUID)
    rows = await acknowledgments.claims_page(
        tx,
        acknowledgment_id,
        accepted=accepted,
        after=after[0] if after else None,
        limit=paging.fetch,
    )
    return Page[AcknowledgedClaimView].of(
        rows,
        paging,
        key=lambda row: (row.submission_id,),
        view=AcknowledgedClaimView.model_validate,
    )


@router.get("/claims/{claim_id}/timely-filing-proof", scope="Acknowledgment.r")
async def get_filing_proof(claim_id: UUID, tx: RequestTx) -> FilingProofView:
    """What holds against a denial for late filing (CARC 29), over all sendings of the claim."""
    proof = found(await acknowledgments.filing_proof(tx, claim_id), "claim")
    return FilingProofView.model_validate(proof, from_attributes=True)
