"""Held remittances and their exceptions, as people and readers move them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from payer_gateway.domain.interchange import FoundIn
from payer_gateway.domain.remittance import RemittanceStatus
from payer_gateway.storage.remittances import (
    KEPT,
    StoredClaim,
    StoredRemittance,
    found_in,
    remittance_of,
)
from rcm.db import Tx


async def replace_held(
    tx: Tx, tenant_id: UUID, payment: tuple[str, str], *, by: UUID, at: datetime
) -> None:
    """The payer has sent this payment (TRN03 and TRN02) again and right: what was held of it is
    linked to what was reported, and no longer waits. Another set of the same file is not the
    payment sent again, whatever its trace: its cents go on waiting."""
    company_id, trace_number = payment
    await tx.execute(
        """
        UPDATE remittance SET status = 'replaced', replaced_by = $4, changed_at = $5,
               recheck_requested_at = NULL, version = version + 1
        WHERE tenant_id = $1 AND originating_company_id = $2 AND trace_number = $3
          AND status = 'held' AND remittance_id <> $4
          AND interchange_id <> (SELECT interchange_id FROM remittance
                                 WHERE tenant_id = $1 AND remittance_id = $4)
        """,
        tenant_id,
        company_id,
        trace_number,
        by,
        at,
    )


async def request_recheck(tx: Tx, remittance_id: UUID, *, at: datetime) -> None:
    await tx.execute(
        """
        UPDATE remittance SET recheck_requested_at = $3, version = version + 1
        WHERE tenant_id = $1 AND remittance_id = $2
        """,
        tx.tenant_id,
        remittance_id,
        at,
    )


async def dismiss(tx: Tx, remittance_id: UUID, *, reason_code: str, at: datetime) -> None:
    """It shall never post."""
    await tx.execute(
        """
        UPDATE remittance SET status = 'dismissed', reason_code = $3, changed_at = $4,
               recheck_requested_at = NULL, version = version + 1
        WHERE tenant_id = $1 AND remittance_id = $2
        """,
        tx.tenant_id,
        remittance_id,
        reason_code,
        at,
    )


async def to_recheck(tx: Tx, *, limit: int) -> list[StoredRemittance]:
    """Held remittances of all the transaction's tenants that somebody wants read again."""
    rows = await tx.fetch(
        f"""
        SELECT {KEPT} FROM remittance
        WHERE tenant_id = ANY ($1) AND recheck_requested_at IS NOT NULL AND status = 'held'
        ORDER BY remittance_id LIMIT $2
        """,
        list(tx.tenants),
        limit,
    )
    return [remittance_of(row) for row in rows]


async def take_held(tx: Tx, remittance: StoredRemittance) -> bool:
    """Lock a held remittance for reading again; False when it is no longer held or wanted."""
    return bool(
        await tx.fetchval(
            """
            SELECT true FROM remittance
            WHERE tenant_id = $1 AND remittance_id = $2 AND status = 'held'
              AND recheck_requested_at IS NOT NULL FOR UPDATE
            """,
            remittance.tenant_id,
            remittance.remittance_id,
        )
    )


async def rejudge(
    tx: Tx,
    remittance: StoredRemittance,
    *,
    status: RemittanceStatus,
    payer_id: str,
    at: datetime,
) -> None:
    """Record what a second reading comes to."""
    await tx.execute(
        """
        UPDATE remittance SET status = $3, payer_id = $4, changed_at = $5,
               recheck_requested_at = NULL, version = version + 1
        WHERE tenant_id = $1 AND remittance_id = $2
        """,
        remittance.tenant_id,
        remittance.remittance_id,
        status,
        payer_id,
        at,
    )


async def match_again(tx: Tx, remittance: StoredRemittance, claims: Sequence[StoredClaim]) -> None:
    """Claims that were not known at the first reading may be known now."""
    await tx.execute(
        """
        UPDATE remittance_claim AS old
        SET matched_by = new.matched_by, submission_id = new.submission_id, claim_id = new.claim_id
        FROM unnest($3::int[], $4::text[], $5::uuid[], $6::uuid[])
          AS new (ordinal, matched_by, submission_id, claim_id)
        WHERE old.tenant_id = $1 AND old.remittance_id = $2 AND old.ordinal = new.ordinal
          AND old.matched_by = 'none'
        """,
        remittance.tenant_id,
        remittance.remittance_id,
        [each.ordinal for each in claims],
        [each.matched_by for each in claims],
        [each.submission_id for each in claims],
        [each.claim_id for each in claims],
    )


async def set_findings_aside(tx: Tx, remittance: StoredRemittance, *, at: datetime) -> None:
    """What an earlier reading found has been looked at again."""
    await tx.execute(
        """
        UPDATE finding SET resolution_code = 'rechecked', resolved_by = $3, resolved_at = $4
        WHERE tenant_id = $1 AND remittance_id = $2 AND resolved_at IS NULL
        """,
        remittance.tenant_id,
        remittance.remittance_id,
        tx.actor,
        at,
    )


async def resolve(
    tx: Tx, remittance_id: UUID, finding_id: UUID, *, code: str, at: datetime
) -> FoundIn | None:
    """A person is done with an exception; None when there is none such, or it is done already."""
    row = await tx.fetchrow(
        """
        UPDATE finding SET resolution_code = $4, resolved_by = $5, resolved_at = $6
        WHERE tenant_id = $1 AND remittance_id = $2 AND finding_id = $3 AND resolved_at IS NULL
        RETURNING *
        """,
        tx.tenant_id,
        remittance_id,
        finding_id,
        code,
        tx.actor,
        at,
    )
    return found_in(row) if row else None


async def is_finding(tx: Tx, remittance_id: UUID, finding_id: UUID) -> bool:
    return bool(
        await tx.fetchval(
            """
            SELECT true FROM finding
            WHERE tenant_id = $1 AND remittance_id = $2 AND finding_id = $3
            """,
            tx.tenant_id,
            remittance_id,
            finding_id,
        )
    )


async def open_page(
    tx: Tx, *, code: str | None, after: tuple[datetime, UUID] | None, limit: int
) -> list[FoundIn]:
    """Exceptions of all remittances that nobody has resolved, those that wait longest first."""
    rows = await tx.fetch(
        """
        SELECT finding.* FROM finding JOIN remittance USING (tenant_id, remittance_id)
        WHERE finding.tenant_id = $1 AND resolved_at IS NULL AND severity <> 'info'
          AND remittance.status IN ('held', 'reported')
          AND ($2::text IS NULL OR code = $2)
          AND ($3::timestamptz IS NULL OR (found_at, finding_id) > ($3, $4))
        ORDER BY found_at, finding_id LIMIT $5
        """,
        tx.tenant_id,
        code,
        *(after or (None, None)),
        limit,
    )
    return [found_in(row) for row in rows]


@dataclass(frozen=True, slots=True)
class OpenTotal:
    """Open exceptions of one kind."""

    code: str
    level: str
    severity: str
    exception_count: int
    stake_cents: int


async def open_totals(tx: Tx) -> list[OpenTotal]:
    """How many wait, and how many cents hang on them."""
    rows = await tx.fetch(
        """
        SELECT code, level, severity, count(*)::int AS exception_count,
               coalesce(sum(stake_cents), 0)::bigint AS stake_cents
        FROM finding JOIN remittance USING (tenant_id, remittance_id)
        WHERE finding.tenant_id = $1 AND resolved_at IS NULL AND severity <> 'info'
          AND remittance.status IN ('held', 'reported')
        GROUP BY code, level, severity ORDER BY code, level, severity
        """,
        tx.tenant_id,
    )
    return [OpenTotal(**dict(row)) for row in rows]


@dataclass(frozen=True, slots=True)
class UnmatchedTotal:
    """CLPs of reported remittances that no claim of ours was found for."""

    claim_count: int
    charge_cents: int
    paid_cents: int


async def unmatched_totals(tx: Tx) -> UnmatchedTotal:
    row = await tx.fetchrow(
        """
        SELECT count(*)::int AS claim_count,
               coalesce(sum(rc.charge_cents), 0)::bigint AS charge_cents,
               coalesce(sum(rc.paid_cents), 0)::bigint AS paid_cents
        FROM remittance_claim rc JOIN remittance r USING (tenant_id, remittance_id)
        WHERE rc.tenant_id = $1 AND rc.matched_by = 'none' AND r.status = 'reported'
        """,
        tx.tenant_id,
    )
    assert row is not None  # noqa: S101 - an aggregate always has its row
    return UnmatchedTotal(**dict(row))


async def unmatched_page(
    tx: Tx, *, after: tuple[UUID, int] | None, limit: int
) -> list[tuple[UUID, StoredClaim]]:
    """CLPs of reported remittances without a claim of ours, in the order of their coming."""
    rows = await tx.fetch(
        """
        SELECT rc.remittance_id, ordinal, patient_control_number, submission_id,
               payer_claim_number, claim_status_code, rc.charge_cents, rc.paid_cents,
               adjusted_cents, matched_by, claim_id
        FROM remittance_claim rc JOIN remittance r USING (tenant_id, remittance_id)
        WHERE rc.tenant_id = $1 AND rc.matched_by = 'none' AND r.status = 'reported'
          AND ($2::uuid IS NULL OR (rc.remittance_id, ordinal) > ($2, $3))
        ORDER BY rc.remittance_id, ordinal LIMIT $4
        """,
        tx.tenant_id,
        *(after or (None, None)),
        limit,
    )
    return [
        (
            row["remittance_id"],
            StoredClaim(**{k: v for k, v in row.items() if k != "remittance_id"}),
        )
        for row in rows
    ]
