"""Tables and queries of coding-svc. Takes and returns domain values; seals and opens persons."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

import asyncpg
from pydantic import TypeAdapter

from coding_svc.domain.changes import Change
from coding_svc.domain.edits import PastService, same_provider
from coding_svc.domain.encounter import Coding, Edge, Encounter, EncounterStatus
from coding_svc.storage.sealing import columns, keyring_of, seal
from rcm.contracts.values import Finding, Person, Persons
from rcm.db import Tx
from rcm.security.identity import PatientIdentity, identify_patient
from rcm.security.seal import open_column

CODING = TypeAdapter(Coding)
FINDINGS = TypeAdapter(tuple[Finding, ...])
COLUMNS = """tenant_id, encounter_id, external_id, patient_id, status, revision, version,
    coding::text, findings::text, created_at, updated_at, coded_at, coded_by"""


def identify(tx: Tx, external_id: str) -> PatientIdentity:
    """Which patient an outside number means, for the request's tenant."""
    return identify_patient(keyring_of(tx), tx.tenant_id, external_id)


async def save_patients(tx: Tx, persons: Mapping[str, Person], *, now: datetime) -> None:
    """Keep the newest person of each outside patient number, sealed."""
    rows = []
    for external_id, person in persons.items():
        patient = identify(tx, external_id)
        rows.append(
            (
                patient.patient_id,
                patient.external_id_index,
                seal(
                    tx, ("patient", "external_id_sealed"), patient.patient_id, external_id.encode()
                ),
                seal(tx, ("patient", "person_sealed"), patient.patient_id, _json(person)),
            )
        )
    # Everybody locks patients in one order.
    rows.sort(key=lambda row: row[0])
    ids, indexes, numbers, sealed = zip(*rows, strict=True)
    await tx.execute(
        """INSERT INTO patient AS p (tenant_id, patient_id, external_id_index, external_id_sealed,
                                     person_sealed, created_at, updated_at)
           SELECT $1, *, $6, $6 FROM unnest($2::uuid[], $3::bytea[], $4::bytea[], $5::bytea[])
           ON CONFLICT (tenant_id, patient_id) DO UPDATE
              SET person_sealed = excluded.person_sealed, updated_at = excluded.updated_at""",
        tx.tenant_id, list(ids), list(indexes), list(numbers), list(sealed), now,
    )  # fmt: skip


async def taken(tx: Tx, external_ids: Iterable[str]) -> dict[str, UUID]:
    """Which of these external ids belong to an encounter already."""
    rows = await tx.fetch(
        "SELECT external_id, encounter_id FROM encounter"
        " WHERE tenant_id = $1 AND external_id = ANY ($2)",
        tx.tenant_id,
        list(external_ids),
    )
    return {row["external_id"]: row["encounter_id"] for row in rows}


async def add(tx: Tx, changes: Sequence[Change]) -> frozenset[UUID]:
    """Save new encounters; those whose external id was taken meanwhile are left out.

    Returns the ids that were saved.
    """
    rows = [(*_row(tx, change.encounter), change.encounter.created_at) for change in changes]
    saved = await tx.fetch(
        """INSERT INTO encounter (tenant_id, encounter_id, external_id, patient_id, status,
               revision, version, date_of_service, coding, findings, person_sealed, updated_at,
               coded_at, coded_by, created_at)
           SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[],
               $6::integer[], $7::integer[], $8::date[], $9::jsonb[], $10::jsonb[], $11::bytea[],
               $12::timestamptz[], $13::timestamptz[], $14::text[], $15::timestamptz[])
           ON CONFLICT (tenant_id, external_id) DO NOTHING RETURNING encounter_id""",
        *columns(rows),
    )
    ids = frozenset(row["encounter_id"] for row in saved)
    await _remember(tx, [change for change in changes if change.encounter.encounter_id in ids])
    return ids


async def change(tx: Tx, changed: Change) -> None:
    """Save the next version of an encounter that `load` locked."""
    row = _row(tx, changed.encounter)
    await tx.execute(
        """UPDATE encounter SET external_id = $3, patient_id = $4, status = $5, revision = $6,
               version = $7, date_of_service = $8, coding = $9::jsonb, findings = $10::jsonb,
               person_sealed = coalesce($11, person_sealed), updated_at = $12, coded_at = $13,
               coded_by = $14
            WHERE tenant_id = $1 AND encounter_id = $2""",
        *row,
    )
    await _remember(tx, [changed])


async def load(
    tx: Tx, encounter_id: UUID, *, lock: bool = False, with_persons: bool = False
) -> Encounter | None:
    """One encounter, locked for a change or just read."""
    row = await tx.fetchrow(
        f"SELECT {COLUMNS}, person_sealed FROM encounter"
        f" WHERE tenant_id = $1 AND encounter_id = $2{' FOR UPDATE' if lock else ''}",
        tx.tenant_id,
        encounter_id,
    )
    if row is None:
        return None
    encounter = _encounter(row)
    if not with_persons:
        return encounter
    opened = open_column(
        keyring_of(tx), tx.tenant_id, table="encounter", column="person_sealed",
        row_id=encounter_id, value=row["person_sealed"],
    )  # fmt: skip
    return replace(encounter, persons=Persons.model_validate_json(opened))


async def page(
    tx: Tx,
    *,
    status: EncounterStatus | None,
    patient_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> list[Encounter]:
    """Encounters in the order of their making, `limit` at most."""
    rows = await tx.fetch(
        f"""SELECT {COLUMNS} FROM encounter
             WHERE tenant_id = $1 AND ($2::text IS NULL OR status = $2)
               AND ($3::uuid IS NULL OR patient_id = $3)
               AND ($4::uuid IS NULL OR encounter_id > $4)
             ORDER BY encounter_id LIMIT $5""",
        tx.tenant_id, status, patient_id, after, limit,
    )  # fmt: skip
    return [_encounter(row) for row in rows]


async def past_services(
    tx: Tx, encounter: Encounter, coding: Coding, *, since: date
) -> list[PastService]:
    """What else was billed for the patient since a day, as edits look back on it."""
    rows = await tx.fetch(
        """SELECT coding::text FROM encounter
            WHERE tenant_id = $1 AND patient_id = $2 AND encounter_id <> $3 AND status = 'coded'
              AND date_of_service >= $4
            ORDER BY date_of_service DESC LIMIT 200""",
        tx.tenant_id,
        encounter.patient_id,
        encounter.encounter_id,
        since,
    )
    earlier = [CODING.validate_json(row["coding"]) for row in rows]
    return [
        service for each in earlier for service in _past(each, is_same=same_provider(coding, each))
    ]


def _past(coding: Coding, *, is_same: bool) -> list[PastService]:
    codes = tuple(each.code for each in coding.diagnoses)
    return [
        PastService(
            procedure_code=line.procedure_code,
            date_of_service=line.date_of_service,
            quantity=line.quantity,
            modifiers=line.modifiers,
            diagnosis_codes=tuple(codes[at] for at in line.diagnosis_pointers if at < len(codes)),
            is_same_provider=is_same,
        )
        for line in coding.lines
    ]


async def history(tx: Tx, encounter_id: UUID) -> list[Edge]:
    """Every step of an encounter, oldest first."""
    rows = await tx.fetch(
        """SELECT version, from_status, to_status, revision, actor, reason_sealed, at
             FROM encounter_history WHERE tenant_id = $1 AND encounter_id = $2 ORDER BY version""",
        tx.tenant_id,
        encounter_id,
    )
    return [_edge(tx, encounter_id, row) for row in rows]


async def _remember(tx: Tx, changes: Sequence[Change]) -> None:
    """The history row of each change, and each coding that left."""
    edges = [
        (
            change.encounter.tenant_id, change.encounter.encounter_id, change.edge.version,
            change.edge.from_status, change.edge.to_status, change.edge.revision,
            change.edge.actor, _sealed_reason(tx, change), change.edge.at,
        )
        for change in changes
    ]  # fmt: skip
    if not edges:
        return
    await tx.execute(
        """INSERT INTO encounter_history (tenant_id, encounter_id, version, from_status, to_status,
                                          revision, actor, reason_sealed, at)
           SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::text[], $5::text[],
                                $6::integer[], $7::text[], $8::bytea[], $9::timestamptz[])""",
        *columns(edges),
    )
    revisions = [
        _revision(tx, change.encounter) for change in changes if change.edge.to_status == "coded"
    ]
    if revisions:
        await tx.execute(
            """INSERT INTO encounter_revision (tenant_id, encounter_id, revision, coding,
                                               person_sealed, coded_at, coded_by)
               SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::jsonb[],
                                    $5::bytea[], $6::timestamptz[], $7::text[])""",
            *columns(revisions),
        )


def _row(tx: Tx, encounter: Encounter) -> tuple[object, ...]:
    return (
        encounter.tenant_id,
        encounter.encounter_id,
        encounter.external_id,
        encounter.patient_id,
        encounter.status,
        encounter.revision,
        encounter.version,
        encounter.coding.date_of_service,
        CODING.dump_json(encounter.coding).decode(),
        FINDINGS.dump_json(encounter.findings).decode(),
        _sealed_persons(tx, encounter, "encounter", encounter.encounter_id),
        encounter.updated_at,
        encounter.coded_at,
        encounter.coded_by,
    )


def _revision(tx: Tx, encounter: Encounter) -> tuple[object, ...]:
    row_id = f"{encounter.encounter_id}:{encounter.revision}"
    return (
        encounter.tenant_id,
        encounter.encounter_id,
        encounter.revision,
        CODING.dump_json(encounter.coding).decode(),
        _sealed_persons(tx, encounter, "encounter_revision", row_id),
        encounter.coded_at,
        encounter.coded_by,
    )


def _encounter(row: asyncpg.Record) -> Encounter:
    return Encounter(
        tenant_id=row["tenant_id"],
        encounter_id=row["encounter_id"],
        external_id=row["external_id"],
        patient_id=row["patient_id"],
        status=row["status"],
        revision=row["revision"],
        version=row["version"],
        coding=CODING.validate_json(row["coding"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        findings=FINDINGS.validate_json(row["findings"]),
        coded_at=row["coded_at"],
        coded_by=row["coded_by"],
    )


def _edge(tx: Tx, encounter_id: UUID, row: asyncpg.Record) -> Edge:
    step = dict(row)
    sealed, reason = step.pop("reason_sealed"), ""
    if sealed is not None:
        row_id = f"{encounter_id}:{row['version']}"
        reason = open_column(
            keyring_of(tx), tx.tenant_id, table="encounter_history", column="reason_sealed",
            row_id=row_id, value=sealed,
        ).decode()  # fmt: skip
    return Edge(**step, reason=reason)


def _sealed_reason(tx: Tx, change: Change) -> bytes | None:
    """Why somebody did it: it should name nobody, and some day it will."""
    if not change.edge.reason:
        return None
    row_id = f"{change.encounter.encounter_id}:{change.edge.version}"
    place = ("encounter_history", "reason_sealed")
    return seal(tx, place, row_id, change.edge.reason.encode())


def _sealed_persons(tx: Tx, encounter: Encounter, table: str, row_id: UUID | str) -> bytes | None:
    """None when the persons were not opened, so that they stay as they are."""
    if encounter.persons is None:
        return None
    return seal(tx, (table, "person_sealed"), row_id, _json(encounter.persons))


def _json(value: Person | Persons) -> bytes:
    return value.model_dump_json().encode()
