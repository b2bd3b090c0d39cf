"""The parking worker: tries the head of each parked aggregate again, and releases what waits
behind it in order once it goes through."""

import asyncio
import contextlib
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

from rcm import log
from rcm.db import Database, DatabaseUnavailable, StatementFailed, Tx
from rcm.events import gate, parking, telemetry
from rcm.events.consumer import Tenants
from rcm.events.dispatch import dispatch
from rcm.events.errors import fault_of, is_transient
from rcm.events.faults import buggify
from rcm.events.gate import Gate
from rcm.events.intake import Intake
from rcm.events.items import Fault, Item, Stream
from rcm.events.layout import received
from rcm.events.parking import TIERS
from rcm.events.received import Park
from rcm.events.session import PARKING_SPACE, Session, opened
from rcm.events.subscriptions import Subscriptions
from rcm.ids import NO_TENANT

_log = log.get(__name__)

POLL_S = 1.0
STREAMS_PER_TURN = 200
EVENTS_PER_RELEASE = 500
MEASURE_EVERY_S = 10.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one try of an aggregate did."""

    released: int
    failed: Fault | None = None


@dataclass(slots=True)
class _State:
    leads: bool = False
    released: int = 0
    failed: int = 0
    states: dict[str, int] = field(default_factory=dict)
    oldest_s: float = 0.0
    measure_due: float = 0.0


class ParkingWorker:
    """`ParkingWorker(subscriptions, database, database_url, tenants=directory.active).run(stop)`.

    One process of the service does it at a time (an advisory lock on its own direct session, by the
    app role). Each aggregate is tried in its own transaction, after 1 min, 5 min, 30 min and 2 h
    (`tiers`); then it is dead until an operator releases or drops it. A gap is due as soon as it is
    filled.
    """

    def __init__(
        self,
        subscriptions: Subscriptions,
        database: Database,
        database_url: str,
        *,
        prefix: str = "",
        tenants: Tenants | None = None,
        tiers: Sequence[timedelta] = TIERS,
        poll_s: float = POLL_S,
    ) -> None:
        self.name = subscriptions.consumer
        self._handlers = subscriptions.handlers
        self._database, self._url, self._prefix = database, database_url, prefix
        self._tenants, self._tiers, self._poll_s = tenants, tiers, poll_s
        self._intake = Intake(subscriptions.handlers, prefix=prefix)
        self._state = _State()

    def health(self) -> dict[str, Any]:
        """Parked aggregates by state, and what this process has released."""
        state = self._state
        return {
            "ready": True,
            "leads": state.leads,
            "released": state.released,
            "failed": state.failed,
            "parked_keys": dict(state.states),
            "parked_oldest_age_s": round(state.oldest_s, 3),
        }

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`; the transaction under way is finished."""
        while not stop.is_set():
            try:
                async with opened(self._url, f"{self.name}-parking") as session:
                    await self._serve(session, stop)
            except (DatabaseUnavailable, StatementFailed) as error:
                _log.warning("the parking worker starts again", error_type=type(error).__name__)
            finally:
                self._state.leads = False
            await _sleep(stop, self._poll_s)

    async def _serve(self, session: Session, stop: asyncio.Event) -> None:
        key = zlib.crc32(self.name.encode()) & 0x7FFFFFFF
        while not stop.is_set():
            if not self._state.leads:
                self._state.leads = bool(await session.try_lock(PARKING_SPACE, [key], 1))
            await session.ping()
            if self._state.leads:
                await self.turn(stop)
            await _sleep(stop, self._poll_s)

    async def turn(self, stop: asyncio.Event | None = None) -> int:
        """Try every aggregate that is due once; how many events were released."""
        known = await self._known()
        released = 0
        for stream in await self._due(known):
            if stop is not None and stop.is_set():
                break
            attempt = await self.attempt(stream)
            released += attempt.released
            self._state.failed += attempt.failed is not None
        self._state.released += released
        if released:
            telemetry.RELEASED.labels(self.name).inc(released)
            _log.info("parked events released", consumer=self.name, count=released)
        await self._measure(known)
        return released

    async def attempt(self, stream: Stream) -> Attempt:
        """Apply the aggregate's parked events in order until one fails. Also what an operator's
        `parked release` does."""
        tenants = {NO_TENANT, UUID(stream[0]), *await self._known()}
        async with self._database.transaction(tenants, actor=f"parking:{self.name}") as tx:
            buggify("parking.begun")
            # Locked first: the consumer parks and applies under the same lock.
            gates = await gate.lock(tx, self.name, [stream])
            rows = await tx.fetch(
                parking.OF_STREAM, UUID(stream[0]), self.name, *stream[1:], EVENTS_PER_RELEASE
            )
            done: list[int] = []
            failed: Fault | None = None
            for row in rows:
                failed = await self._one(tx, stream, row, gates)
                if failed is not None:
                    await self._failed(tx, stream, row, failed)
                    break
                done.append(row["pos"])
            await tx.execute(parking.REMOVE, UUID(stream[0]), self.name, stream[1], stream[2], done)
            if failed is None and len(rows) == EVENTS_PER_RELEASE:
                await tx.execute(parking.NEXT_HEAD, UUID(stream[0]), self.name, *stream[1:])
            await gate.write(tx, self.name, gates)
            buggify("parking.released")
        return Attempt(len(done), failed)

    async def _one(
        self, tx: Tx, parked: Stream, row: asyncpg.Record, gates: dict[Stream, Gate]
    ) -> Fault | None:
        """Decode again, by today's contracts and tenants, and apply if it is its turn."""
        item = self._intake.read(parking.stored_record(row, parked, self._prefix))
        if item.fault is not None:
            return item.fault
        if item.stream not in gates:
            # It had no readable tenant when it was parked, and has one now.
            gates |= await gate.lock(tx, self.name, [item.stream])
        found = gates[item.stream]
        sequence = item.sequence or row["sequence"]
        if sequence <= found.last:
            return None
        if sequence > found.last + 1 and not _begins(item, found):
            return Fault("gap", "", f"waiting for {found.last + 1}")
        fault = await self._apply(tx, item)
        if fault is None:
            found.last = sequence
            if parked != item.stream:
                gates[parked].last = max(gates[parked].last, row["sequence"])
        return fault

    async def _apply(self, tx: Tx, item: Item) -> Fault | None:
        if item.event is None:
            return None
        try:
            async with tx.savepoint():
                await dispatch(tx, received([item]), self._handlers)
                await tx.execute("SET CONSTRAINTS ALL IMMEDIATE")
                await tx.execute("SET CONSTRAINTS ALL DEFERRED")
        except Park as decision:
            return Fault("business", decision.reason, decision.detail)
        except Exception as error:
            if is_transient(error):
                raise
            return fault_of(error)
        return None

    async def _failed(self, tx: Tx, stream: Stream, row: asyncpg.Record, fault: Fault) -> None:
        # Held events become heads with their first own failure.
        attempts = row["attempts"] + 1
        tier = self._tiers[attempts - 1] if attempts <= len(self._tiers) else None
        await tx.execute(
            parking.FAILED,
            UUID(stream[0]),
            self.name,
            stream[1],
            stream[2],
            row["pos"],
            attempts,
            fault.reason,
            parking.error_of(fault),
            "waiting" if tier else "dead",
            tier,
        )

    async def _known(self) -> frozenset[UUID]:
        if self._tenants is None:
            return frozenset()
        known = frozenset(await self._tenants())
        self._intake.only(known)
        return known

    async def _due(self, known: frozenset[UUID]) -> list[Stream]:
        async with self._database.transaction({NO_TENANT, *known}) as tx:
            rows = await tx.fetch(parking.DUE, self.name, STREAMS_PER_TURN)
        return [(row["tenant_id"], row["topic"], row["aggregate_id"]) for row in rows]

    async def _measure(self, known: frozenset[UUID]) -> None:
        state = self._state
        if time.monotonic() < state.measure_due:
            return
        state.measure_due = time.monotonic() + MEASURE_EVERY_S
        async with self._database.transaction({NO_TENANT, *known}) as tx:
            rows = await tx.fetch(parking.COUNT, self.name)
        state.states = {row["state"] or "late": row["keys"] for row in rows}
        state.oldest_s = max((row["age_s"] for row in rows), default=0.0)
        for name in ("waiting", "dead", "late"):
            telemetry.PARKED_KEYS.labels(self.name, name).set(state.states.get(name, 0))
        telemetry.PARKED_OLDEST_AGE.labels(self.name).set(state.oldest_s)


def _begins(item: Item, found: Gate) -> bool:
    """The first event of an aggregate whose beginning is gone."""
    if (found.first, found.last) != (1, 0) or not item.may_begin():
        return False
    found.first = item.sequence
    return True


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
