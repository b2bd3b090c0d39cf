"""Sealing with AES-256-GCM: what names a person leaves a process only as ciphertext.

Ciphertext is bound to its place by the additional data: an event's person block to tenant, event
type and event id, a column to tenant, table, column and row id. Moved elsewhere, it does not open.
"""

from typing import Protocol, runtime_checkable
from uuid import UUID

from rcm.contracts.base import SealedBytes
from rcm.security.kek import KeyringUnusable, keys_of
from rcm.security.keyring import FileKeyring, KeyShredded, KeyUnknown, SealBroken, SealError
from rcm.settings import Settings

__all__ = [
    "FileKeyring",
    "KeyShredded",
    "KeyUnknown",
    "Keyring",
    "KeyringUnusable",
    "SealBroken",
    "SealError",
    "SealedBytes",
    "bound_to",
    "keyring_of",
    "open_column",
    "seal_column",
]

COLUMN_FORMAT = 1


@runtime_checkable
class Keyring(Protocol):
    """Seals and opens under a tenant's keys. Synchronous: both take microseconds."""

    def seal(self, tenant_id: UUID, plaintext: bytes, aad: bytes) -> SealedBytes:
        """Raises `KeyUnknown` or `KeyShredded` when the tenant has no keys."""
        ...

    def open(self, tenant_id: UUID, sealed: SealedBytes, aad: bytes) -> bytes:
        """Raises `KeyShredded`, `KeyUnknown`, or `SealBroken`."""
        ...

    def blind_index(self, tenant_id: UUID, purpose: str, value: str) -> bytes:
        """32 bytes that are equal for equal values of one tenant and purpose, and tell nothing
        else: the way to search a sealed column for an exact value."""
        ...


def keyring_of(settings: Settings) -> FileKeyring:
    """The keyring that a service's settings name. Raises `KeyringUnusable` with what to do."""
    return FileKeyring.load(settings.keyring_file, *keys_of(settings.kek))


def bound_to(tenant_id: UUID, *parts: object) -> bytes:
    """The additional data of a place. All parts but the last are free of `|`."""
    return "|".join((str(tenant_id), *map(str, parts))).encode()


def seal_column(
    keyring: Keyring, tenant_id: UUID, *, table: str, column: str, row_id: UUID | str, value: bytes
) -> bytes:
    """A sealed column value: format (1 byte), length of the key id (1), key id, then nonce,
    ciphertext and tag."""
    sealed = keyring.seal(tenant_id, value, bound_to(tenant_id, table, column, row_id))
    key_id = sealed.key_id.encode("ascii")
    return bytes((COLUMN_FORMAT, len(key_id))) + key_id + sealed.data


def open_column(
    keyring: Keyring, tenant_id: UUID, *, table: str, column: str, row_id: UUID | str, value: bytes
) -> bytes:
    """The plaintext of a sealed column value that stands where it was put."""
    if len(value) < 2 or value[0] != COLUMN_FORMAT:
        raise SealBroken("the column does not hold a sealed value")
    end = 2 + value[1]
    sealed = SealedBytes(value[2:end].decode("ascii", "replace"), value[end:])
    return keyring.open(tenant_id, sealed, bound_to(tenant_id, table, column, row_id))
