"""Remittances on paper, held files and deposits, as a billing office makes them."""

from typing import Any
from uuid import uuid4

from e2e.world import World

from rcm.testing.service import eventually

X12 = {"Content-Type": "application/edi-x12"}
PAID_CENTS = 4_000


def paper(number: str = "", **changes: Any) -> dict[str, Any]:
    """An explanation of benefits on paper: 40.00 for a claim that nobody knows, less what the payer
    takes back and carries forward."""
    adjustment = {"provider_npi": "1234567893", "fiscal_period_on": "2026-12-31"}
    return {
        "payer_id": "PAPERPAYER",
        "payer_name": "PAYER ON PAPER",
        "originating_company_id": "1777777777",
        "trace_number": number or f"CHECK{uuid4().hex[:12].upper()}",
        "payment_cents": PAID_CENTS,
        "payment_method": "CHK",
        "effective_on": "2026-03-04",
        "payee_name": "Lindenfeld Family Clinic",
        "payee_npi": "1234567893",
        "claims": [
            {
                "patient_control_number": f"X{uuid4().hex[:12].upper()}",
                "charge_cents": 5_000,
                "paid_cents": 5_000,
                "payer_claim_number": f"P{uuid4().hex[:12].upper()}",
                "patient_last_name": "Nobody",
            }
        ],
        "provider_adjustments": [
            adjustment | {"reason_code": "WO", "reference": uuid4().hex[:8], "amount_cents": 600},
            adjustment | {"reason_code": "FB", "reference": uuid4().hex[:8], "amount_cents": 400},
        ],
    } | changes


async def reported(world: World) -> dict[str, Any]:
    """A remittance that was entered from paper, once it has been read."""
    body = paper()
    await world.post("payer-gateway", "/remittances", body)
    return await _remittance(world, body["trace_number"], "reported")


async def held(world: World) -> dict[str, Any]:
    """A file whose payment is not the sum of its claims."""
    number = f"HELD{uuid4().hex[:12]}"
    entered = await world.post("payer-gateway", "/remittances", paper())
    path = f"/interchanges/{entered['interchange_id']}/content"
    content = (await world.call("payer-gateway", "GET", path)).content.decode()
    trace = content.split("TRN*1*", 1)[1].split("*", 1)[0]
    spoilt = content.replace(trace, number).replace("BPR*I*40*", "BPR*I*41*")
    assert spoilt.count(number) == 1
    answer = await world.call(
        "payer-gateway", "POST", "/interchanges", content=spoilt.encode(), headers=X12
    )
    answer.raise_for_status()
    return await _remittance(world, number, "held")


async def _remittance(world: World, trace_number: str, status: str) -> dict[str, Any]:
    async def read() -> dict[str, Any]:
        page = await world.get("payer-gateway", "/remittances", trace_number=trace_number)
        found = [each for each in page["items"] if each["status"] == status]
        assert found, f"not {status}: {[each['status'] for each in page['items']] or 'not read'}"
        return dict(found[0])

    return await eventually(read)


def credit(**changes: Any) -> dict[str, Any]:
    """A credit of the bank that says no trace."""
    return {
        "bank_reference": f"BANK{uuid4().hex[:12]}",
        "deposited_on": "2026-03-05",
        "amount_cents": PAID_CENTS,
    } | changes


async def deposit(world: World) -> str:
    """The id of such a credit."""
    made = await world.post("payer-gateway", "/deposits", credit())
    return str(made["deposit_id"])


async def finding(world: World, remittance_id: str) -> str:
    """The first exception of a remittance."""
    page = await world.get("payer-gateway", f"/remittances/{remittance_id}/exceptions")
    return str(page["items"][0]["finding_id"])


async def waiting(world: World) -> dict[str, str]:
    """Something in each worklist of money: what is held, unmatched, unposted, open and unexplained;
    the ids by their names in paths."""
    remittance = await held(world)
    paid = await reported(world)

    async def unposted() -> None:
        page = await world.get("claims-svc", "/unposted-payments")
        waits = [each["remittance_id"] for each in page["items"]]
        assert paid["remittance_id"] in waits

    await eventually(unposted, timeout_s=60)
    return {
        "deposit_id": await deposit(world),
        "finding_id": await finding(world, remittance["remittance_id"]),
    }
