"""Pages by keyset: a cursor says after which row to go on, so pages neither skip nor repeat rows.

A cursor is sealed under the tenant's key and bound to path and filters: it shows no value (a sort
key may be a name), cannot be made up, and does not open for another tenant or another list.
"""

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Generic, Self, TypeVar
from uuid import UUID

import orjson
from fastapi import Depends, Query, Request
from pydantic import BaseModel, Field

from rcm.contracts.base import SealedBytes
from rcm.errors import Pointer, Problem
from rcm.security.seal import Keyring, SealError, bound_to
from rcm.service.kit import call_of, kit_of

T = TypeVar("T")
Row = TypeVar("Row")
KeyPart = str | int | UUID | date | datetime

LIMIT_DEFAULT = 50
LIMIT_MAX = 200
CURSOR_LENGTH_MAX = 2048


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page is asked for. A storage query takes `after(...)` and `fetch`."""

    limit: int
    cursor: str | None
    keyring: Keyring
    tenant_id: UUID
    place: bytes

    @property
    def fetch(self) -> int:
        """One row more than the page holds, which tells whether another page follows."""
        return self.limit + 1

    def after(self, *kinds: type[KeyPart]) -> tuple[Any, ...] | None:
        """The last row's sort key, as the kinds that `Page.of` was given (str, int, UUID, date,
        datetime); None on the first page. Raises a problem for a cursor from elsewhere."""
        if self.cursor is None:
            return None
        try:
            sealed = base64.urlsafe_b64decode(self.cursor + "=" * (-len(self.cursor) % 4))
            key_id, _, data = sealed.partition(b"\0")
            opened = self.keyring.open(
                self.tenant_id, SealedBytes(key_id.decode("ascii"), data), self.place
            )
            values = orjson.loads(opened)
            return tuple(_read(kind, value) for kind, value in zip(kinds, values, strict=True))
        except (SealError, ValueError, TypeError, binascii.Error):
            raise Problem(
                "cursor_invalid",
                "The cursor is not one of this list with these filters.",
                (Pointer("query.cursor", "is not a cursor of this list"),),
            ) from None

    def cursor_of(self, key: Sequence[KeyPart]) -> str:
        """The cursor that goes on after the row with this sort key."""
        # The driver's own UUID class is not known to orjson.
        plain = orjson.dumps(list(key), default=str)
        sealed = self.keyring.seal(self.tenant_id, plain, self.place)
        raw = sealed.key_id.encode("ascii") + b"\0" + sealed.data
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _read(kind: type[KeyPart], value: object) -> KeyPart:
    if kind is datetime:
        return datetime.fromisoformat(str(value))
    if kind is date:
        return date.fromisoformat(str(value))
    if kind is UUID:
        return UUID(str(value))
    if not isinstance(value, kind):
        raise TypeError("the cursor holds another kind of key")
    return value


async def _page_request(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT,
    cursor: Annotated[
        str | None, Query(max_length=CURSOR_LENGTH_MAX, description="`next_cursor` of a page.")
    ] = None,
) -> PageRequest:
    tenant_id = call_of(request).principal.tenant_id
    filters = sorted(
        pair for pair in request.query_params.multi_items() if pair[0] not in {"limit", "cursor"}
    )
    place = bound_to(tenant_id, "cursor", request.url.path, orjson.dumps(filters).decode())
    return PageRequest(limit, cursor, kit_of(request).keyring, tenant_id, place)


Paging = Annotated[PageRequest, Depends(_page_request)]
"""`limit` and `cursor` of the query."""


class Page(BaseModel, Generic[T]):
    """A page of a list, and the cursor of the next one; null on the last."""

    items: list[T]
    next_cursor: Annotated[str | None, Field(description="Give it as `cursor` to go on.")] = None

    @classmethod
    def of(
        cls,
        rows: Iterable[Row],
        paging: PageRequest,
        *,
        key: Callable[[Row], Sequence[KeyPart]],
        view: Callable[[Row], T],
    ) -> Self:
        """The page of up to `paging.fetch` rows, in the order of `key`, each shown by `view`:
        `Page[ClaimRow].of(rows, paging, key=lambda c: (c.created_at, c.claim_id), view=...)`."""
        found = list(rows)
        shown = found[: paging.limit]
        more = paging.cursor_of(key(shown[-1])) if len(found) > paging.limit else None
        return cls(items=[view(row) for row in shown], next_cursor=more)
