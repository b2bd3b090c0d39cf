"""What people look at: worklists, histories, the ledger of a claim, sums."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg

from claims_svc.domain.change import Denial
from claims_svc.domain.claim import Claim
from claims_svc.domain.decision import Decision
from claims_svc.storage.rows import (
    CLAIM_COLUMNS,
    DECISION_COLUMNS,
    claim_of,
    decision_of,
    denial_of,
    selected,
)
from claims_svc.storage.sealing import opened_words, step_id
from rcm.db import Tx


@dataclass(frozen=True, slots=True)
class ClaimFilter:
    """Which claims a list shows; None leaves a condition out."""

    status: str | None = None
    outcome: str | None = None
    responsible_party: str | None = None
    payer_id: str | None = None
    patient_id: UUID | None = None
    encounter_id: UUID | None = None
    service_from: date | None = None
    service_to: date | None = None


CONDITIONS = (
    ("status", "status = {}"),
    ("outcome", "outcome = {}"),
    ("responsible_party", "responsible_party = {}"),
    ("payer_id", "payer_id = {}"),
    ("patient_id", "patient_id = {}"),
    (
        "encounter_id",
        "claim_id IN (SELECT link.claim_id FROM claim_encounter AS link"
        " WHERE link.tenant_id = $1 AND link.encounter_id = {})",
    ),
    ("service_from", "date_of_service >= {}"),
    ("service_to", "date_of_service <= {}"),
)


async def claim_page(
    tx: Tx, wanted: ClaimFilter, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[Claim]:
    """Claims that fit, newest first."""
    conditions, values = ["tenant_id = $1"], [tx.tenant_id]
    for name, text in CONDITIONS:
        value = getattr(wanted, name)
        if value is not None:
            values.append(value)
            conditions.append(text.format(f"${len(values)}"))
    if after is not None:
        values += after  # type: ignore[arg-type]
        conditions.append(f"(created_at, claim_id) < (${len(values) - 1}, ${len(values)})")
    rows = await tx.fetch(
        f"SELECT {selected('claim', CLAIM_COLUMNS)} FROM claim WHERE {' AND '.join(conditions)}"
        f" ORDER BY created_at DESC, claim_id DESC LIMIT {int(limit)}",
        *values,
    )
    return [claim_of(tx, row) for row in rows]


async def history(tx: Tx, claim_id: UUID) -> list[dict[str, object]]:
    """Every edge of a claim, oldest first."""
    rows = await tx.fetch(
        """SELECT version, position, axis, from_value, to_value, cause_event_id, cause_event_type,
                  actor, reason_sealed, at
             FROM claim_history WHERE tenant_id = $1 AND claim_id = $2
            ORDER BY version, position""",
        tx.tenant_id,
        claim_id,
    )
    return [_step(tx, claim_id, row) for row in rows]


def _step(tx: Tx, claim_id: UUID, row: asyncpg.Record) -> dict[str, object]:
    step = dict(row)
    words = opened_words(
        tx,
        tx.tenant_id,
        "claim_history",
        row_id=step_id(claim_id, row["version"], step.pop("position")),
        sealed=step.pop("reason_sealed"),
    )
    return {**step, "reason": words or ""}


async def decisions_of(tx: Tx, claim_id: UUID) -> list[Decision]:
    """What payers decided on a claim, oldest first, reversals included."""
    rows = await tx.fetch(
        f"SELECT {selected('adjudication', DECISION_COLUMNS)} FROM adjudication"
        " WHERE tenant_id = $1 AND claim_id = $2 ORDER BY sequence",
        tx.tenant_id,
        claim_id,
    )
    return [decision_of(row) for row in rows]


async def ledger_of(tx: Tx, claim_id: UUID) -> list[asyncpg.Record]:
    """Every posting on an account of this claim, in the order of booking."""
    return await tx.fetch(
        """WITH own AS (SELECT account_id FROM ledger_account
                         WHERE tenant_id = $1 AND claim_id = $2),
                touched AS (
                  SELECT leg.entry_id, leg.position FROM ledger_posting AS leg
                   WHERE leg.tenant_id = $1 AND leg.debit_id IN (SELECT account_id FROM own)
                  UNION
                  SELECT leg.entry_id, leg.position FROM ledger_posting AS leg
                   WHERE leg.tenant_id = $1 AND leg.credit_id IN (SELECT account_id FROM own))
           SELECT entry.entry_id, entry.kind, entry.effective_on, entry.posted_at, entry.actor,
                  entry.source_event_id, entry.reverses, debit.code AS debit, credit.code AS credit,
                  debit.payer_id AS debit_payer_id, credit.payer_id AS credit_payer_id,
                  leg.cents, leg.line_number, leg.group_code, leg.reason_code, leg.trace_number
             FROM touched
             JOIN ledger_posting AS leg ON leg.tenant_id = $1
              AND (leg.entry_id, leg.position) = (touched.entry_id, touched.position)
             JOIN ledger_entry AS entry
               ON (entry.tenant_id, entry.entry_id) = ($1, leg.entry_id)
             JOIN ledger_account AS debit
               ON (debit.tenant_id, debit.account_id) = ($1, leg.debit_id)
             JOIN ledger_account AS credit
               ON (credit.tenant_id, credit.account_id) = ($1, leg.credit_id)
            ORDER BY entry.posted_at, entry.entry_id, leg.position""",
        tx.tenant_id,
        claim_id,
    )


@dataclass(frozen=True, slots=True)
class DenialRow:
    """A denial with the claim that it is on."""

    denial: Denial
    patient_control_number: str
    date_of_service: date
    filing_deadline: date | None


@dataclass(frozen=True, slots=True)
class DenialFilter:
    """Which denials a worklist shows; None leaves a condition out."""

    category: str | None = None
    payer_id: str | None = None
    is_open: bool = True


async def denial_page(
    tx: Tx, wanted: DenialFilter, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[DenialRow]:
    """Denials, oldest first: what waits longest comes first."""
    place = after or (None, None)
    rows = await tx.fetch(
        """SELECT denial.*, claim.patient_control_number, claim.date_of_service,
                  claim.filing_deadline
             FROM denial JOIN claim USING (tenant_id, claim_id)
            WHERE denial.tenant_id = $1 AND ($2::text IS NULL OR denial.category = $2)
              AND ($3::text IS NULL OR denial.payer_id = $3)
              AND (denial.resolution IS NULL) = $4
              AND ($5::timestamptz IS NULL OR (denial.opened_at, denial.denial_id) > ($5, $6::uuid))
            ORDER BY denial.opened_at, denial.denial_id LIMIT $7""",
        tx.tenant_id,
        wanted.category,
        wanted.payer_id,
        wanted.is_open,
        *place,
        limit,
    )
    return [
        DenialRow(
            denial_of(row),
            row["patient_control_number"],
            row["date_of_service"],
            row["filing_deadline"],
        )
        for row in rows
    ]


async def summary(
    tx: Tx, service_from: date | None, service_to: date | None
) -> list[asyncpg.Record]:
    """Counts and cents of the claims with services in these days, by status and outcome."""
    return await tx.fetch(
        """SELECT status, outcome, count(*) AS claims,
                  sum(charge_cents)::bigint AS charge_cents,
                  sum(paid_cents)::bigint AS paid_cents,
                  sum(contractual_cents)::bigint AS contractual_cents,
                  sum(other_adjustment_cents)::bigint AS other_adjustment_cents,
                  sum(patient_responsibility_cents)::bigint AS patient_responsibility_cents,
                  sum(insurance_balance_cents)::bigint AS insurance_balance_cents
             FROM claim
            WHERE tenant_id = $1 AND ($2::date IS NULL OR date_of_service >= $2)
              AND ($3::date IS NULL OR date_of_service <= $3)
            GROUP BY status, outcome ORDER BY status, outcome""",
        tx.tenant_id,
        service_from,
        service_to,
    )
