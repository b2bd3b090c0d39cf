"""The releases of code sets that a tenant has activated."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from coding_svc.domain.release import Release
from rcm.db import Tx


async def activated(tx: Tx) -> list[Release]:
    """Every release that the request's tenant has activated."""
    rows = await tx.fetch(
        """SELECT kind, release, effective_from, sha256, source_names, row_count, loaded_at
             FROM code_set_release WHERE tenant_id = $1""",
        tx.tenant_id,
    )
    return [
        Release(
            kind=row["kind"],
            label=row["release"],
            effective_from=row["effective_from"],
            sha256=row["sha256"],
            source_names=tuple(row["source_names"].split("\n")),
            row_count=row["row_count"],
            loaded_at=row["loaded_at"],
        )
        for row in rows
    ]


async def one_at_a_time(tx: Tx, tenants: Sequence[UUID], kind: str) -> None:
    """Wait for whoever puts another release of a kind in force for one of these tenants. The next
    statement sees what they did, and nobody else begins before this transaction has ended."""
    await tx.execute(
        """SELECT pg_advisory_xact_lock(hashtextextended('code set|' || $2 || '|' || tenant_id, 0))
             FROM unnest($1::text[]) AS tenant_id""",
        # In one order for all, so that two never wait for each other.
        sorted({str(tenant) for tenant in tenants}),
        kind,
    )


async def newest_day(tx: Tx, tenant_id: UUID, kind: str) -> date | None:
    """From when the newest activated release of a kind is in force."""
    newest: date | None = await tx.fetchval(
        "SELECT max(effective_from) FROM code_set_release WHERE tenant_id = $1 AND kind = $2",
        tenant_id,
        kind,
    )
    return newest


async def activate(
    tx: Tx, tenants: Sequence[UUID], release: Release, *, by: str, at: datetime
) -> list[UUID]:
    """Put a release in force; returns the tenants that did not have it yet."""
    rows = await tx.fetch(
        """INSERT INTO code_set_release (tenant_id, release_id, kind, release, effective_from,
               sha256, row_count, source_names, loaded_at, activated_at, activated_by)
           SELECT tenant_id, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11
             FROM unnest($1::uuid[]) AS tenant_id
           ON CONFLICT DO NOTHING RETURNING tenant_id""",
        list(tenants),
        release.release_id,
        release.kind,
        release.label,
        release.effective_from,
        release.sha256,
        release.row_count,
        "\n".join(release.source_names),
        release.loaded_at,
        at,
        by,
    )
    return [row["tenant_id"] for row in rows]
