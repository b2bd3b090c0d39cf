"""Serving one request: who asks, may they, one transaction, one effect, then the response.

Order: token, scope, idempotency key, body, then the transaction with the tenant in BEGIN, in it the
stored response or the endpoint, the audit record and the response to store, then COMMIT; only then
does a byte of the response leave. A serialization failure or deadlock starts the transaction again.
"""

import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from fastapi import Request
from starlette.responses import Response

from rcm import idempotency, telemetry
from rcm.db import Tx
from rcm.errors import Pointer, Problem, Unauthorized
from rcm.security import audit
from rcm.security.policy import authorize
from rcm.security.tokens import Principal
from rcm.service.body import JsonRequest, is_json, read_json, require_media_type
from rcm.service.kit import Call, Kit, kit_of
from rcm.service.versions import answer_not_modified

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
VERBS = {"c": "create", "r": "read", "u": "update", "d": "delete", "s": "search"}
_AUDIT_ID_MAX = 128


@dataclass(frozen=True, slots=True)
class Rules:
    """What a route asks of its caller, and what it leaves behind."""

    resource: str
    verb: str
    audited: bool
    audit_id: str

    @classmethod
    def of(cls, scope: str, *, audited: bool, audit_id: str | None) -> "Rules":
        """`scope` is a resource and one verb of c, r, u, d, s: `Encounter.c`. Fails at import."""
        resource, _, verb = scope.partition(".")
        if not resource.isidentifier() or verb not in VERBS:
            raise ValueError(f"scope {scope!r} is not a resource and one verb (Encounter.c)")
        snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in resource).lstrip("_")
        return cls(resource, verb, audited, audit_id or f"{snake}_id")


async def serve(
    rules: Rules, media_type: str | None, handle: Handler, incoming: Request
) -> Response:
    """The response of `handle`, FastAPI's own handler (validate, call, serialize)."""
    kit = kit_of(incoming)
    principal = await _authenticated(kit, incoming)
    incoming.state.call = call = Call(principal)
    authorize(principal, rules.verb, rules.resource)
    await kit.tenants.require(principal.tenant_id)
    write = incoming.method in WRITES
    key = idempotency.key_of(incoming.headers.get(idempotency.HEADER)) if write else None
    request = JsonRequest(incoming.scope, incoming.receive)
    content = await _read(request, media_type)
    once = None if key is None else _identified(request, principal, key, content)
    asked_at = time.perf_counter()

    async def work(tx: Tx) -> Response:
        telemetry.TRANSACTION_WAIT.observe(time.perf_counter() - asked_at)
        call.tx = tx
        try:
            if once is not None:
                return await _serve_once(rules, once, handle, request)
            response = await handle(request)
            await _record(rules, request, tx, response)
            return answer_not_modified(request, response)
        finally:
            call.tx = None

    return await kit.database.in_transaction((principal.tenant_id,), work, actor=principal.subject)


async def _serve_once(
    rules: Rules, once: idempotency.Request, handle: Handler, request: Request
) -> Response:
    """The stored response, or the endpoint's, stored beside its effect. What the endpoint raises is
    not stored: it rolled back, so the next try starts from nothing."""
    tx = request.state.call.tx
    stored = await idempotency.begin(tx, once)
    if stored is not None:
        headers = {**stored.headers, idempotency.REPLAYED_HEADER: "true"}
        return Response(stored.body, stored.status, headers)
    response = await handle(request)
    body = getattr(response, "body", None)
    if not isinstance(body, bytes):
        raise TypeError("a write answers with a body that can be stored, not with a stream")
    await _record(rules, request, tx, response)
    await idempotency.finish(
        tx, once, status=response.status_code, headers=response.headers, body=body
    )
    return response


async def _authenticated(kit: Kit, request: Request) -> Principal:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized("token_required", "This needs a bearer token.")
    return await kit.verifier.verify(token.strip())


async def _read(request: JsonRequest, media_type: str | None) -> bytes:
    """The body in the form that the idempotency key's hash sees: JSON sorted, all else as sent."""
    body = await request.body()
    if not body or media_type is None:
        return body
    content_type = request.headers.get("content-type", "")
    require_media_type(media_type, content_type)
    if not is_json(media_type):
        return body
    request.document = read_json(body)
    return orjson.dumps(request.document, option=orjson.OPT_SORT_KEYS)


def _identified(
    request: Request, principal: Principal, key: str, content: bytes
) -> idempotency.Request:
    path, query = request.url.path, request.url.query
    operation = f"{request.method} {path}"
    if len(operation) > 512:
        raise Problem("path_too_long", "The path is too long.", (Pointer("path", "is too long"),))
    return idempotency.Request.of(
        subject=principal.subject,
        key=key,
        operation=operation,
        content=query.encode() + b"\n" + content,
    )


async def _record(rules: Rules, request: Request, tx: Tx, response: Response) -> None:
    """The audit record of what was done or read, in the same transaction."""
    if not rules.audited:
        return
    principal: Principal = request.state.call.principal
    await audit.record(
        tx,
        VERBS[rules.verb],
        rules.resource,
        _resource_id(rules, request, response),
        details={
            "route": f"{request.method} {request.scope['route'].path}",
            "status": response.status_code,
            "request_id": request.state.request_id,
            "token_id": principal.token_id,
        },
    )


def _resource_id(rules: Rules, request: Request, response: Response) -> str:
    """From the path, else from the response's JSON; `*` for a collection. Ids of ours are UUIDs or
    short codes, so anything longer is not one."""
    found: object = request.path_params.get(rules.audit_id)
    body = getattr(response, "body", b"")
    if found is None and body and is_json(response.headers.get("content-type", "")):
        document = orjson.loads(body)
        found = document.get(rules.audit_id) if isinstance(document, dict) else None
    if isinstance(found, str | int | UUID) and len(str(found)) <= _AUDIT_ID_MAX:
        return str(found)
    return "*"
