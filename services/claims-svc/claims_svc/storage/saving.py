"""Saving a set of changes: a handful of statements, however many claims it has."""

from collections.abc import Iterable, Sequence

from claims_svc.domain.change import Change
from claims_svc.domain.claim import Claim
from claims_svc.storage.rows import (
    CLAIM_COLUMNS,
    DECISION_COLUMNS,
    DENIAL_COLUMNS,
    IDENTITY,
    KEY,
    STATE,
    arrays,
    claim_row,
    decision_row,
    denial_row,
    names,
    turned,
)
from claims_svc.storage.sealing import sealed_words, step_id
from rcm.db import Tx

_STATE = CLAIM_COLUMNS[KEY] + CLAIM_COLUMNS[STATE]
_CODED = ("encounter_revision", *(name for name, _ in CLAIM_COLUMNS[STATE.stop :]))

INSERT = f"""
INSERT INTO claim ({names(CLAIM_COLUMNS)}) SELECT * FROM unnest({arrays(CLAIM_COLUMNS)})
"""
UPDATE_STATE = f"""
UPDATE claim SET {", ".join(f"{name} = new.{name}" for name, _ in CLAIM_COLUMNS[STATE])}
  FROM unnest({arrays(_STATE)}) AS new ({names(_STATE)})
 WHERE claim.tenant_id IS NOT DISTINCT FROM new.tenant_id AND claim.claim_id = new.claim_id
"""
UPDATE_WHOLE = f"""
UPDATE claim SET {", ".join(f"{name} = new.{name}" for name, _ in CLAIM_COLUMNS[STATE])},
       {", ".join(f"{name} = new.{name}" for name in _CODED)}
  FROM unnest({arrays(CLAIM_COLUMNS)}) AS new ({names(CLAIM_COLUMNS)})
 WHERE claim.tenant_id IS NOT DISTINCT FROM new.tenant_id AND claim.claim_id = new.claim_id
"""
INSERT_ENCOUNTERS = """
INSERT INTO claim_encounter (tenant_id, encounter_id, claim_id)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[])
"""
INSERT_HISTORY = """
INSERT INTO claim_history (tenant_id, claim_id, version, position, axis, from_value, to_value,
                           cause_event_id, cause_event_type, actor, reason_sealed, at)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::smallint[], $5::text[], $6::text[],
                     $7::text[], $8::uuid[], $9::text[], $10::text[], $11::bytea[],
                     $12::timestamptz[])
"""
SAVE_DECISIONS = f"""
INSERT INTO adjudication ({names(DECISION_COLUMNS)})
SELECT * FROM unnest({arrays(DECISION_COLUMNS)})
ON CONFLICT (tenant_id, claim_id, adjudication_id) DO UPDATE SET reversed_by = excluded.reversed_by
"""
SAVE_DENIALS = f"""
INSERT INTO denial ({names(DENIAL_COLUMNS)}) SELECT * FROM unnest({arrays(DENIAL_COLUMNS)})
ON CONFLICT (tenant_id, claim_id, denial_id)
DO UPDATE SET resolution = excluded.resolution, resolved_at = excluded.resolved_at
"""

assert IDENTITY.stop == STATE.start  # noqa: S101 - the slices cut one list


async def save(tx: Tx, changes: Sequence[Change]) -> None:
    """Save every change. The claims that existed are locked by whoever loaded them."""
    first: dict[tuple[object, object], Change] = {}
    last: dict[tuple[object, object], Claim] = {}
    for change in changes:
        key = (change.claim.tenant_id, change.claim.claim_id)
        first.setdefault(key, change)
        last[key] = change.claim
    new = [claim for key, claim in last.items() if first[key].before is None]
    known = [(first[key].before, claim) for key, claim in last.items() if first[key].before]
    await _add(tx, new)
    await _update(tx, [(was, claim) for was, claim in known if was is not None and was != claim])
    await _remember(tx, changes)
    await _decide(tx, changes)
    await _deny(tx, changes)


async def _add(tx: Tx, claims: Sequence[Claim]) -> None:
    if not claims:
        return
    rows = [claim_row(tx, claim) for claim in claims]
    await tx.execute(INSERT, *turned(rows))
    links: list[tuple[object, ...]] = [
        (claim.tenant_id, encounter_id, claim.claim_id)
        for claim in claims
        for encounter_id in claim.encounter_ids
    ]
    if links:
        await tx.execute(INSERT_ENCOUNTERS, *turned(links))


async def _update(tx: Tx, claims: Iterable[tuple[Claim, Claim]]) -> None:
    moved, coded = [], []
    for was, claim in claims:
        if was.content is claim.content:
            moved.append(claim_row(tx, claim, state_only=True))
        else:
            coded.append(claim_row(tx, claim))
    if moved:
        await tx.execute(UPDATE_STATE, *turned(moved))
    if coded:
        await tx.execute(UPDATE_WHOLE, *turned(coded))


async def _remember(tx: Tx, changes: Iterable[Change]) -> None:
    rows: list[tuple[object, ...]] = []
    for change in changes:
        claim = change.claim
        for position, edge in enumerate(change.edges, 1):
            cause = edge.cause
            step = step_id(claim.claim_id, claim.version, position)
            rows.append(
                (
                    claim.tenant_id,
                    claim.claim_id,
                    claim.version,
                    position,
                    edge.axis,
                    edge.from_value,
                    edge.to_value,
                    cause.event_id,
                    cause.event_type,
                    cause.actor,
                    sealed_words(
                        tx, claim.tenant_id, "claim_history", row_id=step, words=cause.reason
                    ),
                    cause.now,
                )
            )
    if rows:
        await tx.execute(INSERT_HISTORY, *turned(rows))


async def _decide(tx: Tx, changes: Iterable[Change]) -> None:
    rows = {
        decision.adjudication_id: decision_row(change.claim, decision)
        for change in changes
        for decision in change.decisions
    }
    if rows:
        await tx.execute(SAVE_DECISIONS, *turned(list(rows.values())))


async def _deny(tx: Tx, changes: Iterable[Change]) -> None:
    rows = {denial.denial_id: denial_row(denial) for change in changes for denial in change.denials}
    if rows:
        await tx.execute(SAVE_DENIALS, *turned(list(rows.values())))
