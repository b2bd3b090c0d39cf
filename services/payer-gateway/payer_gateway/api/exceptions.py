"""Held remittances and exceptions: what a person does with them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Response

from payer_gateway.api.interchanges import FindingView
from payer_gateway.api.register import Body, View, found, router
from payer_gateway.api.remittances import RemittanceClaimView, RemittanceView
from payer_gateway.domain.exceptions import ResolutionCode
from payer_gateway.domain.remittance import RemittanceStatus
from payer_gateway.storage import exceptions as storage
from payer_gateway.storage import matching, remittances
from payer_gateway.storage.remittances import StoredRemittance
from rcm.errors import Conflict, Pointer, Unprocessable
from rcm.service import IfMatch, Page, Paging, RequestClock, RequestTx, versioned

DismissalCode = Literal["posted_by_hand", "payer_will_correct", "not_ours", "entered_in_error"]


class DismissBody(Body):
    reason_code: DismissalCode


class ResolveBody(Body):
    reason_code: ResolutionCode


class MatchClaimBody(Body):
    claim_id: UUID


class StatusTotal(View):
    status: RemittanceStatus
    remittance_count: int
    payment_cents: int


class ExceptionTotal(View):
    code: str
    level: Literal["file", "payment", "claim", "line"]
    severity: Literal["error", "warning", "info"]
    exception_count: int
    stake_cents: int


class UnmatchedTotal(View):
    claim_count: int
    charge_cents: int
    paid_cents: int


class TotalsView(View):
    """The worklists in numbers. Every cent that has come stands under exactly one status."""

    remittances: list[StatusTotal]
    exceptions: list[ExceptionTotal]
    unmatched_claims: UnmatchedTotal


class UnmatchedClaimView(RemittanceClaimView):
    remittance_id: UUID


@router.get("/remittance-totals", scope="Remittance.s")
async def get_totals(tx: RequestTx) -> TotalsView:
    """How many remittances, exceptions and unmatched claims there are, and their cents."""
    return TotalsView(
        remittances=[StatusTotal.model_validate(each) for each in await remittances.totals(tx)],
        exceptions=[ExceptionTotal.model_validate(each) for each in await storage.open_totals(tx)],
        unmatched_claims=UnmatchedTotal.model_validate(await storage.unmatched_totals(tx)),
    )


@router.get("/remittance-exceptions", scope="Remittance.s")
async def get_open_exceptions(
    tx: RequestTx,
    paging: Paging,
    code: Annotated[str | None, Query(max_length=60)] = None,
) -> Page[FindingView]:
    """What nobody has resolved, of all remittances, those that wait longest first."""
    rows = await storage.open_page(
        tx, code=code, after=paging.after(datetime, UUID), limit=paging.fetch
    )
    return Page[FindingView].of(
        rows,
        paging,
        key=lambda row: (row.found_at or datetime.min, row.finding_id or row.interchange_id),  # noqa: DTZ901
        view=FindingView.of,
    )


@router.get("/unmatched-claims", scope="Remittance.s")
async def get_unmatched_claims(tx: RequestTx, paging: Paging) -> Page[UnmatchedClaimView]:
    """CLPs of reported remittances that no claim of ours was found for, oldest first."""
    rows = await storage.unmatched_page(tx, after=paging.after(UUID, int), limit=paging.fetch)
    return Page[UnmatchedClaimView].of(
        rows,
        paging,
        key=lambda row: (row[0], row[1].ordinal),
        view=lambda row: UnmatchedClaimView(
            **RemittanceClaimView.model_validate(row[1]).model_dump(), remittance_id=row[0]
        ),
    )


@router.post(
    "/remittances/{remittance_id}:recheck",
    status_code=202,
    scope="Remittance.u",
    audit_id="remittance_id",
)
async def post_recheck(
    remittance_id: UUID,
    *,
    tx: RequestTx,
    clock: RequestClock,
    if_match: IfMatch,
    response: Response,
) -> RemittanceView:
    """Read a held remittance again from its file: after a fix of ours, or with a newer release."""
    await _held(tx, remittance_id, if_match)
    await storage.request_recheck(tx, remittance_id, at=clock.now())
    return await _view(tx, remittance_id, response)


@router.post("/remittances/{remittance_id}:dismiss", scope="Remittance.u", audit_id="remittance_id")
async def post_dismiss(
    remittance_id: UUID,
    body: DismissBody,
    *,
    tx: RequestTx,
    clock: RequestClock,
    if_match: IfMatch,
    response: Response,
) -> RemittanceView:
    """Decide that a held remittance shall never post."""
    await _held(tx, remittance_id, if_match)
    await storage.dismiss(tx, remittance_id, reason_code=body.reason_code, at=clock.now())
    return await _view(tx, remittance_id, response)


@router.post(
    "/remittances/{remittance_id}/exceptions/{finding_id}:resolve",
    scope="Remittance.u",
    audit_id="finding_id",
)
async def post_resolve(
    remittance_id: UUID, finding_id: UUID, body: ResolveBody, *, tx: RequestTx, clock: RequestClock
) -> FindingView:
    """A person is done with an exception. It moves no money: a held remittance stays held."""
    found(await storage.is_finding(tx, remittance_id, finding_id) or None, "exception")
    resolved = await storage.resolve(
        tx, remittance_id, finding_id, code=body.reason_code, at=clock.now()
    )
    if resolved is None:
        raise Conflict("exception_resolved", "This exception is resolved already.")
    return FindingView.of(resolved)


@router.post(
    "/remittances/{remittance_id}/claims/{ordinal}:match",
    status_code=202,
    scope="Remittance.u",
    audit_id="remittance_id",
)
async def post_match_claim(
    remittance_id: UUID, ordinal: int, body: MatchClaimBody, *, tx: RequestTx, clock: RequestClock
) -> RemittanceClaimView:
    """A person says which claim a CLP is about. It is then reported under that claim's number."""
    remittance = found(await remittances.find(tx, remittance_id, lock=True), "remittance")
    rows = await remittances.claims_of(tx, remittance_id, after=ordinal - 1, limit=1)
    if not rows or rows[0].ordinal != ordinal:
        found(None, "claim of this remittance")
    if remittance.status not in (RemittanceStatus.REPORTED, RemittanceStatus.HELD):
        raise Conflict("remittance_ended", "This remittance will post nothing.")
    submission = await matching.newest_of_claim(tx, body.claim_id, payer_id=remittance.payer_id)
    if submission is None:
        raise Unprocessable(
            "claim_unknown",
            "No claim of yours with this id has come to the gateway.",
            (Pointer("/claim_id", "is not a claim that we know"),),
        )
    at = clock.now()
    if not await matching.match(tx, remittance_id, ordinal, submission=submission, at=at):
        raise Conflict("claim_matched", "This claim of the remittance is matched already.")
    [row] = await remittances.claims_of(tx, remittance_id, after=ordinal - 1, limit=1)
    return RemittanceClaimView.model_validate(row)


async def _held(tx: RequestTx, remittance_id: UUID, if_match: IfMatch) -> StoredRemittance:
    remittance = found(await remittances.find(tx, remittance_id, lock=True), "remittance")
    if_match.require(remittance.version)
    if remittance.status is not RemittanceStatus.HELD:
        raise Conflict("remittance_not_held", "Only a held remittance waits for a decision.")
    return remittance


async def _view(tx: RequestTx, remittance_id: UUID, response: Response) -> RemittanceView:
    remittance = found(await remittances.find(tx, remittance_id), "remittance")
    versioned(response, remittance.version)
    return RemittanceView.model_validate(remittance)
