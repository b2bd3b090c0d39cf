"""Every kind of transport against a partner of its kind: delivered once and whole, picked up once
it is stored, and no failure that is anything but a no or a maybe."""

import contextlib
import os
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncssh
import httpx
import pytest
from starlette.responses import Response

from payer_gateway.clearinghouse import (
    Clearinghouse,
    PartnerRefused,
    PartnerUnavailable,
    RealTime,
    Transport,
)
from payer_gateway.clearinghouse.transport import FILE_LIMIT_BYTES
from payer_gateway.domain.connection import Connection, Credentials
from payer_gateway.domain.partner import TradingPartner
from payer_gateway.domain.transaction import ELIGIBILITY_REQUEST

from .partners_outside import (
    NOTHING,
    PASSWORD,
    USER,
    CorePartner,
    SftpServer,
    certificate,
    deaf_server,
    https_server,
    sftp_server,
)

NAME = "SUB001-000000042.837p.x12"
CONTENT = b"ISA*00*whatever\x1d~\r\n" * 500
# CORE's receipts, asked for by the kind.
RETRIEVE_999 = "X12_999_RetrievalRequest_005010X231A1"
RETRIEVE_835 = "X12_835_RetrievalRequest_005010X221A1"
LOGIN = Credentials(username=USER, password=PASSWORD)


def partner(transport: Any, base_url: str, **connection: Any) -> TradingPartner:
    return TradingPartner(
        tenant_id=uuid4(),
        partner_id=uuid4(),
        name="Partner",
        submitter_id="SUB001",
        submitter_name="Northside Clinic",
        submitter_contact="Billing office",
        submitter_phone="3125550100",
        receiver_id="RCV001",
        receiver_name="Partner",
        base_url=base_url,
        transport=transport,
        connection=Connection(timeout_s=5, **connection),
    )


@contextlib.asynccontextmanager
async def opened(
    found: TradingPartner,
    credentials: Credentials,
    *,
    client: httpx.AsyncClient | None = None,
    root: Path | None = None,
) -> AsyncIterator[Transport]:
    house = Clearinghouse(client or httpx.AsyncClient(), allow_http=True, folder_root=root)
    try:
        async with contextlib.aclosing(house.transport(found, credentials)) as transport:
            yield transport
    finally:
        await house.aclose()


@pytest.fixture
async def sftp(tmp_path: Path) -> AsyncIterator[SftpServer]:
    async with sftp_server(tmp_path / "account") as server:
        yield server


def on(server: SftpServer, **changes: Any) -> TradingPartner:
    return partner("sftp", server.url, **({"host_key": server.pinned} | changes))


# --- SFTP ------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["password", "key", "fingerprint"])
async def test_a_file_arrives_over_sftp_under_its_final_name_only_whole(
    sftp: SftpServer, way: str
) -> None:
    credentials, found = LOGIN, on(sftp)
    if way == "key":
        key = sftp.client_key.export_private_key().decode()
        credentials = Credentials(username=USER, private_key=key)
    if way == "fingerprint":
        found = on(sftp, host_key=sftp.fingerprint)
    async with opened(found, credentials) as transport:
        await transport.put(NAME, CONTENT)
        await transport.put(NAME, CONTENT)
    assert [each.name for each in sftp.inbound.iterdir()] == [NAME]
    assert (sftp.inbound / NAME).read_bytes() == CONTENT
    assert sftp.seen == set()
    assert sftp.sessions == 1


async def test_another_file_under_the_name_is_refused(sftp: SftpServer) -> None:
    (sftp.inbound / NAME).write_bytes(CONTENT[:-1] + b"!")
    async with opened(on(sftp), LOGIN) as transport:
        with pytest.raises(PartnerRefused, match="another file"):
            await transport.put(NAME, CONTENT)
    assert (sftp.inbound / NAME).read_bytes() == CONTENT[:-1] + b"!"


@pytest.mark.parametrize(
    ("changes", "credentials", "why"),
    [
        ({"host_key": asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()},
         LOGIN, "host key is not the pinned one"),
        ({"host_key": "SHA256:" + "A" * 43}, LOGIN, "host key is not the pinned one"),
        ({"host_key": ""}, LOGIN, "no host key is pinned"),
        ({"host_key": "ssh-ed25519 AAAA"}, LOGIN, "pinned host key cannot be read"),
        ({}, replace(LOGIN, password="wrong"), "refused our user name or key"),
        ({}, Credentials(username=USER, private_key="no key"), "private key"),
        ({"inbound_directory": "nowhere"}, LOGIN, "not there"),
    ],
    ids=["other-key", "other-fingerprint", "no-pin", "bad-pin", "password", "key", "directory"],
)  # fmt: skip
async def test_what_keeps_us_from_an_sftp_server_is_said_in_words(
    sftp: SftpServer, changes: dict[str, Any], credentials: Credentials, why: str
) -> None:
    async with opened(on(sftp, **changes), credentials) as transport:
        with pytest.raises(PartnerUnavailable, match=why):
            await transport.put(NAME, CONTENT)
    assert list(sftp.inbound.iterdir()) == []


async def test_control_a_server_that_nobody_pinned_would_have_been_trusted(
    sftp: SftpServer,
) -> None:
    """The server itself is fine: only the pin stands between it and our password."""
    async with asyncssh.connect(
        "127.0.0.1", sftp.port, known_hosts=None, config=None, client_keys=None,
        username=USER, password=PASSWORD,
    ) as connection:  # fmt: skip
        assert connection.get_extra_info("username") == USER


@pytest.mark.parametrize("point", ["write", "rename", "renamed"])
async def test_a_cut_connection_leaves_nothing_half(sftp: SftpServer, point: str) -> None:
    """The line is cut once, at this point; the same file goes out again and is there once."""
    cuts = [point]

    def cut(operation: str) -> None:
        if cuts and operation == cuts[0]:
            cuts.pop()
            raise asyncssh.SFTPConnectionLost("cut")

    sftp.fail = cut
    async with opened(on(sftp), LOGIN) as transport:
        with pytest.raises(PartnerUnavailable) if point != "renamed" else contextlib.nullcontext():
            await transport.put(NAME, CONTENT)
        assert sftp.seen <= {NAME}
        await transport.put(NAME, CONTENT)
    shown = [each for each in sftp.inbound.iterdir() if not each.name.startswith(".")]
    assert [each.read_bytes() for each in shown] == [CONTENT]
    assert cuts == []


@pytest.mark.parametrize(("after_pickup", "kept"), [("delete", []), ("archive", ["a.999"])])
async def test_what_waits_is_picked_up_oldest_first_and_let_go_when_stored(
    sftp: SftpServer, after_pickup: str, kept: list[str]
) -> None:
    for age, name in enumerate(["b.835", "a.999", ".hidden", "half.part", "half.tmp"]):
        (sftp.outbound / name).write_bytes(name.encode() * 1_000)
        os.utime(sftp.outbound / name, (1_000 - age, 1_000 - age))
    (sftp.outbound / "directory").mkdir()
    async with opened(on(sftp, after_pickup=after_pickup), LOGIN) as transport:
        waiting = await transport.list_after("")
        assert [each.name for each in waiting] == ["a.999", "b.835"]
        assert await transport.get("a.999") == b"a.999" * 1_000
        assert [each.name for each in await transport.list_after("")] == ["a.999", "b.835"]
        await transport.settle("a.999")
        await transport.settle("a.999")
        assert [each.name for each in await transport.list_after("")] == ["b.835"]
    archive = sftp.outbound / "archive"
    assert [each.name for each in archive.iterdir()] == kept if kept else not archive.exists()


@pytest.mark.parametrize("kind", ["sftp", "https", "core_mime"])
async def test_a_partner_that_accepts_and_says_nothing_is_given_up(kind: str) -> None:
    async with deaf_server() as port:
        scheme = "sftp" if kind == "sftp" else "http"
        found = partner(kind, f"{scheme}://127.0.0.1:{port}", host_key="SHA256:" + "A" * 43)
        found = replace(found, connection=replace(found.connection, timeout_s=1))
        async with opened(found, LOGIN) as transport:
            with pytest.raises(PartnerUnavailable, match="no answer"):
                await transport.put(NAME, CONTENT)


async def test_nobody_there(sftp: SftpServer) -> None:
    async with opened(replace(on(sftp), base_url="sftp://127.0.0.1:1"), LOGIN) as transport:
        with pytest.raises(PartnerUnavailable, match="no answer"):
            await transport.list_after("")


async def test_the_steps_of_trying_an_sftp_server_deliver_nothing(sftp: SftpServer) -> None:
    async with opened(on(sftp), LOGIN) as transport:
        found = [await check.act() for check in transport.checks()]
    assert len(found) == 3
    assert list(sftp.inbound.iterdir()) == []


# --- folders ---------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("inbound", "outbound"):
        (tmp_path / "root" / "clinic" / name).mkdir(parents=True)
    return tmp_path / "root"


async def test_a_folder_takes_a_file_once_and_gives_up_what_is_stored(folder: Path) -> None:
    home = folder / "clinic"
    (home / "outbound" / "x.835").write_bytes(CONTENT)
    (home / "outbound" / ".x.835.part").write_bytes(b"half")
    async with opened(partner("folder", "folder:clinic"), Credentials(), root=folder) as transport:
        await transport.put(NAME, CONTENT)
        await transport.put(NAME, CONTENT)
        with pytest.raises(PartnerRefused, match="another file"):
            await transport.put(NAME, b"other bytes")
        [waiting] = await transport.list_after("")
        assert await transport.get(waiting.name) == CONTENT
        await transport.settle(waiting.name)
        await transport.settle(waiting.name)
        assert list(await transport.list_after("")) == []
        assert len([await check.act() for check in transport.checks()]) == 2
    assert [each.name for each in (home / "inbound").iterdir()] == [NAME]
    assert (home / "inbound" / NAME).read_bytes() == CONTENT


async def test_no_link_and_no_name_leads_out_of_the_root(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "inbound").mkdir(parents=True)
    (outside / "outbound").mkdir()
    (folder / "link").symlink_to(outside)
    (outside / "secret").write_bytes(b"secret")
    (folder / "clinic" / "outbound" / "pointer").symlink_to(outside / "secret")
    for address in ("folder:link", "folder:../outside", "folder:clinic/../../outside", "folder:"):
        async with opened(partner("folder", address), Credentials(), root=folder) as transport:
            with pytest.raises(PartnerUnavailable):
                await transport.put(NAME, CONTENT)
    async with opened(partner("folder", "folder:clinic"), Credentials(), root=folder) as transport:
        assert list(await transport.list_after("")) == []
        for name in ("../outbound/x", "a/b", ".hidden", "pointer"):
            with pytest.raises((PartnerUnavailable, PartnerRefused)):
                await transport.put(name, CONTENT) if name != "pointer" else await transport.get(
                    name
                )
    assert list((outside / "inbound").iterdir()) == []


async def test_without_a_root_there_are_no_folders() -> None:
    with pytest.raises(PartnerUnavailable, match="no root"):
        async with opened(partner("folder", "folder:clinic"), Credentials()):
            pass


# --- CORE ------------------------------------------------------------------------------------

ENVELOPES = pytest.mark.parametrize("kind", ["core_mime", "core_soap"])


@contextlib.asynccontextmanager
async def core(
    kind: str, outside: CorePartner, credentials: Credentials = LOGIN
) -> AsyncIterator[Transport]:
    client = httpx.AsyncClient(transport=httpx.ASGITransport(outside.app()))
    async with opened(partner(kind, "http://partner.test"), credentials, client=client) as found:
        yield found


@ENVELOPES
async def test_a_batch_is_submitted_once_whole_and_under_one_payload_id(kind: str) -> None:
    outside = CorePartner()
    async with core(kind, outside) as transport:
        await transport.put(NAME, CONTENT)
        await transport.put(NAME, CONTENT)
    assert list(outside.taken.values()) == [CONTENT]
    first, second = outside.received
    assert first["PayloadID"] == second["PayloadID"]
    assert first["PayloadType"] == "X12_837_Request_005010X222A1"
    assert (first["SenderID"], first["ReceiverID"]) == ("SUB001", "RCV001")
    assert first["CORERuleVersion"] == "2.2.0"


@ENVELOPES
@pytest.mark.parametrize("attach", [False, True])
async def test_what_waits_is_fetched_by_kind_and_again_until_confirmed(
    kind: str, *, attach: bool
) -> None:
    outside = CorePartner(attach=attach)
    outside.leave(RETRIEVE_999, b"999 \xff\x00" + CONTENT)
    outside.leave(RETRIEVE_835, CONTENT)
    outside.leave(RETRIEVE_835, CONTENT * 2)
    async with core(kind, outside) as transport:
        first = await transport.list_after("")
        assert await transport.list_after("") == first
        found = [await transport.get(each.name) for each in first]
        assert found == [b"999 \xff\x00" + CONTENT, CONTENT]
        assert [each.name.split("-")[0] for each in first] == ["999", "835"]
        for each in first:
            await transport.settle(each.name)
        [last] = await transport.list_after("")
        assert await transport.get(last.name) == CONTENT * 2


@ENVELOPES
async def test_an_inquiry_is_answered_in_real_time(kind: str) -> None:
    asked = b"ISA*<&]]>*~\n"
    async with core(kind, CorePartner()) as transport:
        assert isinstance(transport, RealTime)
        assert await transport.ask(ELIGIBILITY_REQUEST, asked) == b"271:" + asked


async def test_what_xml_does_not_carry_is_not_asked_in_soap() -> None:
    async with core("core_soap", CorePartner()) as transport:
        assert isinstance(transport, RealTime)
        with pytest.raises(PartnerRefused, match="XML"):
            await transport.ask(ELIGIBILITY_REQUEST, b"ISA*\x1d")


def says(code: str) -> Callable[[dict[str, Any]], None]:
    return lambda answer: answer.update(ErrorCode=code)


def swaps(name: str, value: str) -> Callable[[dict[str, Any]], None]:
    return lambda answer: answer.update({name: value})


@ENVELOPES
@pytest.mark.parametrize(
    ("twist", "failure", "why"),
    [
        (says("PayloadTypeIllegal"), PartnerRefused, "CORE PayloadTypeIllegal"),
        (says("SenderIDRequired"), PartnerRefused, "CORE SenderIDRequired"),
        (says("VersionMismatch"), PartnerRefused, "CORE VersionMismatch"),
        (says("CheckSumMismatched"), PartnerUnavailable, "CORE CheckSumMismatched"),
        (says("UnAuthorized"), PartnerUnavailable, "CORE UnAuthorized"),
        (says("a <name> of somebody"), PartnerUnavailable, "without a known code"),
        (says(""), PartnerUnavailable, "without a known code"),
        (swaps("PayloadID", str(uuid4())), PartnerUnavailable, "another file"),
    ],
)
async def test_an_error_code_is_a_no_or_a_maybe(
    kind: str, twist: Any, failure: type[Exception], why: str
) -> None:
    async with core(kind, CorePartner(twist=twist)) as transport:
        with pytest.raises(failure, match=why):
            await transport.put(NAME, CONTENT)


@ENVELOPES
@pytest.mark.parametrize(
    ("name", "value"),
    [("CheckSum", "0" * 40), ("CheckSum", ""), ("PayloadLength", "7"), ("PayloadLength", "")],
)
async def test_a_damaged_answer_is_not_taken(kind: str, name: str, value: str) -> None:
    def twist(answer: dict[str, Any]) -> None:
        if "Payload" in answer:
            answer[name] = value

    outside = CorePartner(twist=twist)
    outside.leave(RETRIEVE_835, CONTENT)
    async with core(kind, outside) as transport:
        with pytest.raises(PartnerUnavailable, match=f"damaged on the way .{name}"):
            await transport.list_after("")


@ENVELOPES
@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (Response(status_code=503), PartnerUnavailable),
        (Response(status_code=401), PartnerUnavailable),
        (Response(status_code=413), PartnerRefused),
        (Response(b"<html>sorry</html>", media_type="text/html"), PartnerUnavailable),
        (Response(b"--x\r\ncut", media_type="multipart/form-data; boundary=x"), PartnerUnavailable),
        (Response(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', media_type="application/soap+xml"),
         PartnerUnavailable),
        (Response(b"<Envelope/>", media_type="application/soap+xml"), PartnerUnavailable),
    ],
    ids=["503", "401", "413", "html", "cut", "doctype", "other-xml"],
)  # fmt: skip
async def test_an_answer_without_an_envelope_settles_nothing(
    kind: str, answer: Response, failure: type[Exception]
) -> None:
    async with core(kind, CorePartner(before=lambda _: answer)) as transport:
        with pytest.raises(failure):
            await transport.put(NAME, CONTENT)


@pytest.mark.parametrize(
    ("code", "failure"), [("Sender", PartnerRefused), ("Receiver", PartnerUnavailable)]
)
async def test_a_fault_is_read_like_an_error_code(code: str, failure: type[Exception]) -> None:
    fault = (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code>'
        f"<s:Value>s:{code}</s:Value></s:Code></s:Fault></s:Body></s:Envelope>"
    )
    answer = Response(fault, status_code=500, media_type="application/soap+xml")
    async with core("core_soap", CorePartner(before=lambda _: answer)) as transport:
        with pytest.raises(failure, match=f"CORE {code}"):
            await transport.put(NAME, CONTENT)


async def test_a_kind_that_a_partner_does_not_know_holds_up_no_other() -> None:
    def twist(answer: dict[str, Any]) -> None:
        if answer["PayloadType"] == NOTHING:
            answer["ErrorCode"] = "PayloadTypeIllegal"

    outside = CorePartner(twist=twist)
    outside.leave(RETRIEVE_835, CONTENT)
    async with core("core_mime", outside) as transport:
        [waiting] = await transport.list_after("")
        assert await transport.get(waiting.name) == CONTENT


@ENVELOPES
async def test_what_no_partner_takes_is_not_offered(kind: str) -> None:
    outside = CorePartner()
    async with core(kind, outside) as transport:
        with pytest.raises(PartnerRefused, match="no payload type"):
            await transport.put("SUB001-000000042.834.x12", CONTENT)
        with pytest.raises(PartnerRefused, match="larger"):
            await transport.put(NAME, bytes(FILE_LIMIT_BYTES + 1))
    assert outside.received == []


# --- TLS -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trusts", "shows", "why"),
    [
        ("authority", "ours", None),
        ("system", "ours", "certificate is not trusted"),
        ("stranger", "ours", "certificate is not trusted"),
        ("authority", "nothing", "no answer"),
        ("authority", "stranger", "no answer"),
        ("nonsense", "ours", "a certificate cannot be used"),
    ],
)
async def test_both_sides_show_certificates(
    tmp_path: Path, trusts: str, shows: str, why: str | None
) -> None:
    authority, stranger = certificate("Authority"), certificate("Stranger")
    server = certificate("Partner", signer=authority)
    ours = certificate("Clinic", signer=authority if shows == "ours" else stranger)
    pinned = {
        "authority": authority.certificate,
        "stranger": stranger.certificate,
        "system": "",
        "nonsense": "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n",
    }[trusts]
    credentials = LOGIN
    if shows != "nothing":
        credentials = replace(LOGIN, client_certificate=ours.certificate, client_key=ours.key)
    outside = CorePartner()
    async with https_server(outside.app(), tmp_path, server, clients=authority) as url:
        found = partner("core_soap", url, ca_certificate=pinned)
        attempt = pytest.raises(PartnerUnavailable, match=why) if why else contextlib.nullcontext()
        with attempt:
            async with opened(found, credentials) as transport:
                await transport.put(NAME, CONTENT)
    assert list(outside.taken.values()) == ([] if why else [CONTENT])


async def test_control_the_partner_itself_answers_whoever_trusts_it(tmp_path: Path) -> None:
    authority = certificate("Authority")
    server = certificate("Partner", signer=authority)
    trust = ssl.create_default_context(cadata=authority.certificate)
    async with (
        https_server(CorePartner().app(), tmp_path, server) as url,
        httpx.AsyncClient(verify=trust) as client,
    ):
        assert (await client.get(f"{url}/core/mime")).status_code == 405
