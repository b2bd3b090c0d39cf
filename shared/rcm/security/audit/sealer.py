"""The background job that binds records into blocks, never in the transaction that made them.

(A chain inside the posting transaction was measured at a third of the throughput.) Several sealers
may run: per tenant, one works and the others pass by. A block is committed first and anchored
after; a crash between the two is made good by the next run, so what is anchored always exists.
"""

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

from rcm.db import Database, Tx
from rcm.security.audit import storage
from rcm.security.audit.anchor import Anchor, FileAnchor
from rcm.security.audit.chain import GENESIS, MISSING, Block, StoredRecord
from rcm.security.audit.signing import Signer
from rcm.settings import Settings

BLOCK_RECORDS_MAX = 1000
ANCHOR_BATCH = 500
ACTOR = "audit-sealer"


class AuditSealer:
    """Seals what waits. Call `run` every few seconds; more often only makes smaller blocks."""

    def __init__(
        self,
        signer: Signer,
        anchors: Sequence[Anchor],
        *,
        block_records_max: int = BLOCK_RECORDS_MAX,
    ) -> None:
        self._signer = signer
        self._anchors = tuple(anchors)
        self._block_records_max = block_records_max

    @classmethod
    def of(cls, settings: Settings, service: str, *more: Anchor) -> Self | None:
        """The sealer that a service's settings ask for; None when they name no key or no file."""
        if settings.audit_signing_key_file is None or settings.audit_anchor_file is None:
            return None
        signer = Signer.load(settings.audit_signing_key_file)
        return cls(signer, (FileAnchor(settings.audit_anchor_file, service), *more))

    async def run(self, database: Database, tenants: Sequence[UUID], now: datetime) -> int:
        """Seal and anchor everything that waits for these tenants; the number of sealed records."""
        if not tenants:
            return 0
        async with database.transaction(tenants, actor=ACTOR) as tx:
            waiting = await storage.waiting_tenants(tx)
        sealed = 0
        for tenant_id in waiting:
            while count := await self._seal_block(database, tenant_id, now):
                sealed += count
                if count < self._block_records_max:
                    break
            await self._anchor(database, tenant_id)
        return sealed

    async def _seal_block(self, database: Database, tenant_id: UUID, now: datetime) -> int:
        async with database.transaction((tenant_id,), actor=ACTOR) as tx:
            if not await storage.lock_chain(tx):
                return 0
            taken = await storage.take_waiting(tx, self._block_records_max)
            if taken:
                await storage.add_block(tx, await self._next_block(tx, taken, now))
        return len(taken)

    async def _next_block(
        self, tx: Tx, taken: Sequence[tuple[UUID, StoredRecord | None]], now: datetime
    ) -> Block:
        previous = await storage.last_block(tx)
        block = Block(
            tenant_id=tx.tenant_id,
            block_number=previous.block_number + 1 if previous else 1,
            first_seq=previous.last_seq + 1 if previous else 1,
            record_ids=tuple(record_id for record_id, _ in taken),
            record_hashes=tuple(
                found.hash(tx.tenant_id) if found else MISSING for _, found in taken
            ),
            previous_hash=previous.block_hash if previous else GENESIS,
            sealed_at=now,
            block_hash=b"",
            signing_key_id=self._signer.key_id,
            signature=b"",
        )
        block_hash = block.expected_hash()
        return dataclasses.replace(
            block, block_hash=block_hash, signature=self._signer.sign(block_hash)
        )

    async def _anchor(self, database: Database, tenant_id: UUID) -> None:
        """Give new heads to every anchor, then note that it was done."""
        async with database.transaction((tenant_id,), actor=ACTOR) as tx:
            blocks = await storage.unanchored(tx, ANCHOR_BATCH)
        if not blocks:
            return
        for anchor in self._anchors:
            await anchor([block.head() for block in blocks])
        async with database.transaction((tenant_id,), actor=ACTOR) as tx:
            await storage.add_anchored(tx, [block.block_number for block in blocks])
