"""The twin's REST door: interchanges in, answers out, and everything else by its own routers."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from starlette.concurrency import run_in_threadpool

from payer_twin import control, inspection
from payer_twin.callers import After, Limit, Payer, Submitter, named
from payer_twin.scenarios import DEFAULT, ORDER, SCENARIOS, published
from payer_twin.settings import TwinSettings
from payer_twin.twin import (
    ControlNumberReused,
    Delivery,
    NameReused,
    NotTheSubmitter,
    Refused,
    Twin,
)
from rcm_x12.findings import NotX12

X12_MEDIA_TYPE = "application/edi-x12"
router = APIRouter()


def create_app(settings: TwinSettings, clock: Callable[[], float] = time.time) -> FastAPI:
    """The application; it opens its memory on start and closes it on stop. `clock` is the wall's,
    which the twin's own follows until it is moved."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.twin = Twin(settings, clock)
        yield
        app.state.twin.close()

    app = FastAPI(title="Payer twin", lifespan=lifespan)
    app.state.settings = settings
    for each in (router, control.router, inspection.router):
        app.include_router(each)
    return app


@router.post("/interchanges", status_code=202)
async def post_interchange(
    request: Request, response: Response, twin: Payer, partner: Submitter, file_name: str = ""
) -> dict[str, Any]:
    """Take an interchange. The same bytes again are answered as the first time, with 200."""
    content = await _limited_body(request, twin.settings.body_limit_bytes)
    delivery = Delivery(content, "REST", file_name, partner)
    try:
        receipt = await run_in_threadpool(twin.take, delivery)
    except NotX12 as error:
        raise HTTPException(422, f"not an X12 interchange: {error}") from error
    except NotTheSubmitter as error:
        raise HTTPException(403, str(error)) from error
    except (ControlNumberReused, NameReused) as error:
        raise HTTPException(409, str(error)) from error
    except Refused as error:
        raise HTTPException(422, str(error)) from error
    if receipt.is_repeated:
        response.status_code = 200
    return asdict(receipt)


async def _limited_body(request: Request, limit: int) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise HTTPException(413, "the interchange is too large")
        parts.append(part)
    return b"".join(parts)


@router.post("/realtime")
async def post_realtime(request: Request, twin: Payer, partner: Submitter) -> Response:
    """Ask: a 270 or 276 in, the 271 or 277 out (or the 999 that says why not)."""
    content = await _limited_body(request, twin.settings.body_limit_bytes)
    try:
        answered = await run_in_threadpool(twin.ask, Delivery(content, "REST", "", partner))
    except NotX12 as error:
        raise HTTPException(422, f"not an X12 interchange: {error}") from error
    except NotTheSubmitter as error:
        raise HTTPException(403, str(error)) from error
    except ControlNumberReused as error:
        raise HTTPException(409, str(error)) from error
    except Refused as error:
        raise HTTPException(422, str(error)) from error
    return Response(answered.content, media_type=X12_MEDIA_TYPE)


@router.get("/interchanges")
def list_interchanges(
    twin: Payer, partner: Submitter, after: After = 0, limit: Limit = 100
) -> dict[str, Any]:
    """Files that wait for a submitter, oldest first. A file's `cursor` asks for what came after it;
    `next` is the last one's."""
    submitter = named(partner)
    with twin.settled() as session:
        rows = session.listed(submitter, after, limit)
    items = [{**dict(row), "cursor": str(row["sequence"])} for row in rows]
    return {"items": items, "next": items[-1]["cursor"] if items else str(after)}


@router.get("/interchanges/{name}")
def get_interchange(twin: Payer, partner: Submitter, name: str) -> Response:
    """One file, byte for byte."""
    submitter = named(partner)
    content = twin.content(submitter, name)
    if content is None:
        raise HTTPException(404, "there is no such file")
    twin.taken(submitter, name)
    return Response(content, media_type=X12_MEDIA_TYPE)


@router.get("/scenarios")
def list_scenarios() -> dict[str, Any]:
    """The published outcome table."""
    return {
        "order": list(ORDER),
        "items": [published(each) for each in SCENARIOS],
        "default": published(DEFAULT),
    }


@router.get("/healthz")
def get_health() -> dict[str, str]:
    return {"status": "ok"}
