"""Settings of every service, from the environment (`RCM_...`) or from files named there."""

from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Role = Literal["api", "worker", "relay", "all"]


class Settings(BaseSettings):
    """One service process. Production refuses to start with anything made for development."""

    model_config = SettingsConfigDict(env_prefix="RCM_", extra="ignore", secrets_dir=None)

    environment: Literal["development", "test", "production"] = "production"
    role: Role = "all"
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000

    database_url: SecretStr
    """postgresql://<service>_app:...@host:port/<database>; never the owner. What libpq knows may
    follow, such as `?sslmode=verify-full&sslrootcert=/path`."""
    relay_database_url: SecretStr | None = None
    """The relay's own role, which sees the outbox of all tenants and nothing else."""
    database_pool_size: int = 10

    kafka_bootstrap: str
    topic_prefix: str = ""
    """Put before every topic and consumer group, so that tests share one broker."""

    keyring_file: Path
    """Tenant keys, wrapped by the key-encryption key (`rcm.security.seal`)."""
    kek: str = ""
    """Where the key-encryption key is, never what it is: `file:/path`, `env:VARIABLE`, or
    `<provider>:<name>` of an installed one; two, while the keyring moves (`rcm.security.kek`)."""
    issuer: str
    """`iss` of accepted tokens."""
    audience: str = "rcm"
    jwks_url: str
    token_algorithms: tuple[Literal["ES256", "EdDSA", "Ed25519", "RS256"], ...] = ("ES256",)
    """Signatures that tokens may have; as JSON (`["ES256", "RS256"]`)."""
    audit_anchor_file: Path | None = None
    """Where block heads of the audit chain are written, outside the database."""
    audit_signing_key_file: Path | None = None
    """The Ed25519 key that signs block heads (`rcm audit key` makes one)."""

    body_limit_bytes: int = 5_000_000
    drain_timeout_s: float = 20.0
    otlp_endpoint: str | None = None
    """Where traces go (OTLP over HTTP); None keeps them in the process."""
    log_level: str = "INFO"

    @field_validator("database_url", "relay_database_url")
    @classmethod
    def _is_postgresql(cls, found: SecretStr | None) -> SecretStr | None:
        """Or the driver would take what is missing from elsewhere and connect who knows where."""
        if found is not None:
            scheme = urlsplit(found.get_secret_value()).scheme
            if scheme not in {"postgresql", "postgres"}:
                raise ValueError("the address of a database begins with postgresql://")
        return found

    @model_validator(mode="after")
    def _audit_is_sealed_or_not(self) -> Self:
        """Records that nobody seals look like an audit and prove nothing."""
        given = (self.audit_signing_key_file is not None, self.audit_anchor_file is not None)
        seals = self.environment == "production" and self.role in {"worker", "all"}
        if any(given) != all(given) or (seals and not all(given)):
            raise ValueError(
                "the audit needs a key and an anchor "
                "(RCM_AUDIT_SIGNING_KEY_FILE and RCM_AUDIT_ANCHOR_FILE)"
            )
        return self

    @model_validator(mode="after")
    def _production_is_strict(self) -> Self:
        if self.environment == "production" and not self.jwks_url.startswith("https://"):
            raise ValueError("production takes its token keys over https only (RCM_JWKS_URL)")
        return self
