"""The gateway against the payer twin over its real HTTP interface: file out, three answers in."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from payer_gateway.app import service
from payer_gateway.clearinghouse import Clearinghouse
from payer_twin.app import create_app
from payer_twin.settings import TwinSettings
from rcm.contracts.claims import InstitutionalClaimReady
from rcm.contracts.payer import (
    ClaimAcknowledged,
    ClaimPaymentReported,
    ClaimSubmitted,
    RemittanceHeld,
    RemittanceReceived,
)
from rcm.contracts.values import Coverage, InstitutionalClaimLine, Provider
from rcm.events import publish
from rcm.testing.claims import STAY, VISIT
from rcm.testing.samples import build, sample
from rcm.testing.service import eventually, service_under_test

from .conftest import PARTNER, PAYER, Gateway, Partner, claim_id, opened, ready, received


@pytest.fixture
async def gateway(servers: Any, tmp_path: Path) -> AsyncIterator[Gateway]:
    twin = create_app(TwinSettings(data_dir=tmp_path, remittance_delay_s=0))
    async with twin.router.lifespan_context(twin):
        house = Clearinghouse(
            httpx.AsyncClient(transport=httpx.ASGITransport(twin)), allow_http=True, patience_s=60
        )
        reached = replace(service, resources=lambda _: house)
        async with service_under_test(
            reached, servers.postgres_admin_url, servers.kafka_bootstrap
        ) as found:
            async with found.client() as client:
                made = await client.post("/trading-partners", json=PARTNER)
                partner_id = made.json()["partner_id"]
                body = {"name": "Demo payer", "partner_id": partner_id}
                assert (await client.put(f"/payers/{PAYER}", json=body)).status_code == 200
            yield Gateway(found, Partner(), UUID(partner_id))
        await house.aclose()


CLINIC = build(Provider, first_name="", name="Northside Clinic")


async def test_claims_travel_out_and_their_payment_comes_back(gateway: Gateway) -> None:
    await gateway.queue(*(ready(gateway, n, billing_provider=CLINIC) for n in range(1, 6)))
    await gateway.send()
    await gateway.receive()
    under_test = gateway.under_test
    assert len(await under_test.published(ClaimSubmitted)) == 5
    hops = {each.hop for each in await under_test.published(ClaimAcknowledged)}
    assert "group" in hops
    assert hops & {"clearinghouse", "payer"}
    assert await under_test.published(RemittanceHeld) == []
    remittances = await under_test.published(RemittanceReceived)
    payments = await under_test.published(ClaimPaymentReported)
    assert len(payments) == 5
    assert sum(each.claim_paid_cents for each in remittances) == sum(
        each.paid_cents for each in payments
    )
    assert {each.payer_id for each in payments} == {PAYER}
    assert set((await gateway.statuses()).values()) == {"remitted"}
    received = (await gateway.get("/interchanges?direction=received"))["items"]
    assert {each["status"] for each in received} == {"read"}
    await gateway.receive()
    assert len(await under_test.published(ClaimPaymentReported)) == 5


def bill(number: int, **changes: Any) -> InstitutionalClaimReady:
    """An institutional claim of 250.00: one line has a procedure, the other only its revenue."""
    pcn = f"I{number:07d}"
    lines = tuple(
        build(
            InstitutionalClaimLine,
            line_number=at,
            line_control_number=f"{pcn}-{at}",
            revenue_code=revenue,
            procedure_code=code,
            modifiers=(),
            end_date_of_service=None,
        )
        for at, (revenue, code) in enumerate((("0120", ""), ("0300", "36415")), 1)
    )
    fields = {
        "claim_id": claim_id(1000 + number),
        "patient_control_number": pcn,
        "frequency_code": "1",
        "replaces": None,
        "coverage": build(Coverage, payer_id=PAYER, relationship="self"),
        "other_coverages": (),
        "billing_provider": CLINIC,
        "rendering_provider": None,
        "service_facility": None,
        "charge_cents": 25_000,
        "lines": lines,
        "institutional": STAY,
    }
    return sample(InstitutionalClaimReady, **(fields | changes))


async def test_institutional_claims_travel_in_files_of_their_own(gateway: Gateway) -> None:
    """837P and 837I never share a file; both come back acknowledged and paid."""
    await gateway.queue(
        received(gateway, bill(1)),
        received(gateway, bill(2, institutional=VISIT)),
        ready(gateway, 1, billing_provider=CLINIC),
    )
    await gateway.send()
    sent = (await gateway.get("/transmissions"))["items"]
    assert sorted((each["kind"], each["claim_count"]) for each in sent) == [
        ("837I", 2),
        ("837P", 1),
    ]
    await gateway.receive()
    await gateway.receive()
    assert set((await gateway.statuses()).values()) == {"remitted"}
    payments = await gateway.under_test.published(ClaimPaymentReported)
    lines = {
        each.patient_control_number[0]: [line.procedure_code for line in each.lines]
        for each in payments
    }
    assert lines["I"] == ["0120", "36415"]
    assert len(payments) == 3
    assert await gateway.under_test.published(RemittanceHeld) == []


async def test_over_kafka_from_a_ready_claim_to_its_payment(gateway: Gateway) -> None:
    """Consumer, jobs and relay in their own tasks: the person block travels sealed and comes out
    in the 837; nothing is left over when the topic is quiet."""
    under_test = gateway.under_test
    async with under_test.running():
        async with under_test.transaction() as tx:
            await publish(tx, [opened(n, billing_provider=CLINIC) for n in range(1, 21)])

        async def all_paid() -> bool:
            found = await gateway.statuses()
            return len(found) == 20 and set(found.values()) == {"remitted"}

        await eventually(all_paid, timeout_s=60)
    assert len(await under_test.published(ClaimPaymentReported)) == 20
    assert len(await under_test.published(ClaimSubmitted)) == 20
