"""How a partner is reached beyond its address, and what we show it to be let in."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from types import MappingProxyType
from typing import Literal

TransportKind = Literal["https", "sftp", "folder", "core_mime", "core_soap"]
AfterPickup = Literal["delete", "archive"]

# The beginning of an address, by the kind that it belongs to; the second one is for a twin on the
# same machine and never for production.
ADDRESSES: Mapping[TransportKind, tuple[str, ...]] = MappingProxyType(
    {
        "https": ("https://", "http://"),
        "core_mime": ("https://", "http://"),
        "core_soap": ("https://", "http://"),
        "sftp": ("sftp://",),
        "folder": ("folder:",),
    }
)


@dataclass(frozen=True, slots=True)
class Connection:
    """Nothing in here is secret."""

    timeout_s: int = 30
    """How long a silence is borne in the middle of a call."""
    host_key: str = ""
    """SFTP: an OpenSSH public key, or its SHA256 fingerprint. Without one nothing is trusted."""
    inbound_directory: str = "inbound"
    outbound_directory: str = "outbound"
    after_pickup: AfterPickup = "delete"
    ca_certificate: str = ""
    """PEM: trusted for this partner instead of the system's authorities."""


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """What opens a partner's door. Kept sealed, given to the transport only, never shown."""

    bearer_token: str = ""
    username: str = ""
    password: str = ""
    private_key: str = ""
    """PEM or OpenSSH, for SFTP."""
    private_key_passphrase: str = ""
    client_certificate: str = ""
    """PEM, with its key, for TLS."""
    client_key: str = ""

    def __bool__(self) -> bool:
        return any(asdict(self).values())

    def to_bytes(self) -> bytes:
        return json.dumps({name: value for name, value in asdict(self).items() if value}).encode()

    @classmethod
    def from_bytes(cls, secret: bytes) -> "Credentials":
        """A secret that is not JSON is a bearer token, as they were kept at first."""
        if not secret.startswith(b"{"):
            return cls(bearer_token=secret.decode())
        known = {each.name for each in fields(cls)}
        found = json.loads(secret)
        return cls(**{name: value for name, value in found.items() if name in known})

    def missing(self, transport: TransportKind) -> str | None:
        """What this kind of transport cannot work without, in words."""
        match transport:
            case "sftp" if not (self.username and (self.password or self.private_key)):
                return "an SFTP account needs a user name, and a password or a private key"
            case "core_mime" | "core_soap" if not (
                (self.username and self.password) or self.client_certificate
            ):
                return "CORE needs a user name and password, or a client certificate"
        if bool(self.client_certificate) != bool(self.client_key):
            return "a client certificate and its key come together"
        return None
