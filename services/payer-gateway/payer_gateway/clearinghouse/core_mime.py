"""CORE's first envelope: a form, one part for each field."""

from payer_gateway.clearinghouse.core_envelope import WORDS, Message
from payer_gateway.clearinghouse.multipart import NotMultipart, form_data, parts_of
from payer_gateway.clearinghouse.transport import PartnerUnavailable
from payer_gateway.domain.connection import Credentials

PATH = "/core/mime"


def write(message: Message, credentials: Credentials) -> tuple[str, bytes]:
    """Content type and body."""
    words = dict(message.fields)
    if credentials.username:
        words |= {"UserName": credentials.username, "Password": credentials.password}
    return form_data(words, message.payload)


def read(content_type: str, body: bytes) -> Message:
    try:
        parts = {part.name: part.content for part in parts_of(content_type, body)}
    except NotMultipart:
        raise PartnerUnavailable("the partner's answer is not a CORE envelope") from None
    words = {name: parts[name].decode(errors="replace").strip() for name in WORDS if name in parts}
    return Message(words, parts.get("Payload") or None)
