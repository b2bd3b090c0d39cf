"""The directory of tenants: read by all, written by oneself, and a good token is not enough."""

import asyncio
from uuid import UUID

import pytest

from rcm.db import StatementFailed
from rcm.errors import Forbidden
from rcm.ids import new_id
from rcm.security.tenants import Tenant, TenantDirectory, register

NORTH = UUID("7e57c0de-0000-4000-8000-000000000001")
SOUTH = UUID("7e57c0de-0000-4000-8000-000000000002")


async def test_all_tenants_are_known_without_naming_them(kit) -> None:
    assert await TenantDirectory(kit.database).active() == (NORTH, SOUTH)


async def test_only_active_tenants_are_served(kit) -> None:
    await register(kit.database, SOUTH, name_code="south", status="suspended")
    directory = TenantDirectory(kit.database)
    assert await directory.active() == (NORTH,)
    assert await directory.everyone() == (NORTH, SOUTH)
    assert await directory.require(NORTH) == Tenant(NORTH, "north", "active")
    with pytest.raises(Forbidden, match="tenant_not_active"):
        await directory.require(SOUTH)


async def test_an_unknown_tenant_is_refused(kit) -> None:
    with pytest.raises(Forbidden, match="unknown_tenant") as refusal:
        await TenantDirectory(kit.database).require(new_id())
    assert refusal.value.status == 403


async def test_a_new_tenant_is_found_as_soon_as_it_calls(kit) -> None:
    directory = TenantDirectory(kit.database, lifetime_s=60, pause_s=0)
    await directory.active()
    new = new_id()
    await register(kit.database, new, name_code="new")
    assert (await directory.require(new)).name_code == "new"


async def test_invented_tenants_do_not_cost_a_query_each(kit) -> None:
    directory = TenantDirectory(kit.database, lifetime_s=60, pause_s=60)
    await directory.active()
    await register(kit.database, new := new_id(), name_code="new")
    with pytest.raises(Forbidden):
        await directory.require(new)


async def test_callers_at_once_read_once(kit) -> None:
    directory = TenantDirectory(kit.database)
    found = await asyncio.gather(*(directory.active() for _ in range(20)))
    assert set(found) == {(NORTH, SOUTH)}


async def test_known_tenants_are_served_while_the_directory_is_read_again(kit) -> None:
    """Or a database that hangs would let all callers wait in a row, each as long as the first."""
    directory = TenantDirectory(kit.database, lifetime_s=0, pause_s=0)
    await directory.active()
    async with kit.superuser.transaction():
        await kit.superuser.execute("LOCK TABLE tenant")
        reading = asyncio.create_task(directory.active())
        await asyncio.sleep(0.05)
        assert not reading.done()
        served = await asyncio.wait_for(directory.require(NORTH), 1)
    assert served.tenant_id == NORTH
    assert NORTH in await reading


async def test_registering_again_changes_the_tenant_or_nothing(kit) -> None:
    moment = "SELECT changed_at FROM tenant WHERE tenant_id = $1"
    before = await kit.superuser.fetchval(moment, NORTH)
    await register(kit.database, NORTH, name_code="north")
    assert await kit.superuser.fetchval(moment, NORTH) == before
    async with kit.database.transaction((NORTH,)) as tx:
        await register(tx, NORTH, name_code="north-2")
    assert await kit.superuser.fetchval(moment, NORTH) > before


async def test_one_tenant_does_not_register_another(kit) -> None:
    for victim in (SOUTH, new_id()):
        with pytest.raises(StatementFailed) as refusal:
            async with kit.database.transaction((NORTH,)) as tx:
                await register(tx, victim, name_code="taken")
        assert refusal.value.sqlstate == "42501"


@pytest.mark.parametrize("name_code", ["", "Maria Muster", "NORTH", "-x", "x" * 64])
async def test_a_tenants_code_is_a_code(kit, name_code) -> None:
    with pytest.raises(StatementFailed) as refusal:
        await register(kit.database, NORTH, name_code=name_code)
    assert refusal.value.sqlstate == "23514"
