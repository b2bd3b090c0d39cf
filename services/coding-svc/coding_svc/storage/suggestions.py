"""Suggestions of charts: open ones to decide, decided ones to learn from."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
from pydantic import TypeAdapter

from coding_svc.domain.desk.proposal import Proposal
from coding_svc.domain.suggestions import Suggestion
from coding_svc.storage.sealing import columns, seal, unseal
from rcm.db import Tx

SUGGESTION = TypeAdapter(Suggestion)
DETAIL = ("suggestion", "detail_sealed")
READ = """tenant_id, suggestion_id, encounter_id, document_id, document_version, detail_sealed,
    status, decided_code, reason_code, decided_by, decided_at, made_at"""


async def add(tx: Tx, encounter_id: UUID, proposals: Sequence[Proposal]) -> None:
    """Save what was read from a chart's newest documents. Open suggestions from older versions are
    superseded; what was decided stays decided."""
    newest = {each.document_id: each.document_version for each in proposals}
    await tx.execute(
        """UPDATE suggestion s SET status = 'superseded'
             FROM document d
            WHERE s.tenant_id = $1 AND s.encounter_id = $2 AND s.status = 'open'
              AND d.tenant_id = $1 AND d.document_id = s.document_id
              AND s.document_version < d.version""",
        tx.tenant_id,
        encounter_id,
    )
    if not newest:
        return
    await tx.execute(
        """INSERT INTO suggestion (tenant_id, suggestion_id, encounter_id, document_id,
               document_version, code, system, method, assertion, score, is_complete,
               release_kind, release, detail_sealed, status, decided_code, reason_code,
               decided_by, made_at)
           SELECT *, 'open', '', '', '', $15 FROM unnest($1::uuid[], $2::uuid[], $3::uuid[],
               $4::uuid[], $5::integer[], $6::text[], $7::text[], $8::text[], $9::text[],
               $10::double precision[], $11::boolean[], $12::text[], $13::text[], $14::bytea[])
           ON CONFLICT DO NOTHING""",
        *columns([_row(tx, each) for each in proposals]),
        proposals[0].made_at,
    )


async def of_chart(tx: Tx, encounter_id: UUID, *, also_superseded: bool = False) -> list[Proposal]:
    """The suggestions of a chart, the surest first."""
    rows = await tx.fetch(
        f"""SELECT {READ} FROM suggestion
             WHERE tenant_id = $1 AND encounter_id = $2 AND ($3 OR status <> 'superseded')
             ORDER BY score DESC, system, code, suggestion_id""",
        tx.tenant_id,
        encounter_id,
        also_superseded,
    )
    return [_proposal(tx, row) for row in rows]


async def load(tx: Tx, suggestion_id: UUID, *, lock: bool = False) -> Proposal | None:
    row = await tx.fetchrow(
        f"SELECT {READ} FROM suggestion WHERE tenant_id = $1 AND suggestion_id = $2"
        f"{' FOR UPDATE' if lock else ''}",
        tx.tenant_id,
        suggestion_id,
    )
    return None if row is None else _proposal(tx, row)


async def decide(tx: Tx, proposals: Sequence[Proposal]) -> None:
    """Save what a coder, or a rule, made of suggestions."""
    rows = [
        (each.suggestion_id, each.status, each.decided_code, each.reason_code, each.decided_by,
         each.decided_at)
        for each in proposals
    ]  # fmt: skip
    if rows:
        await tx.execute(
            """UPDATE suggestion s SET status = n.status, decided_code = n.code,
                   reason_code = n.reason, decided_by = n.actor, decided_at = n.at
                 FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[],
                             $7::timestamptz[]) AS n (id, status, code, reason, actor, at)
                WHERE s.tenant_id = $1 AND s.suggestion_id = n.id""",
            tx.tenant_id,
            *columns(rows),
        )


def _row(tx: Tx, each: Proposal) -> tuple[object, ...]:
    found = each.suggestion
    return (
        each.tenant_id, each.suggestion_id, each.encounter_id, each.document_id,
        each.document_version, found.code, found.system, found.method, found.assertion,
        found.score, found.is_complete, found.release.kind, found.release.label,
        seal(tx, DETAIL, each.suggestion_id, SUGGESTION.dump_json(found)),
    )  # fmt: skip


def _proposal(tx: Tx, row: asyncpg.Record) -> Proposal:
    fields = dict(row)
    opened = unseal(tx, DETAIL, row["suggestion_id"], fields.pop("detail_sealed"))
    return Proposal(**fields, suggestion=SUGGESTION.validate_json(opened))
