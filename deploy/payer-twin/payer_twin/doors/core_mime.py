"""The MIME envelope of CORE: multipart messages, cut and made as bytes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message as Headers
from email.parser import BytesHeaderParser
from hashlib import sha256
from typing import Final

from payer_twin.doors.core_rule import FIELDS, EnvelopeFault, Message

_BOUNDARY: Final = re.compile(r'boundary="?([^";]{1,70})"?', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its headers and its bytes, untouched."""

    headers: Headers
    content: bytes = field(repr=False)

    @property
    def name(self) -> str:
        found = self.headers.get_param("name", "", "content-disposition")
        return found if isinstance(found, str) else ""


def parts(content_type: str, body: bytes) -> Iterator[Part]:
    """Every part between the boundaries. Raises EnvelopeFault when there are none."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise EnvelopeFault("Sender", "the message has no boundary")
    # The line break before a boundary belongs to it, so each part ends without one.
    pieces = (b"\r\n" + body).split(b"\r\n--" + found[1].encode("ascii", "replace"))
    for piece in pieces[1:]:
        if piece.startswith(b"--"):
            return
        head, _, content = piece.partition(b"\r\n\r\n")
        yield Part(BytesHeaderParser().parsebytes(head.lstrip(b"\r\n")), content)
    raise EnvelopeFault("Sender", "the message has no end")


def read(content_type: str, body: bytes) -> Message:
    """One request."""
    fields: dict[str, str] = {}
    payload = None
    for part in parts(content_type, body):
        if part.name == "Payload":
            payload = part.content
        elif part.name:
            fields[part.name] = part.content.decode("utf-8", "replace").strip()
    user, password = fields.pop("UserName", ""), fields.pop("Password", "")
    return Message(fields, payload, user, password)


def write(message: Message) -> tuple[str, bytes]:
    """Content type and body of an answer. The boundary is made of what it must not occur in."""
    boundary = f"twin-{sha256(message.payload or b'').hexdigest()[:32]}"
    body = bytearray()
    for name in FIELDS:
        content = message.value(name).encode()
        kind = "text/plain; charset=UTF-8"
        if name == "Payload":
            if message.payload is None:
                continue
            content, kind = message.payload, "text/plain"
        elif not content and name != "ErrorMessage":
            continue
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n'
        body += head.encode() + f"Content-Type: {kind}\r\n\r\n".encode() + content + b"\r\n"
    body += f"--{boundary}--\r\n".encode()
    return f"multipart/form-data; boundary={boundary}", bytes(body)
