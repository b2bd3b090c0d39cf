"""Signing block heads with Ed25519: whoever can write the database still cannot make a block."""

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

PURPOSE = b"rcm.audit.block.1"


class AuditKeyUnusable(Exception):  # noqa: N818
    """The signing key cannot be read; the sentence says which file."""


def public_path(path: Path) -> Path:
    """Where the public half of a signing key lies; it is what an auditor is given."""
    return path.with_name(path.name + ".pub")


class Signer:
    """The sealer's private key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.key_id = _key_id(key.public_key())

    @classmethod
    def load(cls, path: Path) -> Self:
        key = _read(path, lambda content: load_pem_private_key(content, None))
        if not isinstance(key, Ed25519PrivateKey):
            raise AuditKeyUnusable(f"{path} does not hold an Ed25519 private key")
        return cls(key)

    @classmethod
    def create(cls, path: Path) -> Self:
        """A new key in `path` (for its owner only), its public half beside it; never overwrites."""
        key = Ed25519PrivateKey.generate()
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(private)
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        public_path(path).write_bytes(public)
        return cls(key)

    def sign(self, block_hash: bytes) -> bytes:
        return self._key.sign(PURPOSE + block_hash)

    def verifiers(self) -> "Verifiers":
        """Trust in this key alone."""
        return Verifiers({self.key_id: self._key.public_key()})


@dataclass(frozen=True, slots=True)
class Verifiers:
    """The public keys that blocks may be signed with: the current one and retired ones."""

    keys: Mapping[str, Ed25519PublicKey] = field(default_factory=dict)

    @classmethod
    def load(cls, paths: Iterable[Path]) -> Self:
        keys = {}
        for path in paths:
            key = _read(path, load_pem_public_key)
            if not isinstance(key, Ed25519PublicKey):
                raise AuditKeyUnusable(f"{path} does not hold an Ed25519 public key")
            keys[_key_id(key)] = key
        return cls(keys)

    def accept(self, key_id: str, signature: bytes, block_hash: bytes) -> bool:
        key = self.keys.get(key_id)
        if key is None:
            return False
        try:
            key.verify(signature, PURPOSE + block_hash)
        except InvalidSignature:
            return False
        return True


def _key_id(key: Ed25519PublicKey) -> str:
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def _read(path: Path, parse: Callable[[bytes], object]) -> object:
    try:
        return parse(path.read_bytes())
    except OSError as failure:
        raise AuditKeyUnusable(f"{path} cannot be read: {failure.strerror}") from failure
    except (ValueError, TypeError):
        raise AuditKeyUnusable(f"{path} does not hold an unencrypted PEM key") from None
