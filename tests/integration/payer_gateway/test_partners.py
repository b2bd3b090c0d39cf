"""Partners and payers over the API; and that one partner's trouble is nobody else's."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from payer_gateway.clearinghouse import Clearinghouse, PartnerUnavailable
from payer_gateway.domain.connection import Credentials
from payer_gateway.storage import partners
from rcm.contracts.payer import ClaimSubmitted
from rcm.contracts.values import Coverage
from rcm.testing.samples import build

from .conftest import PARTNER, Gateway, control_number, ready


async def add_partner(gateway: Gateway, **changes: Any) -> httpx.Response:
    async with gateway.under_test.client("TradingPartner.c") as client:
        return await client.post("/trading-partners", json=PARTNER | {"name": "Other"} | changes)


@pytest.mark.parametrize(
    ("changes", "status", "pointer"),
    [
        ({"name": PARTNER["name"]}, 409, "/name"),
        ({"submitter_id": "TOO LONG AND BLANK"}, 422, "/submitter_id"),
        ({"base_url": "ftp://partner.test"}, 422, "/base_url"),
        ({"base_url": "https://user:word@partner.test"}, 422, "/base_url"),
        ({"usage_indicator": "X"}, 422, "/usage_indicator"),
        ({"terms": {"claims_per_set": 5_001}}, 422, "/terms/claims_per_set"),
        ({"tenant_id": "7e57c0de-0000-4000-8000-000000000002"}, 422, "/tenant_id"),
    ],
)
async def test_what_is_wrong_with_a_partner_is_named(
    gateway: Gateway, changes: dict[str, Any], status: int, pointer: str
) -> None:
    answer = await add_partner(gateway, **changes)
    assert answer.status_code == status
    assert [each["pointer"] for each in answer.json()["pointers"]] == [pointer]


async def test_credentials_travel_sealed_and_are_never_shown(gateway: Gateway) -> None:
    made = await add_partner(gateway, bearer_token="very-secret")
    assert made.json()["has_credentials"] is True
    assert "very-secret" not in made.text
    async with gateway.under_test.client() as client:
        body = {"name": "Payer two", "partner_id": made.json()["partner_id"]}
        await client.put("/payers/PAY2", json=body)
    await gateway.queue(ready(gateway, 1, coverage=build(Coverage, payer_id="PAY2")))
    await gateway.send()
    assert gateway.partner.tokens == {"Bearer very-secret"}
    async with gateway.under_test.transaction() as tx:
        rows = await tx.fetch("SELECT credentials FROM trading_partner")
        [partner] = [p for p in await partners.list_partners(tx) if p.has_credentials]
        assert await partners.credentials_of(tx, partner) == Credentials(bearer_token="very-secret")
    assert not any(b"very-secret" in (row["credentials"] or b"") for row in rows)


async def test_a_silent_partner_delays_no_other(gateway: Gateway) -> None:
    silent = (await add_partner(gateway, base_url="http://silent.test")).json()["partner_id"]
    async with gateway.under_test.client() as client:
        await client.put("/payers/SILENT", json={"name": "Silent", "partner_id": silent})
    house = gateway.under_test.kit.resources

    class Deaf(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.host == "silent.test":
                raise httpx.ConnectTimeout("silence", request=request)
            return await house.client._transport.handle_async_request(request)

    deaf = Clearinghouse(httpx.AsyncClient(transport=Deaf()), allow_http=True, patience_s=60)
    kit = replace(gateway.under_test.kit, resources=deaf)
    reached = replace(gateway, under_test=replace(gateway.under_test, kit=kit))
    await gateway.queue(
        ready(gateway, 1, coverage=build(Coverage, payer_id="SILENT")), ready(gateway, 2)
    )
    await reached.send()
    await reached.receive()
    sent = await gateway.under_test.published(ClaimSubmitted)
    assert [each.patient_control_number for each in sent] == [control_number(2)]
    detail = await gateway.get(f"/trading-partners/{silent}")
    assert detail["link"]["last_error"] == "no answer (ConnectTimeout)"
    assert detail["link"]["retry_at"] is not None
    await deaf.aclose()


async def test_production_speaks_https_only(gateway: Gateway) -> None:
    async with gateway.under_test.transaction() as tx:
        [partner] = await partners.list_partners(tx)
    strict = Clearinghouse(httpx.AsyncClient(), allow_http=False)
    with pytest.raises(PartnerUnavailable):
        strict.transport(partner, Credentials())
    strict.transport(replace(partner, base_url="https://partner.test"), Credentials())
    await strict.aclose()


async def test_payers_are_put_one_by_one_or_all_at_once(gateway: Gateway) -> None:
    partner_id = str(gateway.partner_id)
    async with gateway.under_test.client("Payer.rus") as client:
        rows = [
            {"payer_id": f"P{n:03d}", "name": f"Payer {n}", "partner_id": partner_id}
            for n in range(7)
        ]
        answer = await client.put("/payers", json={"payers": rows})
        assert len(answer.json()["items"]) == 7
        again = await client.put("/payers/P003", json={"name": "New", "partner_id": partner_id})
        assert (again.json()["version"], again.headers["ETag"]) == (2, '"2"')
        late = await client.put(
            "/payers/P003",
            json={"name": "Late", "partner_id": partner_id},
            headers={"If-Match": '"1"'},
        )
        assert late.status_code == 412
        first = (await client.get("/payers?limit=5")).json()
        rest = (await client.get(f"/payers?limit=5&cursor={first['next_cursor']}")).json()
        found = [each["payer_id"] for page in (first, rest) for each in page["items"]]
        assert found == ["DEMO1", *(f"P{n:03d}" for n in range(7))]


async def test_bad_payers_change_nothing_and_are_all_named(gateway: Gateway) -> None:
    other = "7e57c0de-0000-4000-8000-00000000ffff"
    rows = [
        {"payer_id": "P1", "name": "One", "partner_id": str(gateway.partner_id)},
        {"payer_id": "P1", "name": "Again", "partner_id": str(gateway.partner_id)},
        {"payer_id": "P2", "name": "Lost", "partner_id": other},
    ]
    async with gateway.under_test.client("Payer.rus") as client:
        answer = await client.put("/payers", json={"payers": rows})
        assert answer.status_code == 422
        assert [each["pointer"] for each in answer.json()["pointers"]] == [
            "/payers/1/payer_id",
            "/payers/2/partner_id",
        ]
        assert (await client.get("/payers/P1")).status_code == 404


async def test_a_partner_of_another_tenant_is_no_partner(gateway: Gateway) -> None:
    body = {"name": "Stolen", "partner_id": str(gateway.partner_id)}
    other = gateway.under_test.other_tenant
    async with gateway.under_test.client(tenant=other) as client:
        assert (await client.put("/payers/P1", json=body)).status_code == 422
        found = await client.get(f"/trading-partners/{gateway.partner_id}")
        assert found.status_code == 404
