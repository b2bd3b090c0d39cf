"""Records in, items out: decoded and checked before any transaction begins.

Every record of a poll becomes an item, also those whose type nobody here listens to: the sequence
gate counts all events of an aggregate. What cannot be applied carries a fault instead of an event.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol
from uuid import UUID

from pydantic import ValidationError

from rcm.contracts.base import Event
from rcm.events.envelope import STRUCTURED, schema_of, stand_in_id, unstructured
from rcm.events.outbox import MAX_VALUE_BYTES
from rcm.events.received import Received
from rcm.ids import NO_TENANT


class Record(Protocol):
    """A polled record, or a parked one read back."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


Stream = tuple[str, str, str]
"""Tenant (as text), topic without prefix, aggregate id: what has an order."""

UUID_TEXT = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
MAX_SEQUENCE = 2**63 - 1
KEY_CHARACTERS = 200
DETAIL_CHARACTERS = 512
NOBODY = str(NO_TENANT)
BASELINE_HEADER = "rcm_baseline"
"""On the first event of an aggregate that a refill could reach: nothing earlier exists."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an event cannot be applied. `detail` never quotes a value."""

    reason: str
    error: str = ""
    detail: str = ""


class Item:
    """One record on its way through a transaction."""

    __slots__ = ("fault", "id", "received", "record", "sequence", "stream", "truncated", "type")

    def __init__(
        self,
        stream: Stream,
        sequence: int | None,
        *,
        id: str,  # noqa: A002 - the event's id, as in CloudEvents
        type: str,  # noqa: A002 - the event's type, as in CloudEvents
        received: Received[Any] | None,
        fault: Fault | None,
        record: Record,
    ) -> None:
        self.stream, self.sequence, self.id, self.type = stream, sequence, id, type
        self.received, self.fault, self.record = received, fault, record
        self.truncated = False
        """The beginning of its partition's log is gone."""

    def may_begin(self) -> bool:
        """Whether this can be the first event of its aggregate that there still is."""
        return self.truncated or any(name == BASELINE_HEADER for name, _ in self.record.headers)


@dataclass(frozen=True, slots=True)
class _Known:
    name: str
    schema: bytes
    validate: Callable[[bytes], Event]


class Intake:
    """Decodes what a consumer listens to. `tenants` holds the known tenants as the header names
    them and is replaced when it changes; None lets every tenant in."""

    def __init__(self, events: Iterable[type[Event]], *, prefix: str = "") -> None:
        self._prefix = prefix
        self.tenants: Mapping[bytes, UUID] | None = None
        self._known = {
            (event.topic.name, event.__name__.encode()): _Known(
                event.__name__,
                schema_of(event.topic.name, event.__name__).encode(),
                _validator(event),
            )
            for event in events
        }

    def read(self, record: Record) -> Item:
        """The item of one record. Never raises for what a record holds."""
        headers = dict(record.headers)
        topic = record.topic.removeprefix(self._prefix)
        if headers.get("content-type", b"").startswith(STRUCTURED) and record.value is not None:
            found = unstructured(record.value)
            if found is None:
                return self._broken(topic, record, "not a structured CloudEvent")
            return self._item(topic, record, {**headers, **found[0]}, found[1])
        return self._item(topic, record, headers, record.value)

    def _item(
        self, topic: str, record: Record, headers: dict[str, bytes], value: bytes | None
    ) -> Item:
        try:
            id_, tenant = headers["ce_id"], headers["ce_tenantid"]
            type_, sequence = headers["ce_type"], int(headers["ce_sequence"])
            key = record.key.decode()  # type: ignore[union-attr]
            well_formed = (
                UUID_TEXT.fullmatch(id_)
                and UUID_TEXT.fullmatch(tenant)
                and 0 < sequence <= MAX_SEQUENCE
                and len(key) <= KEY_CHARACTERS
                and key.isprintable()
                and type_.isalnum()
            )
        except (KeyError, ValueError, AttributeError, TypeError):
            return self._unheaded(topic, record, headers)
        if not well_formed:
            return self._broken(topic, record, "an attribute has not its form")
        known = self._known.get((topic, type_))
        event_id, name = id_.decode(), known.name if known else type_.decode()
        stream = (tenant.decode(), topic, key)
        received, fault = None, None
        if self.tenants is not None and tenant not in self.tenants:
            # Kept whatever its type, so that the tenant's order is whole when it is registered.
            stream, fault = (NOBODY, topic, key), Fault("unknown_tenant")
        elif known is not None and value is not None:
            found = _event(known, headers, value, tenant)
            if isinstance(found, Fault):
                fault = found
            else:
                received = Received(
                    found,
                    event_id=event_id,
                    key=key,
                    sequence=sequence,
                    headers=headers,
                    topic=topic,
                    partition=record.partition,
                    offset=record.offset,
                )
        return Item(
            stream, sequence, id=event_id, type=name, received=received, fault=fault, record=record
        )

    def _unheaded(self, topic: str, record: Record, headers: Mapping[str, bytes]) -> Item:
        missing = [
            name
            for name in ("ce_id", "ce_type", "ce_tenantid", "ce_sequence")
            if name not in headers
        ]
        if record.key is None:
            missing.append("key")
        detail = f"missing: {', '.join(missing)}" if missing else "an attribute has not its form"
        return self._broken(topic, record, detail)

    @staticmethod
    def _broken(topic: str, record: Record, detail: str) -> Item:
        """A record without a readable identity. A tombstone says nothing, so nothing is lost by
        passing over it; the others are kept, in the order of their key where they have one."""
        key = (record.key or b"").decode("utf-8", "backslashreplace")
        if not key or len(key) > KEY_CHARACTERS or not key.isprintable():
            key = f"@{record.partition}:{record.offset}"
        return Item(
            (NOBODY, topic, key),
            None,
            id=stand_in_id(topic, record.partition, record.offset, record.timestamp),
            type="",
            received=None,
            fault=None if record.value is None else Fault("decode", "", detail),
            record=record,
        )


def _event(
    known: _Known, headers: Mapping[str, bytes], value: bytes, tenant: bytes
) -> Event | Fault:
    if headers.get("ce_dataschema", known.schema) != known.schema:
        return Fault("unknown_major", "", "ce_dataschema names another contract")
    if headers.get("ce_specversion", b"1.0")[:2] != b"1.":
        return Fault("unknown_major", "", "ce_specversion is not 1")
    if len(value) > MAX_VALUE_BYTES:
        return Fault("oversize", "", f"{len(value)} bytes, at most {MAX_VALUE_BYTES}")
    try:
        event = known.validate(value)
    except ValidationError as error:
        return Fault(_kind(error), type(error).__name__, _places(error))
    if event.tenant_id != _tenant(tenant):
        return Fault("schema", "", "tenant_id differs from ce_tenantid")
    return event


@lru_cache(maxsize=4096)
def _tenant(text: bytes) -> UUID:
    return UUID(text.decode())


def _validator(event: type[Event]) -> Callable[[bytes], Event]:
    """Strict: JSON has the types already, so a number in a string is a broken contract."""
    validate = event.__pydantic_validator__.validate_json

    def strict(value: bytes) -> Event:
        return validate(value, strict=True)  # type: ignore[no-any-return]

    return strict


def _kind(error: ValidationError) -> str:
    return "decode" if error.errors()[0]["type"] == "json_invalid" else "schema"


def _places(error: ValidationError) -> str:
    """Where and which rule, without what was there."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    places = [f"{'.'.join(map(str, one['loc']))}: {one['type']}" for one in found[:8]]
    return "; ".join(places)[:DETAIL_CHARACTERS]
