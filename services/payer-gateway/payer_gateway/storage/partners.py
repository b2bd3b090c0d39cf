"""Trading partners, their sealed credentials, and control numbers."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from payer_gateway.domain.connection import Connection, Credentials
from payer_gateway.domain.partner import Numbers, Terms, TradingPartner
from rcm.db import Tx
from rcm.security.seal import open_column, seal_column

PARTNER_COLUMNS = """
    tenant_id, partner_id, name, submitter_id, submitter_name, submitter_contact, submitter_phone,
    receiver_id, receiver_name, sender_qualifier, receiver_qualifier, usage_indicator, transport,
    base_url, active, claims_per_set, send_after_s, collect_every_s, file_answer_due_s,
    clearinghouse_answer_due_s, payer_answer_due_s, cut_offs, time_zone, breaker_failures,
    second_opinion, real_time_inquiries, send_999, send_ta1, connection, version,
    credentials IS NOT NULL AS has_credentials
"""

DECIDED = (
    "name",
    "submitter_id",
    "submitter_name",
    "submitter_contact",
    "submitter_phone",
    "receiver_id",
    "receiver_name",
    "sender_qualifier",
    "receiver_qualifier",
    "usage_indicator",
    "transport",
    "base_url",
    "active",
)
NAMES = tuple(each.split()[-1] for each in PARTNER_COLUMNS.split(","))


def partner_of(row: asyncpg.Record) -> TradingPartner:
    """A row with `PARTNER_COLUMNS`."""
    fields: dict[str, Any] = {name: row[name] for name in NAMES}
    terms = {name: fields.pop(name) for name in Terms.__slots__}
    terms["cut_offs"] = tuple(terms["cut_offs"])
    fields["connection"] = Connection(**fields["connection"])
    return TradingPartner(**fields, terms=Terms(**terms))


async def add_partner(tx: Tx, partner: TradingPartner, *, at: datetime) -> None:
    values = _values(partner)
    await tx.execute(
        f"""
        WITH added AS (
          INSERT INTO trading_partner (tenant_id, partner_id, created_at, updated_at,
                                       {", ".join(values)})
          VALUES ($1, $2, $3, $3, {", ".join(f"${place}" for place in range(4, 4 + len(values)))})
        )
        INSERT INTO partner_link (tenant_id, partner_id) VALUES ($1, $2)
        """,
        partner.tenant_id,
        partner.partner_id,
        at,
        *values.values(),
    )


async def replace_partner(tx: Tx, partner: TradingPartner, *, at: datetime) -> TradingPartner:
    """All but the credentials. The row is locked already, and its version was looked at."""
    values = _values(partner)
    changes = ", ".join(f"{name} = ${place}" for place, name in enumerate(values, 4))
    row = await tx.fetchrow(
        f"""
        UPDATE trading_partner SET version = version + 1, updated_at = $3, {changes}
        WHERE tenant_id = $1 AND partner_id = $2 RETURNING {PARTNER_COLUMNS}
        """,
        partner.tenant_id,
        partner.partner_id,
        at,
        *values.values(),
    )
    assert row is not None  # noqa: S101 - it is locked
    return partner_of(row)


def _values(partner: TradingPartner) -> dict[str, Any]:
    """What people decide about a partner, by column."""
    decided = {name: getattr(partner, name) for name in DECIDED}
    terms = {name: getattr(partner.terms, name) for name in Terms.__slots__}
    return decided | terms | {"connection": json.dumps(asdict(partner.connection))}


async def put_credentials(tx: Tx, partner_id: UUID, credentials: Credentials) -> None:
    """Seal a partner's credentials; they are never given out again but to the transport."""
    assert tx.keyring is not None  # noqa: S101 - every service database has one
    sealed = seal_column(
        tx.keyring,
        tx.tenant_id,
        table="trading_partner",
        column="credentials",
        row_id=partner_id,
        value=credentials.to_bytes(),
    )
    await tx.execute(
        "UPDATE trading_partner SET credentials = $3 WHERE tenant_id = $1 AND partner_id = $2",
        tx.tenant_id,
        partner_id,
        sealed,
    )


async def credentials_of(tx: Tx, partner: TradingPartner) -> Credentials:
    """None at all when none were given."""
    sealed = await tx.fetchval(
        "SELECT credentials FROM trading_partner WHERE tenant_id = $1 AND partner_id = $2",
        partner.tenant_id,
        partner.partner_id,
    )
    if sealed is None:
        return Credentials()
    assert tx.keyring is not None  # noqa: S101 - every service database has one
    secret = open_column(
        tx.keyring,
        partner.tenant_id,
        table="trading_partner",
        column="credentials",
        row_id=partner.partner_id,
        value=sealed,
    )
    return Credentials.from_bytes(secret)


async def name_taken(tx: Tx, name: str, *, but_by: UUID | None = None) -> bool:
    return bool(
        await tx.fetchval(
            """
            SELECT true FROM trading_partner
            WHERE tenant_id = $1 AND name = $2 AND partner_id IS DISTINCT FROM $3
            """,
            tx.tenant_id,
            name,
            but_by,
        )
    )


async def partner(tx: Tx, partner_id: UUID, *, lock: bool = False) -> TradingPartner | None:
    row = await tx.fetchrow(
        f"SELECT {PARTNER_COLUMNS} FROM trading_partner WHERE tenant_id = $1 AND partner_id = $2"
        + (" FOR UPDATE" if lock else ""),
        tx.tenant_id,
        partner_id,
    )
    return partner_of(row) if row else None


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
    return [partner_of(row) for row in rows]


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
