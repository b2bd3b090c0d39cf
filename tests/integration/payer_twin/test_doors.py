"""The twin as a stranger meets it: over HTTP, with its own memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import x12_world as world

from payer_twin.app import create_app
from payer_twin.settings import TwinSettings
from rcm_x12 import ack_999, claim_837p, remittance_835, status_277ca, ta1
from rcm_x12.claim_837p import Claim


class Clock:
    """Seconds that move when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def twin(
    data_dir: Path, clock: Clock | None = None, **settings: Any
) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(TwinSettings(data_dir=data_dir, **settings), clock or Clock())
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://twin") as client,
    ):
        yield client


def claim(number: str, member_id: str = "M1", **change: Any) -> Claim:
    subscriber = replace(world.SUBSCRIBER, member_id=member_id)
    return replace(world.CLAIM, control_number=number, subscriber=subscriber, **change)


def file(*claims: Claim, number: int = 1, **envelope: Any) -> bytes:
    numbered = replace(
        world.ENVELOPE,
        interchange_control_number=f"{number:09d}",
        group_control_number=str(number),
        **envelope,
    )
    return claim_837p.write(numbered, [world.batch(*claims)])


async def post(client: httpx.AsyncClient, content: bytes) -> dict[str, Any]:
    answer = await client.post("/interchanges", content=content)
    assert answer.status_code in {200, 202}, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def answers(client: httpx.AsyncClient, after: int | str = 0) -> dict[str, bytes]:
    listed = await client.get("/interchanges", params={"submitter_id": "CLINIC", "after": after})
    return {
        item["name"]: (
            await client.get(f"/interchanges/{item['name']}", params={"submitter_id": "CLINIC"})
        ).content
        for item in listed.json()["items"]
    }


async def test_a_file_is_answered_by_999_then_277ca_then_835(tmp_path: Path) -> None:
    async with twin(tmp_path) as client:
        receipt = await post(client, file(claim("C1"), claim("C2", "M2T30"), claim("C3", "M3T20")))
        found = await answers(client)
    assert list(found)[:2] == receipt["answers"]
    acknowledged, status, paid = found.values()
    assert [one.code for one in ack_999.read(acknowledged).contents] == ["A"]
    (answer,) = status_277ca.read(status).contents
    assert [(one.control_number, one.is_accepted) for one in answer.claims] == [
        ("C1", True),
        ("C2", False),
        ("C3", True),
    ]
    assert answer.batch_reference == "B0001"
    (remittance,) = remittance_835.read(paid).contents
    assert [(c.control_number, c.paid_cents) for c in remittance.claims] == [
        ("C1", 12000),
        ("C3", 0),
    ]
    assert remittance.claims[0].services[0].line_control_number == "L-1"
    for one in found.values():
        assert b"*ZZ*PAYERTWIN      *ZZ*CLINIC         *" in one


async def test_every_835_is_clean_to_a_stranger_and_balances(tmp_path: Path) -> None:
    async with twin(tmp_path) as client:
        members = [f"M{n}T{n:02d}" for n in (1, 2, 3, 4, 5, 10, 20, 21, 22, 23, 24)]
        other = replace(world.BILLING, npi="1245319599", name="WEST CLINIC")
        claims = [claim(f"C{i}", member) for i, member in enumerate(members)]
        claims += [
            claim(f"D{i}", member, billing_provider=other) for i, member in enumerate(members)
        ]
        await post(client, file(*claims))
        paid = (await answers(client))["CLINIC.000000003.835.x12"]
    assert world.oxedi_findings(paid) == []
    reading = remittance_835.read(paid)
    assert reading.all_findings == ()
    assert [len(one.claims) for one in reading.contents] == [11, 11]
    assert len({one.header.trace_number for one in reading.contents}) == 2
    assert world.pyx12_accepts(paid)


async def test_the_same_bytes_again_change_nothing(tmp_path: Path) -> None:
    async with twin(tmp_path) as client:
        first = await client.post("/interchanges", content=file(claim("C1")))
        again = await client.post("/interchanges", content=file(claim("C1")))
        assert (first.status_code, again.status_code) == (202, 200)
        assert again.json() == {**first.json(), "is_repeated": True}
        assert len(await answers(client)) == 3
        assert len((await client.get("/claims")).json()["items"]) == 1


async def test_other_bytes_under_a_used_number_are_a_conflict(tmp_path: Path) -> None:
    async with twin(tmp_path) as client:
        await post(client, file(claim("C1")))
        other = await client.post("/interchanges", content=file(claim("C2")))
    assert other.status_code == 409


async def test_the_same_input_and_state_give_the_same_bytes(tmp_path: Path) -> None:
    runs = []
    for name in ("a", "b"):
        async with twin(tmp_path / name) as client:
            await post(client, file(claim("C1"), claim("C2", "M2T05")))
            await post(client, file(claim("C3", "M2T24"), number=2))
            runs.append(await answers(client))
    assert runs[0] == runs[1]
    assert len(runs[0]) == 6


async def test_memory_survives_a_restart(tmp_path: Path) -> None:
    async with twin(tmp_path) as client:
        await post(client, file(claim("C1")))
        before = await answers(client)
    async with twin(tmp_path) as client:
        assert await answers(client) == before
        again = await post(client, file(claim("C1")))
        assert again["is_repeated"]
        await post(client, file(claim("C2"), number=2))
        assert len(await answers(client)) == 6


async def test_a_remittance_waits_for_its_delay_and_never_slips_behind_a_cursor(
    tmp_path: Path,
) -> None:
    clock = Clock()
    async with twin(tmp_path, clock, remittance_delay_s=60.0) as client:
        await post(client, file(claim("C1")))
        clock.now += 30
        await post(client, file(claim("C2"), number=2))
        listed = (await client.get("/interchanges", params={"submitter_id": "CLINIC"})).json()
        assert [item["kind"] for item in listed["items"]] == ["999", "277CA", "999", "277CA"]
        hidden = await client.get(
            "/interchanges/CLINIC.000000005.835.x12", params={"submitter_id": "CLINIC"}
        )
        assert hidden.status_code == 404
        clock.now += 30
        assert list(await answers(client, listed["next"])) == ["CLINIC.000000005.835.x12"]
        clock.now += 30
        late = (
            await client.get(
                "/interchanges", params={"submitter_id": "CLINIC", "after": int(listed["next"]) + 1}
            )
        ).json()
        assert [item["kind"] for item in late["items"]] == ["835"]


async def test_a_ta1_comes_when_it_is_asked_for(tmp_path: Path) -> None:
    async with twin(tmp_path) as client:
        await post(client, file(claim("C1"), acknowledgment_requested=True))
        found = await answers(client)
    first = next(iter(found.values()))
    assert [one.control_number for one in ta1.read(first)] == ["000000001"]


async def test_a_malformed_set_is_rejected_by_its_999_and_goes_no_further(tmp_path: Path) -> None:
    async with twin(tmp_path) as client:
        broken = file(claim("C1")).replace(b"~REF*EI*123456789", b"")
        await post(client, broken)
        found = await answers(client)
        listed = (await client.get("/claims")).json()["items"]
    assert [row["status"] for row in listed] == ["rejected"]
    (ack,) = ack_999.read(next(iter(found.values()))).contents
    assert ack.code == "R"
    assert len(found) == 1


async def test_a_claim_whose_charge_is_not_the_sum_of_its_lines_is_rejected(tmp_path: Path) -> None:
    async with twin(tmp_path) as client:
        await post(client, file(claim("C1")).replace(b"*C1*150*", b"*C1*151*"))
        found = list((await answers(client)).values())
    (answer,) = status_277ca.read(found[1]).contents
    assert [one.is_accepted for one in answer.claims] == [False]
    assert len(found) == 2


async def test_a_replacement_takes_the_original_back_and_pays_anew(tmp_path: Path) -> None:
    async with twin(tmp_path) as client:
        await post(client, file(claim("C1")))
        number = (await client.get("/claims")).json()["items"][0]["payer_claim_number"]
        corrected = claim("C1R", "M1T02", frequency_code="7", original_claim_number=number)
        await post(client, file(corrected, number=2))
        found = list((await answers(client, 3)).values())
        listed = (await client.get("/claims")).json()["items"]
    (remittance,) = remittance_835.read(found[2]).contents
    assert [(c.status_code, c.control_number, c.paid_cents) for c in remittance.claims] == [
        ("22", "C1", -12000),
        ("1", "C1R", 7000),
    ]
    assert remittance.header.payment_cents == 0
    assert [(p.reason_code, p.amount_cents) for p in remittance.provider_adjustments] == [
        ("FB", -5000)
    ]
    assert [row["status"] for row in listed] == ["reversed", "adjudicated"]
    assert world.oxedi_findings(found[2]) == []


async def test_a_void_takes_the_original_back_and_pays_nothing(tmp_path: Path) -> None:
    async with twin(tmp_path) as client:
        await post(client, file(claim("C1")))
        number = (await client.get("/claims")).json()["items"][0]["payer_claim_number"]
        void = claim("C1V", frequency_code="8", original_claim_number=number)
        await post(client, file(void, number=2))
        found = list((await answers(client, 3)).values())
        await post(client, file(claim("C4"), number=3))
        later = list((await answers(client, 6)).values())
    (remittance,) = remittance_835.read(found[2]).contents
    assert [(c.status_code, c.paid_cents) for c in remittance.claims] == [("22", -12000)]
    (next_one,) = remittance_835.read(later[2]).contents
    assert next_one.header.payment_cents == 0
    assert [p.amount_cents for p in next_one.provider_adjustments] == [12000]


async def test_a_replacement_of_an_unknown_claim_is_rejected(tmp_path: Path) -> None:
    async with twin(tmp_path) as client:
        await post(client, file(claim("C1", frequency_code="7", original_claim_number="NONE")))
        found = list((await answers(client)).values())
    (answer,) = status_277ca.read(found[1]).contents
    assert [code.status_code for code in answer.claims[0].statuses[0].codes] == ["464"]


@pytest.mark.parametrize("content", [b"", b"hello", ack_999.write(world.ENVELOPE, [])])
async def test_what_holds_no_claims_is_refused(tmp_path: Path, content: bytes) -> None:
    async with twin(tmp_path) as client:
        answer = await client.post("/interchanges", content=content)
    assert answer.status_code == 422


async def test_a_body_over_the_limit_is_refused(tmp_path: Path) -> None:
    async with twin(tmp_path, body_limit_bytes=100) as client:
        answer = await client.post("/interchanges", content=file(claim("C1")))
    assert answer.status_code == 413


async def test_a_partner_sees_only_its_own_files(tmp_path: Path) -> None:
    partners = {"CLINIC": "clinic-token", "OTHER": "other-token"}
    async with twin(tmp_path, partners=partners) as client:
        mine = {"Authorization": "Bearer clinic-token"}
        other = {"Authorization": "Bearer other-token"}
        content = file(claim("C1"))
        assert (await client.post("/interchanges", content=content)).status_code == 401
        assert (
            await client.post("/interchanges", content=content, headers=other)
        ).status_code == 403
        assert (
            await client.post("/interchanges", content=content, headers=mine)
        ).status_code == 202
        assert len((await client.get("/interchanges", headers=mine)).json()["items"]) == 3
        assert (await client.get("/interchanges", headers=other)).json()["items"] == []
        named = await client.get("/interchanges", params={"submitter_id": "CLINIC"}, headers=other)
        assert named.status_code == 403
        stolen = await client.get("/interchanges/CLINIC.000000001.999.x12", headers=other)
        assert stolen.status_code == 404
        assert (await client.get("/claims", headers=other)).json()["items"] == []


async def test_the_shared_credential_acts_for_any_submitter(tmp_path: Path) -> None:
    async with twin(tmp_path, token="shared") as client:
        headers = {"Authorization": "Bearer shared"}
        posted = await client.post("/interchanges", content=file(claim("C1")), headers=headers)
        assert posted.status_code == 202
        unnamed = await client.get("/interchanges", headers=headers)
        assert unnamed.status_code == 422
        listed = await client.get(
            "/interchanges", params={"submitter_id": "CLINIC"}, headers=headers
        )
        assert len(listed.json()["items"]) == 3
        wrong = await client.get("/claims", headers={"Authorization": "Bearer nope"})
        assert wrong.status_code == 401


async def test_the_table_is_published_and_the_twin_says_it_is_up(tmp_path: Path) -> None:
    async with twin(tmp_path, token="shared") as client:
        table = (await client.get("/scenarios")).json()
        health = (await client.get("/healthz")).json()
    by_code = {row["code"]: row for row in table["items"]}
    assert by_code["denied-authorization"]["member_id_suffix"] == "T20"
    assert by_code["denied-authorization"]["charge_cents_ending"] == "20"
    assert table["default"]["code"] == "default"
    assert health == {"status": "ok"}
