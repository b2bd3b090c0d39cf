"""The twin's doors: interchanges in, answers out, and everything it did for anyone to see."""

import hmac
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BeforeValidator
from starlette.concurrency import run_in_threadpool

from payer_twin.intake import ControlNumberReused, take
from payer_twin.scenarios import DEFAULT, MEMBER_MARK, SCENARIOS, Scenario
from payer_twin.settings import TwinSettings
from payer_twin.storage import Storage
from rcm_x12.findings import NotX12

router = APIRouter()
_bearer = HTTPBearer(auto_error=False)
Limit = Annotated[int, Query(ge=1, le=500)]
After = Annotated[int, BeforeValidator(lambda value: value or 0), Query(ge=0)]
"""A cursor; empty is the beginning."""


def create_app(settings: TwinSettings, clock: Callable[[], float] = time.time) -> FastAPI:
    """The application; it opens its storage on start and closes it on stop."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.storage = Storage(settings.data_dir / "payer-twin.sqlite")
        yield
        app.state.storage.close()

    app = FastAPI(title="Payer twin", lifespan=lifespan)
    app.state.settings, app.state.clock = settings, clock
    app.include_router(router)
    return app


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


def storage_of(request: Request) -> Storage:
    storage: Storage = request.app.state.storage
    return storage


Memory = Annotated[Storage, Depends(storage_of)]


@router.post("/interchanges", status_code=202)
async def post_interchange(
    request: Request, response: Response, storage: Memory, partner: Submitter
) -> dict[str, Any]:
    """Take an 837P interchange. The same bytes again are answered as the first time, with 200."""
    settings: TwinSettings = request.app.state.settings
    content = await request.body()
    if len(content) > settings.body_limit_bytes:
        raise HTTPException(413, "the interchange is too large")
    sender = content[35:50].decode("latin-1").strip()
    if partner is not None and sender != partner:
        raise HTTPException(403, "ISA06 is not the submitter that the token belongs to")
    try:
        receipt = await run_in_threadpool(
            take,
            storage,
            content,
            now=request.app.state.clock(),
            remittance_delay_s=settings.remittance_delay_s,
        )
    except NotX12 as error:
        raise HTTPException(422, f"not an X12 interchange: {error}") from error
    except ControlNumberReused as error:
        raise HTTPException(409, "other content came under this ISA13 before") from error
    except ValueError as error:
        raise HTTPException(422, str(error)) from error
    if receipt.is_repeated:
        response.status_code = 200
    return asdict(receipt)


@router.get("/interchanges")
def list_interchanges(
    request: Request,
    storage: Memory,
    partner: Submitter,
    after: After = 0,
    limit: Limit = 100,
) -> dict[str, Any]:
    """Files that wait for a submitter, oldest first. A file's `cursor` asks for what came after it;
    `next` is the last one's."""
    submitter = _named(partner)
    with storage.transaction() as session:
        session.release(request.app.state.clock())
        rows = session.listed(submitter, after, limit)
    items = [{**dict(row), "cursor": str(row["sequence"])} for row in rows]
    return {"items": items, "next": items[-1]["cursor"] if items else str(after)}


@router.get("/interchanges/{name}")
def get_interchange(request: Request, storage: Memory, partner: Submitter, name: str) -> Response:
    """One file, byte for byte."""
    with storage.transaction() as session:
        content = session.content(_named(partner), name, request.app.state.clock())
    if content is None:
        raise HTTPException(404, "there is no such file")
    return Response(content, media_type="application/edi-x12")


@router.get("/claims")
def list_claims(
    storage: Memory,
    partner: Submitter,
    after: After = 0,
    limit: Limit = 100,
    control_number: str | None = None,
) -> dict[str, Any]:
    """What the twin did with each claim."""
    with storage.transaction() as session:
        items = session.claims(
            after=after, limit=limit, submitter=partner, control_number=control_number
        )
    return {"items": items, "next": items[-1]["id"] if items else after}


@router.get("/scenarios")
def list_scenarios() -> dict[str, Any]:
    """The published outcome table."""
    return {
        "order": ["member_id_suffix", "charge_cents_ending", "procedure_codes", "default"],
        "items": [_published(each) for each in SCENARIOS],
        "default": _published(DEFAULT),
    }


@router.get("/healthz")
def get_health() -> dict[str, str]:
    return {"status": "ok"}


def _published(scenario: Scenario) -> dict[str, Any]:
    number = scenario.number
    asked_by = {
        "member_id_suffix": None if number is None else f"{MEMBER_MARK}{number:02d}",
        "charge_cents_ending": None if number is None else f"{number:02d}",
    }
    return {**asdict(scenario), **asked_by}


def _named(partner: str | None) -> str:
    if partner is None:
        raise HTTPException(422, "name the submitter by `submitter_id=`")
    return partner
