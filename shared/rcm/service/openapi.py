"""What the OpenAPI document says beyond the endpoints: problems, scopes, idempotency keys."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from rcm.idempotency import HEADER
from rcm.service.problems import MEDIA_TYPE, title

_PROBLEM = {
    "type": "object",
    "description": "RFC 9457. Branch on `error_name`; it is stable.",
    "required": ["type", "title", "status", "detail", "error_name", "request_id"],
    "properties": {
        "type": {"type": "string", "description": "`urn:rcm:problem:` and the error name."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "error_name": {"type": "string"},
        "request_id": {"type": "string", "description": "Quote it when you ask for help."},
        "pointers": {
            "type": "array",
            "description": "Each place (JSON pointer, or `query.`, `path.`, `header.` and a name).",
            "items": {
                "type": "object",
                "required": ["pointer", "reason"],
                "properties": {"pointer": {"type": "string"}, "reason": {"type": "string"}},
            },
        },
    },
}
_KEY_PARAMETER = {
    "name": HEADER,
    "in": "header",
    "required": True,
    "description": "Chosen by the client, one for each intent. The same key and body give the "
    "first response again, with `Idempotency-Replayed: true`.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
_ALWAYS = (400, 401, 403, 404, 413, 414, 422, 431, 500, 503)
_ON_WRITES = (408, 409, 415)
_ON_VERSIONS = (412, 428)


def documented(options: dict[str, Any], *, scope: str, write: bool) -> dict[str, Any]:
    """A route's options with its problem responses, its scope and its idempotency key added."""
    statuses = _ALWAYS + _ON_WRITES if write else _ALWAYS
    extra = dict(options.get("openapi_extra") or {})
    extra["security"] = [{"bearer": [f"system/{scope}"]}, {"bearer": [f"user/{scope}"]}]
    if write:
        extra["parameters"] = [*extra.get("parameters", ()), _KEY_PARAMETER]
    responses = {status: _problem(status) for status in statuses} | (options.get("responses") or {})
    return options | {"openapi_extra": extra, "responses": responses}


def _problem(status: int) -> dict[str, Any]:
    return {
        "description": title(status),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def document(app: FastAPI) -> dict[str, Any]:
    """The whole document of an application, ready to be committed and compared."""
    found = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    components = found.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = _PROBLEM
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    }
    for operations in found.get("paths", {}).values():
        for operation in operations.values():
            if any(given["name"] == "If-Match" for given in operation.get("parameters", ())):
                for status in _ON_VERSIONS:
                    operation["responses"].setdefault(str(status), _problem(status))
    return found
