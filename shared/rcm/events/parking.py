"""Parked events: their rows, their dead letters, and how they are found again.

What cannot be applied waits in the database, in its aggregate's order; its aggregate's later events
wait behind it and everybody else's go on. The dead letter is written in the same transaction
through the outbox, so that operators see each parked event on a topic.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from uuid import UUID

import asyncpg
import orjson
from opentelemetry import trace

from rcm.db import Tx
from rcm.events import telemetry
from rcm.events.gate import Parking
from rcm.events.items import Fault, StoredRecord, Stream, storable
from rcm.events.outbox import MAX_VALUE_BYTES, Letter, append_letters
from rcm.events.topics import dead_letter_topic

TIERS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
"""How long each next attempt waits; after the last one the event is dead until an operator acts."""

INSERT = """
INSERT INTO parked (tenant_id, consumer, topic, aggregate_id, event_id, event_type, sequence,
                    src_partition, src_offset, src_timestamp_ms, record_key, record, headers,
                    reason, error, attempts, state, next_attempt_at)
SELECT t, $1, p, a, e, y, s, sp, so, st, k, v, h, r, x, 1,
       CASE WHEN r = 'late' THEN 'dead' ELSE 'waiting' END,
       CASE WHEN NOT head THEN NULL
            -- Directories of tenants are caches: a new one is known everywhere within seconds.
            WHEN r = 'unknown_tenant' THEN clock_timestamp() + least($16, interval '5 seconds')
            ELSE clock_timestamp() + $16::interval END
  FROM unnest($2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::bigint[],
              $8::int[], $9::bigint[], $10::bigint[], $11::bytea[], $12::bytea[], $13::jsonb[],
              $14::text[], $15::jsonb[], $17::bool[])
       WITH ORDINALITY AS u(t, p, a, e, y, s, sp, so, st, k, v, h, r, x, head, n)
 ORDER BY n
"""
# A gap is due as soon as the missing event has been applied, whatever its tier.
DUE = """
SELECT DISTINCT p.tenant_id::text AS tenant_id, p.topic, p.aggregate_id
  FROM parked AS p
 WHERE p.consumer = $1 AND p.next_attempt_at IS NOT NULL
   AND (p.state = 'waiting' AND p.next_attempt_at <= clock_timestamp()
        OR p.reason = 'gap' AND EXISTS (
            SELECT FROM consumed_sequence AS s
             WHERE s.tenant_id = p.tenant_id AND s.consumer = p.consumer AND s.topic = p.topic
               AND s.aggregate_id = p.aggregate_id AND s.last_sequence >= p.sequence - 1))
 LIMIT $2
"""
OF_STREAM = """
SELECT pos, event_id::text AS event_id, event_type, sequence, src_partition, src_offset,
       src_timestamp_ms, record_key, record, headers, reason, attempts, first_failed_at
  FROM parked
 WHERE tenant_id = $1 AND consumer = $2 AND topic = $3 AND aggregate_id = $4 AND reason <> 'late'
 ORDER BY sequence, pos
 LIMIT $5
"""
REMOVE = """
DELETE FROM parked
 WHERE tenant_id = $1 AND consumer = $2 AND topic = $3 AND aggregate_id = $4
   AND pos = ANY ($5::bigint[])
"""
FAILED = """
UPDATE parked
   SET attempts = $6, reason = $7, error = $8::jsonb, state = $9,
       next_attempt_at = coalesce(clock_timestamp() + $10::interval, 'infinity')
 WHERE tenant_id = $1 AND consumer = $2 AND topic = $3 AND aggregate_id = $4 AND pos = $5
"""
# What comes after a full release is due at once.
NEXT_HEAD = """
UPDATE parked SET next_attempt_at = clock_timestamp()
 WHERE tenant_id = $1 AND consumer = $2 AND topic = $3 AND aggregate_id = $4
   AND pos = (SELECT pos FROM parked
               WHERE tenant_id = $1 AND consumer = $2 AND topic = $3 AND aggregate_id = $4
                 AND reason <> 'late'
               ORDER BY sequence, pos LIMIT 1)
"""
COUNT = """
SELECT state, count(*) AS keys, extract(epoch FROM clock_timestamp() - min(oldest))::float8 AS age_s
  FROM (SELECT max(state) FILTER (WHERE next_attempt_at IS NOT NULL) AS state,
               min(first_failed_at) AS oldest
          FROM parked WHERE consumer = $1 GROUP BY tenant_id, topic, aggregate_id) AS keys
 GROUP BY state
"""


async def park(
    tx: Tx, consumer: str, parkings: Sequence[Parking], *, tiers: Sequence[timedelta] = TIERS
) -> None:
    """Store what must wait and append its dead letters."""
    if not parkings:
        return
    items = [parking.item for parking in parkings]
    await tx.execute(
        INSERT,
        consumer,
        [item.stream[0] for item in items],
        [item.stream[1] for item in items],
        [item.stream[2] for item in items],
        [item.id for item in items],
        [item.type for item in items],
        [parking.sequence for parking in parkings],
        [item.record.partition for item in items],
        [item.record.offset for item in items],
        [item.record.timestamp for item in items],
        [item.record.key for item in items],
        [item.record.value for item in items],
        [_dump(item.pairs()) for item in items],
        [parking.fault.reason for parking in parkings],
        [error_of(parking.fault) for parking in parkings],
        tiers[0],
        [parking.head for parking in parkings],
    )
    await append_letters(tx, [_letter(consumer, parking) for parking in parkings])
    _count(consumer, parkings)


def error_of(fault: Fault) -> str:
    """The `error` column: type and detail, as JSON."""
    return orjson.dumps({"error": fault.error, "detail": fault.detail}).decode()


def stored_record(row: asyncpg.Record, stream: Stream, prefix: str) -> StoredRecord:
    """The record of a row of `OF_STREAM`."""
    listed = row["headers"]
    pairs = orjson.loads(listed) if isinstance(listed, str) else listed
    return StoredRecord(
        prefix + stream[1],
        row["src_partition"],
        row["src_offset"],
        row["src_timestamp_ms"],
        row["record_key"],
        row["record"],
        # Latin-1 gives every byte a character and gets the same byte back.
        tuple((name, value.encode("latin-1")) for name, value in pairs),
    )


def _dump(headers: Sequence[tuple[str, bytes]]) -> str:
    pairs = [
        (storable(name), storable((value or b"").decode("latin-1"))) for name, value in headers
    ]
    return orjson.dumps(pairs).decode()


def _readable(headers: Sequence[tuple[str, bytes]]) -> dict[str, str]:
    """The first of each name holds, as everywhere."""
    return {
        storable(name): storable((value or b"").decode("utf-8", "backslashreplace"))
        for name, value in reversed(headers)
    }


def _letter(consumer: str, parking: Parking) -> Letter:
    item, record = parking.item, parking.item.record
    value, headers = record.value, _readable(item.pairs())
    if value is not None and len(value) > MAX_VALUE_BYTES:
        headers["dlq_value_omitted_bytes"] = str(len(value))
        value = None
    context = trace.get_current_span().get_span_context()
    headers |= {
        "dlq_original_topic": record.topic,
        "dlq_original_partition": str(record.partition),
        "dlq_original_offset": str(record.offset),
        "dlq_original_timestamp": str(record.timestamp),
        "dlq_consumer_group": consumer,
        "dlq_reason": parking.fault.reason,
        "dlq_exception_type": parking.fault.error,
        "dlq_exception_message": parking.fault.detail[:512],
        "dlq_attempts": "1",
        "dlq_first_failed_at": _now(),
        "dlq_service_version": _version(),
        "dlq_park_key": item.stream[2],
        "dlq_trace_id": f"{context.trace_id:032x}" if context.is_valid else "",
    }
    topic = dead_letter_topic(item.stream[1], consumer)
    tenant = UUID(item.stream[0])
    return Letter(tenant, topic, item.stream[2], item.type, record.key, value, headers)


def _count(consumer: str, parkings: Sequence[Parking]) -> None:
    for parking in parkings:
        reason = parking.fault.reason
        telemetry.PARKED.labels(consumer, reason).inc()
        telemetry.DEAD_LETTERS.labels(consumer, reason).inc()
        if reason in {"decode", "schema", "unknown_major", "oversize"}:
            telemetry.REJECTED.labels(consumer, reason).inc()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@cache
def _version() -> str:
    try:
        return version("rcm-shared")
    except PackageNotFoundError:
        return "unknown"
