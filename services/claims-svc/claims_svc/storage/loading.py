"""Loading the claims that a set of events or a request is about, locked in one order."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import UUID

import asyncpg
import orjson

from claims_svc.domain.adjudication import Record
from claims_svc.domain.change import Denial
from claims_svc.domain.claim import Claim
from claims_svc.domain.decision import Decision
from claims_svc.domain.intake import Billed, Visit
from claims_svc.storage.rows import (
    CLAIM_COLUMNS,
    DECISION_COLUMNS,
    claim_of,
    decision_of,
    denial_of,
    selected,
)
from rcm.db import Tx
from rcm.errors import Conflict, Pointer
from rcm.ledger import Entry, read_entries

Key = tuple[UUID, UUID]
"""Tenant and the id of something of its own."""

CLAIM = selected("claim", CLAIM_COLUMNS)

# Each key is looked up on its own, through its index: a LATERAL with a lock, or with OFFSET 0, is
# not flattened into a join, whose plan would hang on statistics that are old while a table grows.
# For the same reason the tenant is compared by IS NOT DISTINCT FROM: the tenants' wall gives every
# index its tenants already, and as a second equality they would count twice and make any index that
# begins with the tenant look as good as the right one.
BY_ID = f"""
SELECT claim.* FROM unnest($1::uuid[], $2::uuid[]) AS wanted (tenant_id, claim_id)
 CROSS JOIN LATERAL (
   SELECT {CLAIM} FROM claim
    WHERE claim.tenant_id IS NOT DISTINCT FROM wanted.tenant_id
      AND claim.claim_id = wanted.claim_id
      FOR UPDATE) AS claim
"""
BY_ENCOUNTER = """
SELECT DISTINCT link.tenant_id, link.claim_id
  FROM unnest($1::uuid[], $2::uuid[]) AS wanted (tenant_id, encounter_id)
 CROSS JOIN LATERAL (
   SELECT link.tenant_id, link.claim_id FROM claim_encounter AS link
    WHERE link.tenant_id IS NOT DISTINCT FROM wanted.tenant_id
      AND link.encounter_id = wanted.encounter_id
   OFFSET 0) AS link
"""
BY_CONTROL_NUMBER = """
SELECT claim.* FROM unnest($1::uuid[], $2::text[]) AS wanted (tenant_id, patient_control_number)
 CROSS JOIN LATERAL (
   SELECT claim.tenant_id, claim.claim_id FROM claim
    WHERE claim.tenant_id IS NOT DISTINCT FROM wanted.tenant_id
      AND claim.patient_control_number = wanted.patient_control_number
   OFFSET 0) AS claim
"""
DECISIONS_OF = f"""
SELECT decision.* FROM unnest($1::uuid[], $2::uuid[]) AS wanted (tenant_id, claim_id)
 CROSS JOIN LATERAL (
   SELECT {selected("adjudication", DECISION_COLUMNS)}, adjudication.sequence FROM adjudication
    WHERE adjudication.tenant_id IS NOT DISTINCT FROM wanted.tenant_id
      AND adjudication.claim_id = wanted.claim_id
   OFFSET 0) AS decision
 ORDER BY decision.sequence
"""
OPEN_DENIALS_OF = """
SELECT denial.* FROM unnest($1::uuid[], $2::uuid[]) AS wanted (tenant_id, claim_id)
 CROSS JOIN LATERAL (
   SELECT * FROM denial
    WHERE denial.tenant_id IS NOT DISTINCT FROM wanted.tenant_id
      AND denial.claim_id = wanted.claim_id
   OFFSET 0) AS denial
 WHERE denial.resolution IS NULL
 ORDER BY denial.opened_at, denial.denial_id
"""
BILLED_FOR = """
SELECT billed.* FROM unnest($1::uuid[], $2::uuid[], $3::date[], $4::text[])
    AS wanted (tenant_id, patient_id, date_of_service, provider_npi)
 CROSS JOIN LATERAL (
   SELECT claim.tenant_id, claim.patient_id, claim.date_of_service, claim.provider_npi,
          claim.claim_id, claim.encounter_ids::text, claim.procedure_codes
     FROM claim
    WHERE claim.tenant_id IS NOT DISTINCT FROM wanted.tenant_id
      AND claim.date_of_service = wanted.date_of_service
      AND claim.patient_id = wanted.patient_id AND claim.provider_npi = wanted.provider_npi
      AND claim.status <> 'voided' AND claim.frequency_code <> '8'
   OFFSET 0) AS billed
"""


async def claim(
    tx: Tx, claim_id: UUID, *, lock: bool = False, with_persons: bool = False
) -> Claim | None:
    """One claim of the request's tenant."""
    row = await tx.fetchrow(
        f"SELECT {CLAIM} FROM claim WHERE tenant_id = $1 AND claim_id = $2"
        f"{' FOR UPDATE' if lock else ''}",
        tx.tenant_id,
        claim_id,
    )
    return None if row is None else claim_of(tx, row, with_persons=with_persons)


async def check_external_id(tx: Tx, external_id: str | None) -> None:
    """Raises the conflict that another claim has this outside id. A race of two such claims ends
    at the unique key, with a less telling conflict."""
    if external_id is not None and await tx.fetchval(
        "SELECT 1 FROM claim WHERE tenant_id = $1 AND external_id = $2", tx.tenant_id, external_id
    ):
        raise Conflict(
            "external_id_taken",
            "A claim with this external_id exists already.",
            (Pointer("/external_id", "is in use"),),
        )


async def by_id(tx: Tx, keys: Iterable[Key], *, with_persons: bool = False) -> dict[Key, Claim]:
    """These claims, locked."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    rows = await tx.fetch(BY_ID, *zip(*wanted, strict=True))
    found = [claim_of(tx, row, with_persons=with_persons) for row in rows]
    return {(claim.tenant_id, claim.claim_id): claim for claim in found}


async def by_encounter(tx: Tx, keys: Iterable[Key]) -> list[Claim]:
    """The claims of these encounters with the originals they replace, oldest first, locked, with
    persons."""
    rows = await tx.fetch(BY_ENCOUNTER, *zip(*set(keys), strict=True))
    links = [(row["tenant_id"], row["claim_id"]) for row in rows]
    found = (await by_id(tx, links, with_persons=True)).values()
    return sorted(found, key=lambda claim: (claim.encounter_revision, claim.created_at))


async def by_control_number(
    tx: Tx, keys: Iterable[tuple[UUID, str]]
) -> dict[tuple[UUID, str], Claim]:
    """The claims with these patient control numbers (CLP01), locked, with persons."""
    rows = await tx.fetch(BY_CONTROL_NUMBER, *zip(*set(keys), strict=True))
    # Locked by id as everywhere else, so that two batches wait for each other in one order.
    links = [(row["tenant_id"], row["claim_id"]) for row in rows]
    found = (await by_id(tx, links, with_persons=True)).values()
    return {(claim.tenant_id, claim.patient_control_number): claim for claim in found}


async def charges_of(tx: Tx, claims: Iterable[Claim]) -> dict[UUID, Entry]:
    """The booked charges of these claims, by entry id."""
    wanted = [(claim.tenant_id, claim.charge_entry_id) for claim in claims if claim.charge_entry_id]
    found = await read_entries(tx, wanted)
    return {entry.entry_id: entry for entry in found.values()}


async def records(
    tx: Tx, claims: Sequence[Claim], *, reversing: Iterable[UUID] = ()
) -> dict[UUID, Record]:
    """Everything decided on these (locked) claims, and on those that they replace where another
    payer may have to hear of it, by claim id. For the claims in `reversing` the
    booked entries come along, for a reversal mirrors one of them."""
    if not claims:
        return {}
    keys = [[claim.tenant_id for claim in claims], [claim.claim_id for claim in claims]]
    decided = await _decided(tx, [(claim.tenant_id, claim.claim_id) for claim in claims])
    replaced = await _decided(
        tx,
        [
            (claim.tenant_id, claim.replaces_claim_id)
            for claim in claims
            if claim.replaces_claim_id is not None and len(claim.content.coverages) > 1
        ],
    )
    denied: dict[UUID, list[Denial]] = {}
    if decided:
        for row in await tx.fetch(OPEN_DENIALS_OF, *keys):
            denied.setdefault(row["claim_id"], []).append(denial_of(row))
    made = {
        claim.claim_id: Record(
            claim,
            tuple(decided.get(claim.claim_id, ())),
            tuple(denied.get(claim.claim_id, ())),
            replaced=tuple(replaced.get(claim.replaces_claim_id, ())),
        )
        for claim in claims
    }
    return await _with_entries(tx, made, frozenset(reversing))


async def _decided(tx: Tx, keys: Sequence[Key]) -> dict[UUID | None, list[Decision]]:
    """What payers decided on these claims, by claim id, oldest first."""
    found: dict[UUID | None, list[Decision]] = {}
    if keys:
        for row in await tx.fetch(DECISIONS_OF, *zip(*keys, strict=True)):
            found.setdefault(row["claim_id"], []).append(decision_of(row))
    return found


async def _with_entries(
    tx: Tx, made: dict[UUID, Record], reversing: frozenset[UUID]
) -> dict[UUID, Record]:
    wanted: list[Key] = []
    for claim_id in reversing & made.keys():
        record = made[claim_id]
        ids = [decision.entry_id for decision in record.decisions]
        ids.append(record.claim.charge_entry_id)
        wanted += [(record.claim.tenant_id, entry_id) for entry_id in ids if entry_id]
    if not wanted:
        return made
    entries = {entry.entry_id: entry for entry in (await read_entries(tx, wanted)).values()}
    return {claim_id: replace(record, entries=entries) for claim_id, record in made.items()}


async def billed_for(tx: Tx, visits: Iterable[Visit]) -> dict[Visit, dict[UUID, Billed]]:
    """The services that live claims bill for these patients, days and providers."""
    found: dict[Visit, dict[UUID, Billed]] = {}
    wanted = sorted(set(visits))
    if not wanted:
        return found
    for row in await tx.fetch(BILLED_FOR, *zip(*wanted, strict=True)):
        visit = (
            row["tenant_id"],
            row["patient_id"],
            row["date_of_service"],
            row["provider_npi"],
        )
        found.setdefault(visit, {})[row["claim_id"]] = _billed(row)
    return found


def _billed(row: asyncpg.Record) -> Billed:
    return Billed(
        row["claim_id"],
        frozenset(map(UUID, orjson.loads(row["encounter_ids"]))),
        frozenset(row["procedure_codes"].split()),
    )
