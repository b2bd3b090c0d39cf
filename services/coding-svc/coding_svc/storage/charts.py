"""Charts and their history."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import asyncpg
from pydantic import TypeAdapter

from coding_svc.domain.desk.chart import Chart, ChartEntry, ChartStep, Stage
from coding_svc.domain.encounter import CodedDiagnosis, CodedLine
from coding_svc.storage.sealing import columns, seal_words, unseal_words
from rcm.db import Tx

DIAGNOSES = TypeAdapter(tuple[CodedDiagnosis, ...])
LINES = TypeAdapter(tuple[CodedLine, ...])
WORDS = ("chart_history", "words_sealed")
# Name and type of every column, in the order of `_row`.
FIELDS = (
    ("tenant_id", "uuid"), ("encounter_id", "uuid"), ("version", "integer"), ("stage", "text"),
    ("kind", "text"), ("is_inpatient", "boolean"), ("setting", "text"), ("contractor", "text"),
    ("diagnoses", "jsonb"), ("lines", "jsonb"), ("team", "text"), ("assigned_to", "text"),
    ("boost_days", "integer"), ("rank", "integer"), ("expected_cents", "bigint"),
    ("last_day", "date"), ("pend_reason", "text"), ("pend_until", "date"),
    ("is_reviewed", "boolean"), ("is_read", "boolean"), ("released_by", "text"),
    ("begun_at", "timestamptz"), ("work_seconds", "integer"), ("received_at", "timestamptz"),
    ("updated_at", "timestamptz"),
)  # fmt: skip
NAMES = ", ".join(name for name, _ in FIELDS)
READ = ", ".join(f"{n}::text" if n in {"diagnoses", "lines"} else n for n, _ in FIELDS)
ARRAYS = ", ".join(f"${at}::{kind}[]" for at, (_, kind) in enumerate(FIELDS, 1))
SETS = ", ".join(f"{n} = ${at}::{kind}" for at, (n, kind) in enumerate(FIELDS, 1) if at > 2)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which charts a worklist shows; None and empty ask for all."""

    stages: tuple[Stage, ...] = ("to_code",)
    team: str | None = None
    assigned_to: str | None = None
    kind: str | None = None
    due_on: date | None = None
    """With it, pended charts whose day has come are shown beside `stages`."""


async def add(tx: Tx, steps: Sequence[ChartStep]) -> None:
    """Save new charts with the first row of their histories."""
    if steps:
        await tx.execute(
            f"INSERT INTO chart ({NAMES}) SELECT * FROM unnest({ARRAYS})",
            *columns([_row(step.chart) for step in steps]),
        )
        await _remember(tx, steps)


async def change(tx: Tx, *steps: ChartStep) -> None:
    """Save the next versions of a chart that `load` locked, in their order."""
    await tx.execute(
        f"UPDATE chart SET {SETS} WHERE tenant_id = $1 AND encounter_id = $2",
        *_row(steps[-1].chart),
    )
    await _remember(tx, steps)


async def load(tx: Tx, encounter_id: UUID, *, lock: bool = False) -> Chart | None:
    """One chart, locked for a change or just read."""
    row = await tx.fetchrow(
        f"SELECT {READ} FROM chart WHERE tenant_id = $1 AND encounter_id = $2"
        f"{' FOR UPDATE' if lock else ''}",
        tx.tenant_id,
        encounter_id,
    )
    return None if row is None else _chart(row)


async def worklist(
    tx: Tx, wanted: Wanted, *, after: tuple[int, UUID] | None, limit: int
) -> list[Chart]:
    """Charts by rank: what waited longest and is worth most comes first."""
    rows = await tx.fetch(
        f"""SELECT {READ} FROM chart
             WHERE tenant_id = $1
               AND (stage = ANY ($2) OR (stage = 'pended' AND pend_until <= $3))
               AND ($4::text IS NULL OR team = $4) AND ($5::text IS NULL OR assigned_to = $5)
               AND ($6::text IS NULL OR kind = $6)
               AND ($7::integer IS NULL OR (rank, encounter_id) > ($7, $8::uuid))
             ORDER BY rank, encounter_id LIMIT $9""",
        tx.tenant_id, list(wanted.stages), wanted.due_on, wanted.team, wanted.assigned_to,
        wanted.kind, after[0] if after else None, after[1] if after else None, limit,
    )  # fmt: skip
    return [_chart(row) for row in rows]


async def next_free(tx: Tx, *, team: str | None, actor: str) -> Chart | None:
    """The first chart that waits for anybody of the team, locked; what others are just taking is
    passed over."""
    row = await tx.fetchrow(
        f"""SELECT {READ} FROM chart
             WHERE tenant_id = $1 AND stage = 'to_code' AND assigned_to IN ('', $3)
               AND ($2::text IS NULL OR team = $2) AND is_read
             ORDER BY rank, encounter_id LIMIT 1 FOR UPDATE SKIP LOCKED""",
        tx.tenant_id,
        team,
        actor,
    )
    return None if row is None else _chart(row)


async def unread(tx: Tx, tenant_id: UUID, *, limit: int) -> list[UUID]:
    """Charts with documents that no suggestion was made from yet."""
    rows = await tx.fetch(
        """SELECT encounter_id FROM chart WHERE tenant_id = $1 AND NOT is_read
            ORDER BY encounter_id LIMIT $2""",
        tenant_id,
        limit,
    )
    return [row["encounter_id"] for row in rows]


async def mark_read(tx: Tx, encounter_id: UUID) -> None:
    """Its documents were read. Nothing that a coder sees of the chart changes by it."""
    await tx.execute(
        "UPDATE chart SET is_read = true WHERE tenant_id = $1 AND encounter_id = $2",
        tx.tenant_id,
        encounter_id,
    )


async def history(tx: Tx, encounter_id: UUID) -> list[ChartEntry]:
    """Every step, oldest first."""
    rows = await tx.fetch(
        """SELECT version, action, from_stage, to_stage, actor, details::text, words_sealed,
                  work_seconds, at
             FROM chart_history WHERE tenant_id = $1 AND encounter_id = $2 ORDER BY version""",
        tx.tenant_id,
        encounter_id,
    )
    return [
        ChartEntry(
            version=row["version"], action=row["action"], from_stage=row["from_stage"],
            to_stage=row["to_stage"], actor=row["actor"], at=row["at"],
            details=json.loads(row["details"]),
            words=unseal_words(tx, WORDS, f"{encounter_id}:{row['version']}", row["words_sealed"]),
            work_seconds=row["work_seconds"],
        )
        for row in rows
    ]  # fmt: skip


async def _remember(tx: Tx, steps: Sequence[ChartStep]) -> None:
    rows = [
        (
            step.chart.tenant_id, step.chart.encounter_id, step.entry.version, step.entry.action,
            step.entry.from_stage, step.entry.to_stage, step.entry.actor,
            json.dumps(dict(step.entry.details)),
            seal_words(
                tx, WORDS, f"{step.chart.encounter_id}:{step.entry.version}", step.entry.words
            ),
            step.entry.work_seconds, step.entry.at,
        )
        for step in steps
    ]  # fmt: skip
    await tx.execute(
        """INSERT INTO chart_history (tenant_id, encounter_id, version, action, from_stage,
               to_stage, actor, details, words_sealed, work_seconds, at)
           SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::text[], $5::text[],
               $6::text[], $7::text[], $8::jsonb[], $9::bytea[], $10::integer[],
               $11::timestamptz[])""",
        *columns(rows),
    )


def _row(chart: Chart) -> tuple[object, ...]:
    written = {
        "diagnoses": DIAGNOSES.dump_json(chart.diagnoses).decode(),
        "lines": LINES.dump_json(chart.lines).decode(),
    }
    return tuple(written.get(name, getattr(chart, name)) for name, _ in FIELDS)


def _chart(row: asyncpg.Record) -> Chart:
    found = dict(row)
    found.pop("rank")
    found["diagnoses"] = DIAGNOSES.validate_json(found["diagnoses"])
    found["lines"] = LINES.validate_json(found["lines"])
    return Chart(**found)
