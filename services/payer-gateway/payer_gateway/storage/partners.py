"""Trading partners, payers, the connection to each partner, and control numbers."""

from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from payer_gateway.domain.partner import Link, Numbers, Terms, TradingPartner
from rcm.db import Tx
from rcm.security.seal import open_column, seal_column

PARTNER_COLUMNS = """
    tenant_id, partner_id, name, submitter_id, submitter_name, submitter_contact, submitter_phone,
    receiver_id, receiver_name, sender_qualifier, receiver_qualifier, usage_indicator, transport,
    base_url, active, claims_per_set, send_after_s, collect_every_s, file_answer_due_s,
    clearinghouse_answer_due_s, payer_answer_due_s, version,
    credentials IS NOT NULL AS has_credentials
"""


def _partner(row: asyncpg.Record) -> TradingPartner:
    fields: dict[str, Any] = dict(row)
    terms = {name: fields.pop(name) for name in Terms.__slots__}
    return TradingPartner(**fields, terms=Terms(**terms))


async def add_partner(tx: Tx, partner: TradingPartner, *, at: datetime) -> None:
    terms = partner.terms
    await tx.execute(
        """
        WITH added AS (
          INSERT INTO trading_partner (
            tenant_id, partner_id, name, submitter_id, submitter_name, submitter_contact,
            submitter_phone, receiver_id, receiver_name, sender_qualifier, receiver_qualifier,
            usage_indicator, transport, base_url, active, claims_per_set, send_after_s,
            collect_every_s, file_answer_due_s, clearinghouse_answer_due_s, payer_answer_due_s,
            created_at, updated_at)
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                  $19, $20, $21, $22, $22)
        )
        INSERT INTO partner_link (tenant_id, partner_id) VALUES ($1, $2)
        """,
        partner.tenant_id,
        partner.partner_id,
        partner.name,
        partner.submitter_id,
        partner.submitter_name,
        partner.submitter_contact,
        partner.submitter_phone,
        partner.receiver_id,
        partner.receiver_name,
        partner.sender_qualifier,
        partner.receiver_qualifier,
        partner.usage_indicator,
        partner.transport,
        partner.base_url,
        partner.active,
        terms.claims_per_set,
        terms.send_after_s,
        terms.collect_every_s,
        terms.file_answer_due_s,
        terms.clearinghouse_answer_due_s,
        terms.payer_answer_due_s,
        at,
    )


async def put_credentials(tx: Tx, partner_id: UUID, secret: bytes) -> None:
    """Seal a partner's credentials; they are never given out again but to the transport."""
    assert tx.keyring is not None  # noqa: S101 - every service database has one
    sealed = seal_column(
        tx.keyring,
        tx.tenant_id,
        table="trading_partner",
        column="credentials",
        row_id=partner_id,
        value=secret,
    )
    await tx.execute(
        "UPDATE trading_partner SET credentials = $3 WHERE tenant_id = $1 AND partner_id = $2",
        tx.tenant_id,
        partner_id,
        sealed,
    )


async def credentials_of(tx: Tx, partner: TradingPartner) -> bytes | None:
    sealed = await tx.fetchval(
        "SELECT credentials FROM trading_partner WHERE tenant_id = $1 AND partner_id = $2",
        partner.tenant_id,
        partner.partner_id,
    )
    if sealed is None:
        return None
    assert tx.keyring is not None  # noqa: S101 - every service database has one
    return open_column(
        tx.keyring,
        partner.tenant_id,
        table="trading_partner",
        column="credentials",
        row_id=partner.partner_id,
        value=sealed,
    )


async def name_taken(tx: Tx, name: str) -> bool:
    return bool(
        await tx.fetchval(
            "SELECT true FROM trading_partner WHERE tenant_id = $1 AND name = $2",
            tx.tenant_id,
            name,
        )
    )


async def partner(tx: Tx, partner_id: UUID) -> TradingPartner | None:
    row = await tx.fetchrow(
        f"SELECT {PARTNER_COLUMNS} FROM trading_partner WHERE tenant_id = $1 AND partner_id = $2",
        tx.tenant_id,
        partner_id,
    )
    return _partner(row) if row else None


async def link(tx: Tx, partner: TradingPartner) -> Link:
    row = await tx.fetchrow(
        """
        SELECT inbound_cursor, flush_requested_at, polled_at, failures, retry_at, last_error
        FROM partner_link WHERE tenant_id = $1 AND partner_id = $2
        """,
        partner.tenant_id,
        partner.partner_id,
    )
    return Link(**dict(row)) if row else Link()


async def list_partners(
    tx: Tx, *, after: UUID | None = None, limit: int = 100
) -> list[TradingPartner]:
    rows = await tx.fetch(
        f"""
        SELECT {PARTNER_COLUMNS} FROM trading_partner
        WHERE tenant_id = $1 AND ($2::uuid IS NULL OR partner_id > $2)
        ORDER BY partner_id LIMIT $3
        """,
        tx.tenant_id,
        after,
        limit,
    )
    return [_partner(row) for row in rows]


async def partners_to_ask(tx: Tx, *, now: datetime) -> list[TradingPartner]:
    """Active partners of all the transaction's tenants whose turn it is, and that are not left
    alone after a failure."""
    rows = await tx.fetch(
        f"""
        SELECT {PARTNER_COLUMNS}
        FROM trading_partner JOIN partner_link USING (tenant_id, partner_id)
        WHERE tenant_id = ANY ($1) AND active
          AND (retry_at IS NULL OR retry_at <= $2 OR flush_requested_at IS NOT NULL)
          AND (polled_at IS NULL
               OR polled_at <= $2 - make_interval(secs => trading_partner.collect_every_s))
        ORDER BY tenant_id, partner_id
        """,
        list(tx.tenants),
        now,
    )
    return [_partner(row) for row in rows]


async def partners_due(tx: Tx, *, now: datetime) -> list[TradingPartner]:
    """Reachable partners with something to send: an intent that is still open, or queued claims
    that are old or many enough, or wanted now."""
    rows = await tx.fetch(
        f"""
        SELECT {PARTNER_COLUMNS}
        FROM trading_partner partner JOIN partner_link link USING (tenant_id, partner_id)
        WHERE tenant_id = ANY ($1) AND active
          AND (retry_at IS NULL OR retry_at <= $2 OR flush_requested_at IS NOT NULL)
          AND (EXISTS (
                SELECT FROM transmission open WHERE open.tenant_id = partner.tenant_id
                  AND open.partner_id = partner.partner_id AND open.status = 'sending')
            OR EXISTS (
                SELECT FROM payer, LATERAL (
                  SELECT min(queued_at) AS oldest, count(*) AS waiting FROM (
                    SELECT queued_at FROM submission
                    WHERE submission.tenant_id = payer.tenant_id AND status = 'queued'
                      AND submission.payer_id = payer.payer_id
                    ORDER BY queued_at LIMIT partner.claims_per_set) first_ones) queue
                WHERE payer.tenant_id = partner.tenant_id AND payer.partner_id = partner.partner_id
                  AND queue.waiting > 0
                  AND (queue.waiting >= partner.claims_per_set
                       OR link.flush_requested_at IS NOT NULL
                       OR queue.oldest <= $2 - make_interval(secs => partner.send_after_s))))
        ORDER BY tenant_id, partner_id
        """,
        list(tx.tenants),
        now,
    )
    return [_partner(row) for row in rows]


async def request_flush(tx: Tx, *, at: datetime) -> int:
    """Ask the sending job to wait for nothing; returns how many claims are queued for it."""
    return int(
        await tx.fetchval(
            """
            WITH asked AS (
              UPDATE partner_link SET flush_requested_at = $2 WHERE tenant_id = $1)
            SELECT count(*) FROM submission JOIN payer USING (tenant_id, payer_id)
            WHERE tenant_id = $1 AND status = 'queued'
            """,
            tx.tenant_id,
            at,
        )
    )


async def record_contact(tx: Tx, partner: TradingPartner) -> None:
    """The partner answered: nothing holds us back from it."""
    await tx.execute(
        """
        UPDATE partner_link SET failures = 0, retry_at = NULL, last_error = NULL
        WHERE tenant_id = $1 AND partner_id = $2 AND failures > 0
        """,
        partner.tenant_id,
        partner.partner_id,
    )


async def record_collected(
    tx: Tx, partner: TradingPartner, *, at: datetime, cursor: str | None = None
) -> None:
    """What the partner has for us was fetched up to `cursor`, or there was nothing new."""
    await tx.execute(
        """
        UPDATE partner_link
        SET polled_at = $3, inbound_cursor = coalesce($4, inbound_cursor), failures = 0,
            retry_at = NULL, last_error = NULL
        WHERE tenant_id = $1 AND partner_id = $2
        """,
        partner.tenant_id,
        partner.partner_id,
        at,
        cursor,
    )


async def clear_flush(tx: Tx, partner: TradingPartner, *, asked_before: datetime) -> None:
    """What was asked for before this run began is done; a later wish stays."""
    await tx.execute(
        """
        UPDATE partner_link SET flush_requested_at = NULL
        WHERE tenant_id = $1 AND partner_id = $2 AND flush_requested_at <= $3
        """,
        partner.tenant_id,
        partner.partner_id,
        asked_before,
    )


async def record_failure(
    tx: Tx, partner: TradingPartner, *, reason: str, retry_at: datetime
) -> None:
    await tx.execute(
        """
        UPDATE partner_link SET failures = failures + 1, retry_at = $3, last_error = $4,
                                flush_requested_at = NULL
        WHERE tenant_id = $1 AND partner_id = $2
        """,
        partner.tenant_id,
        partner.partner_id,
        retry_at,
        reason[:500],
    )


async def next_numbers(tx: Tx, partner: TradingPartner) -> Numbers:
    """ISA13 and GS06 under their rows' locks. A rollback gives them back, since nobody saw them."""
    rows = await tx.fetch(
        """
        INSERT INTO control_number AS number (tenant_id, partner_id, kind, last_number)
        SELECT $1, $2, kind, 1 FROM unnest(ARRAY['group', 'interchange']) AS kind
        ON CONFLICT (tenant_id, partner_id, kind)
          DO UPDATE SET last_number = number.last_number + 1
        RETURNING kind, last_number
        """,
        partner.tenant_id,
        partner.partner_id,
    )
    numbers = {row["kind"]: row["last_number"] for row in rows}
    return Numbers(interchange=numbers["interchange"], group=numbers["group"])
