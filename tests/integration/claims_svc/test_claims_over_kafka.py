"""From topic to topic: codings, reports and payments through broker, inbox, handlers and relay."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from claims_svc.app import service
from rcm.contracts.base import Event
from rcm.contracts.claims import ClaimAdjudicated, ClaimReady
from rcm.events import publish
from rcm.testing.claims import coded, paid_line, payment
from rcm.testing.service import ServiceUnderTest, eventually, service_under_test


@pytest.fixture
async def claims(servers: Any) -> AsyncIterator[ServiceUnderTest]:
    async with service_under_test(
        service, servers.postgres_admin_url, servers.kafka_bootstrap
    ) as found:
        yield found


async def arrive(claims: ServiceUnderTest, *events: Event) -> None:
    """Put events on their topics, as their owners would: through an outbox and a relay."""
    async with claims.transaction() as tx:
        await publish(tx, events)


async def unposted(claims: ServiceUnderTest) -> list[dict[str, Any]]:
    async with claims.client() as client:
        return (await client.get("/unposted-payments")).json()["items"]


async def test_codings_become_paid_claims_and_an_unknown_payment_waits_alone(
    claims: ServiceUnderTest,
) -> None:
    async with claims.running():
        await arrive(claims, *(coded() for _ in range(40)))

        async def all_ready() -> bool:
            return len(await claims.published(ClaimReady)) == 40

        await eventually(all_ready, timeout_s=150)
        answers = [
            payment(
                ready.patient_control_number,
                paid_line(ready.lines[0].line_control_number, "99213", 12_500, 12_500),
                ordinal=position,
            )
            for position, ready in enumerate(await claims.published(ClaimReady), 1)
        ]
        stray = answers[0].model_copy(update={"patient_control_number": "NOBODY", "ordinal": 99})
        await arrive(claims, stray, *answers)

        async def all_posted() -> bool:
            return len(await claims.published(ClaimAdjudicated)) == 40

        await eventually(all_posted, timeout_s=150)

        async def stray_waits() -> bool:
            [waiting] = await unposted(claims)
            return (waiting["reason"], waiting["paid_cents"]) == ("claim_unknown", 12_500)

        await eventually(stray_waits, timeout_s=150)
    async with claims.client() as client:
        summary = (await client.get("/summary")).json()
    assert [(line["status"], line["claims"]) for line in summary["items"]] == [("closed", 40)]
    assert summary["paid_cents"] == summary["charged_cents"] == 40 * 12_500
