"""Documents of a chart: bring one, list them, read a text."""

from uuid import UUID

from fastapi import Response

from coding_svc.api.chart_bodies import DocumentCreate
from coding_svc.api.chart_views import (
    DocumentDetail,
    DocumentsView,
    DocumentTextView,
    DocumentVersionView,
    DocumentView,
)
from coding_svc.api.register import router
from coding_svc.domain.changes import By
from coding_svc.domain.desk import verbs
from coding_svc.domain.desk.chart import Chart, StageRefused
from coding_svc.domain.desk.document import Document
from coding_svc.domain.notes import unreadable
from coding_svc.storage import charts, documents
from coding_svc.storage.documents import Arrival
from rcm.db import Tx
from rcm.errors import Conflict, NotFound, Pointer, Unprocessable
from rcm.service import RequestClock, RequestTx


@router.post(
    "/charts/{chart_id}/documents", status_code=201, scope="Note.c", audit_id="document_id"
)
async def post_document(
    chart_id: UUID,
    body: DocumentCreate,
    tx: RequestTx,
    clock: RequestClock,
    *,
    response: Response,
) -> DocumentView:
    """Bring a text. The same `external_id` again is the next version of its document, and the same
    text again is no new version (200)."""
    if (why := unreadable(body.text)) is not None:
        raise Unprocessable(why.code, "The text is no note.", (Pointer("/text", why.message),))
    chart = await load_chart(tx, chart_id, lock=True)
    by = By(tx.actor, clock.now())
    [kept] = await documents.keep(tx, [Arrival(chart_id, body.document)], now=by.now)
    if kept.is_new:
        step = verbs.document(chart, str(kept.document_id), kept.version, by=by)
        if isinstance(step, StageRefused):
            raise refused(step)
        await charts.change(tx, step)
    else:
        response.status_code = 200
    return DocumentView.of(await _load(tx, kept.document_id))


@router.get("/charts/{chart_id}/documents", scope="Note.s")
async def get_documents(chart_id: UUID, tx: RequestTx) -> DocumentsView:
    """The documents of a chart, without their texts."""
    await load_chart(tx, chart_id)
    found = await documents.of_chart(tx, chart_id)
    return DocumentsView(items=[DocumentView.of(each) for each in found])


@router.get("/documents/{document_id}", scope="Note.s")
async def get_document(document_id: UUID, tx: RequestTx) -> DocumentDetail:
    """A document with its versions, without their texts."""
    found = await _load(tx, document_id)
    versions = await documents.versions(tx, document_id)
    return DocumentDetail(
        **DocumentView.of(found).model_dump(),
        versions=[DocumentVersionView.of(each) for each in versions],
    )


@router.get(
    "/documents/{document_id}/text", scope="Note.r", audit_read=True, audit_id="document_id"
)
async def get_text(
    document_id: UUID, tx: RequestTx, version: int | None = None
) -> DocumentTextView:
    """A text in the clear, the newest unless a version is named; each reading is audited."""
    found = await _load(tx, document_id)
    opened = await documents.text_of(tx, document_id, version or found.version)
    if opened is None or opened.text is None:
        raise NotFound("version_unknown", "There is no such version of the document.")
    return DocumentTextView(document_id=document_id, version=opened.version, text=opened.text)


async def load_chart(tx: Tx, encounter_id: UUID, *, lock: bool = False) -> Chart:
    """The chart of an encounter. Raises `NotFound` also for an encounter that came with codes."""
    chart = await charts.load(tx, encounter_id, lock=lock)
    if chart is None:
        raise NotFound("chart_unknown", "There is no such chart.")
    return chart


def refused(step: StageRefused) -> Conflict:
    """The problem of a stage that does not allow a verb."""
    return Conflict("stage_refuses", f"A chart that is {step.stage} does not allow this.")


async def _load(tx: Tx, document_id: UUID) -> Document:
    document = await documents.load(tx, document_id)
    if document is None:
        raise NotFound("document_unknown", "There is no such document.")
    return document
