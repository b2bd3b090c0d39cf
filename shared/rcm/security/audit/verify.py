"""Reading the whole chain again: does every row still say what it said when it was sealed?"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from rcm.db import Database, Tx
from rcm.security.audit import storage
from rcm.security.audit.anchor import FileAnchor
from rcm.security.audit.chain import (
    Block,
    BlockHead,
    Finding,
    FindingKind,
    StoredRecord,
    check_anchored,
    check_anchors,
    check_block,
)
from rcm.security.audit.signing import Verifiers

BLOCKS_AT_ONCE = 20
UNBOUND_MAX = 100


@dataclass(frozen=True, slots=True)
class Verification:
    """`findings` are in chain order within a tenant: the first is the first bad row."""

    tenants: int
    blocks: int
    records: int
    anchored: int
    findings: tuple[Finding, ...]

    @property
    def intact(self) -> bool:
        return not self.findings


@dataclass(slots=True)
class _Read:
    """What was read so far, and what was wrong with it."""

    blocks: int = 0
    records: int = 0
    findings: list[Finding] = field(default_factory=list)
    anchored: dict[UUID, list[int]] = field(default_factory=dict)


async def verify(
    database: Database, verifiers: Verifiers, anchor: FileAnchor | None
) -> Verification:
    """Check every tenant's chain against its records, its signatures and what is known outside.

    None leaves the anchor out, and then a chain that was cut at its end looks whole.
    """
    # Read before the database: whatever is anchored by now must be seen there.
    outside = await anchor.read() if anchor else {}
    async with database.transaction() as tx:
        known = await tx.fetch("SELECT tenant_id FROM tenant")
    # A tenant that was removed with all its rows is still known outside.
    tenants = sorted({row["tenant_id"] for row in known} | set(outside))
    read = _Read()
    for tenant_id in tenants:
        async with database.transaction((tenant_id,)) as tx:
            await storage.read_steadily(tx)
            await _verify_tenant(tx, verifiers, outside.get(tenant_id, ()), read)
    if anchor:
        # Read after the database: whatever it says is anchored must be there by now.
        now_outside = await anchor.read()
        for tenant_id, numbers in read.anchored.items():
            read.findings += check_anchored(tenant_id, numbers, now_outside.get(tenant_id, ()))
    heads = sum(len(found) for found in outside.values())
    return Verification(len(tenants), read.blocks, read.records, heads, tuple(read.findings))


async def _verify_tenant(
    tx: Tx, verifiers: Verifiers, outside: Sequence[BlockHead], read: _Read
) -> None:
    heads: dict[int, bytes] = {}
    previous: BlockHead | None = None
    async for block, records in _blocks(tx):
        read.blocks += 1
        read.records += len(block.record_ids)
        read.findings += _check(block, records, previous=previous, verifiers=verifiers)
        previous = block.head()
        heads[block.block_number] = block.block_hash
    read.findings += check_anchors(tx.tenant_id, heads, outside)
    read.anchored[tx.tenant_id] = await storage.anchored_numbers(tx)
    for record_id, waiting in await storage.unbound(tx, UNBOUND_MAX):
        read.findings.append(_unbound(tx.tenant_id, record_id, waiting=waiting))


async def _blocks(tx: Tx) -> AsyncIterator[tuple[Block, Mapping[UUID, StoredRecord]]]:
    """The chain in order, a few blocks at a time."""
    last = 0
    while blocks := await storage.blocks_after(tx, last, BLOCKS_AT_ONCE):
        ids = [record_id for block in blocks for record_id in block.record_ids]
        records = await storage.records_of(tx, ids)
        for block in blocks:
            yield block, records
        last = blocks[-1].block_number


def _check(
    block: Block,
    records: Mapping[UUID, StoredRecord],
    *,
    previous: BlockHead | None,
    verifiers: Verifiers,
) -> Iterator[Finding]:
    yield from check_block(block, records, previous)
    if not verifiers.accept(block.signing_key_id, block.signature, block.block_hash):
        sentence = f"block {block.block_number} is not signed by a trusted key"
        yield Finding(
            block.tenant_id,
            FindingKind.SIGNATURE_WRONG,
            sentence,
            block.block_number,
            block.first_seq,
        )


def _unbound(tenant_id: UUID, record_id: UUID, *, waiting: bool) -> Finding:
    kind = FindingKind.RECORD_WAITING if waiting else FindingKind.RECORD_UNBOUND
    sentence = (
        f"record {record_id} waits for longer than an hour: is the sealer running?"
        if waiting
        else f"record {record_id} is in no block and was taken out of the queue"
    )
    return Finding(tenant_id, kind, sentence, record_id=record_id)


def first_per_tenant(findings: Sequence[Finding]) -> list[Finding]:
    """The first bad row of each tenant; what follows is often only its consequence."""
    first: dict[UUID, Finding] = {}
    for found in findings:
        first.setdefault(found.tenant_id, found)
    return list(first.values())
