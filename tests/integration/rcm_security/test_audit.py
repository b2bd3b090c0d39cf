"""The audit: part of what it speaks of, never changed, and any tampering found and named."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest

from rcm.security import audit
from rcm.security.audit import FileAnchor, FindingKind, Signer, storage
from rcm.security.audit.sealer import AuditSealer

NORTH = UUID("7e57c0de-0000-4000-8000-000000000001")
SOUTH = UUID("7e57c0de-0000-4000-8000-000000000002")
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

# Records by their place in the sealed chain of one tenant.
SEQUENCED = f"""
    SELECT r.*, b.block_number, b.first_seq + place - 1 AS seq
    FROM audit_block b, unnest(b.record_ids) WITH ORDINALITY AS bound (record_id, place)
    LEFT JOIN audit_record r USING (record_id)
    WHERE b.tenant_id = '{NORTH}'
"""


async def recorded(kit, *names, tenant_id=NORTH):
    for name in names:
        async with kit.database.transaction((tenant_id,), actor="clinic-7") as tx:
            await audit.record(tx, "read", "Claim", name, details={"status": 200})


async def sealed_ten(chain):
    """Ten records in blocks of four, four and two, sealed and anchored."""
    await recorded(chain.kit, *(f"c-{n}" for n in range(1, 11)))
    assert await chain.sealer.run(chain.kit.database, (NORTH, SOUTH), NOW) == 10


async def test_a_record_says_who_did_what_to_what(kit) -> None:
    async with kit.database.transaction((NORTH,), actor="clinic-7") as tx:
        await audit.record(tx, "update", "Claim", NORTH, details={"status": 200, "revision": 3})
    [row] = await kit.superuser.fetch("SELECT * FROM audit_record")
    assert (row["tenant_id"], row["actor"], row["action"]) == (NORTH, "clinic-7", "update")
    assert (row["resource_type"], row["resource_id"]) == ("Claim", str(NORTH))
    assert row["details"] == '{"status": 200, "revision": 3}'


async def test_a_record_stands_and_falls_with_what_it_speaks_of(kit) -> None:
    async def fail() -> None:
        async with kit.database.transaction((NORTH,)) as tx:
            await audit.record(tx, "update", "Claim", "c-1")
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        await fail()
    for table in ("audit_record", "audit_unsealed"):
        assert await kit.superuser.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_a_detail_outside_the_list_is_a_mistake(kit) -> None:
    with pytest.raises(ValueError, match="patient_name"):
        async with kit.database.transaction((NORTH,)) as tx:
            await audit.record(tx, "read", "Claim", "c-1", details={"patient_name": "x"})


async def test_text_in_a_detail_or_an_id_is_kept_as_its_hash(kit) -> None:
    async with kit.database.transaction((NORTH,)) as tx:
        await audit.record(tx, "read", "Claim", "Maria Muster", details={"request_id": "my note"})
    row = await kit.superuser.fetchrow("SELECT resource_id, details FROM audit_record")
    assert row["resource_id"].startswith("sha256:")
    assert "note" not in row["details"]


@pytest.mark.parametrize("table", ["audit_record", "audit_block", "audit_anchored"])
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET tenant_id = tenant_id", "DELETE FROM {}", "TRUNCATE {}"]
)
async def test_not_even_a_superuser_changes_a_row_unless_triggers_are_off(
    chain, table, statement
) -> None:
    await sealed_ten(chain)
    with pytest.raises(Exception, match="never changed or removed"):
        await chain.kit.superuser.execute(statement.format(table))
    assert (await chain.verify()).intact


async def test_sealed_records_have_no_gaps_and_verify(chain) -> None:
    await sealed_ten(chain)
    await recorded(chain.kit, "c-1", tenant_id=SOUTH)
    await chain.sealer.run(chain.kit.database, (NORTH, SOUTH), NOW)
    rows = await chain.kit.superuser.fetch(f"{SEQUENCED} ORDER BY seq")
    assert [row["seq"] for row in rows] == list(range(1, 11))
    assert [row["resource_id"] for row in rows] == [f"c-{n}" for n in range(1, 11)]
    found = await chain.verify()
    assert (found.intact, found.tenants, found.blocks, found.records) == (True, 2, 4, 11)
    assert found.anchored == 4


async def test_sealing_when_nothing_waits_makes_no_block(chain) -> None:
    await sealed_ten(chain)
    assert await chain.sealer.run(chain.kit.database, (NORTH, SOUTH), NOW) == 0
    assert await chain.sealer.run(chain.kit.database, (), NOW) == 0
    assert await chain.kit.superuser.fetchval("SELECT count(*) FROM audit_block") == 3


async def test_a_record_that_commits_late_is_sealed_all_the_same(chain) -> None:
    """Its id is older than those of a block that is sealed before it commits."""
    database = chain.kit.database
    async with database.transaction((NORTH,)) as late:
        await audit.record(late, "read", "Claim", "late")
        await recorded(chain.kit, "early")
        assert await chain.sealer.run(database, (NORTH,), NOW) == 1
    assert await chain.sealer.run(database, (NORTH,), NOW) == 1
    rows = await chain.kit.superuser.fetch(f"{SEQUENCED} ORDER BY seq")
    assert [row["resource_id"] for row in rows] == ["early", "late"]
    assert (await chain.verify()).intact


async def test_many_sealers_and_writers_at_once_make_one_chain(chain) -> None:
    """Goal: no fork, no gap, no loss. Four sealers run against six writers."""
    writing = asyncio.Event()

    async def write(writer):
        for number in range(25):
            await recorded(chain.kit, f"w{writer}-{number}", tenant_id=(NORTH, SOUTH)[number % 2])

    async def seal():
        while not writing.is_set():
            await chain.sealer.run(chain.kit.database, (NORTH, SOUTH), NOW)
            await asyncio.sleep(0)

    sealers = [asyncio.create_task(seal()) for _ in range(4)]
    await asyncio.gather(*(write(writer) for writer in range(6)))
    writing.set()
    await asyncio.gather(*sealers)
    await chain.sealer.run(chain.kit.database, (NORTH, SOUTH), NOW)
    found = await chain.verify()
    assert found.findings == ()
    assert found.records == 150
    numbers = await chain.kit.superuser.fetch(
        "SELECT tenant_id, count(*), max(block_number) FROM audit_block GROUP BY 1"
    )
    assert all(row["count"] == row["max"] for row in numbers)


async def test_a_sealer_passes_by_while_another_one_works(chain) -> None:
    await recorded(chain.kit, "c-1")
    async with chain.kit.database.transaction((NORTH,)) as other:
        assert await storage.lock_chain(other)
        assert await chain.sealer.run(chain.kit.database, (NORTH,), NOW) == 0
    assert await chain.sealer.run(chain.kit.database, (NORTH,), NOW) == 1


async def test_a_crash_between_commit_and_anchor_is_made_good(chain) -> None:
    async def broken(_heads):
        raise OSError(28, "No space left on device")

    failing = AuditSealer(chain.signer, (broken,), block_records_max=4)
    await recorded(chain.kit, "c-1", "c-2")
    with pytest.raises(OSError, match="No space"):
        await failing.run(chain.kit.database, (NORTH,), NOW)
    assert await chain.anchor.read() == {}
    assert await chain.sealer.run(chain.kit.database, (NORTH,), NOW) == 0
    assert [head.block_number for head in (await chain.anchor.read())[NORTH]] == [1]
    assert (await chain.verify()).intact


# --- tampering ----------------------------------------------------------------------------------

RECORD_ID = f"(SELECT record_id FROM ({SEQUENCED}) s WHERE seq = {{seq}})"


def at(seq):
    return RECORD_ID.format(seq=seq)


CUT_TAIL = (
    f"DELETE FROM audit_record WHERE record_id IN"
    f" (SELECT record_id FROM ({SEQUENCED}) s WHERE block_number = 3)",
    "DELETE FROM audit_block WHERE block_number = 3",
    "DELETE FROM audit_anchored WHERE block_number = 3",
)
SWAP = (
    f"""UPDATE audit_record SET resource_id = CASE record_id
          WHEN {at(3)} THEN 'c-6' ELSE 'c-3' END
        WHERE record_id IN ({at(3)}, {at(6)})""",
)

TAMPERINGS = [
    (
        "one byte",
        (f"UPDATE audit_record SET actor = 'clinic-8' WHERE record_id = {at(6)}",),
        (FindingKind.RECORD_CHANGED, 2, 6),
    ),
    (
        "one detail",
        (f"UPDATE audit_record SET details = '{{\"status\": 201}}' WHERE record_id = {at(1)}",),
        (FindingKind.RECORD_CHANGED, 1, 1),
    ),
    (
        "a detail that cannot be hashed",
        (
            "UPDATE audit_record SET details = jsonb_build_object('status', 1e30::numeric)"
            f" WHERE record_id = {at(6)}",
        ),
        (FindingKind.RECORD_CHANGED, 2, 6),
    ),
    (
        "a block's hash of a record",
        (
            "ALTER TABLE audit_block DROP CONSTRAINT audit_block_check",
            "UPDATE audit_block SET record_hashes = record_hashes[:3] WHERE block_number = 2",
        ),
        (FindingKind.BLOCK_CHANGED, 2, None),
    ),
    (
        "a row in the middle",
        (f"DELETE FROM audit_record WHERE record_id = {at(5)}",),
        (FindingKind.RECORD_MISSING, 2, 5),
    ),
    (
        "the last row",
        (f"DELETE FROM audit_record WHERE record_id = {at(10)}",),
        (FindingKind.RECORD_MISSING, 3, 10),
    ),
    ("the tail with its block", CUT_TAIL, (FindingKind.CHAIN_CUT, 3, 10)),
    ("two rows swapped", SWAP, (FindingKind.RECORD_CHANGED, 1, 3)),
    (
        "two rows swapped in a block",
        (
            "UPDATE audit_block SET record_ids ="
            " ARRAY[record_ids[2], record_ids[1]] || record_ids[3:] WHERE block_number = 2",
        ),
        (FindingKind.RECORD_CHANGED, 2, 5),
    ),
    (
        "a block in the middle",
        ("DELETE FROM audit_block WHERE block_number = 2",),
        (FindingKind.BLOCK_MISSING, 2, 5),
    ),
    (
        "a block's time",
        ("UPDATE audit_block SET sealed_at = now() WHERE block_number = 2",),
        (FindingKind.BLOCK_CHANGED, 2, None),
    ),
    (
        "everything",
        ("TRUNCATE audit_record, audit_block, audit_unsealed, audit_anchored, tenant",),
        (FindingKind.CHAIN_CUT, 1, 4),
    ),
    (
        "a record slipped in",
        (
            f"""INSERT INTO audit_record (tenant_id, record_id, actor, action, resource_type,
                resource_id) VALUES ('{NORTH}', gen_random_uuid(), 'x', 'read', 'Claim', 'c')""",
        ),
        (FindingKind.RECORD_UNBOUND, None, None),
    ),
]


@pytest.mark.parametrize(
    ("statements", "expected"),
    [case[1:] for case in TAMPERINGS],
    ids=[case[0] for case in TAMPERINGS],
)
async def test_tampering_is_found_and_its_first_row_is_named(chain, statements, expected) -> None:
    await sealed_ten(chain)
    assert (await chain.verify()).intact
    await chain.meddle(*statements)
    found = (await chain.verify()).findings
    assert found
    first = found[0]
    assert (first.kind, first.block_number, first.seq) == expected
    assert first.tenant_id == NORTH


async def test_the_control_without_the_anchor_a_cut_tail_goes_unnoticed(chain) -> None:
    """The chain that is left is whole in itself: only what is kept outside knows of more."""
    await sealed_ten(chain)
    await chain.meddle(*CUT_TAIL)
    assert (await chain.verify(anchored=False)).intact
    assert not (await chain.verify()).intact


async def test_a_chain_made_anew_by_the_databases_administrator_is_found(chain) -> None:
    """Rewritten from the changed record on, with correct hashes, under a key of one's own."""
    await sealed_ten(chain)
    await chain.meddle(
        f"UPDATE audit_record SET actor = 'nobody' WHERE record_id = {at(2)}",
        "INSERT INTO audit_unsealed SELECT tenant_id, record_id FROM audit_record",
        "TRUNCATE audit_block, audit_anchored",
    )
    forger = Signer.create(chain.directory / "forger")
    outside = FileAnchor(chain.directory / "forged.jsonl", "security")
    forged = AuditSealer(forger, (outside,), block_records_max=4)
    assert await forged.run(chain.kit.database, (NORTH,), NOW) == 10
    kinds = {found.kind for found in (await chain.verify()).findings}
    assert {FindingKind.SIGNATURE_WRONG, FindingKind.ANCHOR_DIFFERS} <= kinds
    unanchored = {found.kind for found in (await chain.verify(anchored=False)).findings}
    assert unanchored == {FindingKind.SIGNATURE_WRONG}


async def test_a_stolen_signing_key_does_not_help_against_the_anchor(chain) -> None:
    await sealed_ten(chain)
    await chain.meddle(
        f"UPDATE audit_record SET actor = 'nobody' WHERE record_id = {at(2)}",
        "INSERT INTO audit_unsealed SELECT tenant_id, record_id FROM audit_record",
        "TRUNCATE audit_block, audit_anchored",
    )
    outside = FileAnchor(chain.directory / "forged.jsonl", "security")
    forged = AuditSealer(chain.signer, (outside,), block_records_max=4)
    await forged.run(chain.kit.database, (NORTH,), NOW)
    assert (await chain.verify(anchored=False)).intact
    [first, *_] = (await chain.verify()).findings
    assert (first.kind, first.block_number) == (FindingKind.ANCHOR_DIFFERS, 1)


async def test_a_record_deleted_before_it_was_sealed_leaves_a_hole_that_is_seen(chain) -> None:
    await recorded(chain.kit, "c-1", "c-2", "c-3")
    await chain.meddle("DELETE FROM audit_record WHERE resource_id = 'c-2'")
    await chain.sealer.run(chain.kit.database, (NORTH,), NOW)
    [found] = (await chain.verify()).findings
    assert (found.kind, found.seq) == (FindingKind.RECORD_MISSING, 2)


async def test_a_record_taken_out_of_the_queue_is_seen(chain) -> None:
    await recorded(chain.kit, "c-1")
    async with chain.kit.database.transaction((NORTH,)) as tx:
        await tx.execute("DELETE FROM audit_unsealed")
    await chain.sealer.run(chain.kit.database, (NORTH,), NOW)
    [found] = (await chain.verify()).findings
    assert found.kind is FindingKind.RECORD_UNBOUND


async def test_a_sealer_that_stands_still_is_seen(chain) -> None:
    await recorded(chain.kit, "c-1")
    assert (await chain.verify()).intact
    await chain.meddle("UPDATE audit_record SET recorded_at = now() - interval '2 hours'")
    [found] = (await chain.verify()).findings
    assert found.kind is FindingKind.RECORD_WAITING


async def test_an_anchor_that_lost_its_end_is_seen(chain) -> None:
    await sealed_ten(chain)
    chain.cut_anchor()
    [found] = (await chain.verify()).findings
    assert (found.kind, found.block_number) == (FindingKind.ANCHOR_LOST, 3)
