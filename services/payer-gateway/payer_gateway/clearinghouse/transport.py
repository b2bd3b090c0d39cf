"""What every transport does, and the two ways in which it can fail."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

# Far above any 835, in either direction; what is larger is not a file for us.
FILE_LIMIT_BYTES = 256_000_000
# The slowest line that is waited for: a file has its time-out, and this much for its length.
SLOWEST_BYTES_PER_S = 65_536


class PartnerUnavailable(Exception):  # noqa: N818 - the fact is the name
    """No answer that settles anything. Whether the partner took the file is not known, so the same
    file is offered again under the same name."""


class FileUnavailable(PartnerUnavailable):
    """The partner answers, but this one waiting file cannot be had; the others may be."""


class PartnerRefused(Exception):  # noqa: N818 - the fact is the name
    """The partner said no: it did not take the file, and the same file will not be taken again."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that a partner holds for us, and the cursor that goes on after it."""

    name: str
    cursor: str


@dataclass(frozen=True, slots=True)
class Check:
    """One step of trying a connection out: what is tried, and the act, which says what it found."""

    name: str
    act: Callable[[], Awaitable[str]]


class Transport(Protocol):
    """One partner's door. Implementations raise nothing but the two exceptions above, whose text
    holds no content of any file."""

    async def put(self, file_name: str, content: bytes) -> None:
        """Deliver a file. The same name with the same content again is no second delivery."""
        ...

    async def list_after(self, cursor: str) -> Sequence[Waiting]:
        """Files that wait for us, oldest first; the empty cursor is the beginning."""
        ...

    async def get(self, name: str) -> bytes:
        """The bytes of one of them."""
        ...

    async def settle(self, name: str) -> None:
        """It is stored: the partner may let go of it. Twice is no harm."""
        ...

    def checks(self) -> Sequence[Check]:
        """The steps of trying the connection out; none of them delivers or takes anything."""
        ...

    async def aclose(self) -> None:
        """Hang up."""
        ...


@runtime_checkable
class RealTime(Protocol):
    """A transport that also asks and waits for the answer: `isinstance(transport, RealTime)`."""

    async def ask(self, payload_type: str, content: bytes) -> bytes:
        """A 270 or 276 interchange in, the partner's answering interchange out (271, 277, 999 or
        TA1). `payload_type` is CORE's name, of `domain.transaction`."""
        ...


def require_size(content: bytes) -> None:
    """Raises `PartnerRefused` for what no partner takes."""
    if len(content) > FILE_LIMIT_BYTES:
        raise PartnerRefused("the file is larger than any partner takes")


def allowed_s(timeout_s: float, size_bytes: int) -> float:
    """How long a transfer may last in all: a peer that drips a byte a minute holds nothing up."""
    return timeout_s + size_bytes / SLOWEST_BYTES_PER_S
