"""Handlers get sets, aggregates keep their order: the batch is laid out in waves."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rcm.contracts.base import Event
from rcm.db import Tx
from rcm.events.received import Received
from rcm.events.subscriptions import Handler

Events = list[Received[Any]]


def waves(
    batch: Iterable[Received[Any]], handlers: Mapping[type[Event], Handler]
) -> list[tuple[Handler, Events]]:
    """Few calls that together respect each aggregate's order.

    Within a wave each handler is called once, in a fixed order. An event goes into the wave of its
    aggregate's previous event unless its handler comes earlier in that order; then into the next.
    """
    order = {handler: place for place, handler in enumerate(dict.fromkeys(handlers.values()))}
    last: dict[tuple[str, str], tuple[int, int]] = {}
    calls: dict[tuple[int, int], Events] = {}
    by_place = list(order)
    for received in batch:
        place = order[handlers[type(received.event)]]
        aggregate = (received.topic, received.key)
        wave, previous = last.get(aggregate, (0, 0))
        if place < previous:
            wave += 1
        last[aggregate] = (wave, place)
        calls.setdefault((wave, place), []).append(received)
    return [(by_place[place], calls[wave, place]) for wave, place in sorted(calls)]


async def dispatch(
    tx: Tx, batch: Sequence[Received[Any]], handlers: Mapping[type[Event], Handler]
) -> None:
    """Call the handlers, one after the other: they share the transaction."""
    if not batch:
        return
    wanted = {handlers[type(received.event)] for received in batch}
    if len(wanted) == 1:
        await wanted.pop()(batch, tx)
        return
    for handler, events in waves(batch, handlers):
        await handler(events, tx)
