"""The shell of every service: one transaction a request, health, and the roles it runs in.

router = ApiRouter()

@router.post("/encounters", status_code=201, scope="Encounter.c")
async def post_encounter(
    body: EncounterCreate, tx: RequestTx, principal: CurrentPrincipal
) -> EncounterView: ...

service = create_service(
    "coding-svc", router=router, subscriptions=subscriptions, migrations=[HERE / "migrations"]
)
"""

from rcm.service.app import Service, create_service
from rcm.service.kit import (
    CurrentPrincipal,
    Kit,
    RequestClock,
    RequestTx,
    ServiceResources,
)
from rcm.service.paging import Page, PageRequest, Paging
from rcm.service.routing import ApiRouter
from rcm.service.versions import IfMatch, Precondition, RequiredIfMatch, etag, versioned

__all__ = [
    "ApiRouter",
    "CurrentPrincipal",
    "IfMatch",
    "Kit",
    "Page",
    "PageRequest",
    "Paging",
    "Precondition",
    "RequestClock",
    "RequestTx",
    "RequiredIfMatch",
    "Service",
    "ServiceResources",
    "create_service",
    "etag",
    "versioned",
]
