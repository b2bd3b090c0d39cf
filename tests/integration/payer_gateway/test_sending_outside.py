"""The gateway with partners behind SFTP, folders and CORE: killed anywhere, silent, or dead."""

import contextlib
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from starlette.responses import Response

from payer_gateway.app import service
from payer_gateway.clearinghouse import Clearinghouse
from payer_gateway.clearinghouse.transport import FILE_LIMIT_BYTES
from payer_gateway.handlers.register import POINTS
from rcm.contracts.payer import ClaimSubmitted
from rcm.contracts.values import Coverage
from rcm.testing.samples import build
from rcm.testing.service import service_under_test
from rcm_x12 import claim_837p

from .answering import ack_for
from .conftest import (
    PARTNER,
    PAYER,
    Gateway,
    Partner,
    control_number,
    killed_at,
    ready,
)
from .partners_outside import PASSWORD, USER, CorePartner, SftpServer, deaf_server, sftp_server

LOGIN = {"username": USER, "password": PASSWORD}
RETRIEVE_999 = "X12_999_RetrievalRequest_005010X231A1"


@dataclass(frozen=True)
class Outside:
    """A partner of some kind, seen from its own side."""

    gateway: Gateway
    sftp: SftpServer | None = None
    core: CorePartner | None = None
    folder: Path | None = None

    @property
    def directories(self) -> tuple[Path, Path] | None:
        """Where files come in and go out, for partners that have directories."""
        if self.sftp is not None:
            return self.sftp.inbound, self.sftp.outbound
        return (self.folder / "inbound", self.folder / "outbound") if self.folder else None

    def taken(self) -> list[bytes]:
        if self.directories is not None:
            shown = (each for each in self.directories[0].iterdir() if each.name[0] != ".")
            return [each.read_bytes() for each in sorted(shown)]
        assert self.core is not None
        return list(self.core.taken.values())

    def leave(self, name: str, content: bytes) -> None:
        if self.directories is not None:
            (self.directories[1] / name).write_bytes(content)
        else:
            assert self.core is not None
            self.core.leave(RETRIEVE_999, content)

    def left(self) -> int:
        if self.directories is not None:
            return len([each for each in self.directories[1].iterdir() if each.name[0] != "."])
        assert self.core is not None
        return sum(map(len, self.core.waiting.values()))


@pytest.fixture
async def outside(
    servers: Any, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Outside]:
    kind: str = request.param
    core = CorePartner()
    folder = tmp_path / "folders" / "clinic"
    for name in ("inbound", "outbound"):
        (folder / name).mkdir(parents=True)
    async with contextlib.AsyncExitStack() as stack:
        server = await stack.enter_async_context(sftp_server(tmp_path / "account"))
        house = Clearinghouse(
            httpx.AsyncClient(transport=httpx.ASGITransport(core.app())),
            allow_http=True,
            patience_s=60,
            folder_root=folder.parent,
        )
        stack.push_async_callback(house.aclose)
        reached = replace(service, resources=lambda _: house)
        found = await stack.enter_async_context(
            service_under_test(reached, servers.postgres_admin_url)
        )
        address: dict[str, Any] = {
            "sftp": {"base_url": server.url, "connection": {"host_key": server.pinned}},
            "folder": {"base_url": "folder:clinic", "credentials": None},
        }.get(kind, {})
        body = PARTNER | {"transport": kind, "credentials": LOGIN} | address
        async with found.client() as client:
            made = await client.post("/trading-partners", json=body)
            assert made.status_code == 201, made.text
            partner_id = made.json()["partner_id"]
            payer = {"name": "Demo payer", "partner_id": partner_id}
            assert (await client.put(f"/payers/{PAYER}", json=payer)).status_code == 200
        gateway = Gateway(found, Partner(), UUID(partner_id))
        partners = {
            "sftp": Outside(gateway, sftp=server),
            "folder": Outside(gateway, folder=folder),
        }
        yield partners.get(kind) or Outside(gateway, core=core)


KINDS = pytest.mark.parametrize(
    "outside", ["sftp", "folder", "core_mime", "core_soap"], indirect=True
)


def claims_in(files: Sequence[bytes]) -> list[str]:
    return sorted(
        claim.control_number
        for content in files
        for batch in claim_837p.read(content).contents
        for claim in batch.claims
    )


async def submitted(gateway: Gateway) -> list[str]:
    events = await gateway.under_test.published(ClaimSubmitted)
    return sorted(each.patient_control_number for each in events)


@KINDS
@pytest.mark.parametrize("point", [point for point in POINTS if point.startswith("send.")])
async def test_killed_anywhere_no_claim_leaves_twice_and_none_is_lost(
    outside: Outside, point: str
) -> None:
    gateway = outside.gateway
    await gateway.queue(*(ready(gateway, number) for number in range(3)))
    kills = 0
    for turn in range(4):
        await gateway.queue(ready(gateway, 10 + turn))
        with (
            killed_at(point, times=1 if turn < 2 else 0) as killer,
            contextlib.suppress(ExceptionGroup),
        ):
            await gateway.send()
        kills += killer.kills
        assert set(await submitted(gateway)) <= set(claims_in(outside.taken()))
        await gateway.wake()
    expected = sorted(control_number(n) for n in (*range(3), *range(10, 14)))
    assert kills == 2
    assert claims_in(outside.taken()) == expected
    assert await submitted(gateway) == expected
    page = (await gateway.get("/transmissions"))["items"]
    assert {each["status"] for each in page} == {"sent"}


@KINDS
@pytest.mark.parametrize("point", ["collect.fetched", "collect.storing", "collect.stored"])
async def test_killed_at_a_pick_up_the_answer_counts_once_and_is_let_go_when_stored(
    outside: Outside, point: str
) -> None:
    gateway = outside.gateway
    await gateway.queue(ready(gateway, 1))
    await gateway.send()
    [content] = outside.taken()
    outside.leave("ack.999", ack_for(content, code="A"))
    with killed_at(point, times=1) as killer, contextlib.suppress(ExceptionGroup):
        await gateway.under_test.run_job("collect_inbound")
    assert killer.kills == 1
    # Not let go before it is known to be stored.
    assert outside.left() == 1
    await gateway.wake()
    await gateway.receive()
    assert outside.left() == 0
    [acknowledgment] = (await gateway.get("/acknowledgments"))["items"]
    assert acknowledgment["outcome"] == "accepted"
    assert await gateway.statuses() == {control_number(1): "file_accepted"}


@KINDS
async def test_a_partner_that_accepts_and_never_answers_delays_nobody(outside: Outside) -> None:
    """Its turn goes on by itself; the others' files leave, turn after turn."""
    gateway = outside.gateway
    house = gateway.under_test.kit.resources
    object.__setattr__(house, "patience_s", 1.0)
    async with deaf_server() as port:
        body = PARTNER | {
            "name": "Deaf",
            "transport": "sftp",
            "base_url": f"sftp://127.0.0.1:{port}",
            "connection": {"host_key": "SHA256:" + "A" * 43, "timeout_s": 30},
            "credentials": LOGIN,
        }
        async with gateway.under_test.client() as client:
            deaf = (await client.post("/trading-partners", json=body)).json()["partner_id"]
            await client.put("/payers/DEAF", json={"name": "Deaf", "partner_id": deaf})
        await gateway.queue(ready(gateway, 1, coverage=build(Coverage, payer_id="DEAF")))
        for number in range(2, 5):
            await gateway.queue(ready(gateway, number))
            await gateway.send()
            assert await submitted(gateway) == [control_number(n) for n in range(2, number + 1)]
        assert len([key for key in house.turns if key[0] == "sending"]) == 1
    await house.aclose()


@pytest.mark.parametrize("outside", ["core_mime"], indirect=True)
async def test_a_breaker_opens_is_shown_and_closes_after_one_good_file(outside: Outside) -> None:
    gateway, core = outside.gateway, outside.core
    assert core is not None
    down = True

    def before(_asked: dict[str, str]) -> Any:
        return Response(status_code=503) if down else None

    core.before = before
    await gateway.queue(ready(gateway, 1))
    for _ in range(5):
        await gateway.send()
        await gateway.wake()
    async with gateway.under_test.transaction() as tx:
        await tx.execute("UPDATE partner_link SET retry_at = now() + interval '1 hour'")
    detail = await gateway.get(f"/trading-partners/{gateway.partner_id}")
    assert (detail["breaker"], detail["link"]["failures"]) == ("open", 5)
    await gateway.queue(ready(gateway, 2))
    await gateway.send()
    # Left alone: the second claim is not even written.
    assert (await gateway.statuses())[control_number(2)] == "queued"
    down = False
    await gateway.wake()
    assert (await gateway.get(f"/trading-partners/{gateway.partner_id}"))["breaker"] == "half_open"
    await gateway.send()
    assert claims_in(outside.taken()) == [control_number(1), control_number(2)]
    detail = await gateway.get(f"/trading-partners/{gateway.partner_id}")
    assert (detail["breaker"], detail["link"]["failures"]) == ("closed", 0)


@pytest.mark.parametrize("outside", ["sftp", "folder"], indirect=True)
async def test_a_file_that_cannot_be_had_holds_up_no_other(outside: Outside) -> None:
    """It is named at the partner's connection; what stands behind it is read and let go."""
    gateway = outside.gateway
    await gateway.queue(ready(gateway, 1))
    await gateway.send()
    [content] = outside.taken()
    assert outside.directories is not None
    huge = outside.directories[1] / "huge.835"
    with huge.open("wb") as file:
        file.truncate(FILE_LIMIT_BYTES + 1)
    os.utime(huge, (0, 0))
    outside.leave("ack.999", ack_for(content, code="A"))
    await gateway.receive()
    assert await gateway.statuses() == {control_number(1): "file_accepted"}
    assert (outside.left(), huge.exists()) == (1, True)
    detail = await gateway.get(f"/trading-partners/{gateway.partner_id}")
    assert detail["link"]["last_error"] == "a waiting file is larger than any file"
