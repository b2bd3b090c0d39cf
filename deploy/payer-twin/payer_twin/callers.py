"""Who is calling, and the twin that is called."""

import hmac
from typing import Annotated

from fastapi import Depends, HTTPException, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BeforeValidator

from payer_twin.settings import TwinSettings
from payer_twin.twin import Twin

_bearer = HTTPBearer(auto_error=False)
Limit = Annotated[int, Query(ge=1, le=500)]
After = Annotated[int, BeforeValidator(lambda value: value or 0), Query(ge=0)]
"""A cursor; empty is the beginning."""


def twin_of(request: Request) -> Twin:
    twin: Twin = request.app.state.twin
    return twin


Payer = Annotated[Twin, Depends(twin_of)]


async def submitter_of(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    submitter_id: str | None = None,
) -> str | None:
    """Who is asking: the partner whose token it is, or whom the shared token names (None: any)."""
    settings: TwinSettings = request.app.state.settings
    if not settings.partners and settings.token is None:
        return submitter_id
    token = (credentials.credentials if credentials else "").encode()
    for partner, secret in settings.partners.items():
        if hmac.compare_digest(token, secret.get_secret_value().encode()):
            if submitter_id not in {None, partner}:
                raise HTTPException(403, "the token belongs to another submitter")
            return partner
    shared = settings.token
    if shared is not None and hmac.compare_digest(token, shared.get_secret_value().encode()):
        return submitter_id
    raise HTTPException(401, "a bearer token is needed", {"WWW-Authenticate": "Bearer"})


Submitter = Annotated[str | None, Depends(submitter_of)]


async def operator(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> None:
    """The clock and the payment runs are everybody's, so only the shared token moves them."""
    settings: TwinSettings = request.app.state.settings
    if not settings.partners and settings.token is None:
        return
    token = (credentials.credentials if credentials else "").encode()
    shared = settings.token
    if shared is None or not hmac.compare_digest(token, shared.get_secret_value().encode()):
        raise HTTPException(401, "the shared token is needed", {"WWW-Authenticate": "Bearer"})


def named(partner: str | None) -> str:
    """The submitter, who must be named here."""
    if partner is None:
        raise HTTPException(422, "name the submitter by `submitter_id=`")
    return partner
