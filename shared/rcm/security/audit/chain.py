"""The chain itself, without any I/O: what is hashed, what a block binds, what is found wrong.

A record's hash covers all of its columns. A block binds its tenant, number, first sequence number,
the previous block's hash, its time, and id and hash of each record in order; the sequence number of
a record is the block's first plus its place, so sequences have no gaps by construction. A block's
hash is signed, and kept outside the database.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

import orjson

GENESIS = bytes(32)
"""The hash before the first block."""

MISSING = bytes(32)
"""In place of the hash of a record that was gone before it could be sealed: proof that it was."""


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record as the database gives it back."""

    record_id: UUID
    recorded_at: datetime
    actor: str
    action: str
    resource_type: str
    resource_id: str
    details: Mapping[str, str | int]

    def hash(self, tenant_id: UUID) -> bytes:
        return _hash(
            "rcm.audit.record.1",
            str(tenant_id),
            str(self.record_id),
            _moment(self.recorded_at),
            self.actor,
            self.action,
            self.resource_type,
            self.resource_id,
            dict(self.details),
        )


@dataclass(frozen=True, slots=True)
class Block:
    """Some records of one tenant, bound together and to the block before."""

    tenant_id: UUID
    block_number: int
    first_seq: int
    record_ids: tuple[UUID, ...]
    record_hashes: tuple[bytes, ...]
    previous_hash: bytes
    sealed_at: datetime
    block_hash: bytes
    signing_key_id: str
    signature: bytes

    @property
    def last_seq(self) -> int:
        return self.first_seq + len(self.record_ids) - 1

    def head(self) -> "BlockHead":
        return BlockHead(self.tenant_id, self.block_number, self.last_seq, self.block_hash)

    def expected_hash(self) -> bytes:
        """What `block_hash` has to be."""
        bound = zip(self.record_ids, self.record_hashes, strict=False)
        return _hash(
            "rcm.audit.block.1",
            str(self.tenant_id),
            self.block_number,
            self.first_seq,
            self.previous_hash.hex(),
            _moment(self.sealed_at),
            [[str(record_id), digest.hex()] for record_id, digest in bound],
        )


@dataclass(frozen=True, slots=True)
class BlockHead:
    """What is kept of a block outside the database."""

    tenant_id: UUID
    block_number: int
    last_seq: int
    block_hash: bytes


class FindingKind(StrEnum):
    """What can be wrong, most telling first within a place."""

    RECORD_MISSING = "record_missing"
    RECORD_CHANGED = "record_changed"
    BLOCK_CHANGED = "block_changed"
    BLOCK_MISSING = "block_missing"
    BLOCK_UNLINKED = "block_unlinked"
    SIGNATURE_WRONG = "signature_wrong"
    ANCHOR_DIFFERS = "anchor_differs"
    CHAIN_CUT = "chain_cut"
    RECORD_UNBOUND = "record_unbound"
    RECORD_WAITING = "record_waiting"
    ANCHOR_LOST = "anchor_lost"


@dataclass(frozen=True, slots=True)
class Finding:
    """One row that is not what it was. Ids only."""

    tenant_id: UUID
    kind: FindingKind
    sentence: str
    block_number: int | None = None
    seq: int | None = None
    record_id: UUID | None = None


def check_block(
    block: Block, records: Mapping[UUID, StoredRecord], previous: BlockHead | None
) -> Iterator[Finding]:
    """What is wrong with one block and its records, rows first."""
    number, tenant = block.block_number, block.tenant_id
    yield from _check_records(block, records)
    torn = len(block.record_ids) != len(block.record_hashes)
    if torn or block.block_hash != block.expected_hash():
        yield Finding(
            tenant,
            FindingKind.BLOCK_CHANGED,
            f"block {number} (sequence {block.first_seq} to {block.last_seq}) was rewritten",
            number,
        )
    expected = (1, 1, GENESIS)
    if previous is not None:
        expected = (previous.block_number + 1, previous.last_seq + 1, previous.block_hash)
    if number != expected[0]:
        sentence = f"block {expected[0]} is gone: block {number} follows its predecessor"
        yield Finding(tenant, FindingKind.BLOCK_MISSING, sentence, expected[0], expected[1])
    elif (block.first_seq, block.previous_hash) != expected[1:]:
        sentence = f"block {number} does not follow from the block before it"
        yield Finding(tenant, FindingKind.BLOCK_UNLINKED, sentence, number, block.first_seq)


def _check_records(block: Block, records: Mapping[UUID, StoredRecord]) -> Iterator[Finding]:
    bound = zip(block.record_ids, block.record_hashes, strict=False)
    for seq, (record_id, digest) in enumerate(bound, block.first_seq):
        found = records.get(record_id)
        if found is None:
            kind, sentence = FindingKind.RECORD_MISSING, f"record {record_id} is gone"
        elif not _still_says(found, block.tenant_id, digest):
            kind, sentence = FindingKind.RECORD_CHANGED, f"record {record_id} was changed"
        else:
            continue
        yield Finding(block.tenant_id, kind, sentence, block.block_number, seq, record_id)


def _still_says(found: StoredRecord, tenant_id: UUID, digest: bytes) -> bool:
    try:
        return found.hash(tenant_id) == digest
    except TypeError:
        # Whoever changed it put in what was never written and cannot be hashed (a huge number).
        return False


def check_anchors(
    tenant_id: UUID, heads: Mapping[int, bytes], anchored: Iterable[BlockHead]
) -> Iterator[Finding]:
    """Compare the chain (`heads`: block number to hash) with what was kept outside."""
    last = max(heads, default=0)
    for head in sorted(anchored, key=lambda found: found.block_number):
        number = head.block_number
        if number > last:
            sentence = f"the chain was cut: block {number} is known outside and gone here"
            yield Finding(tenant_id, FindingKind.CHAIN_CUT, sentence, number, head.last_seq)
        elif number in heads and heads[number] != head.block_hash:
            sentence = f"block {number} is not the one that is known outside"
            yield Finding(tenant_id, FindingKind.ANCHOR_DIFFERS, sentence, number, head.last_seq)


def check_anchored(
    tenant_id: UUID, numbers: Iterable[int], anchored: Iterable[BlockHead]
) -> Iterator[Finding]:
    """The database says which block heads (`numbers`) were kept outside: are they still there?"""
    lost = sorted(set(numbers) - {head.block_number for head in anchored})
    if lost:
        sentence = f"the anchor has lost {len(lost)} block heads, the first of block {lost[0]}"
        yield Finding(tenant_id, FindingKind.ANCHOR_LOST, sentence, lost[0])


def _hash(*parts: object) -> bytes:
    """SHA-256 of one canonical JSON array: keys sorted, no blanks, so parts cannot run together."""
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).digest()


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
