"""payer-gateway over a real database, with a partner whose answers and failures a test chooses."""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from payer_gateway.app import service
from payer_gateway.clearinghouse import Clearinghouse
from rcm.contracts.claims import AnyClaimReady, ClaimReady
from rcm.contracts.values import ClaimLine, Coverage
from rcm.events import Received, faults
from rcm.events.received import aad
from rcm.ids import derived_id, new_id
from rcm.testing.samples import build, sample
from rcm.testing.service import TENANT, ServiceUnderTest, service_under_test

PAYER = "DEMO1"


class Killed(Exception):  # noqa: N818 - the fact is the name
    """Stands for a process that is gone at this moment."""


@dataclass
class Killer:
    """Kills at one named point, as many times as told."""

    point: str
    times: int
    kills: int = 0

    def __call__(self, point: str) -> None:
        if point == self.point and self.kills < self.times:
            self.kills += 1
            raise Killed(point)


@contextlib.contextmanager
def killed_at(point: str, *, times: int) -> Iterator[Killer]:
    killer = Killer(point, times)
    faults.switch_on(killer)
    try:
        yield killer
    finally:
        faults.switch_off()


@dataclass
class Partner:
    """A clearinghouse over HTTP. `taken` are the files it has, in the order of their coming."""

    taken: dict[str, bytes] = field(default_factory=dict)
    waiting: list[tuple[str, bytes]] = field(default_factory=list)
    deliveries: int = 0
    tokens: set[str | None] = field(default_factory=set)
    before: list[int | Exception] = field(default_factory=list)
    """What happens instead of taking the next files: an HTTP status, or no answer at all."""
    after: list[int | Exception] = field(default_factory=list)
    """What happens after the next files were taken, so that the sender does not know."""
    asked: list[bytes] = field(default_factory=list)
    """Questions in real time."""
    replies: list[Callable[[bytes], bytes] | int | Exception] = field(default_factory=list)
    """What the next questions get; without one the partner has no answer."""

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/interchanges", self._take, methods=["POST"]),
                Route("/interchanges", self._list, methods=["GET"]),
                Route("/interchanges/{name}", self._get, methods=["GET"]),
                Route("/realtime", self._ask, methods=["POST"]),
            ]
        )

    def answer(self, content: bytes, name: str | None = None) -> None:
        """Leave a file for the gateway to collect."""
        self.waiting.append((name or f"out-{len(self.waiting)}.x12", content))

    async def _take(self, request: Request) -> Response:
        self.deliveries += 1
        self.tokens.add(request.headers.get("authorization"))
        if self.before:
            return self._fail(self.before.pop(0))
        name = request.query_params["file_name"]
        content = await request.body()
        assert self.taken.setdefault(name, content) == content, "one name, two contents"
        return self._fail(self.after.pop(0)) if self.after else Response(status_code=202)

    async def _ask(self, request: Request) -> Response:
        content = await request.body()
        self.asked.append(content)
        reply = self.replies.pop(0) if self.replies else 503
        return Response(reply(content)) if callable(reply) else self._fail(reply)

    @staticmethod
    def _fail(how: int | Exception) -> Response:
        if isinstance(how, Exception):
            raise how
        return Response(status_code=how)

    async def _list(self, request: Request) -> Response:
        start = int(request.query_params["after"] or 0)
        rows = [
            {"name": name, "cursor": str(position)}
            for position, (name, _) in enumerate(self.waiting, 1)
        ]
        return JSONResponse({"items": rows[start:]})

    async def _get(self, request: Request) -> Response:
        return Response(dict(self.waiting)[request.path_params["name"]])


@dataclass(frozen=True)
class Gateway:
    """The service, its partner, and what a test does most."""

    under_test: ServiceUnderTest
    partner: Partner
    partner_id: UUID

    async def queue(self, *claims: Received[Any]) -> None:
        await self.under_test.deliver(*claims)

    async def send(self) -> None:
        await self.under_test.run_job("send_batches")

    async def receive(self) -> None:
        await self.under_test.run_job("collect_inbound")
        await self.under_test.run_job("read_inbound")

    async def get(self, path: str) -> Any:
        async with self.under_test.client() as client:
            answer = await client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def ask(self) -> None:
        await self.under_test.run_job("ask_partners")

    async def later(self) -> None:
        """Let every pause of a question be over."""
        async with self.under_test.transaction() as tx:
            await tx.execute("UPDATE inquiry SET next_attempt_at = now() - interval '1 s'")
            await tx.execute("UPDATE partner_link SET ask_retry_at = NULL")

    async def statuses(self) -> dict[str, str]:
        """Status of every submission by its patient control number."""
        page = await self.get("/submissions?limit=200")
        return {each["patient_control_number"]: each["status"] for each in page["items"]}

    async def wake(self) -> None:
        """Let the pause after a failure be over."""
        async with self.under_test.transaction() as tx:
            await tx.execute("UPDATE partner_link SET retry_at = NULL")


@pytest.fixture
async def gateway(servers: Any) -> AsyncIterator[Gateway]:
    partner = Partner()
    transport = httpx.ASGITransport(partner.app())
    house = Clearinghouse(httpx.AsyncClient(transport=transport), allow_http=True, patience_s=60)
    reached = replace(service, resources=lambda _: house)
    async with service_under_test(reached, servers.postgres_admin_url) as found:
        async with found.client() as client:
            made = await client.post("/trading-partners", json=PARTNER)
            assert made.status_code == 201, made.text
            partner_id = made.json()["partner_id"]
            body = {"name": "Demo payer", "partner_id": partner_id}
            assert (await client.put(f"/payers/{PAYER}", json=body)).status_code == 200
        yield Gateway(found, partner, UUID(partner_id))
    await house.aclose()


PARTNER = {
    "name": "Clearing house",
    "submitter_id": "SUB001",
    "submitter_name": "Northside Clinic",
    "submitter_contact": "Billing office",
    "submitter_phone": "3125550100",
    "receiver_id": "RCV001",
    "receiver_name": "Clearing House",
    "base_url": "http://partner.test",
    "usage_indicator": "P",
    "terms": {"send_after_s": 0, "collect_every_s": 0},
}


def control_number(number: int) -> str:
    return f"C{number:07d}"


def claim_id(number: int) -> UUID:
    return derived_id(TENANT, "claim", number)


def opened(number: int, *, tenant: UUID = TENANT, **changes: Any) -> ClaimReady:
    """A claim of 125.00, its person block open."""
    pcn = control_number(number)
    fields = {
        "tenant_id": tenant,
        "claim_id": claim_id(number),
        "patient_control_number": pcn,
        "frequency_code": "1",
        "replaces": None,
        "coverage": build(Coverage, payer_id=PAYER, relationship="self"),
        "other_coverages": (),
        "rendering_provider": None,
        "service_facility": None,
        "lines": (build(ClaimLine, line_number=1, line_control_number=f"{pcn}-1"),),
    }
    return sample(ClaimReady, **(fields | changes))


def ready(gateway: Gateway, number: int, **changes: Any) -> Received[ClaimReady]:
    """The same as it comes from its topic: the person block sealed for this event."""
    return received(gateway, opened(number, **changes))


def received(gateway: Gateway, event: AnyClaimReady) -> Received[Any]:
    """An open event as it comes from its topic."""
    event_id = new_id()
    persons = event.person.value.model_dump_json().encode()
    place = aad(event.tenant_id, type(event).__name__, str(event_id))
    sealed = gateway.under_test.keyring.seal(event.tenant_id, persons, place)
    return Received.of(event.with_sealed(sealed), event_id=event_id)
