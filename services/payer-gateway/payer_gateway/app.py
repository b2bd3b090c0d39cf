"""payer-gateway: claims out as X12, and every answer of the payers back in, as events."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from payer_gateway.api import router
from payer_gateway.clearinghouse import Clearinghouse
from payer_gateway.handlers import subscriptions
from rcm.service import create_service
from rcm.settings import Settings


class GatewaySettings(BaseSettings):
    """What only this service is told."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_", extra="ignore")

    folder_root: Path | None = None
    """Below it lie the directories of partners with the transport `folder`; none without it."""


def resources(settings: Settings) -> Clearinghouse:
    """What jobs reach the partners through."""
    return Clearinghouse.open(
        production=settings.environment == "production",
        folder_root=GatewaySettings().folder_root,
    )


service = create_service(
    "payer-gateway",
    router=router,
    subscriptions=subscriptions,
    migrations=[Path(__file__).parent.parent / "migrations"],
    resources=resources,
)
