"""Who the twin is to those who connect: a host key and a certificate, made at the first start when
none are given, and their fingerprints for partners to pin."""

import hashlib
import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import asyncssh
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from payer_twin.settings import TwinSettings

VALID_FOR: Final = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Identity:
    """Files of its keys."""

    host_key_file: Path
    certificate_file: Path
    tls_key_file: Path

    @classmethod
    def of(cls, settings: TwinSettings) -> "Identity":
        """Those that are given, or the twin's own."""
        own = settings.data_dir / "identity"
        found = cls(
            settings.ssh_host_key_file or own / "ssh_host_ed25519_key",
            settings.tls_certificate_file or own / "certificate.pem",
            settings.tls_key_file or own / "certificate.key",
        )
        own.mkdir(parents=True, exist_ok=True, mode=0o700)
        if settings.ssh_host_key_file is None and not found.host_key_file.exists():
            key = asyncssh.generate_private_key("ssh-ed25519", comment="payer-twin")
            _write_secret(found.host_key_file, key.export_private_key())
        if settings.tls_certificate_file is None and not found.certificate_file.exists():
            _make_certificate(found, settings.host_names)
        return found

    @property
    def host_key(self) -> str:
        """An OpenSSH public key line, without comment."""
        key = asyncssh.read_private_key(self.host_key_file)
        return " ".join(key.export_public_key().decode().split()[:2])

    @property
    def host_key_fingerprint(self) -> str:
        return asyncssh.read_private_key(self.host_key_file).get_fingerprint()

    @property
    def certificate(self) -> str:
        return self.certificate_file.read_text()

    @property
    def certificate_fingerprint(self) -> str:
        """SHA-256 of the certificate, as hex digits."""
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(self.certificate)).hexdigest()

    def published(self) -> dict[str, str]:
        return {
            "ssh_host_key": self.host_key,
            "ssh_host_key_fingerprint": self.host_key_fingerprint,
            "tls_certificate": self.certificate,
            "tls_certificate_sha256": self.certificate_fingerprint,
        }


def _make_certificate(identity: Identity, names: tuple[str, ...]) -> None:
    """Signed by itself, so that it can be pinned or trusted as its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "payer-twin")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + VALID_FOR)
        .add_extension(x509.SubjectAlternativeName(list(map(_alternative, names))), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
        )
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, key_cert_sign=True, crl_sign=True,
                content_commitment=False, key_encipherment=False, data_encipherment=False,
                key_agreement=False, encipher_only=False, decipher_only=False,
            ),
            critical=True,
        )
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _write_secret(identity.tls_key_file, secret)
    identity.certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write_secret(file: Path, content: bytes) -> None:
    file.touch(mode=0o600)
    file.write_bytes(content)
