"""Enrollments: a provider's leave to exchange a kind of transaction with a payer."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from payer_gateway.api.payers import PayerId
from payer_gateway.api.register import Body, ValidView, View, found, router
from payer_gateway.domain.enrollment import Enrollment, EnrollmentStatus, may_move
from payer_gateway.domain.transaction import TransactionType
from payer_gateway.storage import enrollments, payers
from rcm.errors import Conflict, Pointer, Unprocessable
from rcm.ids import new_id
from rcm.npi import npi_is_valid
from rcm.service import Page, Paging, RequestClock, RequestTx, RequiredIfMatch, versioned


def _checked(npi: str) -> str:
    if not npi_is_valid(npi):
        raise PydanticCustomError("npi", "has a wrong check digit")
    return npi


Npi = Annotated[str, Field(pattern=r"^[0-9]{10}$"), AfterValidator(_checked)]
ReasonCode = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]


class EnrollmentCreate(Body):
    """One for each provider, payer and kind."""

    npi: Npi
    payer_id: PayerId
    transaction_type: TransactionType


class EnrollmentMove(Body):
    to_status: EnrollmentStatus
    reason_code: ReasonCode | None = None


class EnrollmentView(View):
    enrollment_id: UUID
    npi: str
    payer_id: str
    transaction_type: str
    status: EnrollmentStatus
    version: int


class EnrollmentEdgeView(View):
    history_id: UUID
    from_status: EnrollmentStatus | None
    to_status: EnrollmentStatus
    reason_code: str | None
    changed_at: datetime


@router.post("/enrollments", status_code=201, scope="Enrollment.c", audit_id="enrollment_id")
async def post_enrollment(
    body: EnrollmentCreate, tx: RequestTx, clock: RequestClock, response: Response
) -> EnrollmentView:
    """A draft. `:move` takes it on."""
    enrollment = Enrollment(
        tx.tenant_id, new_id(), **body.model_dump(), status=EnrollmentStatus.DRAFT
    )
    await _check(tx, enrollment)
    if not await enrollments.add(tx, enrollment, at=clock.now()):
        raise _exists()
    await enrollments.remember(tx, enrollment, came_from=None, reason_code=None, at=clock.now())
    response.headers["Location"] = f"/enrollments/{enrollment.enrollment_id}"
    versioned(response, enrollment.version)
    return EnrollmentView.model_validate(enrollment)


@router.post("/enrollments:validate", scope="Enrollment.c", audit=False)
async def validate_enrollment(body: EnrollmentCreate, tx: RequestTx) -> ValidView:
    """Refuses what `POST /enrollments` would refuse. Keeps nothing."""
    enrollment = Enrollment(
        tx.tenant_id, new_id(), **body.model_dump(), status=EnrollmentStatus.DRAFT
    )
    await _check(tx, enrollment)
    if await enrollments.taken(tx, enrollment):
        raise _exists()
    return ValidView()


@router.post("/enrollments/{enrollment_id}:move", scope="Enrollment.u", audit_id="enrollment_id")
async def move_enrollment(
    enrollment_id: UUID,
    body: EnrollmentMove,
    *,
    tx: RequestTx,
    clock: RequestClock,
    if_match: RequiredIfMatch,
    response: Response,
) -> EnrollmentView:
    """To the next status, with why. Claims look at `live` only, at the moment they leave."""
    before = found(await enrollments.find(tx, enrollment_id, lock=True), "enrollment")
    if_match.require(before.version)
    if not may_move(before, body.to_status):
        raise Conflict(
            "enrollment_cannot_move",
            "No step leads there from where the enrollment stands.",
            (Pointer("/to_status", "does not follow"),),
        )
    after = replace(before, status=body.to_status, version=before.version + 1)
    await enrollments.move(tx, after, at=clock.now())
    await enrollments.remember(
        tx, after, came_from=before.status, reason_code=body.reason_code, at=clock.now()
    )
    versioned(response, after.version)
    return EnrollmentView.model_validate(after)


@router.get("/enrollments", scope="Enrollment.s")
async def get_enrollments(
    tx: RequestTx,
    paging: Paging,
    *,
    npi: Annotated[str | None, Query(pattern=r"^[0-9]{10}$")] = None,
    payer_id: Annotated[PayerId | None, Query()] = None,
    status: Annotated[EnrollmentStatus | None, Query()] = None,
) -> Page[EnrollmentView]:
    after = paging.after(UUID)
    rows = await enrollments.list_page(
        tx,
        npi=npi,
        payer_id=payer_id,
        status=status,
        after=after[0] if after else None,
        limit=paging.fetch,
    )
    return Page[EnrollmentView].of(
        rows, paging, key=lambda row: (row.enrollment_id,), view=EnrollmentView.model_validate
    )


@router.get("/enrollments/{enrollment_id}", scope="Enrollment.r")
async def get_enrollment(enrollment_id: UUID, tx: RequestTx, response: Response) -> EnrollmentView:
    enrollment = found(await enrollments.find(tx, enrollment_id), "enrollment")
    versioned(response, enrollment.version)
    return EnrollmentView.model_validate(enrollment)


@router.get("/enrollments/{enrollment_id}/history", scope="Enrollment.r")
async def get_enrollment_history(
    enrollment_id: UUID, tx: RequestTx, paging: Paging
) -> Page[EnrollmentEdgeView]:
    """Every step, oldest first."""
    found(await enrollments.find(tx, enrollment_id), "enrollment")
    after = paging.after(UUID)
    rows = await enrollments.history(
        tx, enrollment_id, after=after[0] if after else None, limit=paging.fetch
    )
    return Page[EnrollmentEdgeView].of(
        rows, paging, key=lambda row: (row.history_id,), view=EnrollmentEdgeView.model_validate
    )


async def _check(tx: RequestTx, enrollment: Enrollment) -> None:
    if not await payers.known(tx, enrollment.tenant_id, [enrollment.payer_id]):
        raise Unprocessable(
            "enrollment_invalid",
            "An enrollment needs a payer of yours.",
            (Pointer("/payer_id", "is not one of your payers"),),
        )


def _exists() -> Conflict:
    return Conflict(
        "enrollment_exists", "The provider has an enrollment for this payer and kind already."
    )
