"""What a polled record becomes: an item with its place in an aggregate, and an event or a fault."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from rcm.events.received import Received

Stream = tuple[str, str, str]
"""Tenant (as text), topic without prefix, aggregate id: what has an order."""

BASELINE_HEADER = "rcm_baseline"
"""On the first event of an aggregate that a refill could reach: nothing earlier exists."""


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


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an event cannot be applied. `detail` never quotes a value."""

    reason: str
    error: str = ""
    detail: str = ""


class Item:
    """One record on its way through a transaction. Made once per record, so it is kept light."""

    __slots__ = (
        "fault",
        "headers",
        "id",
        "received",
        "record",
        "sequence",
        "stream",
        "truncated",
        "type",
    )

    def __init__(
        self, record: Record, headers: Mapping[str, bytes], stream: Stream, sequence: int | None
    ) -> None:
        self.record = record
        self.headers = headers
        self.stream = stream
        self.sequence = sequence
        self.id = ""
        self.type = ""
        self.received: Received[Any] | None = None
        self.fault: Fault | None = None
        self.truncated = False
        """The beginning of its partition's log is gone."""

    def may_begin(self) -> bool:
        """Whether this can be the first event of its aggregate that there still is."""
        return self.truncated or any(name == BASELINE_HEADER for name, _ in self.record.headers)


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record that is not fresh from a poll; `topic` with the installation's prefix."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()
