"""coding-svc: what was documented leaves as codes."""

from pathlib import Path

from coding_svc.api import router
from coding_svc.handlers import subscriptions
from rcm.service import create_service

MIGRATIONS = Path(__file__).parents[1] / "migrations"

service = create_service(
    "coding-svc",
    router=router,
    subscriptions=subscriptions,
    migrations=(MIGRATIONS,),
)
