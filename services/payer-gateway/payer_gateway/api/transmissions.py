"""What was sent: files, and the claims in them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Response

from payer_gateway.api.register import View, file_response, found, router
from payer_gateway.domain.lifecycle import SubmissionStatus, TransmissionStatus
from payer_gateway.storage import interchanges, links, queue, submissions, transmissions
from rcm.errors import Conflict
from rcm.service import Page, Paging, RequestClock, RequestTx


class TransmissionView(View):
    transmission_id: UUID
    partner_id: UUID
    interchange_id: UUID
    kind: str
    mode: Literal["batch", "real_time"]
    purpose_code: str
    file_name: str
    interchange_control_number: str
    group_control_number: str
    status: TransmissionStatus
    set_count: int
    claim_count: int
    charge_cents: int
    attempts: int
    last_error: str | None
    written_at: datetime
    sent_at: datetime | None
    answered_at: datetime | None
    reissued_as: UUID | None
    """The file that took its place, when its partner never had it."""


class SubmissionView(View):
    submission_id: UUID
    claim_id: UUID
    patient_control_number: str
    payer_id: str
    frequency_code: str
    charge_cents: int
    status: SubmissionStatus
    reason: str | None
    transmission_id: UUID | None
    set_control_number: str | None
    batch_reference: str | None
    payer_claim_number: str | None
    overdue_hop: str | None
    """The hop that is silent for longer than agreed."""
    queued_at: datetime
    sent_at: datetime | None
    changed_at: datetime


class FlushView(View):
    """The sending job has been asked to wait for nothing."""

    queued_count: int


class ResendView(View):
    """Claims that go out again, under new numbers."""

    transmission_id: UUID
    queued_count: int


@router.get("/transmissions", scope="Transmission.s")
async def get_transmissions(
    tx: RequestTx,
    paging: Paging,
    partner_id: Annotated[UUID | None, Query()] = None,
    status: Annotated[TransmissionStatus | None, Query()] = None,
) -> Page[TransmissionView]:
    """Newest first."""
    after = paging.after(UUID)
    rows = await transmissions.list_page(
        tx,
        partner_id=partner_id,
        status=status,
        after=after[0] if after else None,
        limit=paging.fetch,
    )
    return Page[TransmissionView].of(
        rows, paging, key=lambda row: (row.transmission_id,), view=TransmissionView.model_validate
    )


@router.get("/transmissions/{transmission_id}", scope="Transmission.r")
async def get_transmission(transmission_id: UUID, tx: RequestTx) -> TransmissionView:
    return TransmissionView.model_validate(
        found(await transmissions.find(tx, transmission_id), "transmission")
    )


@router.get(
    "/transmissions/{transmission_id}/raw",
    scope="Interchange.r",
    audit_read=True,
    audit_id="transmission_id",
    response_class=Response,
)
async def get_transmission_raw(transmission_id: UUID, tx: RequestTx) -> Response:
    """The file byte for byte as it was sent."""
    sent = found(await transmissions.find(tx, transmission_id), "transmission")
    content = await interchanges.content(tx, tx.tenant_id, sent.interchange_id)
    return file_response(content, sent.file_name)


@router.post("/transmissions:flush", status_code=202, scope="Transmission.u")
async def post_flush(tx: RequestTx, clock: RequestClock) -> FlushView:
    """Send what is queued at the next turn, whatever its age and number."""
    return FlushView(queued_count=await links.request_flush(tx, at=clock.now()))


@router.post(
    "/transmissions/{transmission_id}:resend",
    status_code=202,
    scope="Transmission.u",
    audit_id="transmission_id",
)
async def post_resend(transmission_id: UUID, tx: RequestTx, clock: RequestClock) -> ResendView:
    """Queue again what was refused at the door or rejected by a TA1 or 999: nothing else."""
    sent = found(await transmissions.find(tx, transmission_id, lock=True), "transmission")
    refused = sent.status is TransmissionStatus.REFUSED
    again = SubmissionStatus.SENDING if refused else SubmissionStatus.FILE_REJECTED
    count = await queue.requeue(tx, transmission_id, statuses=[again], at=clock.now())
    if not count:
        raise Conflict("nothing_to_resend", "No claim of this transmission was turned away.")
    return ResendView(transmission_id=transmission_id, queued_count=count)


@router.get("/submissions", scope="Transmission.s")
async def get_submissions(
    tx: RequestTx,
    paging: Paging,
    *,
    claim_id: Annotated[UUID | None, Query()] = None,
    transmission_id: Annotated[UUID | None, Query()] = None,
    status: Annotated[SubmissionStatus | None, Query()] = None,
    overdue: Annotated[bool | None, Query()] = None,
) -> Page[SubmissionView]:
    """Every attempt to bring a claim to its payer; `overdue` are those whose next hop is silent for
    longer than agreed."""
    after = paging.after(UUID)
    rows = await submissions.list_page(
        tx,
        claim_id=claim_id,
        status=status,
        transmission_id=transmission_id,
        overdue=overdue,
        after=after[0] if after else None,
        limit=paging.fetch,
    )
    return Page[SubmissionView].of(
        rows, paging, key=lambda row: (row.submission_id,), view=SubmissionView.model_validate
    )
