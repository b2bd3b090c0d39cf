"""claims-svc: codes become claims, and payers' answers become money."""

from pathlib import Path

from claims_svc.api import router
from claims_svc.handlers import subscriptions
from rcm.migrations import LEDGER
from rcm.service import create_service

MIGRATIONS = Path(__file__).parents[1] / "migrations"

service = create_service(
    "claims-svc",
    router=router,
    subscriptions=subscriptions,
    migrations=(LEDGER, MIGRATIONS),
)
