"""Submissions: queued from events, taken in batches, moved by answers; always as sets."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from payer_gateway.domain.lifecycle import AWAITED, SubmissionStatus, sources
from payer_gateway.domain.submission import Submission
from rcm.db import Tx

COLUMNS = """
    tenant_id, submission_id, claim_id, source_event_id, correlation_id, patient_control_number,
    payer_id, billing_npi, frequency_code, charge_cents, status, transmission_id,
    set_control_number, batch_reference, payer_claim_number, reason, queued_at, sent_at, changed_at,
    overdue_hop
"""


def submission_of(row: asyncpg.Record) -> Submission:
    fields: dict[str, Any] = {name: row[name] for name in Submission.__slots__}
    fields["status"] = SubmissionStatus(fields["status"])
    return Submission(**fields)


async def mark_sent(
    tx: Tx, tenant_id: UUID, transmission_id: UUID, *, at: datetime
) -> list[Submission]:
    """The partner has the file. Returns what had not been recorded as sent before."""
    rows = await tx.fetch(
        f"""
        UPDATE submission SET status = 'sent', sent_at = $3, changed_at = $3
        WHERE tenant_id = $1 AND transmission_id = $2 AND status = ANY ($4)
        RETURNING {COLUMNS}
        """,
        tenant_id,
        transmission_id,
        at,
        list(sources(SubmissionStatus.SENT)),
    )
    return [submission_of(row) for row in rows]


async def in_sets(tx: Tx, tenant_id: UUID, transmission_id: UUID) -> list[Submission]:
    rows = await tx.fetch(
        f"SELECT {COLUMNS} FROM submission WHERE tenant_id = $1 AND transmission_id = $2 "
        "ORDER BY set_control_number, submission_id",
        tenant_id,
        transmission_id,
    )
    return [submission_of(row) for row in rows]


async def in_batch(
    tx: Tx, tenant_id: UUID, batch_reference: str, partner_id: UUID | None
) -> list[Submission]:
    """Control numbers are counted by partner, so two partners know the same batch reference."""
    rows = await tx.fetch(
        f"""SELECT {COLUMNS} FROM submission WHERE tenant_id = $1 AND batch_reference = $2
            AND ($3::uuid IS NULL OR transmission_id IN (
                SELECT transmission_id FROM transmission
                WHERE tenant_id = $1 AND partner_id = $3))""",
        tenant_id,
        batch_reference,
        partner_id,
    )
    return [submission_of(row) for row in rows]


@dataclass(frozen=True, slots=True)
class Move:
    """An answer to one submission."""

    submission_id: UUID
    target: SubmissionStatus
    payer_claim_number: str | None = None


async def move(tx: Tx, tenant_id: UUID, moves: Sequence[Move], *, at: datetime) -> list[Submission]:
    """Move every submission that may go where it is asked to; returns those that went. The claim
    itself is kept, sealed, until an 835 answers it: what is silent is asked about by name."""
    targets = {each.target for each in moves}
    allowed = [(source, target) for target in targets for source in sources(target)]
    rows = await tx.fetch(
        f"""
        UPDATE submission
        SET status = wanted.target, changed_at = $7, overdue_hop = NULL,
            claim = CASE WHEN wanted.target <> 'remitted' THEN claim END,
            payer_claim_number = coalesce(wanted.number, submission.payer_claim_number)
        FROM unnest($2::uuid[], $3::text[], $4::text[]) AS wanted (id, target, number)
        JOIN unnest($5::text[], $6::text[]) AS edge (source, target) USING (target)
        WHERE tenant_id = $1 AND submission_id = wanted.id AND status = edge.source
        RETURNING {COLUMNS.replace("payer_claim_number", "submission.payer_claim_number")}
        """,
        tenant_id,
        [each.submission_id for each in moves],
        [each.target for each in moves],
        [each.payer_claim_number for each in moves],
        [source for source, _ in allowed],
        [target for _, target in allowed],
        at,
    )
    return [submission_of(row) for row in rows]


async def learn_numbers(
    tx: Tx, tenant_id: UUID, numbers: Sequence[tuple[UUID, str]]
) -> list[Submission]:
    """Keep the payer's numbers (REF*1K) of submissions that an answer does not move, by submission;
    returns those whose number is news."""
    rows = await tx.fetch(
        f"""
        UPDATE submission SET payer_claim_number = told.number
        FROM unnest($2::uuid[], $3::text[]) AS told (id, number)
        WHERE tenant_id = $1 AND submission_id = told.id
          AND payer_claim_number IS DISTINCT FROM told.number
        RETURNING {COLUMNS}
        """,
        tenant_id,
        [submission_id for submission_id, _ in numbers],
        [number for _, number in numbers],
    )
    return [submission_of(row) for row in rows]


async def chase(tx: Tx, tenant_id: UUID, missing: Sequence[UUID], *, at: datetime) -> None:
    """Ask about these claims at `at`, unless somebody asks earlier or they have come to an end."""
    await tx.execute(
        """
        UPDATE submission SET follow_up_at = least(follow_up_at, $3)
        WHERE tenant_id = $1 AND submission_id = ANY ($2) AND NOT follow_up_ended
        """,
        tenant_id,
        list(missing),
        at,
    )


async def let_go(tx: Tx, *, now: datetime) -> None:
    """Rejected sendings that a newer one has replaced, or that nobody has mended for a year, are
    neither sent again nor asked about: their sealed claims go. An 835 lets go of the others."""
    await tx.execute(
        """
        UPDATE submission SET claim = NULL
        WHERE tenant_id = ANY ($1) AND claim IS NOT NULL AND status = ANY ($3)
          AND (changed_at < $2::timestamptz - interval '365 days'
               OR EXISTS (SELECT FROM submission newer WHERE newer.tenant_id = submission.tenant_id
                            AND newer.claim_id = submission.claim_id
                            AND newer.source_event_id > submission.source_event_id))
        """,
        list(tx.tenants),
        now,
        ["file_rejected", "clearinghouse_rejected", "payer_rejected"],
    )


async def sent_under(
    tx: Tx, tenant_id: UUID, control_numbers: Sequence[str]
) -> dict[str, list[Submission]]:
    """By patient control number, every submission that has left, the newest first: to one payer
    after the other, where a patient has several."""
    rows = await tx.fetch(
        f"""
        SELECT {COLUMNS} FROM submission
        WHERE tenant_id = $1 AND patient_control_number = ANY ($2) AND sent_at IS NOT NULL
        ORDER BY sent_at DESC
        """,
        tenant_id,
        list(control_numbers),
    )
    found: dict[str, list[Submission]] = {}
    for row in rows:
        found.setdefault(row["patient_control_number"], []).append(submission_of(row))
    return found


@dataclass(frozen=True, slots=True)
class Overdue:
    """A submission whose next hop has been silent longer than agreed."""

    tenant_id: UUID
    submission_id: UUID
    claim_id: UUID
    hop: str
    due_at: datetime


async def mark_overdue(tx: Tx, *, now: datetime, limit: int) -> list[Overdue]:
    """Alarm each silent hop once: submissions of all the transaction's tenants, oldest first."""
    rows = await tx.fetch(
        """
        WITH silent AS (
          SELECT s.tenant_id, s.submission_id, s.claim_id, awaited.hop,
                 s.changed_at + make_interval(secs => CASE awaited.hop
                   WHEN 'group' THEN p.file_answer_due_s
                   WHEN 'clearinghouse' THEN p.clearinghouse_answer_due_s
                   ELSE p.payer_answer_due_s END) AS due_at
          FROM submission s
          JOIN unnest($3::text[], $4::text[]) AS awaited (status, hop) USING (status)
          JOIN transmission t USING (tenant_id, transmission_id)
          JOIN trading_partner p USING (tenant_id, partner_id)
          WHERE s.tenant_id = ANY ($1)
            AND s.status IN ('sent', 'file_accepted', 'clearinghouse_accepted')
            AND s.overdue_hop IS DISTINCT FROM awaited.hop
        ), alarmed AS (
          SELECT * FROM silent WHERE due_at <= $2 ORDER BY due_at LIMIT $5
        )
        UPDATE submission SET overdue_hop = alarmed.hop FROM alarmed
        WHERE submission.tenant_id = alarmed.tenant_id
          AND submission.submission_id = alarmed.submission_id
        RETURNING alarmed.*
        """,
        list(tx.tenants),
        now,
        list(AWAITED),
        list(AWAITED.values()),
        limit,
    )
    return [Overdue(**dict(row)) for row in rows]


async def list_page(
    tx: Tx,
    *,
    claim_id: UUID | None,
    status: str | None,
    transmission_id: UUID | None,
    overdue: bool | None,
    after: UUID | None,
    limit: int,
) -> list[Submission]:
    rows = await tx.fetch(
        f"""
        SELECT {COLUMNS} FROM submission
        WHERE tenant_id = $1 AND ($2::uuid IS NULL OR claim_id = $2)
          AND ($3::text IS NULL OR status = $3) AND ($4::uuid IS NULL OR transmission_id = $4)
          AND ($5::boolean IS NULL OR (overdue_hop IS NOT NULL) = $5)
          AND ($6::uuid IS NULL OR submission_id > $6)
        ORDER BY submission_id LIMIT $7
        """,
        tx.tenant_id,
        claim_id,
        status,
        transmission_id,
        overdue,
        after,
        limit,
    )
    return [submission_of(row) for row in rows]


def codes_json(codes: Sequence[Any]) -> str:
    return json.dumps([code.model_dump() for code in codes])
