"""Routers whose every route says which scope it asks for; `serving` does what they say."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

from fastapi import APIRouter
from fastapi.routing import APIRoute

from rcm.service.body import JSON
from rcm.service.openapi import documented
from rcm.service.serving import WRITES, Handler, Rules, serve

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class ApiRoute(APIRoute):
    """A route with `Rules`. Made by `ApiRouter` only."""

    def __init__(
        self, path: str, endpoint: Callable[..., Any], *, rules: Rules, **options: Any
    ) -> None:
        self.rules = rules
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Handler:
        """FastAPI's handler (read, validate, call, serialize), put inside the transaction."""
        return functools.partial(serve, self.rules, self._media_type(), super().get_route_handler())

    def _media_type(self) -> str | None:
        """What the body has to be; None when the endpoint takes none."""
        if self.body_field is None:
            return None
        return str(getattr(self.body_field.field_info, "media_type", JSON))


class ApiRouter(APIRouter):
    """A router whose routes all have a scope, a transaction, and on writes one effect for a key.

    `scope` names resource and verb (`Encounter.c`). Writes leave an audit record unless
    `audit=False`; reads of patients' data do with `audit_read=True`. The record names the path
    parameter or response field `audit_id` (by default `encounter_id` for `Encounter`).
    """

    def get(  # type: ignore[override] # no route without a scope
        self, path: str, *, scope: str, audit_read: bool = False, **options: Any
    ) -> Callable[[Endpoint], Endpoint]:
        return self._route("GET", path, scope, options | {"audit": audit_read})

    def post(  # type: ignore[override] # no route without a scope
        self, path: str, *, scope: str, audit: bool = True, **options: Any
    ) -> Callable[[Endpoint], Endpoint]:
        return self._route("POST", path, scope, options | {"audit": audit})

    def put(  # type: ignore[override] # no route without a scope
        self, path: str, *, scope: str, audit: bool = True, **options: Any
    ) -> Callable[[Endpoint], Endpoint]:
        return self._route("PUT", path, scope, options | {"audit": audit})

    def patch(  # type: ignore[override] # no route without a scope
        self, path: str, *, scope: str, audit: bool = True, **options: Any
    ) -> Callable[[Endpoint], Endpoint]:
        return self._route("PATCH", path, scope, options | {"audit": audit})

    def delete(  # type: ignore[override] # no route without a scope
        self, path: str, *, scope: str, audit: bool = True, **options: Any
    ) -> Callable[[Endpoint], Endpoint]:
        return self._route("DELETE", path, scope, options | {"audit": audit})

    def _route(
        self, method: str, path: str, scope: str, options: dict[str, Any]
    ) -> Callable[[Endpoint], Endpoint]:
        audited, audit_id = options.pop("audit"), options.pop("audit_id", None)
        rules = Rules.of(scope, audited=audited, audit_id=audit_id)
        described = documented(options, scope=scope, write=method in WRITES)

        def add(endpoint: Endpoint) -> Endpoint:
            made = cast("type[APIRoute]", functools.partial(ApiRoute, rules=rules))
            self.add_api_route(
                path, endpoint, methods=[method], route_class_override=made, **described
            )
            return endpoint

        return add
