"""Audits, and the codings that they draw from."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import TypeAdapter

from coding_svc.domain.audit.sampling import Plan
from coding_svc.domain.encounter import Coding
from coding_svc.storage.encounters import CODING
from rcm.db import Tx

PLAN = TypeAdapter(Plan)
READ = """audit_id, version, status, plan::text, population::text, created_by, created_at,
    closed_at, refund_due_on"""


@dataclass(frozen=True, slots=True)
class Left:
    """A coding that has left, as a population has it."""

    encounter_id: UUID
    revision: int
    kind: str
    is_inpatient: bool
    coder: str
    charge_cents: int
    coding: Coding


@dataclass(frozen=True, slots=True)
class Population:
    """What an audit draws from."""

    begins_on: date
    ends_on: date
    items: int
    charge_cents: int


@dataclass(frozen=True, slots=True)
class Audit:
    """One audit: its plan and its population, from which its sample follows."""

    audit_id: UUID
    version: int
    status: str
    plan: Plan
    population: Population
    created_by: str
    created_at: datetime
    closed_at: datetime | None = None
    refund_due_on: date | None = None


POPULATION = TypeAdapter(Population)


async def population(tx: Tx, begins_on: date, ends_on: date) -> list[Left]:
    """The newest codings of charts, by the day of service."""
    rows = await tx.fetch(
        """SELECT e.encounter_id, e.revision, c.kind, c.is_inpatient, e.coded_by,
                  c.expected_cents, e.coding::text
             FROM encounter e JOIN chart c USING (tenant_id, encounter_id)
            WHERE e.tenant_id = $1 AND e.status = 'coded' AND e.date_of_service BETWEEN $2 AND $3
            ORDER BY e.encounter_id""",
        tx.tenant_id,
        begins_on,
        ends_on,
    )
    return [
        Left(
            encounter_id=row["encounter_id"],
            revision=row["revision"],
            kind=row["kind"],
            is_inpatient=row["is_inpatient"],
            coder=row["coded_by"],
            charge_cents=row["expected_cents"],
            coding=CODING.validate_json(row["coding"]),
        )
        for row in rows
    ]


async def add(tx: Tx, audit: Audit) -> None:
    await tx.execute(
        """INSERT INTO coding_audit (tenant_id, audit_id, version, status, plan, population,
                                     created_by, created_at)
           VALUES ($1, $2, $3, $4, $5::jsonb, $6::jsonb, $7, $8)""",
        tx.tenant_id, audit.audit_id, audit.version, audit.status,
        PLAN.dump_json(audit.plan).decode(), POPULATION.dump_json(audit.population).decode(),
        audit.created_by, audit.created_at,
    )  # fmt: skip


async def close(tx: Tx, audit: Audit) -> None:
    """Save that it has ended."""
    await tx.execute(
        """UPDATE coding_audit SET version = $3, status = $4, closed_at = $5, refund_due_on = $6
            WHERE tenant_id = $1 AND audit_id = $2""",
        tx.tenant_id, audit.audit_id, audit.version, audit.status, audit.closed_at,
        audit.refund_due_on,
    )  # fmt: skip


async def load(tx: Tx, audit_id: UUID, *, lock: bool = False) -> Audit | None:
    row = await tx.fetchrow(
        f"SELECT {READ} FROM coding_audit WHERE tenant_id = $1 AND audit_id = $2"
        f"{' FOR UPDATE' if lock else ''}",
        tx.tenant_id,
        audit_id,
    )
    return None if row is None else _audit(row)


async def page(tx: Tx, *, after: UUID | None, limit: int) -> list[Audit]:
    """Audits in the order of their making."""
    rows = await tx.fetch(
        f"""SELECT {READ} FROM coding_audit
             WHERE tenant_id = $1 AND ($2::uuid IS NULL OR audit_id > $2)
             ORDER BY audit_id LIMIT $3""",
        tx.tenant_id,
        after,
        limit,
    )
    return [_audit(row) for row in rows]


def _audit(row: asyncpg.Record) -> Audit:
    fields: dict[str, Any] = dict(row)
    fields["plan"] = PLAN.validate_json(fields["plan"])
    fields["population"] = POPULATION.validate_json(fields["population"])
    return Audit(**fields)
