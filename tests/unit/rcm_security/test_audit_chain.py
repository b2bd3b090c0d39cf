"""The chain without a database: any change to any part of it is found, and named."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcm.security.audit import AuditKeyUnusable, FileAnchor, FindingKind, Signer, Verifiers
from rcm.security.audit.chain import (
    GENESIS,
    Block,
    BlockHead,
    StoredRecord,
    check_anchored,
    check_anchors,
    check_block,
)
from rcm.security.audit.records import plain

TENANT = UUID("7e57c0de-0000-4000-8000-000000000001")
OTHER = UUID("7e57c0de-0000-4000-8000-000000000002")
MOMENT = datetime(2026, 3, 2, 9, 30, 0, 123456, tzinfo=UTC)
RECORD = StoredRecord(
    UUID(int=1), MOMENT, "clinic-7", "read", "Claim", "claim-1", {"status": 200, "route": "GET /x"}
)
OTHERWISE: dict[str, Any] = {
    "record_id": UUID(int=9),
    "recorded_at": MOMENT + timedelta(microseconds=1),
    "actor": "clinic-8",
    "action": "update",
    "resource_type": "Encounter",
    "resource_id": "claim-2",
    "details": {"status": "200", "route": "GET /x"},
}


def chain(*sizes: int) -> tuple[list[Block], dict[UUID, StoredRecord]]:
    """An intact chain with blocks of these sizes, and its records."""
    blocks: list[Block] = []
    records = {
        UUID(int=n): replace(RECORD, record_id=UUID(int=n)) for n in range(1, sum(sizes) + 1)
    }
    first = 1
    for number, size in enumerate(sizes, 1):
        ids = tuple(UUID(int=n) for n in range(first, first + size))
        previous = blocks[-1].block_hash if blocks else GENESIS
        hashes = tuple(records[found].hash(TENANT) for found in ids)
        block = Block(
            TENANT, number, first, ids, hashes, previous, MOMENT, b"", "key", b"signature"
        )
        blocks.append(replace(block, block_hash=block.expected_hash()))
        first += size
    return blocks, records


def kinds(blocks: list[Block], records: dict[UUID, StoredRecord]) -> list[FindingKind]:
    heads = [None, *(block.head() for block in blocks)]
    return [
        found.kind
        for block, previous in zip(blocks, heads, strict=False)
        for found in check_block(block, records, previous)
    ]


def test_an_intact_chain_has_no_findings() -> None:
    blocks, records = chain(3, 1, 2)
    assert kinds(blocks, records) == []
    assert [(b.first_seq, b.last_seq) for b in blocks] == [(1, 3), (4, 4), (5, 6)]
    assert all(a.last_seq + 1 == b.first_seq for a, b in pairwise(blocks))


@pytest.mark.parametrize("column", [field.name for field in fields(StoredRecord)])
def test_every_column_of_a_record_counts(column: str) -> None:
    assert replace(RECORD, **{column: OTHERWISE[column]}).hash(TENANT) != RECORD.hash(TENANT)


def test_a_record_of_another_tenant_has_another_hash() -> None:
    assert RECORD.hash(TENANT) != RECORD.hash(OTHER)


@given(left=st.text(max_size=8), right=st.text(max_size=8), cut=st.integers(0, 16))
def test_columns_do_not_run_together(left: str, right: str, cut: int) -> None:
    joined = left + right
    moved = replace(RECORD, actor=joined[:cut], action=joined[cut:])
    same = (joined[:cut], joined[cut:]) == (left, right)
    assert (moved.hash(TENANT) == replace(RECORD, actor=left, action=right).hash(TENANT)) is same


def test_the_zone_of_a_moment_and_the_order_of_details_do_not_count() -> None:
    elsewhere = MOMENT.astimezone(datetime.now().astimezone().tzinfo)
    turned = dict(reversed(list(RECORD.details.items())))
    assert replace(RECORD, recorded_at=elsewhere, details=turned).hash(TENANT) == RECORD.hash(
        TENANT
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"record_hashes": (bytes(32), bytes(32))}, FindingKind.BLOCK_CHANGED),
        ({"sealed_at": MOMENT + timedelta(seconds=1)}, FindingKind.BLOCK_CHANGED),
        ({"previous_hash": bytes(32)}, FindingKind.BLOCK_CHANGED),
        ({"first_seq": 5}, FindingKind.BLOCK_CHANGED),
        ({"block_number": 7}, FindingKind.BLOCK_CHANGED),
        ({"record_ids": (UUID(int=4), UUID(int=3))}, FindingKind.BLOCK_CHANGED),
        ({"block_hash": bytes(32)}, FindingKind.BLOCK_CHANGED),
        ({"tenant_id": OTHER}, FindingKind.BLOCK_CHANGED),
    ],
)
def test_every_part_of_a_block_counts(change: dict[str, Any], expected: FindingKind) -> None:
    blocks, records = chain(2, 2, 2)
    blocks[1] = replace(blocks[1], **change)
    assert expected in kinds(blocks, records)


def test_a_block_that_is_made_anew_no_longer_fits_the_next() -> None:
    blocks, records = chain(2, 2)
    made = replace(blocks[0], sealed_at=MOMENT + timedelta(days=1))
    blocks[0] = replace(made, block_hash=made.expected_hash())
    assert kinds(blocks, records) == [FindingKind.BLOCK_UNLINKED]


def test_a_missing_block_is_named_with_its_sequence() -> None:
    blocks, records = chain(2, 3, 2)
    [found] = check_block(blocks[2], records, blocks[0].head())
    assert (found.kind, found.block_number, found.seq) == (FindingKind.BLOCK_MISSING, 2, 3)


def test_a_chain_without_its_beginning_is_noticed() -> None:
    blocks, records = chain(2, 2)
    assert [found.kind for found in check_block(blocks[1], records, None)] == [
        FindingKind.BLOCK_MISSING
    ]


def test_the_outside_heads_find_a_cut_and_a_replaced_chain() -> None:
    blocks, _ = chain(2, 2, 2)
    outside = [block.head() for block in blocks]
    heads = {block.block_number: block.block_hash for block in blocks}
    assert list(check_anchors(TENANT, heads, outside)) == []
    [cut] = check_anchors(TENANT, {1: heads[1], 2: heads[2]}, outside)
    assert (cut.kind, cut.block_number, cut.seq) == (FindingKind.CHAIN_CUT, 3, 6)
    [differs] = check_anchors(TENANT, heads | {2: bytes(32)}, outside)
    assert (differs.kind, differs.block_number) == (FindingKind.ANCHOR_DIFFERS, 2)


def test_a_head_that_the_anchor_lost_is_noticed() -> None:
    outside = [BlockHead(TENANT, 1, 2, bytes(32))]
    assert list(check_anchored(TENANT, [1], outside)) == []
    [lost] = check_anchored(TENANT, [1, 2, 3], outside)
    assert (lost.kind, lost.block_number) == (FindingKind.ANCHOR_LOST, 2)


def test_only_the_key_itself_signs(tmp_path: Path) -> None:
    signer = Signer.create(tmp_path / "key")
    trusted = Verifiers.load([tmp_path / "key.pub"])
    signature = signer.sign(bytes(32))
    assert trusted.accept(signer.key_id, signature, bytes(32))
    assert Signer.load(tmp_path / "key").verifiers().accept(signer.key_id, signature, bytes(32))
    assert not trusted.accept(signer.key_id, signature, b"\x01" * 32)
    assert not trusted.accept("nobody", signature, bytes(32))
    stranger = Signer.create(tmp_path / "stranger")
    assert not trusted.accept(signer.key_id, stranger.sign(bytes(32)), bytes(32))
    with pytest.raises(FileExistsError):
        Signer.create(tmp_path / "key")


@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN nothing"])
def test_an_unusable_signing_key_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    with pytest.raises(AuditKeyUnusable, match="key"):
        Signer.load(tmp_path / "key")


async def test_an_anchor_file_outlives_a_writer_that_was_killed_in_a_line(tmp_path: Path) -> None:
    anchor = FileAnchor(tmp_path / "anchor.jsonl", "claims-svc")
    heads = [BlockHead(TENANT, number, number * 10, bytes(32)) for number in (1, 2, 3)]
    await anchor(heads[:1])
    with (tmp_path / "anchor.jsonl").open("ab") as file:
        file.write(b'{"service": "claims-svc", "tenant_')
    await anchor(heads[1:])
    await FileAnchor(tmp_path / "anchor.jsonl", "coding-svc")([BlockHead(OTHER, 1, 1, bytes(32))])
    assert await anchor.read() == {TENANT: heads}


async def test_a_missing_anchor_file_has_no_heads(tmp_path: Path) -> None:
    assert await FileAnchor(tmp_path / "none", "claims-svc").read() == {}


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (200, 200),
        ("7e57c0de-0000-4000-8000-000000000001", "7e57c0de-0000-4000-8000-000000000001"),
        (TENANT, str(TENANT)),
        ("CO-45", "CO-45"),
        ("POST /claims/{claim_id}:hold", "POST /claims/{claim_id}:hold"),
        ("auth0|5f7c8ec7", "auth0|5f7c8ec7"),
        (2**70, str(2**70)),
    ],
)
def test_ids_and_codes_are_kept(value: UUID | str | int, kept: str | int) -> None:
    assert plain(value) == kept


@pytest.mark.parametrize(
    "value", ["Maria Muster", "has diabetes", "a\nb", "", "x" * 300, "né", "POST  /x y"]
)
def test_text_is_kept_only_as_its_hash(value: str) -> None:
    found = plain(value)
    assert isinstance(found, str)
    assert found.startswith("sha256:")
    assert len(found) == 71
