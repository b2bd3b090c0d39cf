"""Settings of the twin, from the environment (`PAYER_TWIN_...`)."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class TwinSettings(BaseSettings):
    """Where it listens, where it remembers, whom it knows, how soon it pays."""

    model_config = SettingsConfigDict(env_prefix="PAYER_TWIN_", extra="ignore")

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 0
    """0 takes a free port and says which on standard output."""
    data_dir: Path = Path(".local/payer-twin")
    remittance_delay_s: Annotated[float, Field(ge=0)] = 0.0
    """From the claim's arrival to its 835."""
    token: SecretStr | None = None
    """A shared credential that may act for any submitter (it names one by `submitter_id=`)."""
    partners: dict[str, SecretStr] = {}
    """Bearer token by submitter id (ISA06), as JSON."""
    body_limit_bytes: int = 50_000_000
