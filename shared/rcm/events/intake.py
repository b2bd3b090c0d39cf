"""Records in, items out: decoded and checked before any transaction begins.

Every record of a poll becomes an item, also those whose type nobody here listens to: the sequence
gate counts all events of an aggregate. What cannot be applied carries a fault instead of an event.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from rcm.contracts.base import Event
from rcm.events.envelope import (
    STRUCTURED,
    headers_of_type,
    schema_of,
    stand_in_id,
    unstructured,
)
from rcm.events.items import Fault, Item, Record, headers_by_name, storable
from rcm.events.outbox import KEY_CHARACTERS, MAX_VALUE_BYTES
from rcm.ids import NO_TENANT

UUID_TEXT = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
MAX_SEQUENCE = 2**63 - 1
DETAIL_CHARACTERS = 512
NOBODY = str(NO_TENANT)

# Where `envelope.headers_of` puts what `read` looks for.
_COMMON, _TYPE, _OWN = slice(0, 5), 3, slice(5, 10)
_OWN_NAMES = ("ce_id", "ce_subject", "ce_partitionkey", "ce_sequence", "ce_tenantid")

# Strict: JSON has the types already, so a number in a string is a broken contract.
Validate = Callable[..., Event]


@dataclass(slots=True)
class _Known:
    """An event that somebody here listens to."""

    name: str
    schema: bytes
    headers: tuple[tuple[str, bytes], ...]
    """With which a record of ours begins."""
    validate: Validate


@dataclass(slots=True)
class _Topic:
    """A topic by the name that its records carry."""

    name: str
    events: dict[bytes, _Known] = field(default_factory=dict)


class Intake:
    """Decodes what a consumer listens to."""

    def __init__(self, events: Iterable[type[Event]], *, prefix: str = "") -> None:
        self._prefix = prefix
        self._topics: dict[str, _Topic] = {}
        # Header bytes to text and id; filled as tenants show up when everybody is let in.
        self._tenants: dict[bytes, tuple[str, UUID]] = {}
        self._everybody = True
        for event in events:
            name = event.topic.name
            topic = self._topics.setdefault(prefix + name, _Topic(name))
            topic.events[event.__name__.encode()] = _Known(
                event.__name__,
                schema_of(name, event.__name__).encode(),
                headers_of_type(name, event.__name__),
                event.__pydantic_validator__.validate_json,
            )

    def only(self, tenants: Iterable[UUID]) -> None:
        """Let in these tenants from now on; events of others are kept under nobody's name."""
        self._everybody = False
        self._tenants = {str(tenant).encode(): (str(tenant), tenant) for tenant in tenants}

    def read(self, record: Record) -> Item:
        """The item of one record. Never raises for what a record holds.

        A record as our relay writes it takes the shortest way: its headers have their places. What
        is odd about any other is found out by `_carefully`."""
        headers = record.headers
        try:
            topic = self._topics[record.topic]
            known = topic.events[headers[_TYPE][1]]
            (
                (id_name, id_),
                (subject_name, _),
                (key_name, _),
                (sequence_name, number),
                (
                    tenant_name,
                    named,
                ),
            ) = headers[_OWN]
            tenant, tenant_id = self._tenants[named]
            sequence, value = int(number), record.value
            key = record.key.decode()  # type: ignore[union-attr]
            if (
                headers[_COMMON] == known.headers
                and (id_name, subject_name, key_name, sequence_name, tenant_name) == _OWN_NAMES
                and UUID_TEXT.fullmatch(id_)
                and 0 < sequence <= MAX_SEQUENCE
                and 0 < len(key) <= KEY_CHARACTERS
                and key.isprintable()
                and len(value) <= MAX_VALUE_BYTES  # type: ignore[arg-type]
            ):
                event = known.validate(value, strict=True)
                # Two numbers: comparing UUIDs is done in Python.
                if event.tenant_id.int == tenant_id.int:
                    item = Item(record, None, (tenant, topic.name, key), sequence)
                    item.id, item.type, item.event = id_.decode(), known.name, event
                    return item
        except (KeyError, IndexError, ValueError, AttributeError, TypeError):
            pass
        return self._carefully(record, headers_by_name(record))

    def _carefully(self, record: Record, headers: dict[str, bytes]) -> Item:
        topic = self._topics.get(record.topic) or _Topic(record.topic.removeprefix(self._prefix))
        value = record.value
        if (headers.get("content-type") or b"").startswith(STRUCTURED) and value is not None:
            found = unstructured(value)
            if found is None:
                return _broken(topic.name, record, headers, "not a structured CloudEvent")
            headers, value = {**headers, **found[0]}, found[1]
        try:
            well_formed = _well_formed(record, headers)
        except (KeyError, ValueError, AttributeError, TypeError):
            return _broken(topic.name, record, headers, _missing(record, headers))
        if not well_formed:
            return _broken(topic.name, record, headers, "an attribute has not its form")
        return self._judged(topic, record, headers, value)

    def _judged(
        self, topic: _Topic, record: Record, headers: dict[str, bytes], value: bytes | None
    ) -> Item:
        """A record whose identity is readable: an event, a fault, or nothing to anybody here."""
        key, sequence = (record.key or b"").decode(), int(headers["ce_sequence"])
        tenant, known = headers["ce_tenantid"], topic.events.get(headers["ce_type"])
        if self._everybody:
            self._tenants.setdefault(tenant, (tenant.decode(), UUID(tenant.decode())))
        place = self._tenants.get(tenant)
        stream = (place[0] if place else NOBODY, topic.name, key)
        item = Item(record, headers, stream, sequence)
        item.id, item.type = headers["ce_id"].decode(), headers["ce_type"].decode()
        if place is None:
            # Kept whatever its type, so that the tenant's order is whole when it is registered.
            item.fault = Fault("unknown_tenant")
        elif known is not None and value is not None:
            found = _event(known, headers, value, place[1])
            if isinstance(found, Fault):
                item.fault = found
            else:
                item.event = found
        return item


def _well_formed(record: Record, headers: Mapping[str, bytes]) -> bool:
    """Whether the identity can be read. Raises when a part of it is missing."""
    key = record.key.decode()  # type: ignore[union-attr]
    return (
        UUID_TEXT.fullmatch(headers["ce_id"]) is not None
        and UUID_TEXT.fullmatch(headers["ce_tenantid"]) is not None
        and 0 < int(headers["ce_sequence"]) <= MAX_SEQUENCE
        and 0 < len(key) <= KEY_CHARACTERS
        and key.isprintable()
        and headers["ce_type"].isalnum()
    )


def _missing(record: Record, headers: Mapping[str, bytes]) -> str:
    names = ("ce_id", "ce_type", "ce_tenantid", "ce_sequence")
    missing = [name for name in names if headers.get(name) is None]
    if record.key is None:
        missing.append("key")
    return f"missing: {', '.join(missing)}" if missing else "an attribute has not its form"


def _broken(topic: str, record: Record, headers: Mapping[str, bytes], detail: str) -> Item:
    """A record without a readable identity. A tombstone says nothing, so nothing is lost by passing
    over it; the others are kept, in the order of their key where they have one."""
    key = (record.key or b"").decode("utf-8", "backslashreplace")
    if not key or len(key) > KEY_CHARACTERS or not key.isprintable():
        key = f"@{record.partition}:{record.offset}"
    item = Item(record, headers, (NOBODY, topic, key), None)
    item.id = stand_in_id(topic, record.partition, record.offset, record.timestamp)
    item.fault = None if record.value is None else Fault("decode", "", detail)
    return item


def _event(
    known: _Known, headers: Mapping[str, Any], value: bytes, tenant_id: UUID
) -> Event | Fault:
    if headers.get("ce_dataschema", known.schema) != known.schema:
        return Fault("unknown_major", "", "ce_dataschema names another contract")
    if (headers.get("ce_specversion") or b"1.0")[:2] != b"1.":
        return Fault("unknown_major", "", "ce_specversion is not 1")
    if len(value) > MAX_VALUE_BYTES:
        return Fault("oversize", "", f"{len(value)} bytes, at most {MAX_VALUE_BYTES}")
    try:
        event = known.validate(value, strict=True)
    except ValidationError as error:
        return Fault(_kind(error), type(error).__name__, _places(error))
    if event.tenant_id != tenant_id:
        return Fault("schema", "", "tenant_id differs from ce_tenantid")
    return event


def _kind(error: ValidationError) -> str:
    return "decode" if error.errors()[0]["type"] == "json_invalid" else "schema"


def _places(error: ValidationError) -> str:
    """Where and which rule, without what was there."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    places = [f"{'.'.join(map(str, one['loc']))}: {one['type']}" for one in found[:8]]
    # A place may be a name that only this record has.
    return storable("; ".join(places))[:DETAIL_CHARACTERS]
