"""coding-svc: what was documented leaves as codes."""

from pathlib import Path

from coding_svc.api import router
from coding_svc.codebook.catalogue import Catalogue, CodeSettings
from coding_svc.handlers import subscriptions
from coding_svc.semantic import open_searcher
from rcm.service import create_service
from rcm.settings import Settings

MIGRATIONS = Path(__file__).parents[1] / "migrations"


def resources(settings: Settings) -> Catalogue:
    """The code sets of this machine."""
    del settings
    return Catalogue(CodeSettings().codes_dir, likeness=open_searcher)


service = create_service(
    "coding-svc",
    router=router,
    subscriptions=subscriptions,
    migrations=(MIGRATIONS,),
    resources=resources,
)
