"""Reviews: of second level, of samples, and the items of audits."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import TypeAdapter

from coding_svc.domain.audit.accuracy import Reading
from coding_svc.domain.desk.review import Review, ReviewFinding, ReviewStatus
from coding_svc.storage.encounters import CODING
from coding_svc.storage.sealing import columns, seal, unseal
from rcm.db import Tx

FINDINGS = TypeAdapter(tuple[ReviewFinding, ...])
WORDS = ("review", "words_sealed")
FIELDS = (
    ("tenant_id", "uuid"), ("review_id", "uuid"), ("encounter_id", "uuid"),
    ("revision", "integer"), ("audit_id", "uuid"), ("version", "integer"), ("kind", "text"),
    ("status", "text"), ("reader", "integer"), ("rule", "text"), ("stratum", "text"),
    ("weight", "double precision"), ("coder", "text"), ("provider_npi", "text"),
    ("payer_id", "text"), ("coding", "jsonb"), ("findings", "jsonb"), ("charge_cents", "bigint"),
    ("paid_cents", "bigint"), ("reviewer", "text"), ("words_sealed", "bytea"),
    ("opened_at", "timestamptz"), ("reviewed_at", "timestamptz"), ("resolved_at", "timestamptz"),
)  # fmt: skip
NAMES = ", ".join(name for name, _ in FIELDS)
READ = ", ".join(f"{n}::text" if n in {"coding", "findings"} else n for n, _ in FIELDS)
WITHOUT_WORDS = ", ".join(
    f"r.{n}::text" if n in {"coding", "findings"} else f"r.{n}"
    for n, _ in FIELDS
    if n != "words_sealed"
)
ARRAYS = ", ".join(f"${at}::{kind}[]" for at, (_, kind) in enumerate(FIELDS, 1))
SETS = ", ".join(f"{n} = ${at}::{kind}" for at, (n, kind) in enumerate(FIELDS, 1) if at > 2)


async def add(tx: Tx, reviews: Sequence[Review]) -> None:
    """Open reviews."""
    if reviews:
        await tx.execute(
            f"INSERT INTO review ({NAMES}) SELECT * FROM unnest({ARRAYS})",
            *columns([_row(tx, each) for each in reviews]),
        )


async def change(tx: Tx, review: Review) -> None:
    """The next version of a review that `load` locked."""
    await tx.execute(
        f"UPDATE review SET {SETS} WHERE tenant_id = $1 AND review_id = $2", *_row(tx, review)
    )


async def load(tx: Tx, review_id: UUID, *, lock: bool = False) -> Review | None:
    row = await tx.fetchrow(
        f"SELECT {READ} FROM review WHERE tenant_id = $1 AND review_id = $2"
        f"{' FOR UPDATE' if lock else ''}",
        tx.tenant_id,
        review_id,
    )
    return None if row is None else _review(tx, row)


async def page(
    tx: Tx,
    *,
    status: ReviewStatus | None,
    audit_id: UUID | None,
    encounter_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> list[Review]:
    """Reviews in the order of their opening."""
    rows = await tx.fetch(
        f"""SELECT {READ} FROM review
             WHERE tenant_id = $1 AND ($2::text IS NULL OR status = $2)
               AND ($3::uuid IS NULL OR audit_id = $3)
               AND ($4::uuid IS NULL OR encounter_id = $4)
               AND ($5::uuid IS NULL OR review_id > $5)
             ORDER BY review_id LIMIT $6""",
        tx.tenant_id, status, audit_id, encounter_id, after, limit,
    )  # fmt: skip
    return [_review(tx, row) for row in rows]


async def of_audit(tx: Tx, audit_id: UUID) -> list[Review]:
    """Every item of an audit."""
    rows = await tx.fetch(
        f"SELECT {READ} FROM review WHERE tenant_id = $1 AND audit_id = $2 ORDER BY review_id",
        tx.tenant_id,
        audit_id,
    )
    return [_review(tx, row) for row in rows]


async def readings(tx: Tx, begins_on: date, ends_on: date) -> list[Reading]:
    """What first readers judged of the visits that ended on these days, without their words."""
    rows = await tx.fetch(
        f"""SELECT coalesce(a.plan->>'method', r.kind) AS basis, {WITHOUT_WORDS}
             FROM review r LEFT JOIN coding_audit a USING (tenant_id, audit_id)
            WHERE r.tenant_id = $1 AND r.status <> 'open' AND r.reader = 1
              AND coalesce(r.coding->>'end_date_of_service', r.coding->>'date_of_service')::date
                  BETWEEN $2 AND $3
            ORDER BY r.review_id""",
        tx.tenant_id,
        begins_on,
        ends_on,
    )
    found = [dict(row) | {"words_sealed": None} for row in rows]
    return [Reading(row.pop("basis"), _review(tx, row)) for row in found]


async def readers(tx: Tx, review: Review) -> frozenset[str]:
    """Who else has read this coding for the same audit."""
    rows = await tx.fetch(
        """SELECT reviewer FROM review
            WHERE tenant_id = $1 AND audit_id = $2 AND encounter_id = $3 AND revision = $4
              AND review_id <> $5 AND reviewer <> ''""",
        tx.tenant_id,
        review.audit_id,
        review.encounter_id,
        review.revision,
        review.review_id,
    )
    return frozenset(row["reviewer"] for row in rows)


def _row(tx: Tx, review: Review) -> tuple[object, ...]:
    words = json.dumps(review.words).encode()
    written: dict[str, object] = {
        "coding": CODING.dump_json(review.coding).decode(),
        "findings": FINDINGS.dump_json(review.findings).decode(),
        "words_sealed": seal(tx, WORDS, review.review_id, words) if review.words else None,
    }
    return tuple(written[name] if name in written else getattr(review, name) for name, _ in FIELDS)


def _review(tx: Tx, row: asyncpg.Record | Mapping[str, Any]) -> Review:
    fields = dict(row)
    sealed = fields.pop("words_sealed")
    words = json.loads(unseal(tx, WORDS, row["review_id"], sealed)) if sealed else []
    fields["coding"] = CODING.validate_json(fields["coding"])
    fields["findings"] = FINDINGS.validate_json(fields["findings"])
    return Review(**fields, words=tuple((who, said) for who, said in words))
