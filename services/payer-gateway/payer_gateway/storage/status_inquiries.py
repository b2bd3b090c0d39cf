"""Claim status inquiries, the payers' reports, and which silent claims to ask about."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import TypeAdapter

from payer_gateway.domain.claim_status import (
    ClaimStatusInquiry,
    FollowUp,
    FollowUpTerms,
    SentClaim,
    StatusReport,
)
from payer_gateway.domain.inquiry import Inquiry
from payer_gateway.domain.submission import Submission
from payer_gateway.storage import inquiries
from payer_gateway.storage.submissions import COLUMNS as SUBMISSION_COLUMNS
from payer_gateway.storage.submissions import submission_of
from rcm.contracts.payer import NextStep
from rcm.db import Tx

SELECT = f"""
SELECT {inquiries.COLUMNS}, claim_id, submission_id, patient_control_number, next_step, respond_by,
       report
FROM inquiry JOIN claim_status_inquiry USING (tenant_id, inquiry_id)
"""
REPORT = TypeAdapter(StatusReport)


@dataclass(frozen=True, slots=True)
class Subject:
    """A claim that left, with its sealed event as long as it is kept."""

    submission: Submission
    claim: str | None = field(repr=False)
    has_open_inquiry: bool = False


async def subject(tx: Tx, *, claim_id: UUID | None, submission_id: UUID | None) -> Subject | None:
    """The newest sending of a claim, or one that is named; locked against a second question."""
    row = await tx.fetchrow(
        f"""
        SELECT {SUBMISSION_COLUMNS}, claim, EXISTS (
          SELECT FROM claim_status_inquiry asked JOIN inquiry USING (tenant_id, inquiry_id)
          WHERE asked.tenant_id = $1 AND asked.submission_id = submission.submission_id
            AND inquiry.status IN ('queued', 'asked')) AS has_open_inquiry
        FROM submission
        WHERE tenant_id = $1 AND ($2::uuid IS NULL OR claim_id = $2)
          AND ($3::uuid IS NULL OR submission_id = $3)
        ORDER BY sent_at DESC NULLS LAST, submission_id DESC LIMIT 1 FOR UPDATE
        """,
        tx.tenant_id,
        claim_id,
        submission_id,
    )
    return _subject(row) if row else None


def _subject(row: asyncpg.Record) -> Subject:
    return Subject(submission_of(row), row["claim"], row["has_open_inquiry"])


async def add(tx: Tx, asked: Sequence[ClaimStatusInquiry]) -> None:
    """Queue questions about claims, two statements for any number."""
    await inquiries.add(tx, [each.inquiry for each in asked], {})
    await tx.execute(
        """
        INSERT INTO claim_status_inquiry (tenant_id, inquiry_id, claim_id, submission_id,
                                          patient_control_number)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[])
        """,
        [each.inquiry.tenant_id for each in asked],
        [each.inquiry.inquiry_id for each in asked],
        [each.claim_id for each in asked],
        [each.submission_id for each in asked],
        [each.patient_control_number for each in asked],
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """What a 276 is written from: the claim as it was sent, still sealed."""

    submission: Submission
    claim: str | None = field(repr=False)


async def asked_about(tx: Tx, tenant_id: UUID, inquiry_ids: Sequence[UUID]) -> dict[UUID, Asked]:
    """The claims behind these questions, by question."""
    columns = ", ".join(f"submission.{name.strip()}" for name in SUBMISSION_COLUMNS.split(","))
    rows = await tx.fetch(
        f"""
        SELECT inquiry_id, {columns}, claim
        FROM claim_status_inquiry asked JOIN submission USING (tenant_id, submission_id)
        WHERE asked.tenant_id = $1 AND asked.inquiry_id = ANY ($2)
        """,
        tenant_id,
        list(inquiry_ids),
    )
    return {row["inquiry_id"]: Asked(submission_of(row), row["claim"]) for row in rows}


async def find(tx: Tx, tenant_id: UUID, inquiry_id: UUID) -> ClaimStatusInquiry | None:
    row = await tx.fetchrow(
        f"{SELECT} WHERE tenant_id = $1 AND inquiry_id = $2", tenant_id, inquiry_id
    )
    return _inquiry(row) if row else None


async def list_page(
    tx: Tx,
    *,
    claim_id: UUID | None,
    status: str | None,
    next_step: str | None,
    after: UUID | None,
    limit: int,
) -> list[ClaimStatusInquiry]:
    """Newest first."""
    rows = await tx.fetch(
        f"""
        {SELECT}
        WHERE tenant_id = $1 AND ($2::uuid IS NULL OR claim_id = $2)
          AND ($3::text IS NULL OR status = $3) AND ($4::text IS NULL OR next_step = $4)
          AND ($5::uuid IS NULL OR inquiry_id < $5)
        ORDER BY inquiry_id DESC LIMIT $6
        """,
        tx.tenant_id,
        claim_id,
        status,
        next_step,
        after,
        limit,
    )
    return [_inquiry(row) for row in rows]


def _inquiry(row: asyncpg.Record) -> ClaimStatusInquiry:
    fields: dict[str, Any] = {
        name: row[name]
        for name in (
            "claim_id",
            "submission_id",
            "patient_control_number",
            "next_step",
            "respond_by",
        )
    }
    report = REPORT.validate_python(row["report"]) if row["report"] else None
    return ClaimStatusInquiry(inquiry=inquiries.inquiry_of(row), report=report, **fields)


async def record_report(
    tx: Tx,
    inquiry: Inquiry,
    report: StatusReport,
    *,
    next_step: NextStep,
    respond_by: date | None,
) -> None:
    await tx.execute(
        """
        UPDATE claim_status_inquiry SET report = $3, next_step = $4, respond_by = $5
        WHERE tenant_id = $1 AND inquiry_id = $2
        """,
        inquiry.tenant_id,
        inquiry.inquiry_id,
        REPORT.dump_json(report).decode(),
        next_step,
        respond_by,
    )


async def set_follow_up(
    tx: Tx, tenant_id: UUID, submission_id: UUID, plan: FollowUp, *, payer_claim_number: str | None
) -> None:
    """When the claim is asked about next; and the payer's number for it, where it is news."""
    await tx.execute(
        """
        UPDATE submission
        SET follow_up_at = $3, follow_up_ended = $4,
            payer_claim_number = coalesce($5, payer_claim_number)
        WHERE tenant_id = $1 AND submission_id = $2
        """,
        tenant_id,
        submission_id,
        plan.at,
        plan.ended,
        payer_claim_number,
    )


async def take_silent(
    tx: Tx, *, now: datetime, terms: FollowUpTerms, limit: int
) -> list[SentClaim]:
    """Accepted claims of all the transaction's tenants that have been silent for longer than the
    payer's terms allow, and those whose day has come. They are given their next day at once, so a
    question that stays without an answer is asked again."""
    rows = await tx.fetch(
        """
        WITH silent AS (
          (SELECT tenant_id, submission_id, payer_id FROM submission s
             LEFT JOIN follow_up_term t USING (tenant_id, payer_id)
            WHERE s.tenant_id = ANY ($1) AND follow_up_at IS NULL AND NOT follow_up_ended
              AND status IN ('clearinghouse_accepted', 'payer_accepted') AND claim IS NOT NULL
              AND (t.payer_id IS NULL OR t.after_days IS NOT NULL)
              AND changed_at <= $2::timestamptz
                  - make_interval(days => coalesce(t.after_days, $3))
            ORDER BY changed_at LIMIT $5)
          UNION ALL
          (SELECT tenant_id, submission_id, payer_id FROM submission s
             LEFT JOIN follow_up_term t USING (tenant_id, payer_id)
            WHERE s.tenant_id = ANY ($1) AND follow_up_at <= $2 AND NOT follow_up_ended
              AND status <> ALL ($6) AND claim IS NOT NULL
              AND (t.payer_id IS NULL OR t.after_days IS NOT NULL)
            ORDER BY follow_up_at LIMIT $5)
        ), taken AS (
          SELECT s.tenant_id, s.submission_id, coalesce(t.every_days, $4) AS every_days
          FROM silent JOIN submission s USING (tenant_id, submission_id)
          LEFT JOIN follow_up_term t ON t.tenant_id = s.tenant_id AND t.payer_id = s.payer_id
          WHERE NOT EXISTS (
            SELECT FROM claim_status_inquiry asked JOIN inquiry USING (tenant_id, inquiry_id)
            WHERE asked.tenant_id = s.tenant_id AND asked.submission_id = s.submission_id
              AND inquiry.status IN ('queued', 'asked'))
          LIMIT $5 FOR UPDATE OF s SKIP LOCKED
        )
        UPDATE submission SET follow_up_at = $2 + make_interval(days => taken.every_days)
        FROM taken
        WHERE submission.tenant_id = taken.tenant_id
          AND submission.submission_id = taken.submission_id
        RETURNING submission.tenant_id, submission.submission_id, claim_id,
                  patient_control_number, payer_id
        """,
        list(tx.tenants),
        now,
        terms.after_days,
        terms.every_days,
        limit,
        ENDED,
    )
    return [SentClaim(**dict(row)) for row in rows]


# What has come to its end, or has not left, is not asked about.
ENDED = (
    "queued",
    "sending",
    "superseded",
    "withdrawn",
    "unsendable",
    "file_rejected",
    "clearinghouse_rejected",
    "payer_rejected",
    "remitted",
)


async def terms_of(tx: Tx, tenant_id: UUID, payer_id: str, *, lock: bool = False) -> FollowUpTerms:
    """The payer's own terms, or the product's."""
    row = await tx.fetchrow(
        """
        SELECT after_days, every_days, information_due_days, version FROM follow_up_term
        WHERE tenant_id = $1 AND payer_id = $2
        """
        + (" FOR UPDATE" if lock else ""),
        tenant_id,
        payer_id,
    )
    return FollowUpTerms(**dict(row)) if row else FollowUpTerms()


async def put_terms(tx: Tx, payer_id: str, terms: FollowUpTerms) -> FollowUpTerms:
    row = await tx.fetchrow(
        """
        INSERT INTO follow_up_term AS old (tenant_id, payer_id, after_days, every_days,
                                           information_due_days)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (tenant_id, payer_id) DO UPDATE
          SET after_days = $3, every_days = $4, information_due_days = $5,
              version = old.version + 1
        RETURNING after_days, every_days, information_due_days, version
        """,
        tx.tenant_id,
        payer_id,
        terms.after_days,
        terms.every_days,
        terms.information_due_days,
    )
    assert row is not None  # noqa: S101 - it was just written
    return FollowUpTerms(**dict(row))
