"""Acknowledgments, what each said of each claim, and the proof of timely filing in them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg

from payer_gateway.domain.acknowledgment import ClaimVerdict
from payer_gateway.domain.lifecycle import Outcome
from payer_gateway.domain.submission import Submission
from payer_gateway.domain.transmission import AcknowledgedClaim, Acknowledgment, FilingProof
from payer_gateway.storage.submissions import codes_json
from rcm.contracts.payer import StatusCode
from rcm.contracts.values import Finding
from rcm.db import Tx

COLUMNS = """
    tenant_id, acknowledgment_id, interchange_id, transmission_id, kind, hop, outcome, reference,
    accepted_count, rejected_count, received_at, code, note_code, source_received_on,
    missing_count, moved_count, findings
"""


def _acknowledgment(row: asyncpg.Record) -> Acknowledgment:
    fields: dict[str, Any] = dict(row)
    fields["outcome"] = Outcome(fields["outcome"])
    fields["findings"] = findings_of(fields["findings"])
    return Acknowledgment(**fields)


def findings_json(found: Sequence[Finding]) -> str:
    return json.dumps([each.model_dump(exclude_none=True) for each in found])


def findings_of(rows: Sequence[Mapping[str, Any]]) -> tuple[Finding, ...]:
    return tuple(Finding(**each) for each in rows)


def codes_of(rows: Sequence[Mapping[str, Any]]) -> tuple[StatusCode, ...]:
    return tuple(StatusCode(**each) for each in rows)


async def add(tx: Tx, acknowledgment: Acknowledgment) -> None:
    await tx.execute(
        f"""
        INSERT INTO acknowledgment ({COLUMNS})
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
        """,
        acknowledgment.tenant_id,
        acknowledgment.acknowledgment_id,
        acknowledgment.interchange_id,
        acknowledgment.transmission_id,
        acknowledgment.kind,
        acknowledgment.hop,
        acknowledgment.outcome,
        acknowledgment.reference,
        acknowledgment.accepted_count,
        acknowledgment.rejected_count,
        acknowledgment.received_at,
        acknowledgment.code,
        acknowledgment.note_code,
        acknowledgment.source_received_on,
        acknowledgment.missing_count,
        acknowledgment.moved_count,
        findings_json(acknowledgment.findings),
    )


async def add_claims(
    tx: Tx, acknowledgment: Acknowledgment, settled: Sequence[tuple[Submission, ClaimVerdict]]
) -> None:
    """What it said of each claim, one statement for all."""
    if not settled:
        return
    await tx.execute(
        """
        INSERT INTO acknowledged_claim (tenant_id, acknowledgment_id, submission_id, accepted,
          level, status_codes, payer_claim_number, clearinghouse_trace_number, effective_on,
          findings)
        SELECT $1, $2, * FROM unnest($3::uuid[], $4::boolean[], $5::text[], $6::jsonb[],
                                     $7::text[], $8::text[], $9::date[], $10::jsonb[])
        """,
        acknowledgment.tenant_id,
        acknowledgment.acknowledgment_id,
        [each.submission_id for each, _ in settled],
        [on.is_accepted for _, on in settled],
        [on.level for _, on in settled],
        [codes_json(on.status_codes) for _, on in settled],
        [on.payer_claim_number for _, on in settled],
        [on.clearinghouse_trace_number for _, on in settled],
        [on.effective_on for _, on in settled],
        [findings_json(on.findings) for _, on in settled],
    )


async def find(tx: Tx, acknowledgment_id: UUID) -> Acknowledgment | None:
    row = await tx.fetchrow(
        f"SELECT {COLUMNS} FROM acknowledgment WHERE tenant_id = $1 AND acknowledgment_id = $2",
        tx.tenant_id,
        acknowledgment_id,
    )
    return _acknowledgment(row) if row else None


async def list_page(
    tx: Tx,
    *,
    transmission_id: UUID | None,
    submission_id: UUID | None,
    kind: str | None,
    matched: bool | None,
    after: UUID | None,
    limit: int,
) -> list[Acknowledgment]:
    """Newest first."""
    rows = await tx.fetch(
        f"""
        SELECT {COLUMNS} FROM acknowledgment
        WHERE tenant_id = $1 AND ($2::uuid IS NULL OR transmission_id = $2)
          AND ($3::uuid IS NULL OR acknowledgment_id IN (
            SELECT acknowledgment_id FROM acknowledged_claim
            WHERE acknowledged_claim.tenant_id = $1 AND submission_id = $3))
          AND ($4::text IS NULL OR kind = $4)
          AND ($5::boolean IS NULL
               OR (transmission_id IS NOT NULL OR accepted_count + rejected_count > 0) = $5)
          AND ($6::uuid IS NULL OR acknowledgment_id < $6)
        ORDER BY acknowledgment_id DESC LIMIT $7
        """,
        tx.tenant_id,
        transmission_id,
        submission_id,
        kind,
        matched,
        after,
        limit,
    )
    return [_acknowledgment(row) for row in rows]


async def claims_page(
    tx: Tx, acknowledgment_id: UUID, *, accepted: bool | None, after: UUID | None, limit: int
) -> list[AcknowledgedClaim]:
    rows = await tx.fetch(
        """
        SELECT said.submission_id, claim_id, patient_control_number, accepted, level, status_codes,
               said.payer_claim_number, clearinghouse_trace_number, effective_on, findings
        FROM acknowledged_claim said JOIN submission USING (tenant_id, submission_id)
        WHERE tenant_id = $1 AND acknowledgment_id = $2
          AND ($3::boolean IS NULL OR accepted = $3)
          AND ($4::uuid IS NULL OR said.submission_id > $4)
        ORDER BY said.submission_id LIMIT $5
        """,
        tx.tenant_id,
        acknowledgment_id,
        accepted,
        after,
        limit,
    )
    return [_claim(row) for row in rows]


def _claim(row: asyncpg.Record) -> AcknowledgedClaim:
    fields: dict[str, Any] = dict(row)
    fields["status_codes"] = codes_of(fields["status_codes"])
    fields["findings"] = findings_of(fields["findings"])
    return AcknowledgedClaim(**fields)


async def filing_proof(tx: Tx, claim_id: UUID) -> FilingProof | None:
    """The payer's earliest A1 or A2 for any sending of the claim; None when the claim was never
    here."""
    known = await tx.fetchrow(
        """
        SELECT min(sent_at) AS first_sent_at, count(*) AS sendings FROM submission
        WHERE tenant_id = $1 AND claim_id = $2
        """,
        tx.tenant_id,
        claim_id,
    )
    if known is None or not known["sendings"]:
        return None
    row = await tx.fetchrow(
        """
        SELECT acknowledgment_id, interchange_id, sending.submission_id, said.status_codes,
               coalesce(said.effective_on, (answer.received_at AT TIME ZONE 'UTC')::date)
                 AS accepted_on,
               answer.source_received_on AS payer_received_on,
               coalesce(said.payer_claim_number, sending.payer_claim_number) AS payer_claim_number
        FROM submission sending
        JOIN acknowledged_claim said USING (tenant_id, submission_id)
        JOIN acknowledgment answer USING (tenant_id, acknowledgment_id)
        WHERE tenant_id = $1 AND sending.claim_id = $2 AND answer.hop = 'payer' AND said.accepted
          AND EXISTS (SELECT FROM jsonb_array_elements(said.status_codes) AS code (said)
                      WHERE code.said ->> 'category_code' IN ('A1', 'A2'))
        ORDER BY accepted_on, acknowledgment_id LIMIT 1
        """,
        tx.tenant_id,
        claim_id,
    )
    if row is None:
        return FilingProof(claim_id, known["first_sent_at"])
    fields: dict[str, Any] = dict(row)
    fields["status_codes"] = codes_of(fields["status_codes"])
    return FilingProof(claim_id, known["first_sent_at"], **fields)
