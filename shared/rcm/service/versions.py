"""Optimistic versions: `ETag` out, `If-Match` in, so that of two editors one is told."""

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request
from starlette.responses import Response

from rcm.errors import Pointer, PreconditionFailed, Problem

_TAG_LIST = re.compile(r'\s*(\*|(W/)?"[\x21\x23-\x7e]*"(\s*,\s*(W/)?"[\x21\x23-\x7e]*")*)\s*')
_STRONG_TAG = re.compile(r'(?<!W/)"[\x21\x23-\x7e]*"')


def etag(version: int) -> str:
    """The strong entity tag of a row's version."""
    return f'"{version}"'


def versioned(response: Response, version: int) -> None:
    """Tell the client which version it holds: `versioned(response, claim.version)`."""
    response.headers["ETag"] = etag(version)


@dataclass(frozen=True, slots=True)
class Precondition:
    """The versions that the client says it saw; None when it sent no `If-Match`."""

    tags: frozenset[str] | None

    def require(self, version: int) -> None:
        """Raises `PreconditionFailed` when the client's version is no longer the newest. The row
        that `version` comes from has to be locked, or two editors may both hold the newest."""
        if self.tags is not None and not self.tags & {"*", etag(version)}:
            raise PreconditionFailed(
                "version_outdated",
                "This was changed since you read it; read it again.",
                (Pointer("header.If-Match", "is not the newest version"),),
                headers={"ETag": etag(version)},
            )


async def _optional(
    if_match: Annotated[
        str | None, Header(alias="If-Match", description="The `ETag` you saw.")
    ] = None,
) -> Precondition:
    if if_match is None:
        return Precondition(None)
    if not _TAG_LIST.fullmatch(if_match):
        raise Problem(
            "if_match_invalid",
            "If-Match is an entity tag as this service gave it.",
            (Pointer("header.If-Match", "is not an entity tag"),),
        )
    if if_match.strip() == "*":
        return Precondition(frozenset({"*"}))
    return Precondition(frozenset(_STRONG_TAG.findall(if_match)))


async def _required(found: Annotated[Precondition, Depends(_optional)]) -> Precondition:
    if found.tags is None:
        raise Problem(
            "if_match_required",
            "This needs If-Match with the version you saw, so that no change is lost.",
            (Pointer("header.If-Match", "is required"),),
            status=428,
        )
    return found


IfMatch = Annotated[Precondition, Depends(_optional)]
"""The client's precondition, if it sent one: `if_match.require(claim.version)`."""

RequiredIfMatch = Annotated[Precondition, Depends(_required)]
"""The same where a change without it is refused (428)."""


def answer_not_modified(request: Request, response: Response) -> Response:
    """304 without a body when the client holds this very version."""
    tag, held = response.headers.get("etag"), request.headers.get("if-none-match", "")
    if tag is None or response.status_code != 200:
        return response
    if {tag, "*"} & {found.strip().removeprefix("W/") for found in held.split(",")}:
        return Response(status_code=304, headers={"ETag": tag})
    return response
