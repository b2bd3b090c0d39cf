"""The SOAP 1.2 envelope of CORE, with WS-Security user names, and MTOM when a sender uses it."""

import base64
import binascii
from typing import Final
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from payer_twin.doors.core_mime import parts
from payer_twin.doors.core_rule import FIELDS, EnvelopeFault, Message

SOAP: Final = "http://www.w3.org/2003/05/soap-envelope"
CORE: Final = "http://www.caqh.org/SOAP/WSDL/CORERule2.2.0.xsd"
WSSE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
XOP: Final = "http://www.w3.org/2004/08/xop/include"
ANSWERS: Final = {
    "COREEnvelopeRealTimeRequest": "COREEnvelopeRealTimeResponse",
    "COREEnvelopeBatchSubmission": "COREEnvelopeBatchSubmissionResponse",
    "COREEnvelopeBatchResultsRetrievalRequest": "COREEnvelopeBatchResultsRetrievalResponse",
    "COREEnvelopeBatchResultsAckSubmission": "COREEnvelopeBatchResultsAckSubmissionResponse",
}


def read(content_type: str, body: bytes) -> tuple[str, Message]:
    """The answer's element, and the request. Raises EnvelopeFault."""
    attached: dict[str, bytes] = {}
    if content_type.lower().startswith("multipart/related"):
        first, *others = list(parts(content_type, body))
        body = first.content
        attached = {
            str(part.headers.get("content-id", "")).strip().strip("<>"): part.content
            for part in others
        }
    try:
        envelope = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException) as error:
        raise EnvelopeFault("Sender", "the message is not XML that is taken here") from error
    found = envelope.find(f"{{{SOAP}}}Body")
    request = found[0] if found is not None and len(found) else None
    if request is None:
        raise EnvelopeFault("Sender", "the message has no body")
    space, _, name = request.tag.removeprefix("{").partition("}")
    if space != CORE or name not in ANSWERS:
        raise EnvelopeFault("Sender", "the payer does not know this operation")
    fields = {child.tag: (child.text or "") for child in request if child.tag != "Payload"}
    fields = {key: value.strip() for key, value in fields.items()}
    user, password = _user(envelope)
    return ANSWERS[name], Message(fields, _payload(request, attached), user, password)


def _user(envelope: Element) -> tuple[str, str]:
    token = envelope.find(f"{{{SOAP}}}Header/{{{WSSE}}}Security/{{{WSSE}}}UsernameToken")
    if token is None:
        return "", ""
    return (
        (token.findtext(f"{{{WSSE}}}Username") or "").strip(),
        token.findtext(f"{{{WSSE}}}Password") or "",
    )


def _payload(request: Element, attached: dict[str, bytes]) -> bytes | None:
    found = request.find("Payload")
    if found is None:
        return None
    include = found.find(f"{{{XOP}}}Include")
    if include is not None:
        return attached.get(include.get("href", "").removeprefix("cid:"))
    text = found.text or ""
    if request.findtext("ProcessingMode") == "RealTime":
        return text.strip().encode("utf-8") if text.strip() else None
    try:
        return base64.b64decode(text, validate=False) if text.strip() else None
    except binascii.Error as error:
        raise EnvelopeFault("PayloadIllegal", "a batch payload is base64") from error


def write(element: str, message: Message) -> bytes:
    """An answer."""
    is_batch = message.value("ProcessingMode") != "RealTime"
    children = []
    for name in FIELDS:
        if name == "Payload":
            if message.payload is None:
                continue
            payload = message.payload
            text = (
                base64.b64encode(payload).decode()
                if is_batch
                else escape(payload.decode("utf-8", "replace"))
            )
        else:
            text = escape(message.value(name))
            if not text and name != "ErrorMessage":
                continue
        children.append(f"<{name}>{text}</{name}>")
    body = f'<core:{element} xmlns:core="{CORE}">{"".join(children)}</core:{element}>'
    return _envelope(body)


def fault(words: str) -> bytes:
    """The sender's message could not be read at all."""
    return _envelope(
        "<soap:Fault><soap:Code><soap:Value>soap:Sender</soap:Value></soap:Code><soap:Reason>"
        f'<soap:Text xml:lang="en">{escape(words)}</soap:Text></soap:Reason></soap:Fault>'
    )


def _envelope(body: str) -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="{SOAP}">'
        f"<soap:Body>{body}</soap:Body></soap:Envelope>"
    ).encode()
