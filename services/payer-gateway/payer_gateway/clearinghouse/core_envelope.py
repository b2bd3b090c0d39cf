"""One message of the CAQH CORE connectivity rule 2.2.0, whatever it is wrapped in."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from payer_gateway.clearinghouse.transport import PartnerRefused, PartnerUnavailable

Mode = Literal["Batch", "RealTime"]
RULE_VERSION = "2.2.0"
SUCCESS = "Success"
# A no to this message: the same one again is refused again.
REFUSAL_CODES = frozenset({"VersionMismatch", "Sender"})
REFUSAL_ENDINGS = ("Required", "Illegal", "NotUnderstood")

# The order that the SOAP schema wants; MIME has none.
FIELDS = (
    "PayloadType",
    "ProcessingMode",
    "PayloadID",
    "PayloadLength",
    "TimeStamp",
    "SenderID",
    "ReceiverID",
    "CORERuleVersion",
    "CheckSum",
    "Payload",
    "ErrorCode",
    "ErrorMessage",
)
WORDS = (*(name for name in FIELDS if name != "Payload"), "UserName", "Password")


@dataclass(frozen=True, slots=True)
class Message:
    """`fields` by the rule's names, without the payload; empty ones are left out."""

    fields: Mapping[str, str]
    payload: bytes | None = field(default=None, repr=False)

    @property
    def mode(self) -> str:
        return self.fields.get("ProcessingMode", "")

    @property
    def payload_type(self) -> str:
        return self.fields.get("PayloadType", "")

    @property
    def payload_id(self) -> str:
        return self.fields.get("PayloadID", "")


def proof_of(payload: bytes) -> dict[str, str]:
    """What a batch message says of its payload. SHA-1 is the rule's choice: it guards against
    damage; against people there is TLS."""
    digest = hashlib.sha1(payload, usedforsecurity=False).hexdigest()
    return {"PayloadLength": str(len(payload)), "CheckSum": digest}


def require_success(answer: Message) -> None:
    code = answer.fields.get("ErrorCode", "")
    if code == SUCCESS:
        return
    shown = code if code.isalnum() and len(code) <= 40 else "without a known code"
    if code in REFUSAL_CODES or code.endswith(REFUSAL_ENDINGS):
        raise PartnerRefused(f"CORE {shown}")
    raise PartnerUnavailable(f"CORE {shown}")


def require_whole(answer: Message) -> None:
    """The payload is what its sender counted and summed. In a batch both figures must be there."""
    if answer.payload is None:
        return
    for name, right in proof_of(answer.payload).items():
        said = answer.fields.get(name, "").strip().lower()
        if not said and answer.mode == "RealTime":
            continue
        if not hmac.compare_digest(said.lstrip("0") if name == "PayloadLength" else said, right):
            raise PartnerUnavailable(f"an answer was damaged on the way ({name})")
