"""Files as they travelled, both ways; those that nobody could read wait here for a person."""

import hashlib
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Body, Query, Response

from payer_gateway.api.register import X12_MEDIA_TYPE, View, file_response, found, router
from payer_gateway.domain.interchange import FoundIn, Interchange, InterchangeStatus
from payer_gateway.storage import interchanges, remittances
from rcm.errors import Conflict, Pointer, Unprocessable
from rcm.ids import new_id
from rcm.service import Page, Paging, RequestClock, RequestTx


class InterchangeView(View):
    interchange_id: UUID
    direction: Literal["sent", "received"]
    partner_id: UUID | None
    file_name: str
    sha256: str
    size_bytes: int
    kind: str | None
    control_number: str | None
    status: InterchangeStatus
    duplicate_of: UUID | None
    stored_at: datetime
    read_at: datetime | None

    @classmethod
    def of(cls, row: Interchange) -> "InterchangeView":
        fields = {name: getattr(row, name) for name in cls.model_fields}
        return cls(**{**fields, "sha256": row.sha256.hex()})


class FindingView(View):
    finding_id: UUID | None
    remittance_id: UUID | None
    claim_ordinal: int | None
    code: str
    severity: str
    message: str
    location: str | None
    level: Literal["file", "payment", "claim", "line"]
    stake_cents: int
    """What an equation is off by, else what waits to be posted because of it."""
    resolution_code: str | None
    resolved_at: datetime | None

    @classmethod
    def of(cls, row: FoundIn) -> "FindingView":
        return cls(
            finding_id=row.finding_id,
            remittance_id=row.remittance_id,
            claim_ordinal=row.claim_ordinal,
            level=row.level,
            stake_cents=row.stake_cents,
            resolution_code=row.resolution_code,
            resolved_at=row.resolved_at,
            **row.finding.model_dump(exclude={"line_number"}),
        )


class UploadView(View):
    """The file is stored; it is read at the next turn, and may turn out to be anything."""

    interchange_id: UUID
    sha256: str
    size_bytes: int
    duplicate_of: UUID | None


@router.post("/interchanges", status_code=202, scope="Interchange.c", audit_id="interchange_id")
async def post_interchange(
    content: Annotated[bytes, Body(media_type=X12_MEDIA_TYPE)],
    tx: RequestTx,
    clock: RequestClock,
    response: Response,
) -> UploadView:
    """Upload a file that came another way; it takes the same path as one that was collected. The
    same bytes again are the same file."""
    if not content:
        raise Unprocessable("empty_file", "The file is empty.", (Pointer("", "is empty"),))
    digest = hashlib.sha256(content).hexdigest()
    file = interchanges.NewFile(
        tenant_id=tx.tenant_id,
        interchange_id=new_id(),
        direction="received",
        partner_id=None,
        file_name=f"upload-{digest[:16]}.x12",
        content=content,
    )
    earlier = await interchanges.keep(tx, file, at=clock.now())
    stored = await interchanges.find(tx, file.interchange_id)
    interchange_id = file.interchange_id if stored or earlier is None else earlier
    response.headers["Location"] = f"/interchanges/{interchange_id}"
    return UploadView(
        interchange_id=interchange_id,
        sha256=digest,
        size_bytes=len(content),
        duplicate_of=earlier,
    )


@router.get("/interchanges", scope="Interchange.s")
async def get_interchanges(
    tx: RequestTx,
    paging: Paging,
    direction: Annotated[Literal["sent", "received"] | None, Query()] = None,
    status: Annotated[InterchangeStatus | None, Query()] = None,
) -> Page[InterchangeView]:
    """Newest first."""
    after = paging.after(UUID)
    rows = await interchanges.list_page(
        tx,
        direction=direction,
        status=status,
        after=after[0] if after else None,
        limit=paging.fetch,
    )
    return Page[InterchangeView].of(
        rows, paging, key=lambda row: (row.interchange_id,), view=InterchangeView.of
    )


@router.get("/interchanges/{interchange_id}", scope="Interchange.r")
async def get_interchange(interchange_id: UUID, tx: RequestTx) -> InterchangeView:
    return InterchangeView.of(found(await interchanges.find(tx, interchange_id), "interchange"))


@router.get(
    "/interchanges/{interchange_id}/content",
    scope="Interchange.r",
    audit_read=True,
    audit_id="interchange_id",
    response_class=Response,
)
async def get_interchange_content(interchange_id: UUID, tx: RequestTx) -> Response:
    """The file byte for byte as it came or went."""
    file = found(await interchanges.find(tx, interchange_id), "interchange")
    content = await interchanges.content(tx, tx.tenant_id, interchange_id)
    return file_response(content, file.file_name)


@router.get("/interchanges/{interchange_id}/findings", scope="Interchange.r")
async def get_interchange_findings(
    interchange_id: UUID, tx: RequestTx, paging: Paging
) -> Page[FindingView]:
    """What was found in the file, its remittances included."""
    found(await interchanges.find(tx, interchange_id), "interchange")
    after = paging.after(UUID)
    rows = await remittances.findings_of(
        tx,
        interchange_id=interchange_id,
        after=after[0] if after else None,
        limit=paging.fetch,
    )
    return Page[FindingView].of(
        rows, paging, key=lambda row: (row.finding_id or interchange_id,), view=FindingView.of
    )


@router.post(
    "/interchanges/{interchange_id}:reread",
    status_code=202,
    scope="Interchange.u",
    audit_id="interchange_id",
)
async def post_reread(interchange_id: UUID, tx: RequestTx) -> InterchangeView:
    """Read a file again that could not be read: after a fix, or with a newer release."""
    found(await interchanges.find(tx, interchange_id), "interchange")
    if not await interchanges.reopen(tx, interchange_id):
        raise Conflict("interchange_was_read", "Only a file that could not be read is read again.")
    return InterchangeView.of(found(await interchanges.find(tx, interchange_id), "interchange"))
