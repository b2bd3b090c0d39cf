"""One poll, one transaction: inbox, gates, effects, what they publish, and what must wait."""

import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from rcm import log
from rcm.db import Database, Tx
from rcm.events import gate, telemetry
from rcm.events.dispatch import dispatch
from rcm.events.errors import is_transient
from rcm.events.faults import buggify
from rcm.events.gate import Gate, Parking, Verdict
from rcm.events.isolation import Search
from rcm.events.items import Fault
from rcm.events.layout import Poll
from rcm.events.parking import TIERS, park
from rcm.events.received import Park
from rcm.events.subscriptions import Subscriptions

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a poll."""

    applied: int
    duplicates: int
    parked: int
    reasons: Mapping[str, int] = field(default_factory=dict)
    """Of what was parked."""


class ShadowDone(Exception):  # noqa: N818 - ends a transaction that must leave no trace
    """Rolls a shadow run back."""


def _nothing() -> None:
    """Nobody waits for the transaction to begin."""


class Applier:
    """Applies polls for one consumer. `shadow` applies and then rolls back."""

    def __init__(
        self,
        database: Database,
        subscriptions: Subscriptions,
        *,
        tiers: Sequence[timedelta] = TIERS,
        consumer: str | None = None,
        shadow: bool = False,
    ) -> None:
        self._database, self._handlers = database, subscriptions.handlers
        self._tiers, self._shadow = tiers, shadow
        self.consumer = consumer or subscriptions.consumer
        self._seems_whole = True
        """So was the poll before: repeats and gaps come in a row, as after a restart."""

    async def apply(self, poll: Poll, begun: Callable[[], None] = _nothing) -> Applied:
        """Apply a poll once. Raises for transient failures only (`errors.is_transient`), and for
        what fails outside every handler; then nothing of the poll has happened. `begun` is called
        when a transaction is open and its first statement about to be sent."""
        tenants = {UUID(tenant) for tenant in {item.stream[0] for item in poll.items}}
        try:
            return await self._unsearched(poll, tenants, begun)
        except Exception as error:
            if is_transient(error) or isinstance(error, ShadowDone):
                raise
            # Its kind, not itself: it holds this frame, and the poll with it.
            failed = type(error)
            if not issubclass(failed, Park):
                _log.warning("a batch is searched for poison", **log.describe(error))
        telemetry.ISOLATIONS.labels(self.consumer).inc()
        return await self._attempt(poll, tenants, gate.admit, failed=failed)

    async def _unsearched(
        self, poll: Poll, tenants: set[UUID], begun: Callable[[], None]
    ) -> Applied:
        if poll.is_plain and self._seems_whole:
            with contextlib.suppress(gate.NotWhole):
                return await self._attempt(poll, tenants, gate.admit_whole, begun)
        done = await self._attempt(poll, tenants, gate.admit, begun)
        self._seems_whole = poll.is_plain and done.applied == len(poll.received)
        return done

    async def _attempt(
        self,
        poll: Poll,
        tenants: set[UUID],
        admit: Callable[[Tx, str, Poll], Awaitable[Verdict]],
        begun: Callable[[], None] = _nothing,
        *,
        failed: type[Exception] | None = None,
    ) -> Applied:
        done = Applied(0, 0, 0)
        try:
            async with self._database.transaction(tenants, actor=f"consumer:{self.consumer}") as tx:
                buggify("consumer.begun")
                begun()
                verdict = await admit(tx, self.consumer, poll)
                buggify("consumer.gated")
                if failed is None:
                    await dispatch(tx, verdict.apply, self._handlers)
                else:
                    await self._search(tx, verdict, failed)
                buggify("consumer.handled")
                await park(tx, self.consumer, verdict.park, tiers=self._tiers)
                await gate.write(tx, self.consumer, verdict.gates)
                done = _applied(verdict)
                buggify("consumer.before_commit")
                self._leave_no_trace()
        except ShadowDone:
            return done
        buggify("consumer.committed")
        return done

    def _leave_no_trace(self) -> None:
        if self._shadow:
            raise ShadowDone

    async def _search(self, tx: Tx, verdict: Verdict, failed: type[Exception]) -> None:
        """Apply all but the poison; park that, and hold its aggregates' later events behind it."""
        accepted = {received.id: received for received in verdict.apply}
        groups = [
            [accepted[item.id] for item in run.items if item.id in accepted]
            for run in verdict.runs.values()
        ]
        search = Search(tx, self._handlers)
        await search.run(groups, suspect=not issubclass(failed, Park))
        if search.poison:
            _hold(verdict, search.poison)


def _applied(verdict: Verdict) -> Applied:
    reasons = Counter(parking.fault.reason for parking in verdict.park) if verdict.park else {}
    return Applied(len(verdict.apply), verdict.duplicates, len(verdict.park), reasons)


def _hold(verdict: Verdict, poison: Mapping[str, Fault]) -> None:
    """Take the poison and what follows it out of `apply`, and move the gates back before it."""
    waiting = {parking.item.id for parking in verdict.park}
    kept: set[str] = {received.id for received in verdict.apply}
    for stream, run in verdict.runs.items():
        place = next((n for n, item in enumerate(run.items) if item.id in poison), None)
        if place is None:
            continue
        first = run.items[place]
        at = first.sequence or 0
        gate_ = verdict.gates.get(stream) or Gate(None, run.last)
        for item in run.items[place:]:
            # Events of other types moved the gate too, so they wait as well. Later than the gate
            # is what waits already, earlier than the poison what was a duplicate.
            sequence = item.sequence or 0
            if at <= sequence <= gate_.last and item.id not in waiting:
                fault = poison.get(item.id) or Fault("held_behind")
                verdict.park.append(Parking(item, sequence, fault, head=item is first))
            kept.discard(item.id)
        verdict.gates[stream] = Gate(gate_.first, at - 1, max(gate_.newest, gate_.last))
    verdict.apply = [received for received in verdict.apply if received.id in kept]
