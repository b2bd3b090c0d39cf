"""What came back as money: remittances, their claims, and what of them must not post."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from payer_gateway.api.interchanges import FindingView
from payer_gateway.api.register import View, file_response, found, router
from payer_gateway.domain.remittance import RemittanceStatus
from payer_gateway.storage import interchanges, remittances
from payer_gateway.storage.remittances import StoredRemittance
from rcm.contracts.payer import PaymentMatch
from rcm.service import Page, Paging, RequestTx, versioned


class ProviderAdjustmentView(View):
    """A PLB pair: positive takes money away."""

    provider_id: str
    fiscal_period_on: date
    reason_code: str
    reference: str
    amount_cents: int


class RemittanceView(View):
    remittance_id: UUID
    interchange_id: UUID
    set_ordinal: int
    status: RemittanceStatus
    duplicate_of: UUID | None
    payer_id: str
    payer_name: str
    originating_company_id: str
    trace_number: str
    payment_cents: int
    payment_method: str
    effective_on: date | None
    claim_count: int
    claim_paid_cents: int
    provider_adjustment_cents: int
    received_at: datetime
    replaced_by: UUID | None
    """The payer's own correction of what was held."""
    reason_code: str | None
    recheck_requested_at: datetime | None
    version: int


class RemittanceDetail(RemittanceView):
    provider_adjustments: list[ProviderAdjustmentView]


class RemittanceClaimView(View):
    ordinal: int
    patient_control_number: str
    submission_id: UUID | None
    payer_claim_number: str | None
    claim_status_code: str
    charge_cents: int
    paid_cents: int
    adjusted_cents: int
    matched_by: PaymentMatch
    claim_id: UUID | None


@router.get("/remittances", scope="Remittance.s")
async def get_remittances(
    tx: RequestTx,
    paging: Paging,
    status: Annotated[RemittanceStatus | None, Query()] = None,
    trace_number: Annotated[str | None, Query(max_length=80)] = None,
    interchange_id: Annotated[UUID | None, Query()] = None,
) -> Page[RemittanceView]:
    """Newest first. `status=held` is the worklist of what must not post."""
    after = paging.after(UUID)
    rows = await remittances.list_page(
        tx,
        status=status,
        trace_number=trace_number,
        interchange_id=interchange_id,
        after=after[0] if after else None,
        limit=paging.fetch,
    )
    return Page[RemittanceView].of(
        rows, paging, key=lambda row: (row.remittance_id,), view=RemittanceView.model_validate
    )


@router.get("/remittances/{remittance_id}", scope="Remittance.r")
async def get_remittance(
    remittance_id: UUID, tx: RequestTx, response: Response
) -> RemittanceDetail:
    remittance = await _find(tx, remittance_id)
    versioned(response, remittance.version)
    return RemittanceDetail.model_validate(remittance)


@router.get("/remittances/{remittance_id}/claims", scope="Remittance.r")
async def get_remittance_claims(
    remittance_id: UUID,
    tx: RequestTx,
    paging: Paging,
    matched_by: Annotated[PaymentMatch | None, Query()] = None,
) -> Page[RemittanceClaimView]:
    """Every CLP, in the order of the file."""
    await _find(tx, remittance_id)
    after = paging.after(int)
    rows = await remittances.claims_of(
        tx,
        remittance_id,
        after=after[0] if after else 0,
        limit=paging.fetch,
        matched_by=matched_by,
    )
    return Page[RemittanceClaimView].of(
        rows, paging, key=lambda row: (row.ordinal,), view=RemittanceClaimView.model_validate
    )


@router.get(
    "/remittances/{remittance_id}/raw",
    scope="Interchange.r",
    audit_read=True,
    audit_id="remittance_id",
    response_class=Response,
)
async def get_remittance_raw(remittance_id: UUID, tx: RequestTx) -> Response:
    """The whole file that the remittance came in, byte for byte."""
    remittance = await _find(tx, remittance_id)
    file = found(await interchanges.find(tx, remittance.interchange_id), "interchange")
    content = await interchanges.content(tx, tx.tenant_id, remittance.interchange_id)
    return file_response(content, file.file_name)


@router.get("/remittances/{remittance_id}/exceptions", scope="Remittance.r")
async def get_remittance_exceptions(
    remittance_id: UUID, tx: RequestTx, paging: Paging
) -> Page[FindingView]:
    """Why it is held, or what else was noticed, with segment and element."""
    await _find(tx, remittance_id)
    after = paging.after(UUID)
    rows = await remittances.findings_of(
        tx, remittance_id=remittance_id, after=after[0] if after else None, limit=paging.fetch
    )
    return Page[FindingView].of(
        rows, paging, key=lambda row: (row.finding_id or remittance_id,), view=FindingView.of
    )


async def _find(tx: RequestTx, remittance_id: UUID) -> StoredRemittance:
    return found(await remittances.find(tx, remittance_id), "remittance")
