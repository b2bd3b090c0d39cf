"""Tenants' keys in one file that several services share.

Each tenant has data keys (one current, older ones that still open) and an index key, all wrapped by
the key-encryption key. The file is replaced whole (write, fsync, rename) under a lock; readers look
for a new one once a second and whenever they miss a key, so a shredded key leaves every process
within that second. Shredding is as good as the care for old copies: destroy backups of the file, or
move it to a new key-encryption key (`rewrap`) and destroy the old one.
"""

import base64
import contextlib
import copy
import hashlib
import hmac
import os
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from rcm.contracts.base import SealedBytes
from rcm.security.kek import (
    KEY_BYTES,
    NONCE_BYTES,
    KeyEncryptionKey,
    KeyringUnusable,
    keys_of_environment,
)
from rcm.security.keyring_file import (
    Content,
    TenantKeys,
    empty,
    locked,
    parsed,
    read_errors,
    replace,
)

INDEX_KEY = "index"


class SealError(Exception):
    """Something could not be sealed or opened. Names no plaintext and no key."""


class KeyShredded(SealError):  # noqa: N818
    """The tenant's keys were deleted on purpose; what they sealed is gone for good."""


class KeyUnknown(SealError):  # noqa: N818
    """The keyring has no such key: the tenant was never added, or the file is an old copy."""


class SealBroken(SealError):  # noqa: N818
    """The ciphertext was changed, or it belongs to another tenant, row or event."""


@dataclass(frozen=True, slots=True)
class _State:
    """The file as it was read once, and what was unwrapped of it. A new file makes a new state:
    what a thread still unwraps of the old one goes with the old one."""

    content: Content
    current: dict[UUID, tuple[str, AESGCM]] = field(default_factory=dict)
    ciphers: dict[tuple[UUID, str], AESGCM] = field(default_factory=dict)
    index_keys: dict[UUID, bytes] = field(default_factory=dict)


class FileKeyring:
    """The keyring in a file. The file says which of the given key-encryption keys wraps it."""

    check_interval_s: ClassVar[float] = 1.0

    def __init__(self, path: Path, keys: Sequence[KeyEncryptionKey]) -> None:
        self._path = path
        self._wrappers = {key.key_id: key for key in keys}
        self._lock = threading.Lock()
        self._check_at = 0.0
        self._seen: tuple[int, int, int] | None = None
        self._state: _State
        self._refresh()

    @classmethod
    def load(cls, path: Path, *keys: KeyEncryptionKey) -> Self:
        """The keyring of an existing file, by default under the key that `RCM_KEK` names."""
        return cls(path, keys or keys_of_environment())

    @classmethod
    def create(cls, path: Path, *keys: KeyEncryptionKey) -> Self:
        """A new, empty keyring under the first key; an existing file is loaded as it is."""
        wrappers = keys or keys_of_environment()
        with locked(path):
            if not path.exists():
                replace(path, empty(wrappers[0].key_id))
        return cls(path, wrappers)

    def seal(self, tenant_id: UUID, plaintext: bytes, aad: bytes) -> SealedBytes:
        """Nonces are random: after 2^32 seals under one key the chance of a repeat is still below
        2^-32, so rotate a tenant's key before that."""
        if time.monotonic() >= self._check_at:
            self._refresh()
        found = self._state.current.get(tenant_id) or self._load_current(tenant_id)
        nonce = os.urandom(NONCE_BYTES)
        return SealedBytes(found[0], nonce + found[1].encrypt(nonce, plaintext, aad))

    def open(self, tenant_id: UUID, sealed: SealedBytes, aad: bytes) -> bytes:
        if time.monotonic() >= self._check_at:
            self._refresh()
        cipher = self._state.ciphers.get((tenant_id, sealed.key_id))
        if cipher is None:
            cipher = self._load_cipher(tenant_id, sealed.key_id)
        try:
            return cipher.decrypt(sealed.data[:NONCE_BYTES], sealed.data[NONCE_BYTES:], aad)
        except (InvalidTag, ValueError):
            raise SealBroken("the sealed bytes do not belong here or were changed") from None

    def blind_index(self, tenant_id: UUID, purpose: str, value: str) -> bytes:
        """HMAC-SHA256 under the tenant's index key, which rotation does not change: the same value
        finds the same row for ever. The caller brings `value` into one form (case, blanks)."""
        if time.monotonic() >= self._check_at:
            self._refresh()
        key = self._state.index_keys.get(tenant_id)
        if key is None:
            state, found = self._known(tenant_id)
            key = self._unwrap(state.content, tenant_id, INDEX_KEY, found["index_key"])
            state.index_keys[tenant_id] = key
        name = purpose.encode()
        message = len(name).to_bytes(2, "big") + name + value.encode()
        return hmac.digest(key, message, hashlib.sha256)

    def tenants(self) -> tuple[UUID, ...]:
        """Everyone with keys; shredded tenants are no longer among them."""
        self._refresh()
        return tuple(
            UUID(name) for name, found in self._state.content["tenants"].items() if found["keys"]
        )

    def add_tenant(self, tenant_id: UUID) -> None:
        """Give a tenant its first keys; nothing happens when it has some."""
        with self._changed() as content:
            found = content["tenants"].get(str(tenant_id))
            if found and not found["keys"]:
                raise KeyShredded("a shredded tenant gets no new keys")
            if not found:
                found = TenantKeys(current="", keys={}, index_key="", shredded=[])
                found["index_key"] = self._new_key(content, tenant_id, INDEX_KEY)
                self._add_current(content, tenant_id, found)
                content["tenants"][str(tenant_id)] = found

    def rotate(self, tenant_id: UUID) -> str:
        """Seal under a new key from now on and return its id; older keys still open."""
        with self._changed() as content:
            found = _present(content["tenants"], tenant_id)
            self._add_current(content, tenant_id, found)
            return found["current"]

    def shred(self, tenant_id: UUID) -> None:
        """Delete all keys of a tenant. Whatever they sealed, wherever it lies, stays sealed."""
        with self._changed() as content:
            found = _present(content["tenants"], tenant_id)
            found["shredded"] = sorted({*found["shredded"], *found["keys"]})
            found["current"], found["keys"], found["index_key"] = "", {}, ""

    def rewrap(self, key: KeyEncryptionKey) -> None:
        """Wrap every key under another key-encryption key, in one replacement of the file. Start
        the services with both (`load(path, old, new)`) before, and without the old one after."""
        with self._changed() as content:
            for name, found in content["tenants"].items():
                if not found["keys"]:
                    continue
                tenant_id, wrapped = UUID(name), {**found["keys"], INDEX_KEY: found["index_key"]}
                for key_id, old in wrapped.items():
                    plain = self._unwrap(content, tenant_id, key_id, old)
                    wrapped[key_id] = _wrap(key, tenant_id, key_id, plain)
                found["index_key"] = wrapped.pop(INDEX_KEY)
                found["keys"] = wrapped
            content["wrapped_by"] = key.key_id
            self._wrappers[key.key_id] = key

    def _add_current(self, content: Content, tenant_id: UUID, found: TenantKeys) -> None:
        found["current"] = secrets.token_hex(6)
        found["keys"][found["current"]] = self._new_key(content, tenant_id, found["current"])

    def _new_key(self, content: Content, tenant_id: UUID, name: str) -> str:
        return _wrap(self._wrapper(content), tenant_id, name, secrets.token_bytes(KEY_BYTES))

    def _load_current(self, tenant_id: UUID) -> tuple[str, AESGCM]:
        state, found = self._known(tenant_id)
        key_id = found["current"]
        current = (key_id, self._cipher(state, tenant_id, key_id))
        state.current[tenant_id] = current
        return current

    def _load_cipher(self, tenant_id: UUID, key_id: str) -> AESGCM:
        state, found = self._known(tenant_id, key_id)
        if key_id not in found["keys"]:
            raise KeyUnknown(f"the keyring has no key {key_id[:64]!r} for tenant {tenant_id}")
        return self._cipher(state, tenant_id, key_id)

    def _cipher(self, state: _State, tenant_id: UUID, key_id: str) -> AESGCM:
        wrapped = state.content["tenants"][str(tenant_id)]["keys"][key_id]
        cipher = AESGCM(self._unwrap(state.content, tenant_id, key_id, wrapped))
        state.ciphers[tenant_id, key_id] = cipher
        return cipher

    def _known(self, tenant_id: UUID, key_id: str = "") -> tuple[_State, TenantKeys]:
        """The tenant's keys; the file is looked at once more where they, or this one, are not."""
        state = self._state
        found = state.content["tenants"].get(str(tenant_id))
        if found is None or (key_id and key_id not in found["keys"]):
            self._refresh()
            state = self._state
        found = _present(state.content["tenants"], tenant_id)
        if key_id in found["shredded"]:
            raise KeyShredded(f"the key {key_id} of tenant {tenant_id} was deleted")
        return state, found

    def _unwrap(self, content: Content, tenant_id: UUID, name: str, wrapped: str) -> bytes:
        wrapper = self._wrapper(content)
        return wrapper.unwrap(base64.b64decode(wrapped), _context(tenant_id, name))

    def _wrapper(self, content: Content) -> KeyEncryptionKey:
        found = self._wrappers.get(content["wrapped_by"])
        if found is None:
            raise KeyringUnusable(
                f"{self._path} is wrapped by the key-encryption key {content['wrapped_by']}, "
                "which this process was not given"
            )
        return found

    def _refresh(self) -> None:
        """Read the file again when it was replaced. Raises rather than go on with old keys."""
        with self._lock:
            with read_errors(self._path):
                status = self._path.stat()
                seen = (status.st_ino, status.st_mtime_ns, status.st_size)
                if seen != self._seen:
                    self._state = _State(parsed(self._path))
                    self._seen = seen
            # Last, so that a file that cannot be read is looked for at every call.
            self._check_at = time.monotonic() + self.check_interval_s

    @contextlib.contextmanager
    def _changed(self) -> Iterator[Content]:
        """A copy of the newest file, to be changed; written when nothing was raised."""
        with locked(self._path):
            self._refresh()
            content = copy.deepcopy(self._state.content)
            yield content
            replace(self._path, content)
        self._refresh()


def _present(tenants: dict[str, TenantKeys], tenant_id: UUID) -> TenantKeys:
    found = tenants.get(str(tenant_id))
    if found is None:
        raise KeyUnknown(f"tenant {tenant_id} is not in the keyring")
    if not found["keys"]:
        raise KeyShredded(f"the keys of tenant {tenant_id} were deleted")
    return found


def _wrap(wrapper: KeyEncryptionKey, tenant_id: UUID, name: str, key: bytes) -> str:
    return base64.b64encode(wrapper.wrap(key, _context(tenant_id, name))).decode("ascii")


def _context(tenant_id: UUID, name: str) -> bytes:
    return f"rcm keyring|{tenant_id}|{name}".encode()
