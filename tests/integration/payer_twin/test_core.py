"""The CORE door in both of its envelopes, over TLS with the certificate that the twin publishes."""

import base64
import hashlib
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import NAMESPACE_DNS, uuid5
from xml.sax.saxutils import escape

import httpx
import pytest
import x12_inquiries
import x12_world
from defusedxml.ElementTree import fromstring

from payer_twin.doors import core_mime
from payer_twin.doors.core_soap import ANSWERS, CORE, SOAP, WSSE
from rcm_x12 import ack_999, eligibility_270, remittance_835, status_276, status_277ca

from .conftest import TOKEN, Running, claim, file

SUBMIT = "X12_837_Request_005010X222A1"
FETCH = {
    "999": "X12_999_RetrievalRequest_005010X231A1",
    "277CA": "X12_277CA_RetrievalRequest_005010X214",
    "835": "X12_835_RetrievalRequest_005010X221A1",
}
ELEMENTS = {
    SUBMIT: "COREEnvelopeBatchSubmission",
    "X12_BatchReceiptConfirmation": "COREEnvelopeBatchResultsAckSubmission",
}
envelopes = pytest.mark.parametrize("envelope", ["mime", "soap"])


def fields(submitter: str, kind: str, name: str, content: bytes | None = None) -> dict[str, str]:
    found = {
        "PayloadType": kind,
        "ProcessingMode": "Batch",
        "PayloadID": str(uuid5(NAMESPACE_DNS, submitter + name)),
        "TimeStamp": "2026-03-01T12:00:00Z",
        "SenderID": submitter,
        "ReceiverID": "PAYERTWIN",
        "CORERuleVersion": "2.2.0",
    }
    if content is not None:
        found["PayloadLength"] = str(len(content))
        found["CheckSum"] = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    return found


@asynccontextmanager
async def client(running: Running) -> AsyncIterator[httpx.AsyncClient]:
    trusted = ssl.create_default_context(cadata=running.identity["tls_certificate"])
    async with httpx.AsyncClient(base_url=running.urls["https"], verify=trusted) as found:
        yield found


Answer = tuple[dict[str, str], bytes | None]


async def call(
    http: httpx.AsyncClient,
    envelope: str,
    given: Mapping[str, str],
    payload: bytes | None = None,
    password: str = TOKEN,
) -> Answer:
    speak = mime if envelope == "mime" else soap
    return await speak(http, given, payload, password)


async def mime(
    http: httpx.AsyncClient, given: Mapping[str, str], payload: bytes | None, password: str
) -> Answer:
    named: dict[str, Any] = {name: (None, value) for name, value in given.items()}
    named |= {"UserName": (None, given["SenderID"]), "Password": (None, password)}
    if payload is not None:
        named["Payload"] = (None, payload, "text/plain")
    response = await http.post("/core/mime", files=named)
    assert response.status_code == 200
    found = core_mime.read(response.headers["content-type"], response.content)
    return dict(found.fields), found.payload


async def soap(
    http: httpx.AsyncClient, given: Mapping[str, str], payload: bytes | None, password: str
) -> Answer:
    element = ELEMENTS.get(given["PayloadType"], "COREEnvelopeBatchResultsRetrievalRequest")
    at_once = given["ProcessingMode"] == "RealTime"
    element = "COREEnvelopeRealTimeRequest" if at_once else element
    children = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in given.items())
    if payload is not None:
        text = f"<![CDATA[{payload.decode()}]]>"
        children += f"<Payload>{text if at_once else base64.b64encode(payload).decode()}</Payload>"
    body = (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:w="{WSSE}" xmlns:c="{CORE}"><s:Header><w:Security>'
        f"<w:UsernameToken><w:Username>{given['SenderID']}</w:Username><w:Password>{password}"
        "</w:Password></w:UsernameToken></w:Security></s:Header>"
        f"<s:Body><c:{element}>{children}</c:{element}></s:Body></s:Envelope>"
    )
    kind = 'application/soap+xml; charset=UTF-8; action="x"'
    response = await http.post("/core/soap", content=body, headers={"Content-Type": kind})
    assert response.status_code == 200
    answer = fromstring(response.content).find(f"{{{SOAP}}}Body")[0]
    assert answer.tag == f"{{{CORE}}}{ANSWERS[element]}"
    found = {child.tag: child.text or "" for child in answer}
    encoded = found.pop("Payload", None)
    if encoded is None:
        return found, None
    return found, encoded.encode() if at_once else base64.b64decode(encoded)


@envelopes
async def test_a_batch_goes_in_and_its_answers_are_fetched_one_by_one(
    running: Running, submitter: str, envelope: str
) -> None:
    content = file(submitter, claim("C1"))
    async with client(running) as http:
        given = fields(submitter, SUBMIT, "a", content)
        said, nothing = await call(http, envelope, given, content)
        assert (said["ErrorCode"], nothing) == ("Success", None)
        assert said["PayloadType"] == "X12_BatchReceiptConfirmation"
        assert said["PayloadID"] == given["PayloadID"]
        assert (said["SenderID"], said["ReceiverID"]) == ("PAYERTWIN", submitter)
        found = {}
        for kind, request in FETCH.items():
            said, payload = await call(http, envelope, fields(submitter, request, kind))
            assert payload is not None
            assert said["PayloadLength"] == str(len(payload))
            assert said["CheckSum"] == hashlib.sha1(payload, usedforsecurity=False).hexdigest()
            found[kind] = payload
    assert ack_999.read(found["999"]).contents[0].code == "A"
    assert status_277ca.read(found["277CA"]).contents[0].claims[0].is_accepted
    assert remittance_835.read(found["835"]).contents[0].claims[0].control_number == "C1"


@envelopes
async def test_a_file_is_offered_until_it_is_confirmed(
    running: Running, submitter: str, envelope: str
) -> None:
    content = file(submitter, claim("C1"))
    async with client(running) as http:
        await call(http, envelope, fields(submitter, SUBMIT, "a", content), content)
        ask = fields(submitter, FETCH["835"], "ask")
        first, again = [await call(http, envelope, ask) for _ in range(2)]
        assert (first[0]["PayloadID"], first[1]) == (again[0]["PayloadID"], again[1])
        confirm = fields(submitter, "X12_BatchReceiptConfirmation", "c")
        confirm["PayloadID"] = first[0]["PayloadID"]
        for _ in range(2):
            said, _ = await call(http, envelope, confirm)
            assert said["PayloadType"] == "X12_Response_ConfirmReceiptReceived"
            assert said["ErrorCode"] == "Success"
        said, payload = await call(http, envelope, ask)
        assert (said["PayloadType"], payload) == ("X12_005010_Response_NoBatchResultsFile", None)


@envelopes
async def test_the_same_delivery_again_changes_nothing(
    running: Running, submitter: str, envelope: str
) -> None:
    content = file(submitter, claim("C1"))
    async with client(running) as http, running.rest() as rest:
        for _ in range(2):
            given = fields(submitter, SUBMIT, "a", content)
            said, _ = await call(http, envelope, given, content)
            assert said["ErrorCode"] == "Success"
        listed = (await rest.get("/claims", params={"submitter_id": submitter})).json()["items"]
        assert len(listed) == 1
        other = file(submitter, claim("C2"), number=2)
        said, _ = await call(http, envelope, fields(submitter, SUBMIT, "a", other), other)
        assert said["ErrorCode"] == "PayloadIDIllegal"


FAULTS = [
    ({"PayloadLength": "1"}, "PayloadLengthIllegal"),
    ({"PayloadLength": ""}, "PayloadLengthRequired"),
    ({"CheckSum": "0" * 40}, "CheckSumMismatched"),
    ({"CheckSum": ""}, "CheckSumRequired"),
    ({"PayloadID": "7"}, "PayloadIDIllegal"),
    ({"PayloadID": ""}, "PayloadIDRequired"),
    ({"CORERuleVersion": "1.0"}, "VersionMismatch"),
    ({"ProcessingMode": "Later"}, "ProcessingModeIllegal"),
    ({"PayloadType": "X12_820"}, "PayloadTypeNotUnderstood"),
    ({"SenderID": "SOMEBODY"}, "SenderIDIllegal"),
]


@pytest.mark.parametrize(("change", "code"), FAULTS, ids=[code for _, code in FAULTS])
async def test_each_fault_of_an_envelope_has_its_code(
    running: Running, submitter: str, change: dict[str, str], code: str
) -> None:
    content = file(submitter, claim("C1"))
    given = fields(submitter, SUBMIT, "a", content) | change
    async with client(running) as http, running.rest() as rest:
        said, _ = await call(
            http, "mime", {name: value for name, value in given.items() if value}, content
        )
        listed = await rest.get("/claims", params={"submitter_id": submitter})
    assert (said["PayloadType"], said["ErrorCode"]) == ("CoreEnvelopeError", code)
    assert listed.json()["items"] == []


@envelopes
async def test_a_wrong_password_is_not_let_in(
    running: Running, submitter: str, envelope: str
) -> None:
    async with client(running) as http:
        ask = fields(submitter, FETCH["835"], "ask")
        said, _ = await call(http, envelope, ask, password="wrong")
    assert said["ErrorCode"] == "UnAuthorized"


@pytest.mark.parametrize(
    "body",
    [
        b"not xml",
        b'<!DOCTYPE x [<!ENTITY y "z">]><x>&y;</x>',
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body/></s:Envelope>'.encode(),
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body><x/></s:Body></s:Envelope>'.encode(),
    ],
)
async def test_what_is_no_core_envelope_is_a_fault(running: Running, body: bytes) -> None:
    async with client(running) as http:
        answer = await http.post("/core/soap", content=body)
    assert b"soap:Sender" in answer.content


async def test_a_payload_may_travel_beside_its_envelope(running: Running, submitter: str) -> None:
    """MTOM: the payload in a part of its own."""
    content = file(submitter, claim("C1"))
    given = fields(submitter, SUBMIT, "a", content)
    children = "".join(f"<{name}>{value}</{name}>" for name, value in given.items())
    include = '<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:p@x"/>'
    envelope = (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:w="{WSSE}" xmlns:c="{CORE}"><s:Header><w:Security>'
        f"<w:UsernameToken><w:Username>{submitter}</w:Username><w:Password>{TOKEN}</w:Password>"
        "</w:UsernameToken></w:Security></s:Header><s:Body><c:COREEnvelopeBatchSubmission>"
        f"{children}<Payload>{include}</Payload></c:COREEnvelopeBatchSubmission></s:Body>"
        "</s:Envelope>"
    ).encode()
    body = (
        b"--b\r\nContent-Type: application/xop+xml\r\n\r\n" + envelope
        + b"\r\n--b\r\nContent-ID: <p@x>\r\n\r\n" + content + b"\r\n--b--\r\n"
    )  # fmt: skip
    kind = 'multipart/related; type="application/xop+xml"; boundary=b'
    async with client(running) as http, running.rest() as rest:
        answer = await http.post("/core/soap", content=body, headers={"Content-Type": kind})
        listed = (await rest.get("/claims", params={"submitter_id": submitter})).json()["items"]
    assert b"<ErrorCode>Success</ErrorCode>" in answer.content
    assert [each["control_number"] for each in listed] == ["C1"]


async def test_the_certificate_is_the_one_whose_fingerprint_is_published(running: Running) -> None:
    port = int(running.urls["https"].rpartition(":")[2])
    shown = ssl.get_server_certificate(("127.0.0.1", port))
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(shown)).hexdigest()
    assert digest == running.identity["tls_certificate_sha256"]


@envelopes
@pytest.mark.parametrize("kind", ["270", "276"])
async def test_a_question_is_answered_in_the_same_call(
    running: Running, submitter: str, envelope: str, kind: str
) -> None:
    numbered = replace(x12_world.ENVELOPE, sender_id=submitter)
    request, response = {
        "270": ("X12_270_Request_005010X279A1", "X12_271_Response_005010X279A1"),
        "276": ("X12_276_Request_005010X212", "X12_277_Response_005010X212"),
    }[kind]
    if kind == "270":
        content = eligibility_270.write(numbered, [x12_inquiries.ELIGIBILITY])
    else:
        content = status_276.write(numbered, [x12_inquiries.STATUS_INQUIRY])
    given = fields(submitter, request, "ask") | {"ProcessingMode": "RealTime"}
    async with client(running) as http, running.rest() as rest:
        said, payload = await call(http, envelope, given, content)
        again = await rest.post("/realtime", content=content, params={"submitter_id": submitter})
    assert (said["ErrorCode"], said["PayloadType"]) == ("Success", response)
    assert payload is not None
    assert x12_inquiries.x12sdk_reads(payload) == 1
    assert again.content == payload
