"""CAQH CORE connectivity, rule 2.2.0, over HTTPS: batches, pick-up by kind, and real time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import httpx

from payer_gateway.clearinghouse import core_mime, core_soap
from payer_gateway.clearinghouse.core_envelope import (
    RULE_VERSION,
    Message,
    Mode,
    proof_of,
    require_success,
    require_whole,
)
from payer_gateway.clearinghouse.https import require_success as require_http_success
from payer_gateway.clearinghouse.transport import (
    FILE_LIMIT_BYTES,
    Check,
    PartnerRefused,
    PartnerUnavailable,
    Waiting,
    require_size,
)
from payer_gateway.clearinghouse.web import exchange, needs_own_client, own_client, timeouts
from payer_gateway.domain.connection import Credentials
from payer_gateway.domain.partner import TradingPartner
from payer_gateway.domain.transaction import PAYLOAD_TYPES, kind_of_name

# What is fetched, in the order of a claim's life: the request's payload type by the kind.
RETRIEVALS: Mapping[str, str] = MappingProxyType(
    {
        "ta1": "X12_TA1_RetrievalRequest_00501X231A1",
        "999": "X12_999_RetrievalRequest_005010X231A1",
        "277ca": "X12_277CA_RetrievalRequest_005010X214",
        "271": "X12_005010_Request_Batch_Results_271",
        "277": "X12_005010_Request_Batch_Results_277",
        "835": "X12_835_RetrievalRequest_005010X221A1",
    }
)
CONFIRMATION = "X12_BatchReceiptConfirmation"
NOTHING_WAITS = "_NoBatch"
# A partner that does not know a kind has nothing of it.
UNKNOWN_KIND = "CORE PayloadType"


@dataclass(frozen=True, slots=True)
class Wrapping:
    """One of the two envelopes."""

    path: str
    write: Callable[[Message, Credentials, str], tuple[str, bytes]]
    read: Callable[[str, bytes], Message]


MIME = Wrapping(
    core_mime.PATH, lambda message, who, _act: core_mime.write(message, who), core_mime.read
)
SOAP = Wrapping(
    core_soap.PATH,
    lambda message, who, act: core_soap.write(message, who, act=act),
    core_soap.read,
)


class CoreTransport:
    """One partner. What a fetch hands out is held until it is stored and confirmed."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        partner: TradingPartner,
        credentials: Credentials,
        wrapping: Wrapping,
    ) -> None:
        self._connection = partner.connection
        self._own = needs_own_client(partner.connection, credentials)
        self._client = own_client(partner.connection, credentials) if self._own else client
        self._url = partner.base_url.rstrip("/") + wrapping.path
        self._sender, self._receiver = partner.submitter_id, partner.receiver_id
        self._credentials = credentials
        self._wrapping = wrapping
        self._held: dict[str, tuple[str, bytes]] = {}

    async def put(self, file_name: str, content: bytes) -> None:
        require_size(content)
        payload_type = PAYLOAD_TYPES.get(kind_of_name(file_name))
        if payload_type is None:
            raise PartnerRefused("CORE has no payload type for this file")
        # The file's name decides the id, so that the partner knows a repeat.
        payload_id = uuid5(NAMESPACE_URL, f"{self._url}/{self._sender}/{file_name}")
        message = self._message(payload_type, "Batch", payload_id, content)
        answer = await self._exchange(message, "submit")
        if answer.payload_id.lower() != str(payload_id):
            raise PartnerUnavailable("the partner's receipt is for another file")

    async def list_after(self, cursor: str) -> Sequence[Waiting]:
        """The oldest of every kind; what is confirmed is not handed out again, so the cursor says
        nothing."""
        found = [await self._fetch(kind, payload_type) for kind, payload_type in RETRIEVALS.items()]
        return [Waiting(name, cursor) for name in found if name is not None]

    async def get(self, name: str) -> bytes:
        if name not in self._held:
            raise PartnerUnavailable("the file was not handed out in this turn")
        return self._held[name][1]

    async def settle(self, name: str) -> None:
        payload_id, _ = self._held[name]
        message = self._message(CONFIRMATION, "Batch", UUID(payload_id), None)
        await self._exchange(message, "confirm")
        del self._held[name]

    async def ask(self, payload_type: str, content: bytes) -> bytes:
        require_size(content)
        payload_id = uuid4()
        message = self._message(payload_type, "RealTime", payload_id, content)
        answer = await self._exchange(message, "ask")
        if answer.payload_id.lower() != str(payload_id):
            raise PartnerUnavailable("the partner's answer is to another inquiry")
        if answer.payload is None:
            raise PartnerUnavailable("the partner's answer is empty")
        return answer.payload

    def checks(self) -> Sequence[Check]:
        return [Check("connect, log in, ask for a waiting 999", self._check_fetch)]

    async def aclose(self) -> None:
        self._held.clear()
        if self._own:
            await self._client.aclose()

    async def _check_fetch(self) -> str:
        """Without a confirmation the partner keeps what it hands out."""
        found = await self._fetch("999", RETRIEVALS["999"])
        return "The partner answers; " + ("a 999 waits." if found else "no 999 waits.")

    async def _fetch(self, kind: str, payload_type: str) -> str | None:
        """The name under which the oldest file of a kind is now held."""
        try:
            answer = await self._exchange(
                self._message(payload_type, "Batch", uuid4(), None), "fetch"
            )
        except PartnerRefused as refusal:
            if str(refusal).startswith(UNKNOWN_KIND):
                return None
            raise
        if answer.payload is None or NOTHING_WAITS in answer.payload_type:
            return None
        if len(answer.payload) > FILE_LIMIT_BYTES:
            raise PartnerUnavailable("a waiting file is larger than any file")
        try:
            payload_id = str(UUID(answer.payload_id))
        except ValueError:
            raise PartnerUnavailable("a waiting file has no PayloadID") from None
        name = f"{kind}-{payload_id}.x12"
        self._held[name] = (payload_id, answer.payload)
        return name

    def _message(
        self, payload_type: str, mode: Mode, payload_id: UUID, content: bytes | None
    ) -> Message:
        words = {
            "PayloadType": payload_type,
            "ProcessingMode": mode,
            "PayloadID": str(payload_id),
            "TimeStamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "SenderID": self._sender,
            "ReceiverID": self._receiver,
            "CORERuleVersion": RULE_VERSION,
        }
        if content is not None and mode == "Batch":
            words |= proof_of(content)
        return Message(words, content)

    async def _exchange(self, message: Message, act: str) -> Message:
        """Raises unless the answer says Success and its payload is whole."""
        content_type, body = self._wrapping.write(message, self._credentials, act)
        try:
            request = self._client.build_request(
                "POST",
                self._url,
                content=body,
                headers={"Content-Type": content_type},
                timeout=timeouts(self._connection),
            )
        except httpx.InvalidURL:
            raise PartnerUnavailable("the partner's address is not a URL") from None
        response = await exchange(self._client, request, connection=self._connection)
        found_type = response.headers.get("content-type", "")
        if not response.is_success and not _holds_an_envelope(found_type):
            require_http_success(response)
        answer = self._wrapping.read(found_type, response.content)
        require_success(answer)
        require_whole(answer)
        return answer


def _holds_an_envelope(content_type: str) -> bool:
    return content_type.lower().startswith(("multipart/", "application/soap+xml", "text/xml"))
