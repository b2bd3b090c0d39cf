"""The AsyncAPI 3 document, written from the registry of events and the services' subscriptions."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic.json_schema import models_json_schema

from rcm.contracts import Event, Topic, event_types, topics

HEADERS = {
    "ce_specversion": "CloudEvents version, always 1.0",
    "ce_id": "UUIDv7 of the event; consumers remember it, so a repeat has no second effect",
    "ce_source": "the service that owns the topic",
    "ce_type": "the event's class, which selects the payload's schema",
    "ce_time": "when the event was appended, RFC 3339",
    "ce_subject": "the aggregate's id, equal to the record's key",
    "ce_dataschema": "the contract: urn:rcm:<topic>:<event>; its schemas lie in shared/schemas",
    "ce_tenantid": "the tenant; equal to tenant_id in the payload",
    "ce_sequence": "1, 2, 3, ... without a gap per aggregate",
    "ce_correlationid": "the event or request that began the chain",
    "ce_causationid": "the event that this one answers",
    "traceparent": "W3C trace context captured when the event was appended",
    "content-type": "application/json",
}


def document(consumers: Mapping[str, Iterable[type[Event]]]) -> dict[str, Any]:
    """AsyncAPI 3.0.0: one channel per topic, one message per event; `consumers` maps a service to
    the events that it handles."""
    events = sorted(event_types().values(), key=lambda event: event.__name__)
    _, definitions = models_json_schema(
        [(event, "serialization") for event in events],
        ref_template="#/components/schemas/{model}",
    )
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Medical revenue cycle: events",
            "version": "1.0.0",
            "description": (
                "CloudEvents 1.0 in binary mode over Kafka. At least once, in order per key; "
                "person blocks are sealed (AES-256-GCM)."
            ),
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic, events) for topic in topics().values()},
        "operations": _operations(consumers),
        "components": {
            "messages": {event.__name__: _message(event) for event in events},
            "schemas": definitions["$defs"],
            "messageTraits": {"cloudevent": {"headers": _headers()}},
        },
    }


def _channel(topic: Topic, events: Iterable[type[Event]]) -> dict[str, Any]:
    return {
        "address": topic.name,
        "description": topic.description,
        "messages": {
            event.__name__: {"$ref": f"#/components/messages/{event.__name__}"}
            for event in events
            if event.topic == topic
        },
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "bindingVersion": "0.5.0",
            }
        },
    }


def _message(event: type[Event]) -> dict[str, Any]:
    return {
        "name": event.__name__,
        "title": event.__name__,
        "summary": (event.__doc__ or "").strip().split("\n")[0],
        "contentType": "application/json",
        "traits": [{"$ref": "#/components/messageTraits/cloudevent"}],
        "payload": {"$ref": f"#/components/schemas/{event.__name__}"},
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": event.key_field},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _headers() -> dict[str, Any]:
    optional = {"ce_causationid", "traceparent"}
    return {
        "type": "object",
        "required": [name for name in HEADERS if name not in optional],
        "properties": {
            name: {"type": "string", "description": text} for name, text in HEADERS.items()
        },
    }


def _operations(consumers: Mapping[str, Iterable[type[Event]]]) -> dict[str, Any]:
    operations: dict[str, Any] = {}
    for topic in topics().values():
        sent = [event for event in event_types().values() if event.topic == topic]
        operations[f"{topic.owner}.sends.{topic.name}"] = _operation("send", topic, sent)
    for service, handled in sorted(consumers.items()):
        chosen = list(handled)
        for topic in topics().values():
            received = [event for event in chosen if event.topic == topic]
            if received:
                name = f"{service}.receives.{topic.name}"
                operations[name] = _operation("receive", topic, received)
    return operations


def _operation(action: str, topic: Topic, events: Iterable[type[Event]]) -> dict[str, Any]:
    channel = f"#/channels/{topic.name}"
    names = sorted(event.__name__ for event in events)
    return {
        "action": action,
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{name}"} for name in names],
    }
