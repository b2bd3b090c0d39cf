"""Every refusal as RFC 9457 problem+json, in one place, without a word of what was sent."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from rcm import log
from rcm.db import DatabaseUnavailable, StatementFailed
from rcm.errors import Conflict, Pointer, Problem, Unavailable, Unprocessable

MEDIA_TYPE = "application/problem+json"

# What pydantic puts into a message from the declared schema. Anything else (`error`, `tag`, ...)
# may quote the request, so messages with other context are replaced by a constant.
_SCHEMA_CONTEXT = frozenset(
    {
        "ge", "gt", "le", "lt", "multiple_of", "min_length", "max_length", "actual_length",
        "expected", "pattern", "field_type", "max_digits", "decimal_places", "whole_digits",
        "class_name", "discriminator", "expected_tags", "expected_version",
    }
)  # fmt: skip
_REASONS = {
    "missing": "is required",
    "extra_forbidden": "is not a known field",
    "uuid_parsing": "is not a UUID",
    "date_parsing": "is not a date (YYYY-MM-DD)",
    "date_from_datetime_parsing": "is not a date (YYYY-MM-DD)",
    "datetime_parsing": "is not a date and time (RFC 3339)",
    "datetime_from_date_parsing": "is not a date and time (RFC 3339)",
    "union_tag_invalid": "is not a known kind",
    "model_attributes_type": "is not a JSON object",
    "value_error": "breaks a rule of this field",
    "assertion_error": "breaks a rule of this field",
}
_FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_NO_WORDS: frozenset[str] = frozenset()
# What every API here speaks of, whether or not one of its bodies has such a field: the token's
# tenant, a record's version and dates. A name made of these is a mistake of ours to show.
_HOUSE_WORDS = frozenset({"tenant", "id", "version", "created", "updated", "at", "status"})
_POINTERS_MAX = 100

# Python's names for these have changed between its versions; RFC 9110's have not.
_TITLES = {413: "Content Too Large", 414: "URI Too Long", 422: "Unprocessable Content"}

_BUSY_STATES = frozenset({"55P03", "57014"})
_RULES_BROKEN = {
    "23505": ("already_exists", "Something with the same identity exists already."),
    "23503": ("still_referenced", "What this refers to does not exist, or is still in use."),
}


def title(status: int) -> str:
    """What a status means, as RFC 9110 calls it."""
    return _TITLES.get(status) or HTTPStatus(status).phrase


def response(problem: Problem, request_id: str) -> Response:
    """The problem document as it travels."""
    document: dict[str, Any] = {
        "type": f"urn:rcm:problem:{problem.error_name}",
        "title": title(problem.status),
        "status": problem.status,
        "detail": problem.detail,
        "error_name": problem.error_name,
        "request_id": request_id,
    }
    if problem.pointers:
        document["pointers"] = [
            {"pointer": found.pointer, "reason": found.reason} for found in problem.pointers
        ]
    headers = dict(problem.headers)
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers.setdefault("WWW-Authenticate", "Bearer")
    return Response(orjson.dumps(document), problem.status, headers, MEDIA_TYPE)


def of_statement(failure: StatementFailed) -> Problem:
    """A statement that the database refused and no door expected."""
    busy = failure.sqlstate in _BUSY_STATES or failure.sqlstate[:2] == "53"
    if failure.retryable or busy:
        return Unavailable(
            "database_busy", "The database could not do this now.", headers={"Retry-After": "1"}
        )
    if failure.sqlstate in _RULES_BROKEN:
        return Conflict(*_RULES_BROKEN[failure.sqlstate])
    if failure.sqlstate[:2] == "22":
        return Unprocessable("value_not_storable", "A value is outside what can be stored.")
    return unexpected()


def unexpected() -> Problem:
    """What went wrong is in the log under the request id, and only there."""
    return Problem("internal_error", "Something failed on our side.", status=500)


def of_validation(
    errors: Iterable[Mapping[str, Any]], words: frozenset[str] = _NO_WORDS
) -> Problem:
    """Each place and its reason, in our words or the schema's, never the sender's. `words` are
    those that the API's own field names are made of."""
    found = [_pointer(error, words) for error in errors][:_POINTERS_MAX]
    return Unprocessable("validation_failed", "The request breaks its schema.", tuple(found))


def _pointer(error: Mapping[str, Any], words: frozenset[str]) -> Pointer:
    kind, location = str(error["type"]), tuple(error["loc"])
    safe = [_part(part) for part in location[1:]]
    # A field that the schema does not have has a name that the sender made up: a mistyped one of
    # ours is shown, a patient's is not.
    if kind == "extra_forbidden" and not words.issuperset(safe[-1].split("_")):
        safe[-1] = "?"
    if location[:1] == ("body",):
        place = "".join(f"/{part}" for part in safe)
    else:
        place = ".".join([str(location[0]) if location else "request", *safe])
    return Pointer(place, _reason(kind, error))


def _part(part: object) -> str:
    if isinstance(part, int):
        return str(part)
    text = str(part)
    return text if _FIELD_NAME.fullmatch(text.lower().replace("-", "_")) else "?"


def _reason(kind: str, error: Mapping[str, Any]) -> str:
    if kind in _REASONS:
        return _REASONS[kind]
    if set(error.get("ctx") or ()) <= _SCHEMA_CONTEXT:
        return str(error["msg"])
    return "is not acceptable"


_HTTP_NAMES: Mapping[int, tuple[str, str]] = {
    400: ("bad_request", "The request could not be read."),
    404: ("not_found", "There is nothing here."),
    405: ("method_not_allowed", "This method is not offered here."),
    413: ("body_too_large", "The body is larger than this service takes."),
}


def of_http(error: HTTPException) -> Problem:
    """Starlette's own refusals (no such path, no such method)."""
    name, detail = _HTTP_NAMES.get(error.status_code, ("refused", title(error.status_code)))
    return Problem(name, detail, headers=dict(error.headers or {}), status=error.status_code)


def of_exception(error: Exception, words: frozenset[str] = _NO_WORDS) -> Problem:
    """The answer for any exception. What nobody foresaw is logged here, without its text."""
    match error:
        case Problem():
            return error
        case RequestValidationError():
            return of_validation(error.errors(), words)
        case HTTPException():
            return of_http(error)
        case DatabaseUnavailable():
            log.get(__name__).warning("the database is not available")
            return Unavailable(
                "database_unavailable",
                "The database does not answer.",
                headers={"Retry-After": "2"},
            )
        case StatementFailed():
            log.failure(log.get(__name__), "a statement was refused", error)
            return of_statement(error)
        case _:
            log.failure(log.get(__name__), "a request failed", error)
            return unexpected()


@lru_cache(maxsize=16)
def _own_words(app: FastAPI) -> frozenset[str]:
    """What the names of the API's fields are made of."""
    schemas = app.openapi().get("components", {}).get("schemas", {})
    names = {name for schema in schemas.values() for name in schema.get("properties", {})}
    return _HOUSE_WORDS | {word for name in names for word in name.split("_")}


def install(app: FastAPI) -> None:
    """Answer every exception of a request with its problem document."""

    async def answer(request: Request, error: Exception) -> Response:
        words = _own_words(app) if isinstance(error, RequestValidationError) else _NO_WORDS
        return response(of_exception(error, words), request.state.request_id)

    kinds: Sequence[type[Exception]] = (
        Problem, RequestValidationError, HTTPException, DatabaseUnavailable, StatementFailed,
    )  # fmt: skip
    for kind in kinds:
        app.add_exception_handler(kind, answer)
