"""Reading a request's body once, within limits, before any transaction is open."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from fastapi import Request

from rcm.errors import Pointer, Problem, Unprocessable

JSON = "application/json"
DEPTH_MAX = 32
# PostgreSQL's text holds no NUL; it would fail there, far from the place that can be named. In JSON
# it stands as an escape, behind an even number of backslashes.
_NUL_ESCAPE = b"\\u0000"
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class JsonRequest(Request):
    """A request whose JSON was parsed and checked by `read_json` already."""

    document: Any

    async def json(self) -> Any:
        return self.document


def is_json(content_type: str) -> bool:
    """Whether the media type is JSON or built on it (`application/fhir+json`)."""
    kind, _, subtype = _kind(content_type).partition("/")
    return kind == "application" and (subtype == "json" or subtype.endswith("+json"))


def _kind(content_type: str) -> str:
    """Without its parameters; names are the same in any case."""
    return content_type.split(";", 1)[0].strip().lower()


def require_media_type(media_type: str, content_type: str) -> None:
    """Refuse what is not of the media type that an endpoint reads, rather than guess. One that is
    built on JSON is JSON too."""
    if _kind(content_type) == media_type or (is_json(media_type) and is_json(content_type)):
        return
    is_built_on_json = is_json(media_type) and media_type != JSON
    raise Problem(
        "unsupported_media_type",
        f"This needs a body of {media_type}.",
        (Pointer("header.Content-Type", f"is not {media_type}"),),
        headers={"Accept": f"{media_type}, {JSON}" if is_built_on_json else media_type},
        status=415,
    )


def read_json(body: bytes) -> Any:
    """The document. Raises a problem for bad JSON (also NaN, lone surrogates, bad UTF-8), for
    nesting beyond `DEPTH_MAX`, and for NUL characters."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        reason = f"is not JSON (line {error.lineno}, column {error.colno})"
        raise Problem("json_invalid", "The body is not JSON.", (Pointer("", reason),)) from None
    if body.count(b"{") + body.count(b"[") > DEPTH_MAX and _depth(document) > DEPTH_MAX:
        raise Problem(
            "json_too_deep",
            "The body is nested deeper than this service reads.",
            (Pointer("", f"is nested deeper than {DEPTH_MAX} levels"),),
        )
    if _NUL_ESCAPE in body and (found := _NUL.search(body)):
        reason = f"holds a NUL character ({_place(body, found.end() - len(_NUL_ESCAPE))})"
        detail = "Texts cannot hold the NUL character."
        raise Unprocessable("nul_character", detail, (Pointer("", reason),))
    return document


def _depth(document: object) -> int:
    """Levels of nesting, counted without recursion."""
    level: list[object] = [document]
    depth = 0
    while level:
        depth += 1
        level = [inner for outer in level for inner in _inside(outer)]
        level = [inner for inner in level if isinstance(inner, dict | list)]
    return depth


def _place(body: bytes, at: int) -> str:
    """Where a byte of valid JSON stands, as a person counts; keys on the way may name people."""
    lines = body[:at].decode().split("\n")
    return f"line {len(lines)}, column {len(lines[-1]) + 1}"


def _inside(outer: object) -> Iterable[object]:
    if isinstance(outer, Mapping):
        return outer.values()
    return outer if isinstance(outer, list) else ()
