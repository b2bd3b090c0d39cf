"""What a tester sets and sees: scripts, the clock, payment runs, timelines, a memory begun anew."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import x12_world as world

from payer_twin.app import create_app
from payer_twin.settings import TwinSettings
from rcm_x12 import remittance_835, status_277ca
from rcm_x12.remittance_835 import Remittance

from .conftest import claim, file

BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINE = {"submitter_id": "CLINIC"}


@asynccontextmanager
async def twin(directory: Path, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A twin on a wall clock that stands at BEGIN."""
    app = create_app(TwinSettings(data_dir=directory, **settings), BEGIN.timestamp)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://twin", params=MINE
        ) as client,
    ):
        yield client


async def post(client: httpx.AsyncClient, *claims: Any, number: int = 1) -> None:
    answer = await client.post("/interchanges", content=file("CLINIC", *claims, number=number))
    assert answer.status_code == 202, answer.text


async def kinds(client: httpx.AsyncClient) -> list[str]:
    return [item["kind"] for item in (await client.get("/interchanges")).json()["items"]]


async def remittances(client: httpx.AsyncClient) -> list[Remittance]:
    items = (await client.get("/interchanges")).json()["items"]
    return [
        one
        for item in items
        if item["kind"] == "835"
        for one in remittance_835.read(
            (await client.get(f"/interchanges/{item['name']}")).content
        ).contents
    ]


async def advance(client: httpx.AsyncClient, by: str) -> None:
    answer = await client.put("/clock", json={"advance": by})
    assert answer.status_code == 200, answer.text


SCRIPT = {
    "steps": [
        {"do": "999", "after_s": 3600},
        {"do": "277CA", "by": "clearinghouse", "category_code": "A0", "status_code": "16"},
        {"do": "277CA", "by": "payer", "after_s": 86400},
        {
            "do": "pay",
            "after_s": 2 * 86400,
            "lines": [
                {"cuts": [{"group_code": "CO", "reason_code": "45", "cents": 1}]},
                {
                    "cuts": [
                        {"group_code": "PI", "reason_code": "204", "cents": 4000},
                        {"group_code": "PR", "reason_code": "2", "cents": 999},
                    ],
                    "remark_codes": ["N130"],
                },
            ],
            "provider_cuts": [{"reason_code": "L6", "cents": -7}],
        },
        {"do": "reverse", "after_s": 3 * 86400},
    ]
}


@pytest.mark.parametrize("key", ["C1", "M77"])
async def test_a_script_does_exactly_its_steps(tmp_path: Path, key: str) -> None:
    async with twin(tmp_path) as client:
        assert (await client.put(f"/scripts/{key}", json=SCRIPT)).status_code == 200
        await post(client, claim("C1", "M77"))
        assert await kinds(client) == ["277CA"]
        await advance(client, "PT1H")
        assert await kinds(client) == ["277CA", "999"]
        await advance(client, "P1D")
        assert await kinds(client) == ["277CA", "999", "277CA"]
        await advance(client, "P60D")
        paid, back = await remittances(client)
        [row] = (await client.get("/claims")).json()["items"]
    assert (row["scenario"], row["status"]) == ("script", "reversed")
    assert [line.paid_cents for line in paid.claims[0].services] == [9999, 1]
    assert paid.claims[0].services[1].remark_codes == ("N130",)
    assert paid.header.payment_cents == 10_007
    assert (back.claims[0].status_code, back.claims[0].paid_cents) == ("22", -10_000)
    assert world.oxedi_findings(remittance_835.write(world.ENVELOPE, [paid, back])) == []


async def test_a_script_for_other_lines_than_the_claim_has_pays_nothing_and_says_so(
    tmp_path: Path,
) -> None:
    script = {"steps": [{"do": "999"}, {"do": "277CA"}, {"do": "pay", "lines": [{}]}]}
    async with twin(tmp_path) as client:
        await client.put("/scripts/C1", json=script)
        await post(client, claim("C1"))
        assert await kinds(client) == ["999", "277CA"]
        [told] = (await client.get("/claims/C1/timeline")).json()["items"]
    assert told["events"][-1]["what"].startswith("the script has money for another number")


async def test_a_script_may_be_one_submitters_own_and_can_be_removed(tmp_path: Path) -> None:
    silent: dict[str, Any] = {"steps": []}
    async with twin(tmp_path) as client:
        await client.put("/scripts/C1", json=silent, params={"submitter_id": "OTHER"})
        await post(client, claim("C1"))
        assert len(await kinds(client)) == 3
        await client.put("/scripts/C2", json=silent)
        await post(client, claim("C2"), number=2)
        assert len(await kinds(client)) == 3
        assert (await client.delete("/scripts/C2")).status_code == 204
        assert (await client.delete("/scripts/C2")).status_code == 404
        await post(client, claim("C2"), number=3)
        assert len(await kinds(client)) == 6


@pytest.mark.parametrize(
    "script",
    [
        {},
        {"steps": [{"do": "dance"}]},
        {"steps": [{"do": "999", "code": "Z"}]},
        {"steps": [{"do": "277CA", "category_code": "F1"}]},
        {"steps": [{"do": "pay", "after_s": -1}]},
        {"steps": [{"do": "pay", "money": 3}]},
        {"steps": [{"do": "pay", "lines": [{"cuts": [{"group_code": "CR"}]}]}]},
        {"steps": [], "eligibility": "no-such-row"},
    ],
)
async def test_a_script_that_makes_no_sense_is_refused(tmp_path: Path, script: Any) -> None:
    async with twin(tmp_path) as client:
        assert (await client.put("/scripts/C1", json=script)).status_code == 422
        assert (await client.get("/scripts")).json()["items"] == []


async def test_a_year_passes_in_one_call_and_everything_keeps_its_day(tmp_path: Path) -> None:
    async with twin(tmp_path) as client:
        await post(client, claim("C1", "M1T52"), claim("C2", "M1T66"), claim("C3", "M1T51"))
        await advance(client, "P365D")
        found = await remittances(client)
    days = [(one.header.produced_on - BEGIN.date()).days for one in found if one.header.produced_on]
    assert days == [0, 1, 11, 20, 45]


async def test_the_clock_is_set_stopped_and_never_goes_back(tmp_path: Path) -> None:
    async with twin(tmp_path) as client:
        assert (await client.get("/clock")).json() == {"now": BEGIN.isoformat(), "running": True}
        later = "2027-01-01T00:00:00+00:00"
        moved = await client.put("/clock", json={"now": later, "running": False})
        assert moved.json() == {"now": later, "running": False}
        back = await client.put("/clock", json={"now": BEGIN.isoformat()})
        assert back.status_code == 409
        both = await client.put("/clock", json={"now": later, "advance": "P1D"})
        assert both.status_code == 422
    async with twin(tmp_path) as client:
        assert (await client.get("/clock")).json() == {"now": later, "running": False}


async def test_claims_of_a_day_are_paid_together_in_its_run(tmp_path: Path) -> None:
    async with twin(tmp_path, payment_run="18:00") as client:
        await post(client, claim("C1"))
        await advance(client, "PT2H")
        await post(client, claim("C2"), claim("C3", "M1T64"), number=2)
        assert [one.claims[0].control_number for one in await remittances(client)] == ["C3"]
        await advance(client, "PT4H")
        found = await remittances(client)
        await advance(client, "P3D")
        later = await remittances(client)
    [together] = found[1:]
    assert [one.control_number for one in together.claims] == ["C1", "C2"]
    assert together.header.payment_cents == 24_000
    assert len(later) == 3


async def test_a_payment_run_can_be_set_and_unset(tmp_path: Path) -> None:
    async with twin(tmp_path) as client:
        assert (await client.put("/payment-run", json={"at": "18:00"})).json() == {"at": "18:00"}
        await post(client, claim("C1"))
        assert await kinds(client) == ["999", "277CA"]
        await client.put("/payment-run", json={"at": ""})
        await post(client, claim("C2"), number=2)
        assert await kinds(client) == ["999", "277CA", "999", "277CA", "835"]
        assert (await client.put("/payment-run", json={"at": "24:00"})).status_code == 422


async def test_one_submitter_is_forgotten_and_all_others_stay(tmp_path: Path) -> None:
    async with twin(tmp_path) as client:
        await post(client, claim("C1"))
        other = file("OTHER", claim("D1"))
        await client.post("/interchanges", content=other, params={"submitter_id": "OTHER"})
        assert (await client.delete("/submitters/CLINIC")).status_code == 204
        assert await kinds(client) == []
        assert (await client.get("/claims")).json()["items"] == []
        theirs = await client.get("/claims", params={"submitter_id": "OTHER"})
        assert len(theirs.json()["items"]) == 1
        await post(client, claim("C1"))
        assert len(await kinds(client)) == 3


async def test_everything_is_forgotten_and_the_clock_begins_anew(tmp_path: Path) -> None:
    async with twin(tmp_path) as client:
        await post(client, claim("C1"))
        first = (await client.get("/interchanges")).json()
        await advance(client, "P100D")
        answer = await client.post("/reset", json={"now": BEGIN.isoformat()})
        assert answer.status_code == 204
        assert (await client.get("/clock")).json()["now"] == BEGIN.isoformat()
        await post(client, claim("C1"))
        assert (await client.get("/interchanges")).json() == first


async def test_only_the_shared_token_moves_what_is_everybodys(tmp_path: Path) -> None:
    secrets = {"partners": {"CLINIC": "clinic-token"}, "token": "shared"}
    async with twin(tmp_path, **secrets) as client:
        mine = {"Authorization": "Bearer clinic-token"}
        shared = {"Authorization": "Bearer shared"}
        for call in (("PUT", "/clock"), ("PUT", "/payment-run"), ("POST", "/reset")):
            refused = await client.request(*call, json={}, headers=mine)
            allowed = await client.request(*call, json={}, headers=shared)
            assert (refused.status_code, allowed.status_code // 100) == (401, 2)
        theirs = await client.delete("/submitters/OTHER", params={}, headers=mine)
        assert theirs.status_code == 403


async def test_what_is_still_to_come_is_on_the_timeline(tmp_path: Path) -> None:
    async with twin(tmp_path) as client:
        await post(client, claim("C1", "M1T51"))
        [told] = (await client.get("/claims/C1/timeline")).json()["items"]
        sent = (await client.get("/files/sent")).json()["items"]
        missing = await client.get("/claims/C9/timeline")
    assert [(each["what"], each["is_due"]) for each in told["events"]] == [
        ("received (late-277ca)", True),
        ("999 accepts its set", True),
        ("277CA of the payer accepts it", False),
    ]
    assert told["payments_due_at"] == ["2026-03-12T12:00:00+00:00"]
    assert [(each["kind"], each["sequence"] is None) for each in sent] == [
        ("999", False),
        ("277CA", True),
    ]
    assert missing.status_code == 404


async def test_what_came_can_be_had_byte_for_byte(tmp_path: Path) -> None:
    content = file("CLINIC", claim("C1"))
    async with twin(tmp_path) as client:
        await client.post(
            "/interchanges", content=content, params={**MINE, "file_name": "C-1.837p.x12"}
        )
        [row] = (await client.get("/files/received")).json()["items"]
        raw = await client.get(f"/files/received/{row['id']}")
        again = await client.post(
            "/interchanges",
            content=file("CLINIC", claim("C2"), number=2),
            params={**MINE, "file_name": "C-1.837p.x12"},
        )
    assert (row["kind"], row["door"], row["file_name"]) == ("837P", "REST", "C-1.837p.x12")
    assert raw.content == content
    assert again.status_code == 409


async def test_a_replacement_of_what_is_not_paid_yet_is_rejected(tmp_path: Path) -> None:
    async with twin(tmp_path, payment_run="18:00") as client:
        await post(client, claim("C1"))
        number = (await client.get("/claims")).json()["items"][0]["payer_claim_number"]
        second = claim("C2", frequency_code="7", original_claim_number=number)
        await post(client, second, number=2)
        last = (await client.get("/interchanges")).json()["items"][-1]
        content = (await client.get(f"/interchanges/{last['name']}")).content
    [answer] = status_277ca.read(content).contents
    assert [one.is_accepted for one in answer.claims] == [False]


async def test_a_memory_of_another_version_is_set_aside(tmp_path: Path) -> None:
    import sqlite3  # noqa: PLC0415 - only to make an old file

    old = sqlite3.connect(tmp_path / "payer-twin.sqlite")
    old.executescript("CREATE TABLE claim (id INTEGER); PRAGMA user_version = 1;")
    old.close()
    async with twin(tmp_path) as client:
        await post(client, claim("C1"))
    assert (tmp_path / "payer-twin.v1.sqlite").exists()
