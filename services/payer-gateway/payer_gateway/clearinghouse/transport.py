"""What every transport does, and the two ways in which it can fail."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class PartnerUnavailable(Exception):  # noqa: N818 - the fact is the name
    """No answer that settles anything. Whether the partner took the file is not known, so the same
    file is offered again under the same name."""


class PartnerRefused(Exception):  # noqa: N818 - the fact is the name
    """The partner said no: it did not take the file, and the same file will not be taken again."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that a partner holds for us, and the cursor that goes on after it."""

    name: str
    cursor: str


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
