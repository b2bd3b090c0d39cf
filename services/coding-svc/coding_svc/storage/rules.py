"""A tenant's rules of the desk."""

from datetime import datetime

from pydantic import TypeAdapter

from coding_svc.domain.desk.criteria import Criteria
from coding_svc.domain.desk.rules import DeskRule, Effect
from rcm.db import Tx

CRITERIA, EFFECT = TypeAdapter(Criteria), TypeAdapter(Effect)


async def all_of(tx: Tx) -> list[DeskRule]:
    """Every rule, in the order in which they are asked."""
    rows = await tx.fetch(
        """SELECT kind, name, position, is_active, criteria::text, effect::text, version
             FROM desk_rule WHERE tenant_id = $1 ORDER BY kind, position, name""",
        tx.tenant_id,
    )
    return [
        DeskRule(
            kind=row["kind"],
            name=row["name"],
            position=row["position"],
            is_active=row["is_active"],
            criteria=CRITERIA.validate_json(row["criteria"]),
            effect=EFFECT.validate_json(row["effect"]),
            version=row["version"],
        )
        for row in rows
    ]


async def put(tx: Tx, rule: DeskRule, *, now: datetime) -> int:
    """Save a rule under its kind and name; its new version."""
    version: int = await tx.fetchval(
        """INSERT INTO desk_rule AS r (tenant_id, kind, name, position, is_active, criteria,
                                       effect, version, changed_by, changed_at)
           VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7::jsonb, 1, $8, $9)
           ON CONFLICT (tenant_id, kind, name) DO UPDATE
              SET position = excluded.position, is_active = excluded.is_active,
                  criteria = excluded.criteria, effect = excluded.effect,
                  version = r.version + 1, changed_by = excluded.changed_by,
                  changed_at = excluded.changed_at
           RETURNING version""",
        tx.tenant_id, rule.kind, rule.name, rule.position, rule.is_active,
        CRITERIA.dump_json(rule.criteria).decode(), EFFECT.dump_json(rule.effect).decode(),
        tx.actor, now,
    )  # fmt: skip
    return version
