"""Control numbers and claims under concurrency: given out once, however many ask at once."""

import asyncio
from dataclasses import replace

import httpx

from payer_gateway.clearinghouse import Clearinghouse
from payer_gateway.storage import partners
from rcm.contracts.payer import ClaimSubmitted

from .conftest import Gateway, control_number, ready

ASKERS = 30


async def test_numbers_are_given_out_once_and_without_a_gap(gateway: Gateway) -> None:
    async def take(fails: bool) -> int:  # noqa: FBT001 - one of two kinds
        async with gateway.under_test.transaction() as tx:
            [partner] = await partners.list_partners(tx)
            numbers = await partners.next_numbers(tx, partner)
            assert numbers.interchange == numbers.group
            if fails:
                raise LookupError
        return numbers.interchange

    found = await asyncio.gather(
        *(take(number % 5 == 0) for number in range(ASKERS)), return_exceptions=True
    )
    given = [each for each in found if isinstance(each, int)]
    # What a rollback gives back nobody has seen, so it is given out again.
    assert sorted(given) == list(range(1, ASKERS * 4 // 5 + 1))


async def test_control_without_the_rows_lock_a_number_is_given_out_twice(gateway: Gateway) -> None:
    async with gateway.under_test.transaction() as tx:
        [partner] = await partners.list_partners(tx)
        await partners.next_numbers(tx, partner)

    async def careless() -> int:
        async with gateway.under_test.transaction() as tx:
            last = int(await tx.fetchval("SELECT max(last_number) FROM control_number"))
            await asyncio.sleep(0.05)
            await tx.execute("UPDATE control_number SET last_number = $1", last + 1)
        return last + 1

    found = await asyncio.gather(*(careless() for _ in range(4)))
    assert len(set(found)) < 4


async def test_two_processes_that_send_at_once_send_each_claim_once(gateway: Gateway) -> None:
    """As after a lost session: the old leader's turn is still under way when the new one begins."""
    client = gateway.under_test.kit.resources.client
    other = Clearinghouse(client, allow_http=True, patience_s=60)
    kit = replace(gateway.under_test.kit, resources=other)
    second = replace(gateway, under_test=replace(gateway.under_test, kit=kit))
    for start in range(0, 30, 10):
        await gateway.queue(*(ready(gateway, number) for number in range(start, start + 10)))
        await asyncio.gather(gateway.send(), second.send())
    sent = await gateway.under_test.published(ClaimSubmitted)
    expected = sorted(control_number(number) for number in range(30))
    assert sorted(each.patient_control_number for each in sent) == expected
    numbers = {each.interchange_control_number for each in sent}
    assert len(numbers) == len(gateway.partner.taken)
    assert isinstance(client, httpx.AsyncClient)
