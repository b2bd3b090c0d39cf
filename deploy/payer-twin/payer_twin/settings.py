"""Settings of the twin, from the environment (`PAYER_TWIN_...`)."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

Port = Annotated[int, Field(ge=0, le=65535)]


class Account(BaseModel):
    """Who may come in by SFTP and CORE as a submitter: with a password, a key, or either."""

    model_config = ConfigDict(extra="forbid")

    password: SecretStr | None = None
    public_key: str | None = None
    """An OpenSSH public key line."""


class TwinSettings(BaseSettings):
    """Where it listens, where it remembers, whom it knows, how soon it pays."""

    model_config = SettingsConfigDict(env_prefix="PAYER_TWIN_", extra="ignore")

    host: str = "127.0.0.1"
    port: Port = 0
    """REST. 0 takes a free port and says which on standard output."""
    sftp_port: Port | None = None
    """None: no SFTP door."""
    core_port: Port | None = None
    """None: no CAQH CORE door (HTTPS, MIME and SOAP)."""
    data_dir: Path = Path(".local/payer-twin")
    host_names: tuple[str, ...] = ("localhost", "127.0.0.1", "payer-twin")
    """Names in the certificate that is made when none is given."""
    tls_certificate_file: Path | None = None
    tls_key_file: Path | None = None
    ssh_host_key_file: Path | None = None
    remittance_delay_s: Annotated[float, Field(ge=0)] = 0.0
    """From the claim's arrival to its 835, or to the moment from which the next run takes it."""
    payment_run: Annotated[str, Field(pattern=r"^(|([01]\d|2[0-3]):[0-5]\d)$")] = ""
    """HH:MM (UTC) of the daily payment run; empty pays each claim by itself."""
    token: SecretStr | None = None
    """A shared credential that may act for any submitter (it names one by `submitter_id=`). At the
    other doors it is a password under any submitter's name."""
    partners: dict[str, SecretStr] = {}
    """Bearer token by submitter id (ISA06), as JSON."""
    accounts: dict[str, Account] = {}
    """SFTP and CORE accounts by submitter id, as JSON."""
    body_limit_bytes: int = 50_000_000
