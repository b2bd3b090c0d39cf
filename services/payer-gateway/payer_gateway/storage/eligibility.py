"""Eligibility checks: the question and the answer sealed, and beside them what may be listed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import TypeAdapter

from payer_gateway.domain.eligibility import (
    EligibilityAnswer,
    EligibilityCheck,
    EligibilityQuestion,
)
from payer_gateway.domain.inquiry import Inquiry
from payer_gateway.storage import inquiries
from rcm.db import Tx

_COLUMNS = """
    patient_id, provider_npi, service_date, service_type_codes, coverage_status, error_codes
"""
SELECT = f"""
SELECT {inquiries.COLUMNS}, {_COLUMNS} FROM inquiry JOIN eligibility_check
USING (tenant_id, inquiry_id)
"""
QUESTION = TypeAdapter(EligibilityQuestion)
ANSWER = TypeAdapter(EligibilityAnswer)


async def add(tx: Tx, check: EligibilityCheck) -> None:
    assert check.question is not None  # noqa: S101 - a new check asks something
    question = QUESTION.dump_json(check.question)
    await inquiries.add(tx, [check.inquiry], {check.inquiry.inquiry_id: question})
    await tx.execute(
        f"""
        INSERT INTO eligibility_check (tenant_id, inquiry_id, {_COLUMNS})
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        check.inquiry.tenant_id,
        check.inquiry.inquiry_id,
        check.patient_id,
        check.provider_npi,
        check.service_date,
        list(check.service_type_codes),
        check.coverage_status,
        list(check.error_codes),
    )


async def find(tx: Tx, inquiry_id: UUID) -> EligibilityCheck | None:
    """With question and answer in clear. Raises `SealError`."""
    row = await tx.fetchrow(
        SELECT.replace("inquiry_id,", "inquiry_id, question, answer,", 1)
        + "WHERE tenant_id = $1 AND inquiry_id = $2",
        tx.tenant_id,
        inquiry_id,
    )
    if row is None:
        return None
    question = inquiries.opened(tx, row, "question")
    answer = inquiries.opened(tx, row, "answer")
    return _check(
        row,
        question=QUESTION.validate_json(question) if question else None,
        answer=ANSWER.validate_json(answer) if answer else None,
    )


async def list_page(
    tx: Tx,
    *,
    patient_id: UUID | None,
    payer_id: str | None,
    status: str | None,
    coverage_status: str | None,
    after: UUID | None,
    limit: int,
) -> list[EligibilityCheck]:
    """Newest first; without anything that is sealed."""
    rows = await tx.fetch(
        f"""
        {SELECT}
        WHERE tenant_id = $1 AND ($2::uuid IS NULL OR patient_id = $2)
          AND ($3::text IS NULL OR payer_id = $3) AND ($4::text IS NULL OR status = $4)
          AND ($5::text IS NULL OR coverage_status = $5)
          AND ($6::uuid IS NULL OR inquiry_id < $6)
        ORDER BY inquiry_id DESC LIMIT $7
        """,
        tx.tenant_id,
        patient_id,
        payer_id,
        status,
        coverage_status,
        after,
        limit,
    )
    return [_check(row) for row in rows]


def _check(
    row: asyncpg.Record,
    *,
    question: EligibilityQuestion | None = None,
    answer: EligibilityAnswer | None = None,
) -> EligibilityCheck:
    fields: dict[str, Any] = {
        name: row[name]
        for name in ("patient_id", "provider_npi", "service_date", "coverage_status")
    }
    return EligibilityCheck(
        inquiry=inquiries.inquiry_of(row),
        service_type_codes=tuple(row["service_type_codes"]),
        error_codes=tuple(row["error_codes"]),
        question=question,
        answer=answer,
        **fields,
    )


async def record_answer(
    tx: Tx, inquiry: Inquiry, answer: EligibilityAnswer, *, interchange_id: UUID, at: datetime
) -> bool:
    """Keep what the payer said; False when the question had been answered before."""
    first = await inquiries.record_answer(
        tx, inquiry, interchange_id=interchange_id, answer=ANSWER.dump_json(answer), at=at
    )
    if first:
        await note_errors(tx, inquiry, answer.error_codes, status=answer.coverage_status)
    return first


async def note_errors(
    tx: Tx, inquiry: Inquiry, codes: Sequence[str], *, status: str | None
) -> None:
    """What may be listed of an answer: whether the coverage is active, and AAA03 codes."""
    await tx.execute(
        """
        UPDATE eligibility_check SET coverage_status = $3, error_codes = $4
        WHERE tenant_id = $1 AND inquiry_id = $2
        """,
        inquiry.tenant_id,
        inquiry.inquiry_id,
        status,
        list(codes),
    )
