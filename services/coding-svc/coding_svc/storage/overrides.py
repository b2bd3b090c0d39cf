"""Edits that a coder has overridden, with the reason that an auditor reads."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from coding_svc.storage.sealing import columns, seal, unseal
from rcm.db import Tx

REASON = ("coding_override", "reason_sealed")


async def add(
    tx: Tx, encounter_id: UUID, revision: int, reasons: Mapping[str, str], *, now: datetime
) -> None:
    """Reasons by edit, for the revision that will leave with them."""
    rows = [
        (edit, seal(tx, REASON, f"{encounter_id}:{revision}:{edit}", reason.encode()))
        for edit, reason in reasons.items()
    ]
    if rows:
        await tx.execute(
            """INSERT INTO coding_override (tenant_id, encounter_id, revision, edit,
                                            reason_sealed, actor, at)
               SELECT $1, $2, $3, edit, reason, $6, $7
                 FROM unnest($4::text[], $5::bytea[]) AS n (edit, reason)
               ON CONFLICT DO NOTHING""",
            tx.tenant_id, encounter_id, revision, *columns(rows), tx.actor, now,
        )  # fmt: skip


async def of_revision(tx: Tx, encounter_id: UUID, revision: int) -> dict[str, str]:
    """Reasons by edit."""
    rows = await tx.fetch(
        """SELECT edit, reason_sealed FROM coding_override
            WHERE tenant_id = $1 AND encounter_id = $2 AND revision = $3 ORDER BY edit""",
        tx.tenant_id,
        encounter_id,
        revision,
    )
    return {
        row["edit"]: unseal(
            tx, REASON, f"{encounter_id}:{revision}:{row['edit']}", row["reason_sealed"]
        ).decode()
        for row in rows
    }
