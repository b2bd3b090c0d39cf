"""Transmissions: the intent, its attempts, its outcome."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from payer_gateway.domain.inquiry import Inquiry
from payer_gateway.domain.lifecycle import TransmissionStatus
from payer_gateway.domain.partner import TradingPartner
from payer_gateway.domain.transmission import Transmission
from rcm.db import Tx

COLUMNS = """
    tenant_id, transmission_id, partner_id, interchange_id, kind, mode, purpose_code, file_name,
    interchange_control_number, group_control_number, status, set_count, claim_count,
    charge_cents, attempts, last_error, written_at, sent_at, answered_at, reissued_as
"""


def _transmission(row: asyncpg.Record) -> Transmission:
    fields: dict[str, Any] = dict(row)
    fields["status"] = TransmissionStatus(fields["status"])
    return Transmission(**fields)


async def add(tx: Tx, transmission: Transmission) -> None:
    await tx.execute(
        """
        INSERT INTO transmission (
          tenant_id, transmission_id, partner_id, interchange_id, file_name,
          interchange_control_number, group_control_number, status, set_count, claim_count,
          charge_cents, written_at, kind, purpose_code, mode)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        """,
        transmission.tenant_id,
        transmission.transmission_id,
        transmission.partner_id,
        transmission.interchange_id,
        transmission.file_name,
        transmission.interchange_control_number,
        transmission.group_control_number,
        transmission.status,
        transmission.set_count,
        transmission.claim_count,
        transmission.charge_cents,
        transmission.written_at,
        transmission.kind,
        transmission.purpose_code,
        transmission.mode,
    )


async def reissued(tx: Tx, lost: Transmission, again: Transmission) -> None:
    """The claims are in the new file; the clocks of their hops begin anew."""
    await tx.execute(
        """
        UPDATE transmission SET reissued_as = $3
        WHERE tenant_id = $1 AND (transmission_id = $2 OR reissued_as = $2)
        """,
        lost.tenant_id,
        lost.transmission_id,
        again.transmission_id,
    )
    await tx.execute(
        """
        UPDATE submission SET transmission_id = $3, overdue_hop = NULL, changed_at = $4
        WHERE tenant_id = $1 AND transmission_id = $2
        """,
        lost.tenant_id,
        lost.transmission_id,
        again.transmission_id,
        again.written_at,
    )


async def unsent(tx: Tx, partner: TradingPartner) -> list[Transmission]:
    """Intents without an outcome, in the order of their numbers: a crash may have left them."""
    rows = await tx.fetch(
        f"""
        SELECT {COLUMNS} FROM transmission
        WHERE tenant_id = $1 AND partner_id = $2 AND status = 'sending' AND mode = 'batch'
        ORDER BY interchange_control_number
        """,
        partner.tenant_id,
        partner.partner_id,
    )
    return [_transmission(row) for row in rows]


async def of_inquiry(tx: Tx, inquiry: Inquiry) -> Transmission | None:
    """The file that a question was last asked in."""
    row = await tx.fetchrow(
        f"SELECT {COLUMNS} FROM transmission WHERE tenant_id = $1 AND transmission_id = $2",
        inquiry.tenant_id,
        inquiry.transmission_id,
    )
    return _transmission(row) if row else None


async def record_sent(tx: Tx, transmission: Transmission, *, at: datetime) -> bool:
    """False when it had been recorded before, by us or by the partner's answer. A file that was
    refused at the door and is answered all the same was taken after all."""
    return bool(
        await tx.fetchval(
            """
            UPDATE transmission
            SET status = 'sent', sent_at = $3, attempts = attempts + 1, last_error = NULL
            WHERE tenant_id = $1 AND transmission_id = $2 AND status IN ('sending', 'refused')
            RETURNING true
            """,
            transmission.tenant_id,
            transmission.transmission_id,
            at,
        )
    )


async def record_attempt(
    tx: Tx, transmission: Transmission, *, error: str, refused: bool = False
) -> None:
    """An attempt that failed (its outcome is open, and it is tried again) or was refused."""
    await tx.execute(
        """
        UPDATE transmission
        SET attempts = attempts + 1, last_error = $3,
            status = CASE WHEN $4 THEN 'refused' ELSE status END
        WHERE tenant_id = $1 AND transmission_id = $2 AND status = 'sending'
        """,
        transmission.tenant_id,
        transmission.transmission_id,
        error[:500],
        refused,
    )


async def record_answer(
    tx: Tx,
    transmission: Transmission,
    status: TransmissionStatus,
    *,
    over: Sequence[TransmissionStatus],
    at: datetime,
) -> None:
    """What a hop said of the file, where it has the word `over` what was known of it."""
    await tx.execute(
        """
        UPDATE transmission SET status = $3, answered_at = $4
        WHERE tenant_id = $1 AND transmission_id = $2 AND status = ANY ($5)
        """,
        transmission.tenant_id,
        transmission.transmission_id,
        status,
        at,
        list(over),
    )


async def find(tx: Tx, transmission_id: UUID, *, lock: bool = False) -> Transmission | None:
    row = await tx.fetchrow(
        f"SELECT {COLUMNS} FROM transmission WHERE tenant_id = $1 AND transmission_id = $2"
        + (" FOR UPDATE" if lock else ""),
        tx.tenant_id,
        transmission_id,
    )
    return _transmission(row) if row else None


async def by_number(
    tx: Tx,
    tenant_id: UUID,
    *,
    interchange_control_number: str | None = None,
    group_control_number: str | None = None,
    batch_reference: str | None = None,
    partner_id: UUID | None = None,
) -> Transmission | None:
    """The transmission that a partner's answer names by one of its numbers, locked. Without a
    partner (an uploaded file) the number must be unambiguous."""
    rows = await tx.fetch(
        f"""
        SELECT {COLUMNS} FROM transmission
        WHERE tenant_id = $1 AND ($2::uuid IS NULL OR partner_id = $2)
          AND ($3::text IS NULL OR interchange_control_number = $3)
          AND ($4::text IS NULL OR group_control_number = $4)
          AND ($5::text IS NULL OR transmission_id IN (
            SELECT transmission_id FROM submission
            WHERE submission.tenant_id = $1 AND batch_reference = $5))
        LIMIT 2 FOR UPDATE
        """,
        tenant_id,
        partner_id,
        interchange_control_number,
        group_control_number,
        batch_reference,
    )
    return _transmission(rows[0]) if len(rows) == 1 else None


async def list_page(
    tx: Tx, *, partner_id: UUID | None, status: str | None, after: UUID | None, limit: int
) -> list[Transmission]:
    """Newest first."""
    rows = await tx.fetch(
        f"""
        SELECT {COLUMNS} FROM transmission
        WHERE tenant_id = $1 AND ($2::uuid IS NULL OR partner_id = $2)
          AND ($3::text IS NULL OR status = $3) AND ($4::uuid IS NULL OR transmission_id < $4)
        ORDER BY transmission_id DESC LIMIT $5
        """,
        tx.tenant_id,
        partner_id,
        status,
        after,
        limit,
    )
    return [_transmission(row) for row in rows]
