"""The router that the modules of this room sign into, and what several of them answer with."""

from typing import TypeVar

from fastapi import Response
from pydantic import BaseModel, ConfigDict

from rcm.errors import NotFound
from rcm.service import ApiRouter

T = TypeVar("T")

router = ApiRouter()

X12_MEDIA_TYPE = "application/edi-x12"


class View(BaseModel):
    """A response. Read from domain values by their attributes."""

    model_config = ConfigDict(from_attributes=True)


class Body(BaseModel):
    """A request. A field that we do not know is a mistake that somebody should hear of."""

    model_config = ConfigDict(extra="forbid")


class ValidView(View):
    """The twin of a submit found nothing to refuse."""

    valid: bool = True


def found(value: T | None, kind: str) -> T:
    """Raises `NotFound`; another tenant's thing is not there either."""
    if value is None:
        raise NotFound("not_found", f"There is no such {kind}.")
    return value


def file_response(content: bytes, file_name: str) -> Response:
    """The bytes of an interchange, to be saved: never shown in a browser, never cached."""
    quoted = file_name.replace("\\", "").replace('"', "")
    return Response(
        content,
        media_type=X12_MEDIA_TYPE,
        headers={
            "Content-Disposition": f'attachment; filename="{quoted}"',
            "Cache-Control": "no-store",
        },
    )
