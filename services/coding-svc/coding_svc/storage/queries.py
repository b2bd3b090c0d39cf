"""Queries to physicians: their words lie sealed."""

import json
from dataclasses import asdict
from uuid import UUID

import asyncpg

from coding_svc.domain.desk.query import Query, QueryStatus
from coding_svc.domain.desk.wording import Question
from coding_svc.storage.sealing import seal, unseal
from rcm.db import Tx

WORDS = ("physician_query", "words_sealed")
PLAIN = (
    "tenant_id", "query_id", "encounter_id", "version", "status", "template", "provider_npi",
    "holds_chart", "outcome", "written_by", "created_at", "sent_at", "answered_at", "closed_at",
)  # fmt: skip
READ = ", ".join((*PLAIN, "words_sealed"))


async def save(tx: Tx, query: Query, *, was: QueryStatus | None) -> None:
    """The query as it is now, and the step that led here."""
    values = [*(getattr(query, name) for name in PLAIN), _sealed(tx, query)]
    places = ", ".join(f"${at}" for at in range(1, len(values) + 1))
    await tx.execute(
        f"""INSERT INTO physician_query ({READ}) VALUES ({places})
            ON CONFLICT (tenant_id, query_id) DO UPDATE
               SET version = excluded.version, status = excluded.status,
                   outcome = excluded.outcome, sent_at = excluded.sent_at,
                   answered_at = excluded.answered_at, closed_at = excluded.closed_at,
                   words_sealed = excluded.words_sealed""",
        *values,
    )
    await tx.execute(
        """INSERT INTO physician_query_history (tenant_id, query_id, version, from_status,
                                                to_status, actor, at)
           VALUES ($1, $2, $3, $4, $5, $6, coalesce($7::timestamptz, $8, $9, $10))""",
        query.tenant_id, query.query_id, query.version, was, query.status, tx.actor,
        query.closed_at, query.answered_at, query.sent_at, query.created_at,
    )  # fmt: skip


async def load(tx: Tx, query_id: UUID, *, lock: bool = False) -> Query | None:
    row = await tx.fetchrow(
        f"SELECT {READ} FROM physician_query WHERE tenant_id = $1 AND query_id = $2"
        f"{' FOR UPDATE' if lock else ''}",
        tx.tenant_id,
        query_id,
    )
    return None if row is None else _query(tx, row)


async def page(
    tx: Tx,
    *,
    status: QueryStatus | None,
    encounter_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> list[Query]:
    """Queries in the order of their making."""
    rows = await tx.fetch(
        f"""SELECT {READ} FROM physician_query
             WHERE tenant_id = $1 AND ($2::text IS NULL OR status = $2)
               AND ($3::uuid IS NULL OR encounter_id = $3)
               AND ($4::uuid IS NULL OR query_id > $4)
             ORDER BY query_id LIMIT $5""",
        tx.tenant_id, status, encounter_id, after, limit,
    )  # fmt: skip
    return [_query(tx, row) for row in rows]


async def awaited(tx: Tx, encounter_id: UUID) -> int:
    """How many sent queries a chart still waits for."""
    count: int = await tx.fetchval(
        """SELECT count(*) FROM physician_query
            WHERE tenant_id = $1 AND encounter_id = $2 AND status = 'sent' AND holds_chart""",
        tx.tenant_id,
        encounter_id,
    )
    return count


def _sealed(tx: Tx, query: Query) -> bytes:
    words = {"question": asdict(query.question), "answer": query.answer, "choice": query.choice}
    return seal(tx, WORDS, query.query_id, json.dumps(words).encode())


def _query(tx: Tx, row: asyncpg.Record) -> Query:
    fields = dict(row)
    words = json.loads(unseal(tx, WORDS, row["query_id"], fields.pop("words_sealed")))
    asked = words["question"]
    question = Question(**asked | {"options": tuple(asked["options"])})
    return Query(**fields, question=question, answer=words["answer"], choice=words["choice"])
