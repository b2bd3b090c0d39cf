"""The CORE door: two addresses, one rule."""

import re

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from payer_twin.doors import core_mime, core_soap
from payer_twin.doors.core_rule import ENVELOPE_ERROR, EnvelopeFault, Message, answer
from payer_twin.twin import Twin

_ACTION = re.compile(r'action="?(\w+)"?')
# Base64 in XML makes a payload a third longer; the rest is the envelope.
_ENVELOPE_SHARE = 1.4


def create_core_app(twin: Twin) -> FastAPI:
    """`/core/mime` and `/core/soap`; the twin is opened and closed by whoever made it."""
    app = FastAPI(title="Payer twin, CAQH CORE", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.twin = twin
    app.add_api_route("/core/mime", post_mime, methods=["POST"])
    app.add_api_route("/core/soap", post_soap, methods=["POST"])
    return app


async def post_mime(request: Request) -> Response:
    """One multipart/form-data message."""
    body = await _body(request)
    if body is None:
        return Response(status_code=413)
    try:
        message = core_mime.read(request.headers.get("content-type", ""), body)
    except EnvelopeFault as fault:
        message = Message(
            {"PayloadType": ENVELOPE_ERROR, "ErrorCode": fault.code, "ErrorMessage": str(fault)}
        )
        media_type, content = core_mime.write(message)
        return Response(content, media_type=media_type)
    reply = await run_in_threadpool(answer, request.app.state.twin, message, "CORE")
    media_type, content = core_mime.write(reply)
    return Response(content, media_type=media_type)


async def post_soap(request: Request) -> Response:
    """One SOAP 1.2 message."""
    body = await _body(request)
    if body is None:
        return Response(status_code=413)
    content_type = request.headers.get("content-type", "")
    try:
        element, message = core_soap.read(content_type, body)
    except EnvelopeFault as fault:
        return Response(core_soap.fault(str(fault)), media_type=_soap_type(content_type))
    reply = await run_in_threadpool(answer, request.app.state.twin, message, "CORE")
    return Response(core_soap.write(element, reply), media_type=_soap_type(content_type))


def _soap_type(content_type: str) -> str:
    found = _ACTION.search(content_type)
    action = f'; action="{found[1]}Response"' if found else ""
    return f"application/soap+xml; charset=UTF-8{action}"


async def _body(request: Request) -> bytes | None:
    twin: Twin = request.app.state.twin
    limit = int(twin.settings.body_limit_bytes * _ENVELOPE_SHARE) + 100_000
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            return None
        parts.append(part)
    return b"".join(parts)
