"""Claims beside their floor: intake (decode, build, scrub, save, book, publish) and 835 posting.

Both go through claims-svc's own handlers on a real database, a batch a transaction, as a worker
gives them. The floor decodes the same events, opens the same person blocks, and writes each event
once with a bare insert: no claim, no books, no history, no events. Work and floor alternate in one
run, so that both meet the same machine. CPU is this process's own; wall includes PostgreSQL.
"""

import gc
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg
from rich.console import Console
from rich.table import Table

from claims_svc.app import service
from rcm.contracts.base import Event
from rcm.contracts.claims import ClaimReady
from rcm.contracts.coding import EncounterCoded
from rcm.contracts.payer import ClaimPaymentReported
from rcm.events import Received
from rcm.events.received import aad
from rcm.ids import new_id
from rcm.testing.claims import coded, paid_line, payment
from rcm.testing.claims import service as line
from rcm.testing.service import ServiceUnderTest, service_under_test
from rcm_local.providers import Addresses

CLAIMS, BATCH = 12_000, 500
GOAL_PER_SECOND = 1_500
FLOOR = "CREATE TABLE floor_event (event_id uuid PRIMARY KEY, value bytea NOT NULL)"


@dataclass(frozen=True)
class Wire:
    """An event as it lies on its topic."""

    kind: type[Event]
    event_id: UUID
    value: bytes


@dataclass
class Spent:
    """What a kind of work took so far."""

    claims: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    started: tuple[float, float] = field(default=(0.0, 0.0))

    def __enter__(self) -> "Spent":
        self.started = (time.perf_counter(), time.process_time())
        return self

    def __exit__(self, *_: object) -> None:
        self.wall_s += time.perf_counter() - self.started[0]
        self.cpu_s += time.process_time() - self.started[1]

    @property
    def cells(self) -> tuple[str, str]:
        return f"{self.claims / self.wall_s:,.0f}", f"{self.cpu_s / self.claims * 1e6:,.0f}"


async def main(console: Console, addresses: Addresses) -> None:
    """Claims a second, ours and bare."""
    # As a worker has it (`rcm.service.runtime`).
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    table = Table("work", "claims/s", "CPU µs/claim", "floor/s", "floor µs", "ratio", box=None)
    async with service_under_test(service, addresses.postgres_admin_url) as claims:
        bare = await asyncpg.connect(claims.urls.owner)
        await bare.execute(FLOOR)
        await _row(table, claims, bare, "intake", _codings(claims))
        payments = await _payments(claims)
        await _row(table, claims, bare, "835 posting", payments)
        await bare.close()
    console.print(table)
    console.print(f"goal: {GOAL_PER_SECOND:,} claims/s a worker process, database included")


async def _row(
    table: Table,
    claims: ServiceUnderTest,
    bare: asyncpg.Connection,
    name: str,
    events: Sequence[Wire],
) -> None:
    ours, floor = Spent(), Spent()
    for start in range(0, len(events), BATCH):
        batch = events[start : start + BATCH]
        with floor:
            await _bare(claims, bare, batch)
        with ours:
            await _work(claims, batch)
        ours.claims += len(batch)
        floor.claims += len(batch)
    ratio = floor.wall_s / ours.wall_s
    table.add_row(name, *ours.cells, *floor.cells, f"{ratio:.2f}")


async def _work(claims: ServiceUnderTest, batch: Sequence[Wire]) -> None:
    received = [_received(found) for found in batch]
    handler = claims.service.subscriptions.handlers[batch[0].kind]
    async with claims.database.transaction((claims.tenant,), actor="bench") as tx:
        # The consumer's gate plans each batch by its own arrays, and so does this.
        await tx.execute("SELECT set_config('plan_cache_mode', 'force_custom_plan', true)")
        await handler(received, tx)


async def _bare(claims: ServiceUnderTest, bare: asyncpg.Connection, batch: Sequence[Wire]) -> None:
    for found in batch:
        received = _received(found)
        if found.kind.person_field is not None:
            received.open(claims.keyring)
    await bare.execute(
        "INSERT INTO floor_event SELECT * FROM unnest($1::uuid[], $2::bytea[])",
        [found.event_id for found in batch],
        [found.value for found in batch],
    )


def _received(found: Wire) -> Received[Event]:
    return Received.of(found.kind.model_validate_json(found.value), event_id=found.event_id)


def _codings(claims: ServiceUnderTest) -> list[Wire]:
    """Encounters of two lines, person blocks sealed."""
    return [
        _wire(claims, coded(line("99213", 12_500), line("36415", 1_500), tenant_id=claims.tenant))
        for _ in range(CLAIMS)
    ]


async def _payments(claims: ServiceUnderTest) -> list[Wire]:
    """The payer's answer to every claim: paid in part, contractual, coinsurance."""
    return [
        _wire(claims, _answer(ready, ordinal))
        for ordinal, ready in enumerate(await claims.published(ClaimReady), 1)
    ]


def _answer(ready: ClaimReady, ordinal: int) -> ClaimPaymentReported:
    visit, draw = (found.line_control_number for found in ready.lines)
    return payment(
        ready.patient_control_number,
        paid_line(visit, "99213", 12_500, 8_000, ("CO", "45", 3_000), ("PR", "2", 1_500)),
        paid_line(draw, "36415", 1_500, 1_000, ("CO", "45", 500)),
        ordinal=ordinal,
    )


def _wire(claims: ServiceUnderTest, event: EncounterCoded | ClaimPaymentReported) -> Wire:
    event_id = new_id()
    if isinstance(event, EncounterCoded) and event.person.value is not None:
        place = aad(event.tenant_id, type(event).__name__, str(event_id))
        plaintext = event.person.value.model_dump_json().encode()
        event = event.with_sealed(claims.keyring.seal(event.tenant_id, plaintext, place))
    return Wire(type(event), event_id, event.model_dump_json().encode())
