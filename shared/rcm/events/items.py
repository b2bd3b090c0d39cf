"""What a polled record becomes: an item with its place in an aggregate, and an event or a fault."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from rcm.contracts.base import Event

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


class StoredRecord(NamedTuple):
    """A record that stands by itself. Its own list of headers may be empty where the item has them;
    `topic` is with the installation's prefix."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


def storable(text: str) -> str:
    """Without NUL, the one character that PostgreSQL has not."""
    return text.replace("\0", "")


def headers_by_name(record: Record) -> dict[str, bytes]:
    """The first of each name."""
    return dict(reversed(record.headers))


class Item:
    """One record on its way through a transaction. Made once per record, so it is kept light."""

    __slots__ = (
        "_headers",
        "event",
        "fault",
        "id",
        "record",
        "sequence",
        "stream",
        "truncated",
        "type",
    )

    def __init__(
        self,
        record: Record,
        headers: Mapping[str, bytes] | None,
        stream: Stream,
        sequence: int | None,
    ) -> None:
        self.record = record
        self._headers = headers
        self.stream = stream
        self.sequence = sequence
        self.id = ""
        self.type = ""
        self.event: Event | None = None
        self.fault: Fault | None = None
        self.truncated = False
        """The beginning of its partition's log is gone."""

    @property
    def headers(self) -> Mapping[str, bytes]:
        """By name: those given, else the record's, which few ever ask for."""
        if self._headers is None:
            self._headers = headers_by_name(self.record)
        return self._headers

    def may_begin(self) -> bool:
        """Whether this can be the first event of its aggregate that there still is."""
        return self.truncated or BASELINE_HEADER in self.headers

    def pairs(self) -> Sequence[tuple[str, bytes]]:
        """The record's headers as they came."""
        return self.record.headers or tuple(self.headers.items())
