"""What the data path tells about itself: OpenTelemetry's messaging names, and our own beside them.

Dots become underscores for Prometheus. Everything is counted per batch, never per event.
"""

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import Link, SpanContext, SpanKind, TraceFlags, TraceState
from prometheus_client import Counter, Gauge, Histogram

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
MAX_LINKS = 32

SENT = Counter(
    "messaging_client_sent_messages",
    "Records that the broker acknowledged.",
    ["messaging_destination_name"],
)
CONSUMED = Counter(
    "messaging_client_consumed_messages",
    "Records that were polled.",
    ["messaging_consumer_group_name", "messaging_destination_name"],
)
OPERATION = Histogram(
    "messaging_client_operation_duration_seconds",
    "One call to the broker.",
    ["messaging_operation_name"],
    buckets=BUCKETS_S,
)
PROCESS = Histogram(
    "messaging_process_duration_seconds",
    "One batch: its whole transaction.",
    ["messaging_consumer_group_name"],
    buckets=BUCKETS_S,
)
OUTBOX_PENDING = Gauge("outbox_pending", "Rows not yet published (counted up to 100,000).")
OUTBOX_OLDEST_AGE = Gauge("outbox_oldest_age_seconds", "Age of the oldest unpublished row.")
OUTBOX_QUARANTINED = Gauge("outbox_quarantined_keys", "Aggregates that the relay had to stop.")
PUBLISH = Histogram(
    "outbox_publish_duration_seconds", "One batch from read to acknowledged.", buckets=BUCKETS_S
)
SHARDS_HELD = Gauge("relay_shards_held", "Outbox shards that this process sends.")
REBUILDS = Counter("producer_rebuilds", "Producers thrown away after a fatal error or deadline.")
DUPLICATES = Counter("inbox_duplicates", "Deliveries that had no second effect.", ["consumer"])
SKIPPED = Counter(
    "consumer_skipped", "Records without meaning here, by reason.", ["consumer", "reason"]
)
PARKED = Counter("parked_events", "Events that were parked, by reason.", ["consumer", "reason"])
RELEASED = Counter("parked_released", "Parked events that were applied later.", ["consumer"])
PARKED_KEYS = Gauge("parked_keys", "Aggregates that wait.", ["consumer", "state"])
PARKED_OLDEST_AGE = Gauge(
    "parked_oldest_age_seconds", "Age of the oldest parked event.", ["consumer"]
)
REJECTED = Counter("schema_rejected", "Records that broke their contract.", ["consumer", "reason"])
DEAD_LETTERS = Counter("dlq_messages", "Dead letters written.", ["consumer", "reason"])
LAG = Gauge("consumer_lag", "High-water mark less position.", ["consumer", "topic", "partition"])
TIME_LAG = Gauge("consumer_time_lag_seconds", "Age of the newest polled record.", ["consumer"])
REBALANCES = Counter("consumer_rebalances", "Assignments received.", ["consumer"])
LAST_POLL_AGE = Gauge("consumer_last_poll_age_seconds", "Since the last poll.", ["consumer"])
RETRIES = Counter("consumer_retries", "Batches repeated after a transient failure.", ["consumer"])
ISOLATIONS = Counter("consumer_isolations", "Batches searched for poison.", ["consumer"])
JOB_RUNS = Counter("job_runs", "Runs of @every jobs, by outcome.", ["consumer", "job", "outcome"])

_tracer = trace.get_tracer("rcm.events")


@contextlib.contextmanager
def process_span(
    consumer: str, count: int, traceparents: Iterable[bytes | None]
) -> Iterator[trace.Span]:
    """One span for a batch, linked to at most 32 of the transactions that appended its events.

    Links are made only when somebody records: parsing them costs more than the rest."""
    attributes: dict[str, Any] = {
        "messaging.system": "kafka",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.consumer.group.name": consumer,
        "messaging.batch.message_count": count,
    }
    links = _links(traceparents) if _recording() else []
    with _tracer.start_as_current_span(
        f"process {consumer}",
        kind=SpanKind.CONSUMER,
        attributes=attributes,
        links=links,
        # An exception's text may quote a handler's values; the status would repeat it.
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        yield span


def _recording() -> bool:
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


def _links(traceparents: Iterable[bytes | None]) -> list[Link]:
    seen: dict[bytes, None] = {}
    for found in traceparents:
        if found and found not in seen:
            seen[found] = None
            if len(seen) == MAX_LINKS:
                break
    return [Link(context) for context in map(_context, seen) if context is not None]


def _context(traceparent: bytes) -> SpanContext | None:
    """The W3C form `00-<trace>-<span>-<flags>`; anything else is no link."""
    parts = traceparent.decode("ascii", "replace").split("-")
    if len(parts) < 4:
        return None
    try:
        trace_id, span_id, flags = int(parts[1], 16), int(parts[2], 16), int(parts[3], 16)
    except ValueError:
        return None
    context = SpanContext(
        trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags), trace_state=TraceState()
    )
    return context if context.is_valid else None
