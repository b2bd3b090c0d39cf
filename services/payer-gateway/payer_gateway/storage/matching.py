"""Claims by the numbers that payers give them, and what a person matched by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from payer_gateway.domain.lifecycle import SubmissionStatus
from payer_gateway.domain.submission import Submission
from payer_gateway.storage.submissions import COLUMNS, submission_of
from rcm.db import Tx


async def by_payer_number(
    tx: Tx, tenant_id: UUID, payer_id: str, numbers: Sequence[str]
) -> dict[str, Submission]:
    """By the payer's own claim number (CLP07), the newest submission to this payer."""
    wanted = sorted({each for each in numbers if each})
    if not wanted:
        return {}
    rows = await tx.fetch(
        f"""
        SELECT DISTINCT ON (payer_claim_number) {COLUMNS} FROM submission
        WHERE tenant_id = $1 AND payer_claim_number = ANY ($2) AND payer_id = $3
          AND sent_at IS NOT NULL
        ORDER BY payer_claim_number, sent_at DESC
        """,
        tenant_id,
        wanted,
        payer_id,
    )
    return {row["payer_claim_number"]: submission_of(row) for row in rows}


async def by_any_number(
    tx: Tx, tenant_id: UUID, payer_id: str, numbers: Sequence[str]
) -> dict[str, Submission]:
    """By our number or the payer's, whichever a reference may mean; ours wins."""
    wanted = sorted(set(numbers))
    if not wanted:
        return {}
    found = await by_payer_number(tx, tenant_id, payer_id, wanted)
    rows = await tx.fetch(
        f"""
        SELECT DISTINCT ON (patient_control_number) {COLUMNS} FROM submission
        WHERE tenant_id = $1 AND patient_control_number = ANY ($2)
        ORDER BY patient_control_number, queued_at DESC
        """,
        tenant_id,
        wanted,
    )
    return found | {row["patient_control_number"]: submission_of(row) for row in rows}


async def newest_of_claim(tx: Tx, claim_id: UUID, *, payer_id: str) -> Submission | None:
    """The newest attempt to bring a claim of the request's tenant to this payer, else to any."""
    row = await tx.fetchrow(
        f"""
        SELECT {COLUMNS} FROM submission WHERE tenant_id = $1 AND claim_id = $2
        ORDER BY payer_id <> $3, queued_at DESC LIMIT 1
        """,
        tx.tenant_id,
        claim_id,
        payer_id,
    )
    return submission_of(row) if row else None


async def match(
    tx: Tx, remittance_id: UUID, ordinal: int, *, submission: Submission, at: datetime
) -> bool:
    """A person says which claim a CLP is about; False when it is matched already."""
    return bool(
        await tx.fetchval(
            """
            UPDATE remittance_claim
            SET matched_by = 'manual', submission_id = $4, claim_id = $5, matched_at = $6,
                matched_actor = $7
            WHERE tenant_id = $1 AND remittance_id = $2 AND ordinal = $3 AND matched_by = 'none'
            RETURNING true
            """,
            tx.tenant_id,
            remittance_id,
            ordinal,
            submission.submission_id,
            submission.claim_id,
            at,
            tx.actor,
        )
    )


@dataclass(frozen=True, slots=True)
class Untold:
    """CLPs of one reported remittance that were matched by hand and not yet reported as such."""

    tenant_id: UUID
    remittance_id: UUID
    submissions: dict[int, Submission]


async def untold(tx: Tx, *, limit: int) -> list[Untold]:
    """Matches of all the transaction's tenants that nobody has been told of."""
    rows = await tx.fetch(
        f"""
        SELECT rc.remittance_id, rc.ordinal, {", ".join(f"s.{name}" for name in _NAMES)}
        FROM remittance_claim rc
        JOIN remittance r USING (tenant_id, remittance_id)
        JOIN submission s ON s.tenant_id = rc.tenant_id AND s.submission_id = rc.submission_id
        WHERE rc.tenant_id = ANY ($1) AND rc.matched_by = 'manual' AND rc.told_at IS NULL
          AND r.status = 'reported'
        ORDER BY rc.remittance_id, rc.ordinal LIMIT $2
        """,
        list(tx.tenants),
        limit,
    )
    found: dict[tuple[UUID, UUID], dict[int, Submission]] = {}
    for row in rows:
        key = (row["tenant_id"], row["remittance_id"])
        own = {name: row[name] for name in _NAMES}
        own["status"] = SubmissionStatus(own["status"])
        found.setdefault(key, {})[row["ordinal"]] = Submission(**own)
    return [Untold(*key, submissions) for key, submissions in found.items()]


_NAMES = [name.strip() for name in COLUMNS.split(",")]


async def tell(tx: Tx, each: Untold, *, at: datetime) -> set[int]:
    """Claim the right to tell of these; returns the ordinals that nobody told of meanwhile."""
    rows = await tx.fetch(
        """
        UPDATE remittance_claim SET told_at = $4
        WHERE tenant_id = $1 AND remittance_id = $2 AND ordinal = ANY ($3) AND told_at IS NULL
          AND matched_by = 'manual'
        RETURNING ordinal
        """,
        each.tenant_id,
        each.remittance_id,
        list(each.submissions),
        at,
    )
    return {row["ordinal"] for row in rows}
