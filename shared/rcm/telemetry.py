"""Traces and metrics that name routes, topics and tables, never what they carried.

Spans record no exception text and take their attributes from this code only. With an OTLP endpoint
they are exported; without one a trace still has its id, so a request's `traceparent` reaches the
outbox and the consumer either way.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import Counter, Gauge, Histogram

# The semantic conventions' buckets for durations, in seconds.
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)

REQUEST_DURATION = Histogram(
    "http_server_request_duration_seconds",
    "Time from the request's first byte to the response's last",
    ["method", "route", "status"],
    buckets=BUCKETS_S,
)
TRANSACTION_WAIT = Histogram(
    "db_transaction_wait_seconds",
    "Time until a request had a connection and its transaction had begun",
    buckets=BUCKETS_S,
)
POOL_IN_USE = Gauge("db_pool_in_use", "Connections that are checked out", ["pool"])
LOOP_LAG = Gauge("loop_lag_seconds", "How late the event loop woke up at its last check")
TASK_DEATHS = Counter("task_deaths", "Tasks of the process that ended before it did", ["task"])

_LOOP_CHECK_S = 0.25
_tracer = trace.get_tracer("rcm")
_propagator = TraceContextTextMapPropagator()


def configure(*, service: str, version: str, otlp_endpoint: str | None) -> TracerProvider:
    """Set the process's tracer. Call once; `shutdown()` of the result sends what is left."""
    # Only W3C trace context: baggage could carry anything a caller likes.
    propagate.set_global_textmap(_propagator)
    provider = TracerProvider(
        resource=Resource.create({"service.name": service, "service.version": version}),
        sampler=ParentBased(ALWAYS_ON if otlp_endpoint else ALWAYS_OFF),
        shutdown_on_exit=False,
    )
    if otlp_endpoint:
        # Imported only when spans are sent: it brings an HTTP client and protobuf along.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )

        exporter = OTLPSpanExporter(endpoint=f"{otlp_endpoint.rstrip('/')}/v1/traces")
        provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return provider


@contextlib.contextmanager
def span(
    name: str,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    parent: Context | None = None,
    links: Sequence[Link] = (),
    attributes: Mapping[str, str | int] | None = None,
) -> Iterator[Span]:
    """The current span of what happens inside. An exception marks it by type, without its text."""
    with _tracer.start_as_current_span(
        name,
        context=parent,
        kind=kind,
        links=links,
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=False,
    ) as current:
        try:
            yield current
        except BaseException as error:
            current.set_attribute("error.type", type(error).__name__)
            current.set_status(Status(StatusCode.ERROR))
            raise


def parent_of(headers: Mapping[str, str]) -> Context:
    """The context that `traceparent` names; an empty one when it names none. `tracestate` stays
    behind: it holds whatever a caller likes, and would be exported with every span."""
    named = {"traceparent": headers.get("traceparent", "")}
    return _propagator.extract(named, context=Context())


def traceparent() -> str | None:
    """The current span as a `traceparent` header, to be carried by an event."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get("traceparent")


def trace_id() -> str | None:
    """The current trace's id, as logs show it."""
    context = trace.get_current_span().get_span_context()
    return format(context.trace_id, "032x") if context.is_valid else None


class LoopWatch:
    """Measures how late the event loop wakes: what blocks it stops heartbeats and answers alike."""

    def __init__(self) -> None:
        self._checked_at = time.monotonic()
        self.lag_s = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._checked_at = time.monotonic()
            await asyncio.sleep(_LOOP_CHECK_S)
            self.lag_s = max(0.0, time.monotonic() - self._checked_at - _LOOP_CHECK_S)
            LOOP_LAG.set(self.lag_s)
