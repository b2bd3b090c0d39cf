"""Encounters over REST: open one or many, check, read, finalize, amend, void."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from fastapi import Response

from coding_svc.api.bodies import (
    AmendmentCreate,
    EncounterBatch,
    EncounterCreate,
    Unreadable,
    VoidCreate,
)
from coding_svc.api.register import router
from coding_svc.api.views import (
    BatchResult,
    BatchView,
    CheckView,
    EdgeView,
    EncounterView,
    HistoryView,
    PersonsView,
    PointerView,
)
from coding_svc.domain.changes import (
    By,
    Change,
    NewEncounter,
    StatusRefused,
    Stopped,
    amend,
    finalize,
    open_encounter,
    void,
)
from coding_svc.domain.desk import verbs
from coding_svc.domain.desk.chart import ChartStep
from coding_svc.domain.encounter import Encounter, EncounterStatus
from coding_svc.domain.stops import check
from coding_svc.storage import charts
from coding_svc.storage import encounters as storage
from rcm.contracts.values import Persons
from rcm.db import Tx
from rcm.errors import Conflict, NotFound, Pointer, Unprocessable
from rcm.events import publish
from rcm.ids import new_id
from rcm.service import (
    IfMatch,
    Page,
    Paging,
    RequestClock,
    RequestTx,
    problems,
    versioned,
)


@router.post("/encounters", status_code=201, scope="Encounter.c")
async def post_encounter(
    body: EncounterCreate, tx: RequestTx, clock: RequestClock, response: Response
) -> EncounterView:
    """Open an encounter. With `finalize` its codes leave at once (`coded`), or it is `held` with
    every finding; 409 `external_id_taken` when the sender's id is in use."""
    change = (await _open(tx, [body], clock.now()))[0]
    if change is None:
        raise Conflict(
            "external_id_taken",
            "An encounter with this external_id exists already.",
            (Pointer("/external_id", "is in use"),),
        )
    response.headers["Location"] = f"/encounters/{change.encounter.encounter_id}"
    return _view(change.encounter, response)


@router.post("/encounters:batch", scope="Encounter.c", audit_id="batch_id")
async def post_encounters(body: EncounterBatch, tx: RequestTx, clock: RequestClock) -> BatchView:
    """Open up to 500 encounters in one transaction. A bad item does not stop the others."""
    good = [item for item in body.items if not isinstance(item, Unreadable)]
    changes = iter(await _open(tx, good, clock.now()))
    known = await storage.taken(tx, [item.external_id for item in good])
    results = []
    for position, item in enumerate(body.items):
        if isinstance(item, Unreadable):
            results.append(_invalid(position, item))
        else:
            results.append(_result(position, item, next(changes), known))
    return BatchView(
        batch_id=new_id(),
        created=sum(found.result == "created" for found in results),
        conflicts=sum(found.result == "conflict" for found in results),
        invalid=sum(found.result == "invalid" for found in results),
        items=results,
    )


@router.post("/encounters:validate", scope="Encounter.c", audit=False)
async def validate_encounter(body: EncounterCreate, clock: RequestClock) -> CheckView:
    """What `POST /encounters` would find. Keeps nothing."""
    findings = check(body.coding, today=clock.today())
    return CheckView(valid=not findings, findings=findings)


@router.get("/encounters", scope="Encounter.s")
async def list_encounters(
    tx: RequestTx,
    paging: Paging,
    status: EncounterStatus | None = None,
    patient_id: UUID | None = None,
) -> Page[EncounterView]:
    """Encounters in the order of their making."""
    after = paging.after(UUID)
    rows = await storage.page(
        tx,
        status=status,
        patient_id=patient_id,
        after=after[0] if after else None,
        limit=paging.fetch,
    )
    return Page[EncounterView].of(
        rows, paging, key=lambda found: (found.encounter_id,), view=EncounterView.of
    )


@router.get("/encounters/{encounter_id}", scope="Encounter.r")
async def get_encounter(encounter_id: UUID, tx: RequestTx, response: Response) -> EncounterView:
    """One encounter, without persons."""
    return _view(await _load(tx, encounter_id), response)


@router.get("/encounters/{encounter_id}/history", scope="Encounter.r")
async def get_history(encounter_id: UUID, tx: RequestTx) -> HistoryView:
    """Every step, with who made it and why."""
    await _load(tx, encounter_id)
    edges = await storage.history(tx, encounter_id)
    return HistoryView(items=[EdgeView.of(edge) for edge in edges])


@router.get(
    "/encounters/{encounter_id}/persons",
    scope="Patient.r",
    audit_read=True,
    audit_id="encounter_id",
)
async def get_persons(encounter_id: UUID, tx: RequestTx) -> PersonsView:
    """The patient and the members in the clear; each reading is audited."""
    encounter = await _load(tx, encounter_id, with_persons=True)
    return PersonsView.of(encounter_id, _persons(encounter))


@router.post("/encounters/{encounter_id}:finalize", scope="Encounter.u")
async def finalize_encounter(
    encounter_id: UUID, tx: RequestTx, clock: RequestClock, if_match: IfMatch, response: Response
) -> EncounterView:
    """Let a draft's or held encounter's codes leave, or hold it with every finding."""
    encounter = await _load(tx, encounter_id, lock=True, with_persons=True)
    if_match.require(encounter.version)
    await _require_off_the_desk(tx, encounter_id)
    return await _save(tx, finalize(encounter, by=_by(tx, clock.now())), response)


@router.post("/encounters/{encounter_id}/amendments", status_code=201, scope="Encounter.u")
async def post_amendment(
    encounter_id: UUID,
    body: AmendmentCreate,
    tx: RequestTx,
    *,
    clock: RequestClock,
    if_match: IfMatch,
    response: Response,
) -> EncounterView:
    """Replace the coding. An encounter that was coded gets its next revision, and claims made from
    it follow; 422 `hard_stops` when the new coding may not leave."""
    encounter = await _load(tx, encounter_id, lock=True, with_persons=True)
    if_match.require(encounter.version)
    await _require_off_the_desk(tx, encounter_id)
    patient = _persons(encounter).patient
    if body.patient is not None:
        patient = body.patient.person
        if storage.identify(tx, body.patient.external_id).patient_id != encounter.patient_id:
            raise Unprocessable(
                "patient_differs",
                "An amendment keeps its patient; void the encounter and open another.",
                (Pointer("/patient/external_id", "is another patient's"),),
            )
        await storage.save_patients(tx, {body.patient.external_id: patient}, now=clock.now())
    persons = Persons(patient=patient, members=body.members)
    by = _by(tx, clock.now())
    return await _save(
        tx, amend(encounter, body.coding, persons, reason=body.reason, by=by), response
    )


@router.post("/encounters/{encounter_id}:void", scope="Encounter.d")
async def void_encounter(
    encounter_id: UUID,
    body: VoidCreate,
    tx: RequestTx,
    *,
    clock: RequestClock,
    if_match: IfMatch,
    response: Response,
) -> EncounterView:
    """The encounter must not be billed; claims made from it are voided."""
    encounter = await _load(tx, encounter_id, lock=True)
    if_match.require(encounter.version)
    by = _by(tx, clock.now())
    changed = void(encounter, reason_code=body.reason_code, by=by)
    chart = await charts.load(tx, encounter_id, lock=True)
    if chart is not None and isinstance(changed, Change):
        step = verbs.void(chart, body.reason_code, by=by)
        if isinstance(step, ChartStep):
            await charts.change(tx, step)
    return await _save(tx, changed, response)


async def _open(tx: Tx, bodies: Sequence[EncounterCreate], now: datetime) -> list[Change | None]:
    """Decide, save and publish a set of new encounters; None where the external id is taken."""
    if not bodies:
        return []
    by = _by(tx, now)
    first = {body.external_id: body for body in reversed(bodies)}
    changes = {
        body.external_id: open_encounter(_new(tx, body), finalize=body.finalize, by=by)
        for body in first.values()
    }
    patients = {body.patient.external_id: body.patient.person for body in first.values()}
    await storage.save_patients(tx, patients, now=now)
    saved = await storage.add(tx, list(changes.values()))
    opened = {
        external_id: change
        for external_id, change in changes.items()
        if change.encounter.encounter_id in saved
    }
    await publish(tx, [event for change in opened.values() for event in change.events])
    return [
        opened.get(body.external_id) if first[body.external_id] is body else None for body in bodies
    ]


async def _save(
    tx: Tx, changed: Change | StatusRefused | Stopped, response: Response
) -> EncounterView:
    """Save and publish a decision, or say why there is none."""
    match changed:
        case StatusRefused(status):
            raise Conflict("status_refuses", f"A {status} encounter does not allow this.")
        case Stopped(findings):
            pointers = tuple(Pointer(found.location or "", found.message) for found in findings)
            raise Unprocessable("hard_stops", "The new coding may not leave.", pointers)
        case Change(encounter, _, events):
            await storage.change(tx, changed)
            await publish(tx, events)
            return _view(encounter, response)


async def _load(
    tx: Tx, encounter_id: UUID, *, lock: bool = False, with_persons: bool = False
) -> Encounter:
    encounter = await storage.load(tx, encounter_id, lock=lock, with_persons=with_persons)
    if encounter is None:
        raise NotFound("encounter_unknown", "There is no such encounter.")
    return encounter


async def _require_off_the_desk(tx: Tx, encounter_id: UUID) -> None:
    """What a coder has in hand leaves by the coder's door only."""
    chart = await charts.load(tx, encounter_id, lock=True)
    if chart is not None and chart.stage not in ("done", "voided"):
        raise Conflict("on_the_desk", "A coder works on this encounter: see its chart.")


def _new(tx: Tx, body: EncounterCreate) -> NewEncounter:
    return NewEncounter(
        tenant_id=tx.tenant_id,
        encounter_id=new_id(),
        external_id=body.external_id,
        patient_id=storage.identify(tx, body.patient.external_id).patient_id,
        coding=body.coding,
        persons=body.persons,
    )


def _result(
    position: int, body: EncounterCreate, change: Change | None, known: dict[str, UUID]
) -> BatchResult:
    if change is None:
        return BatchResult(
            position=position,
            result="conflict",
            external_id=body.external_id,
            encounter_id=known.get(body.external_id),
        )
    encounter = change.encounter
    return BatchResult(
        position=position,
        result="created",
        external_id=encounter.external_id,
        encounter_id=encounter.encounter_id,
        patient_id=encounter.patient_id,
        status=encounter.status,
        revision=encounter.revision,
        findings=encounter.findings,
    )


def _invalid(position: int, item: Unreadable) -> BatchResult:
    errors = [error | {"loc": ("body", *error["loc"])} for error in item.errors]
    pointers = tuple(
        PointerView(pointer=found.pointer, reason=found.reason)
        for found in problems.of_validation(errors).pointers
    )
    return BatchResult(position=position, result="invalid", pointers=pointers)


def _persons(encounter: Encounter) -> Persons:
    if encounter.persons is None:
        raise ValueError("the encounter was loaded without its persons")
    return encounter.persons


def _view(encounter: Encounter, response: Response) -> EncounterView:
    versioned(response, encounter.version)
    return EncounterView.of(encounter)


def _by(tx: Tx, now: datetime) -> By:
    return By(tx.actor, now)
