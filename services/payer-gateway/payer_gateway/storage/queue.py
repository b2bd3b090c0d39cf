"""The queue of claims that wait to leave: filled from events, taken in batches, as sets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from payer_gateway.domain.lifecycle import SubmissionStatus, sources
from payer_gateway.domain.submission import Place, Queued, Submission
from payer_gateway.storage.submissions import COLUMNS, submission_of
from rcm.db import Tx


@dataclass(frozen=True, slots=True)
class Arrived:
    """A ready claim as it came: its event, person block sealed, and what queries look for."""

    tenant_id: UUID
    submission_id: UUID
    claim_id: UUID
    source_event_id: UUID
    correlation_id: str
    patient_control_number: str
    payer_id: str
    billing_npi: str
    frequency_code: str
    charge_cents: int
    claim: str
    ready_at: datetime
    kind: str


# OFFSET 0 keeps the lookup as it is written, one probe per claim: before the first statistics the
# planner would compare every arriving claim with every submission. Event ids grow with time.
WAITING = """
SELECT before.submission_id
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS arrived (tenant_id, claim_id, source_event_id)
CROSS JOIN LATERAL (
  SELECT submission_id, source_event_id FROM submission waiting
  WHERE waiting.tenant_id = arrived.tenant_id AND waiting.claim_id = arrived.claim_id
    AND waiting.status = 'queued'
  OFFSET 0) before
WHERE before.source_event_id < arrived.source_event_id
"""
INSERT = """
INSERT INTO submission (
  tenant_id, submission_id, claim_id, source_event_id, correlation_id, patient_control_number,
  payer_id, billing_npi, frequency_code, charge_cents, status, claim, queued_at, kind, changed_at)
SELECT *, queued_at FROM unnest(
  $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[],
  $9::text[], $10::bigint[], $11::text[], $12::text[], $13::timestamptz[], $14::text[])
  AS arrived (tenant_id, submission_id, claim_id, source_event_id, correlation_id,
              patient_control_number, payer_id, billing_npi, frequency_code, charge_cents, status,
              claim, queued_at, kind)
ON CONFLICT ON CONSTRAINT submission_source DO NOTHING
"""


async def add(tx: Tx, arrived: Sequence[Arrived]) -> None:
    """Queue claims, two statements for any number. A newer version of a claim supersedes one that
    has not left, in the queue or in the same call; an event that came before changes nothing."""
    await _supersede(tx, arrived)
    newest = {(each.tenant_id, each.claim_id): each for each in arrived}
    waits = [newest[each.tenant_id, each.claim_id] is each for each in arrived]
    await tx.execute(
        INSERT,
        [each.tenant_id for each in arrived],
        [each.submission_id for each in arrived],
        [each.claim_id for each in arrived],
        [each.source_event_id for each in arrived],
        [each.correlation_id for each in arrived],
        [each.patient_control_number for each in arrived],
        [each.payer_id for each in arrived],
        [each.billing_npi for each in arrived],
        [each.frequency_code for each in arrived],
        [each.charge_cents for each in arrived],
        ["queued" if waiting else "superseded" for waiting in waits],
        [each.claim if waiting else None for each, waiting in zip(arrived, waits, strict=True)],
        [each.ready_at for each in arrived],
        [each.kind for each in arrived],
    )


async def _supersede(tx: Tx, arrived: Sequence[Arrived]) -> None:
    rows = await tx.fetch(
        WAITING,
        [each.tenant_id for each in arrived],
        [each.claim_id for each in arrived],
        [each.source_event_id for each in arrived],
    )
    if rows:
        await tx.execute(
            """
            UPDATE submission SET status = 'superseded', claim = NULL, changed_at = $3
            WHERE tenant_id = ANY ($1) AND submission_id = ANY ($2) AND status = ANY ($4)
            """,
            list(tx.tenants),
            [row["submission_id"] for row in rows],
            max(each.ready_at for each in arrived),
            list(sources(SubmissionStatus.SUPERSEDED)),
        )


async def withdraw(tx: Tx, claims: Sequence[tuple[UUID, UUID]], *, at: datetime) -> None:
    """Claims, as (tenant, claim), that must not leave after all."""
    await tx.execute(
        """
        UPDATE submission SET status = 'withdrawn', claim = NULL, changed_at = $4
        FROM unnest($1::uuid[], $2::uuid[]) AS held (tenant_id, claim_id)
        WHERE submission.tenant_id = held.tenant_id AND submission.claim_id = held.claim_id
          AND status = ANY ($3)
        """,
        [tenant for tenant, _ in claims],
        [claim for _, claim in claims],
        list(sources(SubmissionStatus.WITHDRAWN)),
        at,
    )


async def take(
    tx: Tx, tenant_id: UUID, kind: str, *, payer_ids: Sequence[str], limit: int
) -> list[Queued]:
    """The oldest queued claims of these payers, locked until the transaction ends."""
    rows = await tx.fetch(
        """
        SELECT submission_id, source_event_id, payer_id, billing_npi, claim
        FROM submission
        WHERE tenant_id = $1 AND payer_id = ANY ($2) AND kind = $3 AND status = 'queued'
        ORDER BY queued_at, submission_id LIMIT $4
        FOR UPDATE SKIP LOCKED
        """,
        tenant_id,
        list(payer_ids),
        kind,
        limit,
    )
    return [Queued(**dict(row)) for row in rows]


async def mark_sending(
    tx: Tx, tenant_id: UUID, transmission_id: UUID, placed: Sequence[Place], *, at: datetime
) -> None:
    await tx.execute(
        """
        UPDATE submission
        SET status = 'sending', transmission_id = $2, set_control_number = place.set_number,
            batch_reference = place.batch_reference, reason = NULL, changed_at = $6
        FROM unnest($3::uuid[], $4::text[], $5::text[])
          AS place (submission_id, set_number, batch_reference)
        WHERE tenant_id = $1 AND submission.submission_id = place.submission_id
          AND status = ANY ($7)
        """,
        tenant_id,
        transmission_id,
        [each.submission_id for each in placed],
        [each.set_control_number for each in placed],
        [each.batch_reference for each in placed],
        at,
        list(sources(SubmissionStatus.SENDING)),
    )


async def mark_unsendable(
    tx: Tx, tenant_id: UUID, reasons: Mapping[UUID, str], *, at: datetime
) -> list[Submission]:
    rows = await tx.fetch(
        f"""
        UPDATE submission SET status = 'unsendable', reason = why.reason, changed_at = $4
        FROM unnest($2::uuid[], $3::text[]) AS why (id, reason)
        WHERE tenant_id = $1 AND submission_id = why.id AND status = ANY ($5)
        RETURNING {COLUMNS.replace("reason", "why.reason")}
        """,
        tenant_id,
        list(reasons),
        list(reasons.values()),
        at,
        list(sources(SubmissionStatus.UNSENDABLE)),
    )
    return [submission_of(row) for row in rows]


async def requeue(
    tx: Tx, transmission_id: UUID, *, statuses: Sequence[SubmissionStatus], at: datetime
) -> int:
    """Queue again what a hop before the claims' own refused: under new numbers, since the old
    ones were never taken. Claims that have moved on, or have a newer version, stay where they
    are."""
    done = await tx.fetchval(
        """
        WITH again AS (
          UPDATE submission
          SET status = 'queued', queued_at = $4, changed_at = $4, transmission_id = NULL,
              set_control_number = NULL, batch_reference = NULL, sent_at = NULL, reason = NULL
          WHERE tenant_id = $1 AND transmission_id = $2 AND status = ANY ($3)
            AND claim IS NOT NULL AND NOT EXISTS (
              SELECT FROM submission newer WHERE newer.tenant_id = $1
                AND newer.claim_id = submission.claim_id
                AND newer.source_event_id > submission.source_event_id)
          RETURNING 1)
        SELECT count(*) FROM again
        """,
        tx.tenant_id,
        transmission_id,
        list(statuses),
        at,
    )
    return int(done)
