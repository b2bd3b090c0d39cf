"""An event goes from a request through outbox, broker and inbox to its handler and a job."""

from typing import Any

import pytest

from rcm.contracts.coding import EncounterVoided
from rcm.db import Tx
from rcm.events import JobContext, Received, Subscriptions, publish
from rcm.service import ApiRouter, RequestTx, create_service
from rcm.testing.samples import sample
from rcm.testing.service import eventually, service_under_test


def create_echo_service() -> Any:
    router, subscriptions = ApiRouter(), Subscriptions("echo-svc")
    handled: list[Received[EncounterVoided]] = []
    ticks: list[int] = []

    @router.post("/voids", status_code=202, scope="Encounter.u", audit=False)
    async def post_void(tx: RequestTx) -> None:
        await publish(tx, [sample(EncounterVoided, tenant_id=tx.tenant_id)])

    @subscriptions.on(EncounterVoided)
    async def note(batch: list[Received[EncounterVoided]], tx: Tx) -> None:
        handled.extend(batch)

    @subscriptions.every(seconds=0.1)
    async def tick(context: JobContext) -> None:
        ticks.append(len(context.tenants))

    service = create_service("echo-svc", router=router, subscriptions=subscriptions, migrations=[])
    return service, handled, ticks


@pytest.mark.timeout(120)
async def test_a_request_reaches_the_handler_with_its_trace(servers: Any) -> None:
    service, handled, ticks = create_echo_service()
    async with (
        service_under_test(service, servers.postgres_admin_url, servers.kafka_bootstrap) as echo,
        echo.running() as components,
        echo.client() as client,
    ):
        given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        answer = await client.post("/voids", headers={"traceparent": given})
        assert answer.status_code == 202

        async def arrived() -> bool:
            return bool(handled)

        await eventually(arrived, timeout_s=60)
        assert handled[0].tenant_id == echo.tenant
        assert handled[0].traceparent is not None
        assert handled[0].traceparent.split("-")[1] == given.split("-")[1]

        async def ticked() -> bool:
            return len(ticks) >= 2 and ticks[-1] == 2

        await eventually(ticked)

        async def sealed() -> bool:
            return bool(components["audit"].health()["ready"])

        await eventually(sealed)
        assert {"topics", "relay", "consumer", "jobs", "parking", "audit"} == set(components)
