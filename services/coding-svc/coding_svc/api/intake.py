"""Visits to be coded arrive: one by one, as a file of lines, or as a FHIR Bundle."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import Body, Response
from pydantic import ValidationError

from coding_svc.api import fhir
from coding_svc.api.chart_bodies import ChartCreate
from coding_svc.api.chart_views import ChartView, FhirIntakeView, IntakeResult, IntakeView
from coding_svc.api.register import router
from coding_svc.api.views import PointerView
from coding_svc.domain.changes import By
from coding_svc.domain.desk.intake import Received, Visit, receive
from coding_svc.domain.notes import unreadable
from coding_svc.storage import charts, documents, encounters
from coding_svc.storage.documents import Arrival
from rcm.db import Tx
from rcm.errors import Conflict, Pointer, Problem, Unprocessable
from rcm.ids import new_id
from rcm.service import RequestClock, RequestTx, problems, versioned
from rcm.service.body import read_json

LINES_MAX = 500
NDJSON = "application/x-ndjson"


@router.post("/charts", status_code=201, scope="Encounter.c", audit_id="encounter_id")
async def post_chart(
    body: ChartCreate, tx: RequestTx, clock: RequestClock, response: Response
) -> ChartView:
    """Receive a visit that has no codes yet. Its chart waits for a coder and its documents for
    being read; 409 `external_id_taken` when the sender's id is in use."""
    visit = body.visit
    if unfit := unfit_documents(visit):
        raise Unprocessable("documents_unreadable", "A document is no note.", tuple(unfit))
    [(received, _)] = await _receive(tx, [visit], clock.now())
    if received is None:
        raise Conflict(
            "external_id_taken",
            "An encounter with this external_id exists already.",
            (Pointer("/external_id", "is in use"),),
        )
    chart = received.chart.chart
    response.headers["Location"] = f"/charts/{chart.encounter_id}"
    versioned(response, chart.version)
    return ChartView.of(chart)


@router.post("/charts:import", scope="Encounter.c", audit_id="batch_id")
async def import_charts(
    content: Annotated[bytes, Body(media_type=NDJSON)], tx: RequestTx, clock: RequestClock
) -> IntakeView:
    """Receive up to 500 visits, one JSON document of `POST /charts` a line. A bad line does not
    stop the others; all good ones are saved in one transaction."""
    lines = [line for line in content.split(b"\n") if line.strip()]
    if not 1 <= len(lines) <= LINES_MAX:
        raise Unprocessable("lines_out_of_range", f"A file has 1 to {LINES_MAX} lines.")
    read = [_visit_of(line) for line in lines]
    return await _take(tx, read, clock.now())


@router.post("/fhir", scope="Encounter.c", audit_id="batch_id")
async def post_bundle(
    body: Annotated[dict[str, Any], Body(media_type="application/fhir+json")],
    tx: RequestTx,
    clock: RequestClock,
) -> FhirIntakeView:
    """Receive the visits of a FHIR R4 Bundle: each Encounter with its Patient, Coverages,
    Conditions, Procedures, ChargeItems and DocumentReferences. 422 `bundle_refused` with every
    place when a reference leads nowhere or something needed is missing; then nothing is kept."""
    read = fhir.read_bundle(body)
    if read.findings:
        raise Unprocessable("bundle_refused", "The Bundle cannot be taken.", tuple(read.findings))
    taken = await _take(tx, [visit for _, visit in read.visits], clock.now())
    left_out = [PointerView(pointer=p.pointer, reason=p.reason) for p in read.left_out]
    return FhirIntakeView(**taken.model_dump(), left_out=left_out)


def unfit_documents(visit: Visit) -> list[Pointer]:
    """Which of a visit's documents are no notes."""
    found = ((at, unreadable(each.text)) for at, each in enumerate(visit.documents))
    return [Pointer(f"/documents/{at}/text", why.message) for at, why in found if why is not None]


async def _take(tx: Tx, read: Sequence[Visit | list[Pointer]], now: datetime) -> IntakeView:
    """Save the good ones; a result for each."""
    good = [visit for visit in read if isinstance(visit, Visit)]
    made = iter(await _receive(tx, good, now))
    known = await encounters.taken(tx, [visit.external_id for visit in good])
    items = []
    for position, visit in enumerate(read):
        if isinstance(visit, list):
            pointers = [PointerView(pointer=p.pointer, reason=p.reason) for p in visit]
            items.append(IntakeResult(position=position, result="invalid", pointers=pointers))
            continue
        received, document_ids = next(made)
        result = IntakeResult(
            position=position,
            result="conflict" if received is None else "received",
            external_id=visit.external_id,
            encounter_id=known.get(visit.external_id),
            patient_id=received.change.encounter.patient_id if received else None,
            document_ids=document_ids,
        )
        items.append(result)
    return IntakeView(
        batch_id=new_id(),
        received=sum(each.result == "received" for each in items),
        conflicts=sum(each.result == "conflict" for each in items),
        invalid=sum(each.result == "invalid" for each in items),
        items=items,
    )


async def _receive(
    tx: Tx, visits: Sequence[Visit], now: datetime
) -> list[tuple[Received | None, list[Any]]]:
    """Save encounters, charts and documents in sets; None where the external id is taken."""
    if not visits:
        return []
    by = By(tx.actor, now)
    first = {visit.external_id: visit for visit in reversed(visits)}
    made = {external_id: _received(tx, visit, by) for external_id, visit in first.items()}
    people = {visit.patient_external_id: visit.persons.patient for visit in first.values()}
    await encounters.save_patients(tx, people, now=now)
    saved = await encounters.add(tx, [found.change for found in made.values()])
    kept = {
        external_id: found
        for external_id, found in made.items()
        if found.change.encounter.encounter_id in saved
    }
    await charts.add(tx, [found.chart for found in kept.values()])
    arrivals = [
        Arrival(found.chart.chart.encounter_id, each)
        for external_id, found in kept.items()
        for each in first[external_id].documents
    ]
    document_ids: dict[Any, list[Any]] = {}
    for arrival, one in zip(arrivals, await documents.keep(tx, arrivals, now=now), strict=True):
        ids = document_ids.setdefault(arrival.encounter_id, [])
        if one.document_id not in ids:
            ids.append(one.document_id)
    answers = []
    for visit in visits:
        found = kept.get(visit.external_id) if first[visit.external_id] is visit else None
        ids = document_ids.get(found.chart.chart.encounter_id, []) if found else []
        answers.append((found, ids))
    return answers


def _received(tx: Tx, visit: Visit, by: By) -> Received:
    return receive(
        visit,
        tenant_id=tx.tenant_id,
        encounter_id=new_id(),
        patient_id=encounters.identify(tx, visit.patient_external_id).patient_id,
        by=by,
    )


def _visit_of(line: bytes) -> Visit | list[Pointer]:
    """A line's visit, or everything that is wrong with it, without a word of it."""
    try:
        visit = ChartCreate.model_validate_json(orjson.dumps(read_json(line))).visit
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        errors = [dict(one) | {"loc": ("body", *one["loc"])} for one in found]
        return list(problems.of_validation(errors).pointers)
    except Problem as problem:
        return list(problem.pointers) or [Pointer("", problem.detail)]
    return unfit_documents(visit) or visit
