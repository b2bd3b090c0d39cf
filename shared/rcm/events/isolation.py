"""Finding the poison in a batch: halves under savepoints, down to one aggregate, then one event.

With one poisonous aggregate among n this costs about 2·log2(n) savepoints, not n. What was applied
under a kept savepoint stays applied; an aggregate's events after its poison are not applied.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rcm.contracts.base import Event
from rcm.db import Tx
from rcm.events.dispatch import dispatch
from rcm.events.errors import fault_of, is_transient
from rcm.events.items import Fault
from rcm.events.received import Park, Received
from rcm.events.subscriptions import Handler

Events = list[Received[Any]]


@dataclass(slots=True)
class Search:
    """Applies what can be applied; `poison` is the rest's cause, by event id."""

    tx: Tx
    handlers: Mapping[type[Event], Handler]
    poison: dict[str, Fault] = field(default_factory=dict)

    async def run(self, groups: Sequence[Events], *, suspect: bool) -> None:
        """Apply these aggregates (each in its order). `suspect`: as a whole they have failed."""
        groups = [group for group in map(self._before_poison, groups) if group]
        if not groups:
            return
        if not suspect:
            error = await self._try([received for group in groups for received in group])
            if error is None:
                return
            if isinstance(error, Park):
                self._refuse(groups, error)
                await self.run(groups, suspect=False)
                return
            if len(groups) == 1 and len(groups[0]) == 1:
                self.poison[groups[0][0].id] = fault_of(error)
                return
        if len(groups) > 1:
            middle = len(groups) // 2
            await self.run(groups[:middle], suspect=False)
            await self.run(groups[middle:], suspect=False)
            return
        for received in groups[0]:
            await self.run([[received]], suspect=False)
            if received.id in self.poison:
                return

    async def _try(self, events: Events) -> Exception | None:
        try:
            async with self.tx.savepoint():
                await dispatch(self.tx, events, self.handlers)
                # What is only checked at COMMIT is checked here, where its cause is still known.
                await self.tx.execute("SET CONSTRAINTS ALL IMMEDIATE")
                await self.tx.execute("SET CONSTRAINTS ALL DEFERRED")
        except Exception as error:
            if is_transient(error):
                raise
            return error
        return None

    def _refuse(self, groups: Sequence[Events], park: Park) -> None:
        """A handler's own decision. One that names none of its events is a fault of all of them:
        otherwise it would be asked for ever."""
        present = [received for group in groups for received in group]
        named = [received for received in present if received.event_id in park.event_ids]
        for received in named or present:
            self.poison[received.id] = Fault("business", park.reason, park.detail)

    def _before_poison(self, group: Events) -> Events:
        for place, received in enumerate(group):
            if received.id in self.poison:
                return group[:place]
        return group
