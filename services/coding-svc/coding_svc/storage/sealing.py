"""What of coding-svc lies sealed, and how sets of rows are given to PostgreSQL."""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from rcm.db import Tx
from rcm.security.seal import open_column, seal_column

if TYPE_CHECKING:
    from rcm.security.seal import Keyring


def keyring_of(tx: Tx) -> "Keyring":
    """The tenants' keys."""
    if tx.keyring is None:
        raise ValueError("coding-svc keeps persons and notes sealed and needs a keyring")
    return tx.keyring


def seal(tx: Tx, place: tuple[str, str], row_id: UUID | str, value: bytes) -> bytes:
    """A value for `place` (table, column), bound to its row."""
    table, column = place
    return seal_column(
        keyring_of(tx), tx.tenant_id, table=table, column=column, row_id=row_id, value=value
    )


def unseal(tx: Tx, place: tuple[str, str], row_id: UUID | str, value: bytes) -> bytes:
    """The value that was sealed for this place and row."""
    table, column = place
    return open_column(
        keyring_of(tx), tx.tenant_id, table=table, column=column, row_id=row_id, value=value
    )


def seal_words(tx: Tx, place: tuple[str, str], row_id: UUID | str, words: str) -> bytes | None:
    """What somebody wrote: it should name nobody, and some day it will. None for nothing."""
    return seal(tx, place, row_id, words.encode()) if words else None


def unseal_words(tx: Tx, place: tuple[str, str], row_id: UUID | str, value: bytes | None) -> str:
    return "" if value is None else unseal(tx, place, row_id, value).decode()


def columns(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    """Rows turned into one array per column, as `unnest` takes them."""
    return [list(column) for column in zip(*rows, strict=True)]
