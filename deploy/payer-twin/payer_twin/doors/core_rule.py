"""CAQH CORE connectivity 2.2.0: what each message asks of the payer, whatever envelope it wears."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from payer_twin.accounts import knows_password, speaks_for_all
from payer_twin.storage import Act
from payer_twin.twin import Delivery, NameReused, NotTheSubmitter, Refused, Twin
from rcm_x12.findings import NotX12

RULE_VERSION: Final = "2.2.0"
FIELDS: Final = (
    "PayloadType", "ProcessingMode", "PayloadID", "PayloadLength", "TimeStamp", "SenderID",
    "ReceiverID", "CORERuleVersion", "CheckSum", "Payload", "ErrorCode", "ErrorMessage",
)  # fmt: skip
"""In the order of the SOAP schema."""
_NEEDED: Final = (
    "PayloadType", "ProcessingMode", "PayloadID", "TimeStamp", "SenderID", "ReceiverID",
    "CORERuleVersion",
)  # fmt: skip
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_REALTIME: Final = {"X12_270_Request_005010X279A1": "270", "X12_276_Request_005010X212": "276"}
_ANSWERS: Final = {
    "271": "X12_271_Response_005010X279A1",
    "277": "X12_277_Response_005010X212",
    "277CA": "X12_277CA_Response_005010X214",
    "835": "X12_835_Response_005010X221A1",
    "999": "X12_999_Response_005010X231A1",
    "TA1": "X12_TA1_Response_00501X231A1",
}
_SUBMISSIONS: Final = frozenset(
    {"X12_837_Request_005010X222A1", "X12_837_Request_005010X223A1_2", *_REALTIME}
)
_OUR_ACKNOWLEDGMENTS: Final = frozenset(
    {"X12_999_SubmissionRequest_005010X231A1", "X12_TA1_SubmissionRequest_00501X231A1"}
)
_FETCHES: Final = {
    "X12_999_RetrievalRequest_005010X231A1": "999",
    "X12_TA1_RetrievalRequest_00501X231A1": "TA1",
    "X12_277CA_RetrievalRequest_005010X214": "277CA",
    "X12_835_RetrievalRequest_005010X221A1": "835",
    "X12_005010_Request_Batch_Results_271": "271",
    "X12_005010_Request_Batch_Results_277": "277",
}
CONFIRMATION: Final = "X12_BatchReceiptConfirmation"
CONFIRMED: Final = "X12_Response_ConfirmReceiptReceived"
ENVELOPE_ERROR: Final = "CoreEnvelopeError"


@dataclass(frozen=True, slots=True)
class Message:
    """One envelope's fields; the password is no part of what is shown."""

    fields: Mapping[str, str]
    payload: bytes | None = field(default=None, repr=False)
    user: str = ""
    password: str = field(default="", repr=False)

    def value(self, name: str) -> str:
        return self.fields.get(name, "")


class EnvelopeFault(Exception):  # noqa: N818 - it says what is wrong
    """The message cannot be acted on."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


def answer(twin: Twin, message: Message, door: str) -> Message:
    """What the payer says to one message. Never raises for what a partner may send."""
    try:
        submitter = _judge(twin, message)
        return _act(twin, message, submitter, door)
    except EnvelopeFault as fault:
        return _fault(message, fault)


def _judge(twin: Twin, message: Message) -> str:
    """The submitter, once everything about the envelope is right."""
    if not knows_password(twin.settings, message.user, message.password):
        raise EnvelopeFault("UnAuthorized", "the user name and password are not known")
    for name in _NEEDED:
        if not message.value(name):
            raise EnvelopeFault(f"{name}Required", f"{name} is required")
    if message.value("CORERuleVersion") != RULE_VERSION:
        raise EnvelopeFault("VersionMismatch", f"the rule is spoken as {RULE_VERSION}")
    if message.value("ProcessingMode") not in {"RealTime", "Batch"}:
        raise EnvelopeFault("ProcessingModeIllegal", "it is RealTime or Batch")
    if not _UUID.fullmatch(message.value("PayloadID")):
        raise EnvelopeFault("PayloadIDIllegal", "it is a UUID")
    submitter = message.value("SenderID")
    if message.user != submitter and not speaks_for_all(twin.settings, message.password):
        raise EnvelopeFault("SenderIDIllegal", "the sender is not the user")
    _judge_payload(message)
    return submitter


def _judge_payload(message: Message) -> None:
    payload, length, total = (
        message.payload,
        message.value("PayloadLength"),
        message.value("CheckSum"),
    )
    if payload is None:
        return
    is_batch = message.value("ProcessingMode") == "Batch"
    if is_batch and not length:
        raise EnvelopeFault("PayloadLengthRequired", "a batch payload has its length")
    if is_batch and not total:
        raise EnvelopeFault("CheckSumRequired", "a batch payload has its check sum")
    if length and length != str(len(payload)):
        raise EnvelopeFault("PayloadLengthIllegal", "it is not the payload's length")
    # The rule asks for SHA-1; it guards against damage, not against people.
    if total and total.lower() != hashlib.sha1(payload, usedforsecurity=False).hexdigest():
        raise EnvelopeFault("CheckSumMismatched", "the payload was damaged on its way")


def _act(twin: Twin, message: Message, submitter: str, door: str) -> Message:
    kind = message.value("PayloadType")
    if message.value("ProcessingMode") == "RealTime":
        if kind not in _REALTIME:
            raise EnvelopeFault("PayloadTypeIllegal", "it is not asked in real time")
        return _ask(twin, message, submitter, door)
    if kind in _SUBMISSIONS:
        _deliver(twin, message, submitter, door)
        return _reply(message, CONFIRMATION)
    if kind in _OUR_ACKNOWLEDGMENTS:
        _deliver(twin, message, submitter, door)
        return _reply(message, CONFIRMED)
    if kind in _FETCHES:
        return _fetch(twin, message, submitter, _FETCHES[kind])
    if kind == CONFIRMATION:
        _confirm(twin, message, submitter, door)
        return _reply(message, CONFIRMED)
    raise EnvelopeFault("PayloadTypeNotUnderstood", "the payer does not know it")


def _payload(message: Message) -> bytes:
    if not message.payload:
        raise EnvelopeFault("PayloadRequired", "the message has no payload")
    return message.payload


def _deliver(twin: Twin, message: Message, submitter: str, door: str) -> None:
    name = message.value("PayloadID").lower()
    delivery = Delivery(_payload(message), door, name, submitter)
    try:
        outcome = twin.take_or_refuse(delivery)
    except NameReused as refusal:
        raise EnvelopeFault("PayloadIDIllegal", str(refusal)) from refusal
    except NotTheSubmitter as refusal:
        raise EnvelopeFault("SenderIDIllegal", str(refusal)) from refusal
    _note(twin, message, "put", name, door=door, outcome=outcome)


def _ask(twin: Twin, message: Message, submitter: str, door: str) -> Message:
    delivery = Delivery(_payload(message), door, message.value("PayloadID").lower(), submitter)
    try:
        answered = twin.ask(delivery)
    except NotTheSubmitter as refusal:
        raise EnvelopeFault("SenderIDIllegal", str(refusal)) from refusal
    except (NotX12, Refused) as refusal:
        raise EnvelopeFault("PayloadIllegal", "the payload is no inquiry") from refusal
    _note(twin, message, "ask", answered.kind, door=door)
    return replace(_reply(message, _ANSWERS[answered.kind]), payload=answered.content)


def _fetch(twin: Twin, message: Message, submitter: str, kind: str) -> Message:
    with twin.settled() as session:
        rows = session.untaken(submitter, kind)
    content = twin.content(submitter, rows[0]["name"]) if rows else None
    if content is None:
        nothing = "NoBatchAckFile" if kind in {"999", "TA1"} else "NoBatchResultsFile"
        return _reply(message, f"X12_005010_Response_{nothing}")
    reply = _reply(message, _ANSWERS[kind])
    given = {
        **reply.fields,
        "PayloadID": payload_id(submitter, rows[0]["name"]),
        "PayloadLength": str(len(content)),
        "CheckSum": hashlib.sha1(content, usedforsecurity=False).hexdigest(),
    }
    return replace(reply, fields=given, payload=content)


def _confirm(twin: Twin, message: Message, submitter: str, door: str) -> None:
    """Of a file that is not waiting any more it was confirmed before."""
    wanted = message.value("PayloadID").lower()
    with twin.settled() as session:
        names = [row["name"] for row in session.untaken(submitter)]
    for name in names:
        if payload_id(submitter, name) == wanted:
            twin.taken(submitter, name)
            _note(twin, message, "confirm", name, door=door)


def payload_id(submitter: str, name: str) -> str:
    """Of a file that waits: the same each time it is offered."""
    return str(uuid5(NAMESPACE_URL, f"payer-twin:{submitter}:{name}"))


def _reply(message: Message, kind: str) -> Message:
    fields = {
        "PayloadType": kind,
        "ProcessingMode": message.value("ProcessingMode"),
        "PayloadID": message.value("PayloadID"),
        "TimeStamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "SenderID": message.value("ReceiverID"),
        "ReceiverID": message.value("SenderID"),
        "CORERuleVersion": RULE_VERSION,
        "ErrorCode": "Success",
    }
    return Message({name: value for name, value in fields.items() if value})


def _fault(message: Message, fault: EnvelopeFault) -> Message:
    reply = _reply(message, ENVELOPE_ERROR)
    return Message({**reply.fields, "ErrorCode": fault.code, "ErrorMessage": str(fault)})


def _note(
    twin: Twin, message: Message, verb: str, name: str, *, door: str, outcome: str = "done"
) -> None:
    session = f"{door.lower()}-{message.value('PayloadID').lower()[:8]}"
    at = twin.clock.now()
    twin.note([Act(session, door, message.value("SenderID"), at, verb, name, outcome)])
