"""`publish`: the only way out. Events are appended to the outbox in the caller's transaction, so
they exist if and only if the change that they tell of does."""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import orjson
from opentelemetry import trace

from rcm.contracts.base import Event, Sealed
from rcm.db import Tx
from rcm.events import wake
from rcm.events.faults import buggify
from rcm.events.received import Caused, aad
from rcm.ids import new_id, new_id_text

SHARDS = 64
KEY_CHARACTERS = 200
KEYS = f"1 to {KEY_CHARACTERS} printable characters"
MAX_VALUE_BYTES = 900_000
"""Below the broker's 1 MiB record limit with room for headers."""

# Counters are locked in sorted order (no deadlock between two calls), and all of them before the
# first outbox id is drawn: the sort under the INSERT needs every row of `counted`.
APPEND = """
WITH counted AS (
    INSERT INTO aggregate_sequence AS s (tenant_id, topic, aggregate_id, last_sequence)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[])
    ON CONFLICT (tenant_id, topic, aggregate_id)
    DO UPDATE SET last_sequence = s.last_sequence + excluded.last_sequence
    RETURNING tenant_id, topic, aggregate_id, last_sequence
)
INSERT INTO outbox (tenant_id, shard, event_id, topic, aggregate_id, aggregate_sequence,
                    ce_type, value, headers)
SELECT e.tenant_id, e.shard, e.event_id, e.topic, e.aggregate_id, c.last_sequence - e.followers,
       e.ce_type, e.value, e.headers
  FROM unnest($5::uuid[], $6::smallint[], $7::uuid[], $8::text[], $9::text[], $10::bigint[],
              $11::text[], $12::bytea[], $13::jsonb[]) WITH ORDINALITY
    AS e(tenant_id, shard, event_id, topic, aggregate_id, followers, ce_type, value, headers, n)
  JOIN counted AS c USING (tenant_id, topic, aggregate_id)
 ORDER BY e.n
"""

APPEND_LETTERS = """
INSERT INTO outbox (tenant_id, shard, event_id, topic, aggregate_id, ce_type, key, value, headers)
SELECT * FROM unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::text[], $5::text[], $6::text[],
                     $7::bytea[], $8::bytea[], $9::jsonb[])
"""

Stream = tuple[UUID, str, str]
"""Tenant, topic (without the installation's prefix), aggregate id: what has an order."""


class EventTooLarge(ValueError):  # noqa: N818 - the fact is the name
    """An event's body is over `MAX_VALUE_BYTES`; nothing of the call was appended."""

    def __init__(self, event_type: str, size_bytes: int) -> None:
        super().__init__(f"{event_type}: {size_bytes} bytes, at most {MAX_VALUE_BYTES}")


def shard_of(key: str) -> int:
    """The shard of an aggregate: all its rows are sent by one relay."""
    return zlib.crc32(key.encode()) % SHARDS


async def publish(tx: Tx, events: Iterable[Event | Caused]) -> None:
    """Append events to the outbox, in this order per aggregate, in one statement.

    Seals person blocks under their tenant's key, numbers each aggregate's events without a gap,
    and keeps the trace context. Raises `EventTooLarge`, and ValueError for a tenant that the
    transaction does not serve; then nothing is appended.
    """
    rows = [_row(tx, found) for found in events]
    if not rows:
        return
    followers, totals = _count(rows)
    streams = sorted(totals)
    await tx.execute(
        APPEND,
        [tenant for tenant, _, _ in streams],
        [topic for _, topic, _ in streams],
        [key for _, _, key in streams],
        [totals[stream] for stream in streams],
        [row.stream[0] for row in rows],
        [shard_of(row.stream[2]) for row in rows],
        [row.event_id for row in rows],
        [row.stream[1] for row in rows],
        [row.stream[2] for row in rows],
        followers,
        [row.event_type for row in rows],
        [row.value for row in rows],
        _headers(rows),
    )
    buggify("publish.appended")
    tx.after_commit(wake.ring)


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter: a record as it came, with headers that say why it could not be applied."""

    tenant_id: UUID
    topic: str
    aggregate_id: str
    event_type: str
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, str]


async def append_letters(tx: Tx, letters: Sequence[Letter]) -> None:
    """Append dead letters in the transaction that parks their events: none can be lost."""
    if not letters:
        return
    await tx.execute(
        APPEND_LETTERS,
        [letter.tenant_id for letter in letters],
        [shard_of(letter.aggregate_id) for letter in letters],
        [new_id() for _ in letters],
        [letter.topic for letter in letters],
        [letter.aggregate_id for letter in letters],
        [letter.event_type for letter in letters],
        [letter.key for letter in letters],
        [letter.value for letter in letters],
        [orjson.dumps(dict(letter.headers)).decode() for letter in letters],
    )
    tx.after_commit(wake.ring)


@dataclass(slots=True)
class _Row:
    stream: Stream
    event_id: str
    event_type: str
    value: bytes
    caused: Caused | None


def why_unfit(event: Event) -> str | None:
    """Why `publish` would refuse an event that has no person block, for those who make events of
    what others wrote and have another way for what does not fit; None when it fits."""
    if not _is_key(event.key):
        return f"its key is not {KEYS}"
    size_bytes = len(event.__pydantic_serializer__.to_json(event))
    return None if size_bytes <= MAX_VALUE_BYTES else f"it is larger than {MAX_VALUE_BYTES} bytes"


def _is_key(key: str) -> bool:
    return 0 < len(key) <= KEY_CHARACTERS and key.isprintable()


def _row(tx: Tx, found: Event | Caused) -> _Row:
    caused = found if isinstance(found, Caused) else None
    event = found.event if isinstance(found, Caused) else found
    if event.tenant_id not in tx.tenants:
        raise ValueError(f"{type(event).__name__}: the transaction does not serve its tenant")
    event_id, event_type, key = new_id_text(), type(event).__name__, event.key
    if not _is_key(key):
        raise ValueError(f"{event_type}: its key is not {KEYS}")
    if event.person_field is not None:
        event = _sealed(tx, event, event_id)
    value = event.__pydantic_serializer__.to_json(event)
    if len(value) > MAX_VALUE_BYTES:
        raise EventTooLarge(event_type, len(value))
    stream = (event.tenant_id, event.topic.name, key)
    return _Row(stream, event_id, event_type, value, caused)


def _sealed(tx: Tx, event: Event, event_id: str) -> Event:
    block = getattr(event, event.person_field or "")
    if block is None:
        return event
    if not isinstance(block, Sealed) or block.value is None:
        raise ValueError("a block sealed for another event does not open here: open it first")
    if tx.keyring is None:
        raise ValueError(f"{type(event).__name__} has a person block and there is no keyring")
    place = aad(event.tenant_id, type(event).__name__, event_id)
    plaintext = block.value.__pydantic_serializer__.to_json(block.value)
    return event.with_sealed(tx.keyring.seal(event.tenant_id, plaintext, place))


def _count(rows: Sequence[_Row]) -> tuple[list[int], dict[Stream, int]]:
    """How many rows of the same aggregate follow each row, and how many there are of each."""
    totals: dict[Stream, int] = {}
    followers: list[int] = []
    for row in reversed(rows):
        after = totals.get(row.stream, 0)
        followers.append(after)
        totals[row.stream] = after + 1
    followers.reverse()
    return followers, totals


def _headers(rows: Sequence[_Row]) -> list[str]:
    """JSON per row. An event without a cause begins its own chain, which the relay fills in."""
    shared = {"ce_time": datetime.now(UTC).isoformat(timespec="microseconds")}
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        shared["traceparent"] = (
            f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"
        )
        if context.trace_state:
            shared["tracestate"] = context.trace_state.to_header()
    plain = orjson.dumps(shared).decode()
    return [plain if row.caused is None else _chained(shared, row.caused) for row in rows]


def _chained(shared: Mapping[str, str], caused: Caused) -> str:
    chain = {"ce_correlationid": caused.correlation_id, "ce_causationid": caused.causation_id}
    return orjson.dumps({**shared, **chain}).decode()
