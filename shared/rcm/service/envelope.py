"""What surrounds every request: its id, its limits, its headers, its trace, and the last boundary.

Outermost middleware, so that no answer leaves without it and no exception gets past it to a server
log that would print its text.
"""

import asyncio
import contextlib
import re
import time
from dataclasses import dataclass, field
from typing import Any

import structlog
from opentelemetry.trace import SpanKind
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rcm import log, telemetry
from rcm.errors import Pointer, Problem
from rcm.ids import new_id
from rcm.service import problems

# UUIDs and trace ids pass; a name, a birth date or an account number does not: ids are logged.
_REQUEST_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
# The semantic conventions' name for whatever else a caller made up.
_OTHER_METHOD = "_OTHER"
# Any number that could be within a limit; Python refuses to read one of thousands of digits.
_LENGTH = re.compile(r"[0-9]{1,18}")
_HEADER_BYTES_MAX = 32_768
_QUERY_BYTES_MAX = 8_192
_BODY_DEADLINE_S = 60.0
# Of a body that nobody wants, so much is read away, for so long.
_DRAIN_BYTES_MAX = 64_000_000
_DRAIN_DEADLINE_S = 5.0
_QUIET_PATHS = frozenset({"/livez", "/readyz", "/startupz", "/metrics"})
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


class ResponseAborted(Exception):  # noqa: N818
    """The connection is cut, because the response had begun when something failed."""


@dataclass(slots=True)
class _Exchange:
    """One request on its way: what was read, and what was answered."""

    send: Send
    receive: Receive
    request_id: str
    body_limit_bytes: int
    secure: bool
    status: int = 0
    body_bytes: int = 0
    body_done: bool = False
    started_at: float = field(default_factory=time.perf_counter)

    async def receive_within_limits(self) -> Message:
        if self.body_done:
            return await self.receive()
        left_s = self.started_at + _BODY_DEADLINE_S - time.perf_counter()
        try:
            async with asyncio.timeout(max(left_s, 0.0)):
                message = await self.receive()
        except TimeoutError:
            raise _too_slow() from None
        if message["type"] == "http.request":
            self.body_bytes += len(message.get("body", b""))
            self.body_done = not message.get("more_body", False)
            if self.body_bytes > self.body_limit_bytes:
                raise HTTPException(413, headers={"Connection": "close"})
        else:
            self.body_done = True
        return message

    async def send_with_headers(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers["X-Request-Id"] = self.request_id
            if self.secure:
                headers.setdefault("Strict-Transport-Security", "max-age=31536000")
            if headers.get("connection") == "close":
                await self._drain()
        await self.send(message)

    async def _drain(self) -> None:
        """Read away what is still coming: a connection that is closed over unread bytes is reset,
        and then the client never sees why it was refused."""
        left = _DRAIN_BYTES_MAX
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_DEADLINE_S):
                while not self.body_done and left > 0:
                    message = await self.receive()
                    left -= len(message.get("body", b""))
                    self.body_done = not message.get("more_body", False)


class Envelope:
    """The middleware."""

    def __init__(self, app: ASGIApp, *, body_limit_bytes: int, secure: bool) -> None:
        self._app = app
        self._body_limit_bytes = body_limit_bytes
        self._secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        exchange = _Exchange(
            send,
            receive,
            given if _REQUEST_ID.fullmatch(given) else str(new_id()),
            self._body_limit_bytes,
            self._secure,
        )
        scope.setdefault("state", {})["request_id"] = exchange.request_id
        if scope["path"] in _QUIET_PATHS:
            await self._answer(scope, headers, exchange)
            return
        with (
            structlog.contextvars.bound_contextvars(request_id=exchange.request_id),
            telemetry.span(
                method := _method(scope), kind=SpanKind.SERVER, parent=telemetry.parent_of(headers)
            ) as span,
        ):
            await self._answer(scope, headers, exchange)
            route = _route(scope)
            span.update_name(f"{method} {route}")
            span.set_attributes(
                {
                    "http.request.method": method,
                    "http.route": route,
                    "http.response.status_code": exchange.status,
                }
            )
            _account(scope, exchange, route)

    async def _answer(self, scope: Scope, headers: Headers, exchange: _Exchange) -> None:
        try:
            self._check(scope, headers)
            await self._app(scope, exchange.receive_within_limits, exchange.send_with_headers)
        except Exception as error:  # noqa: BLE001 - the last boundary: nothing gets past it
            problem = problems.of_exception(error)
            if exchange.status:
                raise ResponseAborted from None
            response = problems.response(problem, exchange.request_id)
            await response(scope, exchange.receive, exchange.send_with_headers)

    def _check(self, scope: Scope, headers: Headers) -> None:
        """Refuse at once what needs no reading. Each refusal closes the connection, since a body
        may still be on its way."""
        if sum(len(name) + len(value) for name, value in scope["headers"]) > _HEADER_BYTES_MAX:
            raise _refused("headers_too_large", "The headers are too large.", 431)
        if len(scope["query_string"]) > _QUERY_BYTES_MAX:
            raise _refused("query_too_long", "The query is too long.", 414)
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            raise _refused("nul_character", "Texts cannot hold the NUL character.", 400)
        length = headers.get("content-length", "0")
        if not _LENGTH.fullmatch(length) or int(length) > self._body_limit_bytes:
            raise HTTPException(413, headers={"Connection": "close"})
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise Problem(
                "unsupported_content_encoding",
                "Bodies are taken as they are, not compressed.",
                (Pointer("header.Content-Encoding", "is not identity"),),
                headers={"Accept-Encoding": "identity", "Connection": "close"},
                status=415,
            )


def _refused(name: str, detail: str, status: int) -> Problem:
    return Problem(name, detail, headers={"Connection": "close"}, status=status)


def _too_slow() -> Problem:
    return _refused("body_too_slow", "The body did not arrive in time.", 408)


def _route(scope: Scope) -> str:
    """The route's template; never the path, which holds ids, nor anything the caller made up."""
    return str(getattr(scope.get("route"), "path", None) or "(none)")


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _METHODS else _OTHER_METHOD


def _account(scope: Scope, exchange: _Exchange, route: str) -> None:
    duration_s = time.perf_counter() - exchange.started_at
    method, status = _method(scope), str(exchange.status)
    telemetry.REQUEST_DURATION.labels(method, route, status).observe(duration_s)
    fields: dict[str, Any] = {"trace_id": telemetry.trace_id()}
    call = scope["state"].get("call")
    if call is not None:
        fields |= {"tenant_id": call.principal.tenant_id, "subject": call.principal.subject}
    log.get("rcm.requests").info(
        "request served",
        method=method,
        route=route,
        status=exchange.status,
        duration_ms=round(duration_s * 1000, 2),
        **fields,
    )
