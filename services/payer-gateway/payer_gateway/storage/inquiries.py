"""Questions to payers: queued, taken in turns, asked, answered; behind a committed intent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from payer_gateway.domain.inquiry import Failure, Inquiry, InquiryKind, InquiryStatus, Mode, sources
from payer_gateway.domain.partner import TradingPartner
from payer_gateway.storage.partners import PARTNER_COLUMNS, partner_of
from rcm.db import Tx
from rcm.security.seal import open_column, seal_column

COLUMNS = """
    tenant_id, inquiry_id, kind, origin, payer_id, partner_id, receiver_payer_id, trace_number,
    status, mode, attempts, next_attempt_at, transmission_id, set_control_number,
    answer_interchange_id, reason_code, reason, created_at, asked_at, answered_at
"""
OPEN = "status IN ('queued', 'asked')"
# A queued question whose moment has come, or one whose real-time exchange was cut off by us.
DUE = """
    ((inquiry.status = 'queued' AND (next_attempt_at IS NULL OR next_attempt_at <= {now}))
     OR (inquiry.status = 'asked' AND mode = 'real_time' AND next_attempt_at <= {now}))
"""


def inquiry_of(row: asyncpg.Record) -> Inquiry:
    fields: dict[str, Any] = {name: row[name] for name in Inquiry.__slots__}
    fields["status"] = InquiryStatus(fields["status"])
    return Inquiry(**fields)


@dataclass(frozen=True, slots=True)
class Taken:
    """A question whose turn it is, and what it asks."""

    inquiry: Inquiry
    question: bytes | None = field(repr=False)
    """Opened; None for a 276, whose claim is with its submission."""


async def add(tx: Tx, inquiries: Sequence[Inquiry], questions: Mapping[UUID, bytes]) -> None:
    """Queue questions, one statement for any number. `questions` are those to keep sealed."""
    await tx.execute(
        """
        INSERT INTO inquiry (tenant_id, inquiry_id, kind, origin, payer_id, partner_id,
                             receiver_payer_id, trace_number, status, question, created_at)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[],
                             $6::uuid[], $7::text[], $8::text[], $9::text[], $10::bytea[],
                             $11::timestamptz[])
        """,
        [each.tenant_id for each in inquiries],
        [each.inquiry_id for each in inquiries],
        [each.kind for each in inquiries],
        [each.origin for each in inquiries],
        [each.payer_id for each in inquiries],
        [each.partner_id for each in inquiries],
        [each.receiver_payer_id for each in inquiries],
        [each.trace_number for each in inquiries],
        [each.status for each in inquiries],
        [_seal(tx, each, "question", questions.get(each.inquiry_id)) for each in inquiries],
        [each.created_at for each in inquiries],
    )


def _seal(tx: Tx, inquiry: Inquiry, column: str, value: bytes | None) -> bytes | None:
    if value is None:
        return None
    assert tx.keyring is not None  # noqa: S101 - every service database has one
    return seal_column(
        tx.keyring,
        inquiry.tenant_id,
        table="inquiry",
        column=column,
        row_id=inquiry.inquiry_id,
        value=value,
    )


def opened(tx: Tx, row: asyncpg.Record, column: str) -> bytes | None:
    """The question or answer in clear. Raises `SealError`."""
    if row[column] is None:
        return None
    assert tx.keyring is not None  # noqa: S101 - every service database has one
    return open_column(
        tx.keyring,
        row["tenant_id"],
        table="inquiry",
        column=column,
        row_id=row["inquiry_id"],
        value=row[column],
    )


async def partners_to_ask(tx: Tx, *, now: datetime) -> list[TradingPartner]:
    """Partners of all the transaction's tenants that have a question due, and are not left alone
    after they did not answer one."""
    rows = await tx.fetch(
        f"""
        SELECT {PARTNER_COLUMNS}
        FROM trading_partner JOIN partner_link USING (tenant_id, partner_id)
        WHERE tenant_id = ANY ($1) AND active AND (ask_retry_at IS NULL OR ask_retry_at <= $2)
          AND EXISTS (
            SELECT FROM inquiry WHERE inquiry.partner_id = trading_partner.partner_id
              AND inquiry.tenant_id = trading_partner.tenant_id AND {DUE.format(now="$2")})
        ORDER BY tenant_id, partner_id
        """,
        list(tx.tenants),
        now,
    )
    return [partner_of(row) for row in rows]


async def take(
    tx: Tx, partner: TradingPartner, *, kind: InquiryKind | None, now: datetime, limit: int
) -> list[Taken]:
    """Questions whose turn it is, the longest waiting first, locked until the transaction ends."""
    rows = await tx.fetch(
        f"""
        SELECT {COLUMNS}, question FROM inquiry
        WHERE tenant_id = $1 AND partner_id = $2 AND ($3::text IS NULL OR kind = $3)
          AND {DUE.format(now="$4")}
        ORDER BY coalesce(next_attempt_at, created_at), inquiry_id LIMIT $5
        FOR UPDATE SKIP LOCKED
        """,
        partner.tenant_id,
        partner.partner_id,
        kind,
        now,
        limit,
    )
    return [Taken(inquiry_of(row), opened(tx, row, "question")) for row in rows]


async def record_silence(tx: Tx, partner: TradingPartner, *, now: datetime) -> None:
    """The partner did not answer a question: it is left alone from 10 s to 5 min, by the number
    of its failures in a row. Files go on travelling."""
    await tx.execute(
        """
        UPDATE partner_link
        SET ask_failures = ask_failures + 1,
            ask_retry_at = $3::timestamptz
              + make_interval(secs => least(10 << least(ask_failures, 8), 300))
        WHERE tenant_id = $1 AND partner_id = $2
        """,
        partner.tenant_id,
        partner.partner_id,
        now,
    )


async def record_voice(tx: Tx, partner: TradingPartner) -> None:
    """It answers again."""
    await tx.execute(
        """
        UPDATE partner_link SET ask_failures = 0, ask_retry_at = NULL
        WHERE tenant_id = $1 AND partner_id = $2 AND ask_failures > 0
        """,
        partner.tenant_id,
        partner.partner_id,
    )


@dataclass(frozen=True, slots=True)
class Asking:
    """Where a question stands in what goes out, and until when an answer is waited for."""

    transmission_id: UUID
    mode: Mode
    until: datetime
    set_numbers: Mapping[UUID, str]
    """Set control number by inquiry."""


async def mark_asked(tx: Tx, tenant_id: UUID, asking: Asking, *, at: datetime) -> None:
    await tx.execute(
        """
        UPDATE inquiry
        SET status = 'asked', mode = $3, transmission_id = $4, next_attempt_at = $5,
            set_control_number = place.number, attempts = attempts + 1, asked_at = $6,
            reason_code = NULL, reason = NULL
        FROM unnest($2::uuid[], $7::text[]) AS place (id, number)
        WHERE tenant_id = $1 AND inquiry_id = place.id AND status IN ('queued', 'asked')
        """,
        tenant_id,
        list(asking.set_numbers),
        asking.mode,
        asking.transmission_id,
        asking.until,
        at,
        list(asking.set_numbers.values()),
    )


async def hold(tx: Tx, inquiry: Inquiry, *, until: datetime) -> None:
    """Its answer is stored and waits for the reader, so it is not asked again."""
    await tx.execute(
        """
        UPDATE inquiry SET next_attempt_at = $3
        WHERE tenant_id = $1 AND inquiry_id = $2 AND status = 'asked'
        """,
        inquiry.tenant_id,
        inquiry.inquiry_id,
        until,
    )


async def ask_later(tx: Tx, inquiry: Inquiry, failure: Failure, *, at: datetime) -> None:
    """The partner did not answer; the question waits for its next turn."""
    await tx.execute(
        """
        UPDATE inquiry SET status = 'queued', next_attempt_at = $3, reason_code = $4, reason = $5
        WHERE tenant_id = $1 AND inquiry_id = $2 AND status = 'asked'
        """,
        inquiry.tenant_id,
        inquiry.inquiry_id,
        at,
        failure.code,
        failure.reason[:500],
    )


async def ask_anew(tx: Tx, inquiry: Inquiry, failure: Failure, *, at: datetime) -> None:
    """The payer answered that it cannot answer now: the next attempt is a new file."""
    await tx.execute(
        """
        UPDATE inquiry SET status = 'queued', next_attempt_at = $3, reason_code = $4, reason = $5,
                           transmission_id = NULL, set_control_number = NULL
        WHERE tenant_id = $1 AND inquiry_id = $2 AND status = 'asked'
        """,
        inquiry.tenant_id,
        inquiry.inquiry_id,
        at,
        failure.code,
        failure.reason[:500],
    )


async def fail(
    tx: Tx, tenant_id: UUID, inquiry_ids: Sequence[UUID], failure: Failure, *, at: datetime
) -> None:
    await tx.execute(
        """
        UPDATE inquiry SET status = 'failed', reason_code = $3, reason = $4, answered_at = $5,
                           next_attempt_at = NULL
        WHERE tenant_id = $1 AND inquiry_id = ANY ($2) AND status = ANY ($6)
        """,
        tenant_id,
        list(inquiry_ids),
        failure.code,
        failure.reason[:500],
        at,
        list(sources(InquiryStatus.FAILED)),
    )


async def give_up(tx: Tx, *, now: datetime, failure: Failure) -> None:
    """Questions of a batch whose answer is overdue, and those of an exchange in real time that was
    over an hour ago without an answer that could be read."""
    await tx.execute(
        f"""
        UPDATE inquiry SET status = 'failed', reason_code = $3, reason = $4, answered_at = $2,
                           next_attempt_at = NULL
        WHERE tenant_id = ANY ($1) AND {OPEN} AND status = 'asked'
          AND (mode = 'batch' AND next_attempt_at <= $2
               OR mode = 'real_time' AND asked_at <= $2::timestamptz - interval '1 hour')
        """,
        list(tx.tenants),
        now,
        failure.code,
        failure.reason,
    )


async def fail_refused(tx: Tx, *, now: datetime, failure: Failure) -> None:
    """Questions of a file that the partner refused at the door."""
    await tx.execute(
        """
        UPDATE inquiry SET status = 'failed', reason_code = $3, reason = $4, answered_at = $2,
                           next_attempt_at = NULL
        FROM transmission
        WHERE inquiry.tenant_id = ANY ($1) AND inquiry.status = 'asked'
          AND inquiry.mode = 'batch' AND transmission.tenant_id = inquiry.tenant_id
          AND transmission.transmission_id = inquiry.transmission_id
          AND transmission.status = 'refused'
        """,
        list(tx.tenants),
        now,
        failure.code,
        failure.reason,
    )


async def in_transmission(tx: Tx, tenant_id: UUID, transmission_id: UUID) -> list[Inquiry]:
    rows = await tx.fetch(
        f"SELECT {COLUMNS} FROM inquiry WHERE tenant_id = $1 AND transmission_id = $2",
        tenant_id,
        transmission_id,
    )
    return [inquiry_of(row) for row in rows]


async def by_trace(tx: Tx, tenant_id: UUID, traces: Sequence[str]) -> dict[str, Inquiry]:
    """The questions that an answer names, locked, by their trace numbers."""
    rows = await tx.fetch(
        f"""
        SELECT {COLUMNS} FROM inquiry WHERE tenant_id = $1 AND trace_number = ANY ($2)
        ORDER BY inquiry_id FOR UPDATE
        """,
        tenant_id,
        list(traces),
    )
    return {row["trace_number"]: inquiry_of(row) for row in rows}


async def find(tx: Tx, tenant_id: UUID, inquiry_id: UUID) -> Inquiry | None:
    row = await tx.fetchrow(
        f"SELECT {COLUMNS} FROM inquiry WHERE tenant_id = $1 AND inquiry_id = $2",
        tenant_id,
        inquiry_id,
    )
    return inquiry_of(row) if row else None


async def record_answer(
    tx: Tx, inquiry: Inquiry, *, interchange_id: UUID, answer: bytes | None, at: datetime
) -> bool:
    """The payer's word. False when it had been answered before: the first answer stays."""
    return bool(
        await tx.fetchval(
            """
            UPDATE inquiry
            SET status = 'answered', answer_interchange_id = $3, answer = $4, answered_at = $5,
                next_attempt_at = NULL, reason_code = NULL, reason = NULL
            WHERE tenant_id = $1 AND inquiry_id = $2 AND status = ANY ($6) RETURNING true
            """,
            inquiry.tenant_id,
            inquiry.inquiry_id,
            interchange_id,
            _seal(tx, inquiry, "answer", answer),
            at,
            list(sources(InquiryStatus.ANSWERED)),
        )
    )
