"""CORE's second envelope: SOAP 1.2. Written as text; read by a parser that takes no DOCTYPE."""

import base64
import binascii
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote
from xml.sax.saxutils import escape

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from payer_gateway.clearinghouse.core_envelope import FIELDS, SUCCESS, Message
from payer_gateway.clearinghouse.multipart import NotMultipart, Part, parts_of, start_of
from payer_gateway.clearinghouse.transport import PartnerRefused, PartnerUnavailable
from payer_gateway.domain.connection import Credentials

PATH = "/core/soap"
SOAP = "http://www.w3.org/2003/05/soap-envelope"
CORE = "http://www.caqh.org/SOAP/WSDL/CORERule2.2.0.xsd"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
XOP = "http://www.w3.org/2004/08/xop/include"
# The type of a password that stands there as it is.
AS_TEXT = (
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0"
    "#PasswordText"
)

# The operation and the request element, by what is done.
OPERATIONS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "ask": ("RealTimeTransaction", "COREEnvelopeRealTimeRequest"),
        "submit": ("GenericBatchSubmissionTransaction", "COREEnvelopeBatchSubmission"),
        "fetch": ("GenericBatchRetrievalTransaction", "COREEnvelopeBatchResultsRetrievalRequest"),
        "confirm": (
            "GenericBatchReceiptConfirmationTransaction",
            "COREEnvelopeBatchResultsAckSubmission",
        ),
    }
)
# What XML 1.0 has no way to carry, or gives back changed.
_UNCARRIED = re.compile(rb"[\x00-\x08\x0b-\x1f]")


def write(message: Message, credentials: Credentials, *, act: str) -> tuple[str, bytes]:
    """Content type and body."""
    operation, element = OPERATIONS[act]
    inside = []
    for name in FIELDS:
        if name == "Payload" and message.payload is not None:
            inside.append(f"<Payload>{_payload(message)}</Payload>")
        elif name in message.fields:
            inside.append(f"<{name}>{escape(message.fields[name])}</{name}>")
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>'
        f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Header>{_security(credentials)}</soap:Header>'
        f'<soap:Body><core:{element} xmlns:core="{CORE}">{"".join(inside)}</core:{element}>'
        f"</soap:Body></soap:Envelope>"
    )
    return f'application/soap+xml; charset=UTF-8; action="{operation}"', text.encode()


def _security(credentials: Credentials) -> str:
    if not credentials.username:
        return ""
    return (
        f'<wsse:Security xmlns:wsse="{WSSE}" soap:mustUnderstand="true"><wsse:UsernameToken>'
        f"<wsse:Username>{escape(credentials.username)}</wsse:Username>"
        f'<wsse:Password Type="{AS_TEXT}">{escape(credentials.password)}</wsse:Password>'
        f"</wsse:UsernameToken></wsse:Security>"
    )


def _payload(message: Message) -> str:
    content = message.payload or b""
    if message.mode != "RealTime":
        return base64.b64encode(content).decode()
    if _UNCARRIED.search(content):
        raise PartnerRefused("the inquiry holds characters that XML does not carry")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise PartnerRefused("the inquiry holds characters that XML does not carry") from None
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"


def read(content_type: str, body: bytes) -> Message:
    """The message in an answer; a fault is a message with its code and nothing else."""
    attached: dict[str, Part] = {}
    if content_type.lower().startswith("multipart/related"):
        try:
            parts = parts_of(content_type, body)
        except NotMultipart:
            raise _unreadable() from None
        body = start_of(content_type, parts).content
        attached = {part.content_id: part for part in parts}
    try:
        root = ElementTree.fromstring(body, forbid_dtd=True)
    except (ElementTree.ParseError, DefusedXmlException, ValueError):
        raise _unreadable() from None
    found = root.find(f"{{{SOAP}}}Body")
    if found is None or len(found) != 1:
        raise _unreadable()
    if found[0].tag == f"{{{SOAP}}}Fault":
        code = found[0].findtext(f"{{{SOAP}}}Code/{{{SOAP}}}Value", "").rpartition(":")[2].strip()
        return Message({"ErrorCode": code if code != SUCCESS else ""})
    return _message(found[0], attached)


def _message(element: Any, attached: Mapping[str, Part]) -> Message:
    # A partner may qualify the fields although the schema does not.
    children = {child.tag.rpartition("}")[2]: child for child in element}
    words = {
        name: (children[name].text or "").strip()
        for name in FIELDS
        if name != "Payload" and name in children
    }
    message = Message(words)
    payload = children.get("Payload")
    return message if payload is None else Message(words, _content(payload, message, attached))


def _content(payload: Any, message: Message, attached: Mapping[str, Part]) -> bytes | None:
    include = payload.find(f"{{{XOP}}}Include")
    if include is not None:
        name = unquote(include.get("href", "").removeprefix("cid:"))
        if name not in attached:
            raise _unreadable()
        return attached[name].content
    text = payload.text or ""
    if message.mode == "RealTime":
        return text.encode() or None
    try:
        return base64.b64decode("".join(text.split()), validate=True) or None
    except binascii.Error:
        raise PartnerUnavailable("an answer was damaged on the way (Payload)") from None


def _unreadable() -> PartnerUnavailable:
    return PartnerUnavailable("the partner's answer is not a CORE envelope")
