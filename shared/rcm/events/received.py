"""What a handler gets, and how it refuses an event that it cannot use yet."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast
from uuid import UUID

from pydantic import BaseModel

from rcm.contracts.base import Event, Sealed
from rcm.events.items import Item, StoredRecord
from rcm.ids import new_id

if TYPE_CHECKING:
    from rcm.security.seal import Keyring

E = TypeVar("E", bound=Event)


class Park(Exception):  # noqa: N818 - a decision of the handler, not a fault
    """Raised by a handler: these events cannot be applied yet (a payment for a claim that is not
    there). Their keys are parked in order and tried again; everything else of the batch goes on.

    Name all such events of the batch at once. `reason` is a stable code, `detail` holds ids only.
    """

    def __init__(self, event_ids: Iterable[UUID], reason: str, detail: str = "") -> None:
        self.event_ids = frozenset(event_ids)
        self.reason, self.detail = reason, detail
        if not self.event_ids:
            raise ValueError("Park names at least one event")
        super().__init__(f"{reason}: {len(self.event_ids)} events")


@dataclass(frozen=True, slots=True)
class Caused:
    """An event with the chain that led to it; made by `Received.causes`."""

    event: Event
    correlation_id: str
    causation_id: str


def aad(tenant_id: UUID, event_type: str, event_id: str) -> bytes:
    """What a person block is bound to: moved to another tenant, type or event it does not open."""
    return f"{tenant_id}|{event_type}|{event_id}".encode()


class Received(Generic[E]):
    """One event as it came from its topic: decoded, of a known tenant, not seen before, and next
    in its aggregate's order. Treat it as frozen."""

    __slots__ = ("__dict__", "event", "item")

    def __init__(self, event: E, item: Item) -> None:
        self.event = event
        self.item = item

    @classmethod
    def of(cls, event: E, *, event_id: UUID | None = None, sequence: int = 1) -> "Received[E]":
        """An event as if it had just arrived, for tests of handlers."""
        topic = event.topic.name
        record = StoredRecord(topic, 0, sequence - 1, 0, event.key.encode(), None)
        item = Item(record, {}, (str(event.tenant_id), topic, event.key), sequence)
        item.id, item.type = str(event_id or new_id()), type(event).__name__
        item.event = event
        return cls(event, item)

    def __repr__(self) -> str:
        return f"Received({self.event_type} {self.id} #{self.sequence})"

    @property
    def id(self) -> str:
        """The event's id as text: cheaper than `event_id` where it only goes into a statement."""
        return self.item.id

    @property
    def sequence(self) -> int:
        """Its number within its aggregate: 1, 2, 3, ..."""
        return self.item.sequence or 0

    @property
    def key(self) -> str:
        """The aggregate's id, whose order is kept."""
        return self.item.stream[2]

    @property
    def topic(self) -> str:
        """Without the installation's prefix."""
        return self.item.stream[1]

    @property
    def partition(self) -> int:
        return self.item.record.partition

    @property
    def offset(self) -> int:
        return self.item.record.offset

    @property
    def headers(self) -> Mapping[str, bytes]:
        return self.item.headers

    @cached_property
    def event_id(self) -> UUID:
        """UUIDv7, the same on every delivery."""
        return UUID(self.id)

    @property
    def tenant_id(self) -> UUID:
        return self.event.tenant_id

    @property
    def event_type(self) -> str:
        return type(self.event).__name__

    @cached_property
    def time(self) -> datetime:
        """When the event was appended, UTC."""
        text = (self.headers.get("ce_time") or b"").decode()
        return datetime.fromisoformat(text) if text else datetime.now(UTC)

    @property
    def correlation_id(self) -> str:
        """The event that began the chain; an event without a cause begins its own."""
        return (self.headers.get("ce_correlationid") or b"").decode() or self.id

    @property
    def causation_id(self) -> str | None:
        """The event that this one answers."""
        return (self.headers.get("ce_causationid") or b"").decode() or None

    @property
    def traceparent(self) -> str | None:
        """W3C trace context of the transaction that appended the event."""
        return (self.headers.get("traceparent") or b"").decode() or None

    def causes(self, event: Event) -> Caused:
        """`event`, as a consequence of this one."""
        return Caused(event, self.correlation_id, self.id)

    def open(self, keyring: "Keyring") -> Any:
        """The person block in the clear, as the event declares it (`Persons` on claims).

        Raises `KeyShredded`, `SealBroken` (rcm.security.seal), or ValueError without a block.
        """
        field = type(self.event).person_field
        block = getattr(self.event, field) if field else None
        if not isinstance(block, Sealed):
            raise ValueError(f"{self.event_type} has no person block")  # noqa: TRY004
        if block.sealed is None:
            return block.value
        plaintext = keyring.open(
            self.tenant_id, block.sealed, aad(self.tenant_id, self.event_type, self.id)
        )
        return person_model(type(self.event)).model_validate_json(plaintext)


def person_model(event: type[Event]) -> type[BaseModel]:
    """The class inside `Sealed[...]` of the event's person field."""
    assert event.person_field is not None  # noqa: S101 - the caller looked
    annotation = event.model_fields[event.person_field].annotation
    return cast("type[BaseModel]", annotation.__args__[0])  # type: ignore[union-attr]
