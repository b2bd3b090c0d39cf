"""What a handler gets, and how it refuses an event that it cannot use yet."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast
from uuid import UUID

from pydantic import BaseModel

from rcm.contracts.base import Event, Sealed
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

    __slots__ = (
        "__dict__",
        "event",
        "headers",
        "id",
        "key",
        "offset",
        "partition",
        "sequence",
        "topic",
    )

    def __init__(
        self,
        event: E,
        *,
        event_id: str,
        key: str,
        sequence: int,
        headers: dict[str, bytes],
        topic: str,
        partition: int,
        offset: int,
    ) -> None:
        self.event = event
        self.id = event_id
        self.key = key
        """The aggregate's id, whose order is kept."""
        self.sequence = sequence
        self.headers = headers
        self.topic = topic
        self.partition = partition
        self.offset = offset

    @classmethod
    def of(cls, event: E, *, event_id: UUID | None = None, sequence: int = 1) -> "Received[E]":
        """An event as if it had just arrived, for tests of handlers."""
        return cls(
            event,
            event_id=str(event_id or new_id()),
            key=event.key,
            sequence=sequence,
            headers={},
            topic=event.topic.name,
            partition=0,
            offset=sequence - 1,
        )

    def __repr__(self) -> str:
        return f"Received({self.event_type} {self.id} #{self.sequence})"

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
        text = self.headers.get("ce_time", b"").decode()
        return datetime.fromisoformat(text) if text else datetime.now(UTC)

    @property
    def correlation_id(self) -> str:
        """The event that began the chain; an event without a cause begins its own."""
        return self.headers.get("ce_correlationid", b"").decode() or self.id

    @property
    def causation_id(self) -> str | None:
        """The event that this one answers."""
        return self.headers.get("ce_causationid", b"").decode() or None

    @property
    def traceparent(self) -> str | None:
        """W3C trace context of the transaction that appended the event."""
        return self.headers.get("traceparent", b"").decode() or None

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
