"""The key-encryption key: it wraps tenants' keys and never seals anything else.

`RCM_KEK` names where it is, never what it is: `file:/run/secrets/rcm-kek`, `env:NAME_OF_VARIABLE`,
or `<provider>:<anything>` for a provider installed under the entry point group
`rcm.key_encryption_keys` (a cloud KMS, an HSM), which is called with the text after the colon. It
names two, with a blank between, while a keyring moves from one to the other.
"""

import base64
import binascii
import hashlib
import os
import secrets
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol, Self, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12
PROVIDERS = "rcm.key_encryption_keys"


class KeyringUnusable(Exception):  # noqa: N818
    """The keyring or its key-encryption key cannot be read; the sentence says what to do."""


class KeyEncryptionKey(Protocol):
    """Wraps and unwraps a 32-byte key, bound to a context. A KMS answers the same two calls."""

    @property
    def key_id(self) -> str:
        """Which key-encryption key this is, so that a keyring can be moved from one to another."""
        ...

    def wrap(self, key: bytes, context: bytes) -> bytes: ...

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The key again. Raises `KeyringUnusable` when it was wrapped by another key, for another
        context, or was changed."""
        ...


class LocalKey:
    """A key-encryption key that this process holds: AES-256-GCM."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise KeyringUnusable(f"a key-encryption key has {KEY_BYTES} bytes, not {len(key)}")
        self._cipher = AESGCM(key)
        # A label that does not help to find the key: the first bytes of its domain-separated hash.
        self._key_id = hashlib.sha256(b"rcm key-encryption key id" + key).hexdigest()[:16]

    @property
    def key_id(self) -> str:
        return self._key_id

    @classmethod
    def of_text(cls, text: str, place: str) -> Self:
        """From Base64, as `make_key_file` writes it."""
        try:
            return cls(base64.b64decode(text.strip(), validate=True))
        except (binascii.Error, ValueError):
            raise KeyringUnusable(f"{place} does not hold a Base64 key of 32 bytes") from None

    def wrap(self, key: bytes, context: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, key, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        try:
            return self._cipher.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], context)
        except (InvalidTag, ValueError):
            raise KeyringUnusable("a wrapped key does not belong here or was changed") from None


def make_key_file(path: Path) -> LocalKey:
    """A new random key-encryption key in a file that only its owner may read; never overwrites."""
    text = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode("ascii")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
    return LocalKey.of_text(text, str(path))


def key_of(reference: str) -> KeyEncryptionKey:
    """The key-encryption key that a reference such as `file:/run/secrets/rcm-kek` names."""
    provider, separator, rest = reference.partition(":")
    if not separator or not rest:
        raise KeyringUnusable("RCM_KEK must look like file:/path, env:VARIABLE or provider:name")
    if provider == "file":
        try:
            return LocalKey.of_text(Path(rest).read_text(), rest)
        except OSError as failure:
            raise KeyringUnusable(
                f"the key-encryption key {rest} cannot be read: {failure.strerror}"
            ) from failure
    if provider == "env":
        if rest not in os.environ:
            raise KeyringUnusable(f"RCM_KEK names the variable {rest}, which is not set")
        return LocalKey.of_text(os.environ[rest], rest)
    for found in entry_points(group=PROVIDERS, name=provider):
        return cast("KeyEncryptionKey", found.load()(rest))
    raise KeyringUnusable(f"no key provider named {provider} is installed")


def keys_of(references: str) -> tuple[KeyEncryptionKey, ...]:
    """All key-encryption keys that blank-separated references name, at least one."""
    if not references.strip():
        raise KeyringUnusable("set RCM_KEK to where the key-encryption key is, as file:/path")
    return tuple(key_of(reference) for reference in references.split())


def keys_of_environment() -> tuple[KeyEncryptionKey, ...]:
    """The key-encryption keys that `RCM_KEK` names."""
    return keys_of(os.environ.get("RCM_KEK", ""))
