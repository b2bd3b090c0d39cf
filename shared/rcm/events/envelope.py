"""CloudEvents 1.0 on Kafka: binary mode out; binary and structured mode in.

Binary: the record's value is the data alone, attributes are `ce_` headers, so routing, dedupe and
tracing need not parse the body. Extensions: partitionkey, sequence, tenantid, correlationid,
causationid.
"""

import hashlib
from functools import lru_cache
from typing import Any, Protocol, cast

import orjson

from rcm.contracts import topics

Headers = list[tuple[str, bytes]]


class Row(Protocol):
    """A row of outbox or log: whatever gives a column by its name."""

    def __getitem__(self, name: str, /) -> Any: ...


JSON = b"application/json"
STRUCTURED = b"application/cloudevents+json"


def schema_of(topic: str, event_type: str) -> str:
    """`ce_dataschema`: names the contract with its major version (the topic's)."""
    return f"urn:rcm:{topic}:{event_type}"


def headers_of(row: Row) -> Headers:
    """The headers of an outbox or log row. A dead letter carries all of its own.

    An event without a cause begins its own chain and has no correlation id: it would be `ce_id`.
    """
    stored = orjson.loads(row["headers"])
    extra = [(name, value.encode()) for name, value in stored.items()]
    sequence = row["aggregate_sequence"]
    if sequence is None:
        return extra
    event_id, subject = row["event_id"].encode(), row["aggregate_id"].encode()
    # `Intake.read` finds these by their places; a record with others is read the longer way.
    return [
        *headers_of_type(row["topic"], row["ce_type"]),
        ("ce_id", event_id),
        ("ce_subject", subject),
        ("ce_partitionkey", subject),
        ("ce_sequence", b"%d" % sequence),
        ("ce_tenantid", row["tenant_id"].encode()),
        *extra,
    ]


def key_of(row: Row) -> bytes | None:
    """An event's key is its aggregate's id; a dead letter keeps the key that its record had."""
    if row["aggregate_sequence"] is None:
        return cast("bytes | None", row["key"])
    return cast("bytes", row["aggregate_id"].encode())


@lru_cache(maxsize=512)
def headers_of_type(topic: str, event_type: str) -> tuple[tuple[str, bytes], ...]:
    """What the headers of all events of this type begin with."""
    declared = topics().get(topic)
    return (
        ("ce_specversion", b"1.0"),
        ("content-type", JSON),
        ("ce_source", (declared.owner if declared else topic.partition(".")[0]).encode()),
        ("ce_type", event_type.encode()),
        ("ce_dataschema", schema_of(topic, event_type).encode()),
    )


def unstructured(value: bytes) -> tuple[dict[str, bytes], bytes] | None:
    """A structured event as binary headers and data, or None when it is not one."""
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(found, dict) or not isinstance(found.get("data"), dict):
        return None
    attributes = {name: text for name, text in found.items() if name != "data"}
    headers = {
        ("content-type" if name == "datacontenttype" else f"ce_{name}"): str(text).encode()
        for name, text in attributes.items()
        if text is not None
    }
    # These two travel without prefix in binary mode.
    for name in ("traceparent", "tracestate"):
        if f"ce_{name}" in headers:
            headers[name] = headers.pop(f"ce_{name}")
    return headers, orjson.dumps(found["data"])


def stand_in_id(topic: str, partition: int, offset: int, timestamp_ms: int) -> str:
    """An id for a record that has none: the same on every delivery, and a UUIDv7 by form, so that
    it lies in the inbox partition of its time."""
    mark = hashlib.blake2b(f"{topic}\0{partition}\0{offset}".encode(), digest_size=10).hexdigest()
    stamp = f"{max(0, timestamp_ms):012x}"[-12:]
    return f"{stamp[:8]}-{stamp[8:]}-7{mark[1:4]}-8{mark[5:8]}-{mark[8:20]}"
