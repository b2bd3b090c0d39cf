"""One event's way: appended, published, on its topic, and what each consumer did with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from rcm.events.operator import broker, incoming, outgoing
from rcm.events.operator.places import Installation, Place


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to the event, in order."""

    where: str
    what: str


async def trace(found: Installation, event_id: UUID, actor: str) -> Sequence[Step]:
    """Every step that can still be seen; empty when no service knows the event."""
    steps: list[Step] = []
    for place in found.places.values():
        await _published(found, place, event_id, actor=actor, steps=steps)
    for place in found.places.values():
        await _consumed(place, event_id, actor, steps)
    return steps


async def _published(
    found: Installation, place: Place, event_id: UUID, *, actor: str, steps: list[Step]
) -> None:
    async with place.relay(actor) as tx:
        waiting = await outgoing.event_in_outbox(tx, event_id)
        logged = await outgoing.event_in_log(tx, event_id)
    row = waiting or logged
    if row is None:
        return
    what = f"{row['ce_type']} #{row['aggregate_sequence']} of {row['aggregate_id']}"
    steps.append(Step(f"{place.service} outbox", f"{what}, appended {row['created_at']:%F %T.%f}"))
    if logged is None:
        steps.append(Step(f"{place.service} relay", "not published yet"))
        return
    took = logged["published_at"] - logged["created_at"]
    took_ms = took / timedelta(milliseconds=1)
    steps.append(Step(f"{place.service} relay", f"acknowledged after {took_ms:.1f} ms"))
    topic = found.prefix + str(logged["topic"])
    since = logged["created_at"] - timedelta(seconds=5)
    async for record in broker.records(found.bootstrap, [topic], since=since):
        if broker.headers_of(record).get("ce_id") == str(event_id):
            at = f"partition {record.partition}, offset {record.offset}"
            steps.append(Step(f"topic {topic}", at))
            break
    else:
        steps.append(Step(f"topic {topic}", "no longer there (expired or wiped)"))


async def _consumed(place: Place, event_id: UUID, actor: str, steps: list[Step]) -> None:
    async with place.app(actor) as tx:
        known, parked = await incoming.seen(tx, event_id)
    if parked is not None:
        what = f"parked: {parked['reason']}, {parked['attempts']} attempts, {parked['state']}"
        steps.append(Step(f"{place.service} consumer", what))
    elif known:
        steps.append(Step(f"{place.service} consumer", "applied"))
