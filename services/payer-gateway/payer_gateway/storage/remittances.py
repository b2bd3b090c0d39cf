"""Remittances: what payers paid, once per payment, and what of it waits for a person."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from payer_gateway.domain.interchange import FoundIn
from payer_gateway.domain.remittance import PaymentKey, RemittanceStatus
from rcm.contracts.payer import PaymentMatch
from rcm.contracts.values import Finding
from rcm.db import Tx

COLUMNS = """
    tenant_id, remittance_id, interchange_id, set_ordinal, status, duplicate_of, payer_id,
    payer_name, originating_company_id, trace_number, payment_cents, payment_method, effective_on,
    claim_count, claim_paid_cents, provider_adjustment_cents, provider_adjustments, content_sha256,
    received_at
"""
KEPT = f"{COLUMNS.rstrip()}, replaced_by, reason_code, recheck_requested_at, version"
"""What is added to a remittance, and what becomes of it."""


@dataclass(frozen=True, slots=True)
class StoredRemittance:
    """One ST of an 835 as it is kept."""

    tenant_id: UUID
    remittance_id: UUID
    interchange_id: UUID
    set_ordinal: int
    status: RemittanceStatus
    duplicate_of: UUID | None
    payer_id: str
    payer_name: str
    originating_company_id: str
    trace_number: str
    payment_cents: int
    payment_method: str
    effective_on: date | None
    claim_count: int
    claim_paid_cents: int
    provider_adjustment_cents: int
    provider_adjustments: Sequence[Mapping[str, Any]]
    content_sha256: bytes
    received_at: datetime
    replaced_by: UUID | None = None
    reason_code: str | None = None
    recheck_requested_at: datetime | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class StoredClaim:
    """One CLP as it is kept."""

    ordinal: int
    patient_control_number: str
    submission_id: UUID | None
    payer_claim_number: str | None
    claim_status_code: str
    charge_cents: int
    paid_cents: int
    adjusted_cents: int
    matched_by: PaymentMatch = "none"
    claim_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A remittance of the same trace that came before."""

    remittance_id: UUID
    status: RemittanceStatus
    content_sha256: bytes
    is_same: bool
    """Of the same day and cents too: the same payment."""


def remittance_of(row: asyncpg.Record) -> StoredRemittance:
    fields: dict[str, Any] = dict(row)
    fields["status"] = RemittanceStatus(fields["status"])
    return StoredRemittance(**fields)


async def same_payment(tx: Tx, tenant_id: UUID, key: PaymentKey) -> list[Known]:
    """What came before under the same payment, and stands; under its trace alone also what was
    reported, and what a person ended unless the payer is to correct it. Waits for another reader
    of the same trace to finish, so that of two one sees the other."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
        f"remittance|{tenant_id}|{key.originating_company_id}|{key.trace_number}",
    )
    rows = await tx.fetch(
        """
        SELECT remittance_id, status, content_sha256,
               effective_on IS NOT DISTINCT FROM $4 AND payment_cents = $5 AS is_same
        FROM remittance
        WHERE tenant_id = $1 AND originating_company_id = $2 AND trace_number = $3
          AND (status = 'reported'
               OR status = 'held' AND effective_on IS NOT DISTINCT FROM $4 AND payment_cents = $5
               OR status = 'dismissed' AND reason_code <> 'payer_will_correct')
        ORDER BY received_at
        """,
        tenant_id,
        key.originating_company_id,
        key.trace_number,
        key.effective_on,
        key.payment_cents,
    )
    return [
        Known(
            row["remittance_id"],
            RemittanceStatus(row["status"]),
            row["content_sha256"],
            row["is_same"],
        )
        for row in rows
    ]


async def payers_of(tx: Tx, tenant_id: UUID, company_id: str) -> list[str]:
    """The payers whose claims a company (TRN03) has paid before."""
    rows = await tx.fetch(
        """
        SELECT DISTINCT payer_id FROM remittance r
        WHERE r.tenant_id = $1 AND r.originating_company_id = $2 AND r.status = 'reported'
          AND EXISTS (SELECT FROM remittance_claim c
                       WHERE c.tenant_id = r.tenant_id AND c.remittance_id = r.remittance_id
                         AND c.matched_by = 'control_number')
        """,
        tenant_id,
        company_id,
    )
    return [row["payer_id"] for row in rows]


async def add(tx: Tx, remittance: StoredRemittance, claims: Sequence[StoredClaim]) -> None:
    await tx.execute(
        f"""
        INSERT INTO remittance ({COLUMNS})
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                $19)
        """,
        remittance.tenant_id,
        remittance.remittance_id,
        remittance.interchange_id,
        remittance.set_ordinal,
        remittance.status,
        remittance.duplicate_of,
        remittance.payer_id,
        remittance.payer_name,
        remittance.originating_company_id,
        remittance.trace_number,
        remittance.payment_cents,
        remittance.payment_method,
        remittance.effective_on,
        remittance.claim_count,
        remittance.claim_paid_cents,
        remittance.provider_adjustment_cents,
        json.dumps(list(remittance.provider_adjustments)),
        remittance.content_sha256,
        remittance.received_at,
    )
    await tx.execute(
        """
        INSERT INTO remittance_claim (
          tenant_id, remittance_id, ordinal, patient_control_number, submission_id,
          payer_claim_number, claim_status_code, charge_cents, paid_cents, adjusted_cents,
          matched_by, claim_id)
        SELECT $1, $2, * FROM unnest($3::int[], $4::text[], $5::uuid[], $6::text[], $7::text[],
                                     $8::bigint[], $9::bigint[], $10::bigint[], $11::text[],
                                     $12::uuid[])
        """,
        remittance.tenant_id,
        remittance.remittance_id,
        [each.ordinal for each in claims],
        [each.patient_control_number for each in claims],
        [each.submission_id for each in claims],
        [each.payer_claim_number for each in claims],
        [each.claim_status_code for each in claims],
        [each.charge_cents for each in claims],
        [each.paid_cents for each in claims],
        [each.adjusted_cents for each in claims],
        [each.matched_by for each in claims],
        [each.claim_id for each in claims],
    )


async def find(tx: Tx, remittance_id: UUID, *, lock: bool = False) -> StoredRemittance | None:
    row = await tx.fetchrow(
        f"SELECT {KEPT} FROM remittance WHERE tenant_id = $1 AND remittance_id = $2"
        f"{' FOR UPDATE' if lock else ''}",
        tx.tenant_id,
        remittance_id,
    )
    return remittance_of(row) if row else None


async def list_page(
    tx: Tx,
    *,
    status: str | None,
    trace_number: str | None,
    interchange_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> list[StoredRemittance]:
    """Newest first."""
    rows = await tx.fetch(
        f"""
        SELECT {KEPT} FROM remittance
        WHERE tenant_id = $1 AND ($2::text IS NULL OR status = $2)
          AND ($3::text IS NULL OR trace_number = $3)
          AND ($4::uuid IS NULL OR interchange_id = $4)
          AND ($5::uuid IS NULL OR remittance_id < $5)
        ORDER BY remittance_id DESC LIMIT $6
        """,
        tx.tenant_id,
        status,
        trace_number,
        interchange_id,
        after,
        limit,
    )
    return [remittance_of(row) for row in rows]


async def claims_of(
    tx: Tx, remittance_id: UUID, *, after: int, limit: int, matched_by: str | None = None
) -> list[StoredClaim]:
    rows = await tx.fetch(
        """
        SELECT ordinal, patient_control_number, submission_id, payer_claim_number,
               claim_status_code, charge_cents, paid_cents, adjusted_cents, matched_by, claim_id
        FROM remittance_claim WHERE tenant_id = $1 AND remittance_id = $2 AND ordinal > $3
          AND ($5::text IS NULL OR matched_by = $5)
        ORDER BY ordinal LIMIT $4
        """,
        tx.tenant_id,
        remittance_id,
        after,
        limit,
        matched_by,
    )
    return [StoredClaim(**dict(row)) for row in rows]


async def findings_of(
    tx: Tx,
    *,
    remittance_id: UUID | None = None,
    interchange_id: UUID | None = None,
    after: UUID | None = None,
    limit: int = 100,
) -> list[FoundIn]:
    """What was found in a remittance, or in a file as a whole."""
    rows = await tx.fetch(
        """
        SELECT finding_id, interchange_id, remittance_id, claim_ordinal, code, severity, message,
               location, level, stake_cents, resolution_code, resolved_at, found_at
        FROM finding
        WHERE tenant_id = $1 AND ($2::uuid IS NULL OR remittance_id = $2)
          AND ($3::uuid IS NULL OR interchange_id = $3) AND ($4::uuid IS NULL OR finding_id > $4)
        ORDER BY finding_id LIMIT $5
        """,
        tx.tenant_id,
        remittance_id,
        interchange_id,
        after,
        limit,
    )
    return [found_in(row) for row in rows]


def found_in(row: asyncpg.Record) -> FoundIn:
    """A row of `finding`."""
    return FoundIn(
        row["interchange_id"],
        Finding(
            code=row["code"],
            severity=row["severity"],
            message=row["message"],
            location=row["location"],
        ),
        row["remittance_id"],
        row["claim_ordinal"],
        row["finding_id"],
        level=row["level"],
        stake_cents=row["stake_cents"],
        resolution_code=row["resolution_code"],
        resolved_at=row["resolved_at"],
        found_at=row["found_at"],
    )


@dataclass(frozen=True, slots=True)
class Totals:
    """Remittances of one status: how many, and their cents."""

    status: RemittanceStatus
    remittance_count: int
    payment_cents: int


async def totals(tx: Tx) -> list[Totals]:
    rows = await tx.fetch(
        """
        SELECT status, count(*)::int AS remittance_count,
               coalesce(sum(payment_cents), 0)::bigint AS payment_cents
        FROM remittance WHERE tenant_id = $1 GROUP BY status ORDER BY status
        """,
        tx.tenant_id,
    )
    return [
        Totals(RemittanceStatus(row["status"]), row["remittance_count"], row["payment_cents"])
        for row in rows
    ]
