"""MIME multipart bodies, byte for byte: `multipart/form-data` out, any multipart in.

The standard library's parser reads text; a payload is bytes, and one changed line end is damage.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import Message as Headers
from email.parser import HeaderParser
from uuid import uuid4

PARTS_LIMIT = 64
HEADERS_LIMIT_BYTES = 16_384


class NotMultipart(Exception):  # noqa: N818 - the fact is the name
    """The body is not what its content type says."""


@dataclass(frozen=True, slots=True)
class Part:
    headers: Headers
    content: bytes = field(repr=False)

    @property
    def name(self) -> str:
        """The form field that this part is."""
        found = self.headers.get_param("name", "", "content-disposition")
        return found if isinstance(found, str) else ""

    @property
    def content_id(self) -> str:
        return str(self.headers.get("content-id", "")).strip().strip("<>")


def form_data(words: Mapping[str, str], payload: bytes | None) -> tuple[str, bytes]:
    """Content type and body of a form: the words, then the payload as it is."""
    parts = [(name, b"", value.encode()) for name, value in words.items()]
    if payload is not None:
        parts.append(("Payload", b"Content-Type: text/plain\r\n", payload))
    boundary = _boundary([value for _, _, value in parts])
    body = b"".join(
        b'--%b\r\nContent-Disposition: form-data; name="%b"\r\n%b\r\n%b\r\n'
        % (boundary, name.encode(), headers, value)
        for name, headers, value in parts
    )
    return f'multipart/form-data; boundary="{boundary.decode()}"', body + b"--%b--\r\n" % boundary


def parts_of(content_type: str, body: bytes) -> list[Part]:
    """Raises `NotMultipart`."""
    headers = Headers()
    headers["content-type"] = content_type
    boundary = headers.get_boundary()
    if headers.get_content_maintype() != "multipart" or not boundary:
        raise NotMultipart
    # The body's first boundary has no line break before it.
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary.encode("ascii", "replace"), PARTS_LIMIT)
    if len(pieces) > PARTS_LIMIT or len(pieces) < 2:
        raise NotMultipart
    return list(_read(pieces[1:]))


def start_of(content_type: str, parts: Sequence[Part]) -> Part:
    """The root of a `multipart/related`: the part that `start` names, else the first."""
    headers = Headers()
    headers["content-type"] = content_type
    start = str(headers.get_param("start") or "").strip("<>")
    for part in parts:
        if start and part.content_id == start:
            return part
    return parts[0]


def _read(pieces: Sequence[bytes]) -> Iterator[Part]:
    for piece in pieces:
        if piece.startswith(b"--"):
            return
        # What follows a boundary on its line is white space; then headers, a blank line, content.
        _, _, rest = piece.partition(b"\r\n")
        head, blank, content = (b"\r\n" + rest).partition(b"\r\n\r\n")
        if not blank or len(head) > HEADERS_LIMIT_BYTES:
            raise NotMultipart
        yield Part(HeaderParser().parsestr(head.lstrip(b"\r\n").decode("latin-1")), content)
    # No closing boundary: the body was cut.
    raise NotMultipart


def _boundary(values: Sequence[bytes]) -> bytes:
    while True:
        boundary = f"rcm-{uuid4().hex}".encode()
        if not any(boundary in value for value in values):
            return boundary
