"""The broker's side: consumer groups and their lag, offsets moved while a group is idle, and
records read without joining any group."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.coordinator.protocol import ConsumerProtocol
from aiokafka.structs import OffsetAndMetadata

from rcm.events.topics import admin


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a group is on one partition."""

    topic: str
    partition: int
    committed: int | None
    end: int

    @property
    def behind(self) -> int:
        """Records not yet finished; the whole partition when nothing was committed."""
        return self.end - (self.committed or 0)


@dataclass(frozen=True, slots=True)
class Member:
    """One process of a group, and how many partitions it has."""

    host: str
    member_id: str
    partitions: int


class GroupBusy(Exception):  # noqa: N818
    """Offsets of a group that has members are theirs to move."""


async def groups(bootstrap: str, prefix: str) -> Mapping[str, str]:
    """Group names and protocol types of this installation."""
    async with admin(bootstrap) as client:
        found = await client.list_consumer_groups()
    return {name: kind for name, kind, *_ in sorted(found) if name.startswith(prefix)}


async def members(bootstrap: str, group: str) -> tuple[str, Sequence[Member]]:
    """The group's state and its members."""
    async with admin(bootstrap) as client:
        answers = await client.describe_consumer_groups([group])
    for answer in answers:
        for _, _, state, _, _, found in answer.groups:
            return state, [_member(each) for each in found]
    return "Dead", []


def _member(described: tuple[str, str, str, bytes, bytes]) -> Member:
    member_id, _, host, _, assignment = described
    # A member that has just joined has no assignment yet.
    given = ConsumerProtocol.ASSIGNMENT.decode(assignment).partitions() if assignment else ()
    return Member(host.removeprefix("/"), member_id, len(given))


async def lags(bootstrap: str, group: str, topics: Collection[str] = ()) -> Sequence[Lag]:
    """Lag of a group on every partition that it has committed, and on those of `topics` that hold
    something which it has not begun with."""
    async with admin(bootstrap) as client:
        committed = await client.list_consumer_group_offsets(group)
        places = {*committed, *await _places(bootstrap, topics)}
    async with reader(bootstrap) as consumer:
        ends = await consumer.end_offsets(sorted(places)) if places else {}
    return [
        Lag(at.topic, at.partition, committed[at].offset if at in committed else None, ends[at])
        for at in sorted(places)
        if at in committed or ends[at]
    ]


async def plan_reset(
    bootstrap: str, group: str, topics: Sequence[str], *, to: datetime | int
) -> Mapping[TopicPartition, tuple[int | None, int]]:
    """Where each partition's offset is and where it would go: to a time, or to an offset (bounded
    by what the partition holds)."""
    async with admin(bootstrap) as client:
        committed = await client.list_consumer_group_offsets(group)
    places = await _places(bootstrap, topics)
    async with reader(bootstrap) as consumer:
        begins, ends = await asyncio.gather(
            consumer.beginning_offsets(places), consumer.end_offsets(places)
        )
        if isinstance(to, datetime):
            moment_ms = int(to.timestamp() * 1000)
            found = await consumer.offsets_for_times(dict.fromkeys(places, moment_ms))
            wanted = {place: at.offset if at else ends[place] for place, at in found.items()}
        else:
            wanted = dict.fromkeys(places, to)
    return {
        place: (
            committed[place].offset if place in committed else None,
            min(max(wanted[place], begins[place]), ends[place]),
        )
        for place in places
    }


async def reset(bootstrap: str, group: str, offsets: Mapping[TopicPartition, int]) -> None:
    """Commit offsets for an idle group. Raises `GroupBusy` when it has members."""
    state, present = await members(bootstrap, group)
    if present:
        raise GroupBusy(f"{group} is {state} with {len(present)} members: stop its workers first")
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False
    )
    await consumer.start()
    try:
        # Assigned by hand, so that committing does not join the group.
        consumer.assign(list(offsets))
        await consumer.commit(
            {place: OffsetAndMetadata(offset, "") for place, offset in offsets.items()}
        )
    finally:
        await consumer.stop()


@contextlib.asynccontextmanager
async def reader(bootstrap: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer that belongs to no group and commits nothing."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=2 * 1024 * 1024,
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


async def records(
    bootstrap: str,
    topics: Sequence[str],
    *,
    since: datetime | None = None,
    follow: bool = False,
    only_new: bool = False,
) -> AsyncIterator[Any]:
    """Records of these topics: all that are there, from a time on, or as they come (`follow`)."""
    places = await _places(bootstrap, topics)
    if not places:
        return
    async with reader(bootstrap) as consumer:
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        await _start_at(consumer, places, ends, since=since, only_new=only_new)
        left = {place for place in places if await consumer.position(place) < ends[place]}
        while follow or left:
            polled = await consumer.getmany(timeout_ms=300)
            found = [record for part in polled.values() for record in part]
            for record in sorted(found, key=lambda record: record.timestamp):
                yield record
            left = {place for place in left if await consumer.position(place) < ends[place]}


async def _start_at(
    consumer: AIOKafkaConsumer,
    places: Sequence[TopicPartition],
    ends: Mapping[TopicPartition, int],
    *,
    since: datetime | None,
    only_new: bool,
) -> None:
    if only_new:
        for place in places:
            consumer.seek(place, ends[place])
    elif since is not None:
        moment_ms = int(since.timestamp() * 1000)
        found = await consumer.offsets_for_times(dict.fromkeys(places, moment_ms))
        for place in places:
            at = found[place]
            consumer.seek(place, at.offset if at else ends[place])
    else:
        await consumer.seek_to_beginning(*places)


async def _places(bootstrap: str, topics: Collection[str]) -> list[TopicPartition]:
    """The partitions of those topics that there are."""
    if not topics:
        return []
    async with admin(bootstrap) as client:
        described = await client.describe_topics(list(topics))
    return [
        TopicPartition(found["topic"], part["partition"])
        for found in described
        for part in sorted(found["partitions"], key=lambda part: part["partition"])
    ]


def headers_of(record: Any) -> dict[str, str]:
    """Headers as text; the first of a name holds."""
    return {
        name: (value or b"").decode("utf-8", "replace")
        for name, value in reversed(tuple(record.headers))
    }


def shown(value: bytes | None) -> str:
    """A body for an operator's eyes: ids, codes and amounts as they are, person blocks as what they
    are, sealed."""
    if value is None:
        return "(tombstone)"
    try:
        body = orjson.loads(value)
    except orjson.JSONDecodeError:
        return f"({len(value)} bytes that are not JSON)"
    return orjson.dumps(_without_persons(body)).decode()


def _without_persons(node: Any) -> Any:
    if isinstance(node, dict):
        if node.keys() == {"key_id", "data"}:
            return f"sealed under {node['key_id']}"
        return {name: _without_persons(child) for name, child in node.items()}
    if isinstance(node, list):
        return [_without_persons(child) for child in node]
    return node
