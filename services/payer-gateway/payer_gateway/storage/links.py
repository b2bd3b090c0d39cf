"""How the connection to each partner fares, and whose turn it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from payer_gateway.domain.cut_off import Queue
from payer_gateway.domain.partner import CLAIMS_PER_SET_LIMIT, Link, TradingPartner
from payer_gateway.domain.transaction import CLAIM_KINDS
from payer_gateway.storage.partners import PARTNER_COLUMNS, partner_of
from rcm.db import Tx

SENDING, COLLECTING = "sending", "collecting"


@dataclass(frozen=True, slots=True)
class Due:
    """A reachable partner with something to send: intents that are still open, and queues."""

    partner: TradingPartner
    has_open_intents: bool
    wanted: bool
    """Somebody asked to wait for nothing."""
    queues: Sequence[Queue]


# What is in effect for one payer and kind: its route today, or else the payer's own partner.
ROUTE = """
  LEFT JOIN LATERAL (
    SELECT partner_id, receiver_payer_id, requires_enrollment FROM route
    WHERE route.tenant_id = payer.tenant_id AND route.payer_id = payer.payer_id
      AND route.transaction_type = {kind} AND effective_from <= {on}
      AND (effective_to IS NULL OR effective_to >= {on})
    LIMIT 1) route ON true
"""


async def link(tx: Tx, partner: TradingPartner) -> Link:
    row = await tx.fetchrow(
        """
        SELECT inbound_cursor, flush_requested_at, polled_at, failures, retry_at, last_error,
               failed_in
        FROM partner_link WHERE tenant_id = $1 AND partner_id = $2
        """,
        partner.tenant_id,
        partner.partner_id,
    )
    return Link(**dict(row)) if row else Link()


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
    return [partner_of(row) for row in rows]


async def partners_due(tx: Tx, *, now: datetime) -> list[Due]:
    """Reachable partners with an open intent or a queue, whether or not its time has come."""
    rows = await tx.fetch(
        f"""
        WITH queue AS (
          SELECT payer.tenant_id, coalesce(route.partner_id, payer.partner_id) AS partner_id, kind,
                 sum(waiting)::int AS waiting, min(oldest) AS oldest
          FROM payer CROSS JOIN unnest($3::text[]) AS kind CROSS JOIN LATERAL (
            SELECT min(queued_at) AS oldest, count(*) AS waiting FROM (
              SELECT queued_at FROM submission
              WHERE submission.tenant_id = payer.tenant_id AND status = 'queued'
                AND submission.payer_id = payer.payer_id AND submission.kind = kind
              ORDER BY queued_at LIMIT $4) first_ones) found
          {ROUTE.format(kind="kind", on="($2 AT TIME ZONE 'UTC')::date")}
          WHERE payer.tenant_id = ANY ($1) AND waiting > 0
          GROUP BY 1, 2, 3),
        queues AS (
          SELECT tenant_id, partner_id, array_agg(kind ORDER BY kind) AS kinds,
                 array_agg(waiting ORDER BY kind) AS waiting,
                 array_agg(oldest ORDER BY kind) AS oldest
          FROM queue GROUP BY 1, 2)
        SELECT {PARTNER_COLUMNS}, kinds, waiting, oldest,
               link.flush_requested_at IS NOT NULL AS wanted, open.exists AS has_open_intents
        FROM trading_partner partner JOIN partner_link link USING (tenant_id, partner_id)
        LEFT JOIN queues USING (tenant_id, partner_id)
        CROSS JOIN LATERAL (SELECT EXISTS (
          SELECT FROM transmission WHERE transmission.tenant_id = partner.tenant_id
            AND transmission.partner_id = partner.partner_id AND status = 'sending'
            AND mode = 'batch')) open
        WHERE tenant_id = ANY ($1) AND active
          AND (retry_at IS NULL OR retry_at <= $2 OR flush_requested_at IS NOT NULL)
          AND (open.exists OR kinds IS NOT NULL)
        ORDER BY tenant_id, partner_id
        """,
        list(tx.tenants),
        now,
        list(CLAIM_KINDS),
        CLAIMS_PER_SET_LIMIT,
    )
    return [_due(row) for row in rows]


def _due(row: asyncpg.Record) -> Due:
    queues = zip(row["kinds"] or (), row["waiting"] or (), row["oldest"] or (), strict=True)
    return Due(
        partner=partner_of(row),
        has_open_intents=row["has_open_intents"],
        wanted=row["wanted"],
        queues=[Queue(kind, waiting, oldest) for kind, waiting, oldest in queues],
    )


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
    """The partner took a file: what failed in sending is made good."""
    await tx.execute(
        """
        UPDATE partner_link
        SET failures = 0, retry_at = NULL, last_error = NULL, failed_in = NULL
        WHERE tenant_id = $1 AND partner_id = $2 AND failures > 0 AND failed_in = $3
        """,
        partner.tenant_id,
        partner.partner_id,
        SENDING,
    )


async def record_collected(
    tx: Tx, partner: TradingPartner, *, at: datetime, cursor: str | None = None
) -> None:
    """What the partner has for us was fetched up to `cursor`, or there was nothing new. A partner
    that lists but takes no file has made good nothing."""
    await tx.execute(
        """
        UPDATE partner_link
        SET polled_at = $3, inbound_cursor = coalesce($4, inbound_cursor),
            failures = CASE failed_in WHEN $5 THEN failures ELSE 0 END,
            retry_at = CASE failed_in WHEN $5 THEN retry_at END,
            last_error = CASE failed_in WHEN $5 THEN last_error END,
            failed_in = CASE failed_in WHEN $5 THEN failed_in END
        WHERE tenant_id = $1 AND partner_id = $2
        """,
        partner.tenant_id,
        partner.partner_id,
        at,
        cursor,
        SENDING,
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
    tx: Tx, partner: TradingPartner, *, reason: str, retry_at: datetime, failed_in: str
) -> None:
    await tx.execute(
        """
        UPDATE partner_link SET failures = failures + 1, retry_at = $3, last_error = $4,
                                flush_requested_at = NULL, failed_in = $5
        WHERE tenant_id = $1 AND partner_id = $2
        """,
        partner.tenant_id,
        partner.partner_id,
        retry_at,
        reason[:500],
        failed_in,
    )
