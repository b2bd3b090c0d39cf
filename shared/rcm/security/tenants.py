"""Who is served here: one row per tenant in every service's database."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args
from uuid import UUID

from rcm.db import Database, Tx
from rcm.errors import Forbidden

Status = Literal["active", "suspended", "closed"]


@dataclass(frozen=True, slots=True)
class Tenant:
    """An organisation. `name_code` is a short code of it, for operators; no person's name."""

    tenant_id: UUID
    name_code: str
    status: Status


async def register(
    place: Tx | Database, tenant_id: UUID, *, name_code: str, status: Status = "active"
) -> None:
    """Make the tenant known, or change its code or status. Safe to repeat. A `Tx` must serve this
    tenant; a `Database` gets a transaction of its own. Keys are the keyring's (`add_tenant`)."""
    if isinstance(place, Database):
        async with place.transaction((tenant_id,)) as tx:
            await register(tx, tenant_id, name_code=name_code, status=status)
        return
    if status not in get_args(Status):
        raise ValueError(f"{status!r} is not a tenant's status")
    await place.execute(
        """
        INSERT INTO tenant (tenant_id, name_code, status) VALUES ($1, $2, $3)
        ON CONFLICT (tenant_id) DO UPDATE
            SET name_code = excluded.name_code, status = excluded.status, changed_at = now()
            WHERE (tenant.name_code, tenant.status) <> (excluded.name_code, excluded.status)
        """,
        tenant_id,
        name_code,
        status,
    )


class TenantDirectory:
    """All tenants of one database, read again when older than `lifetime_s`. A tenant that is not
    found is looked for once more, at most every `pause_s`."""

    def __init__(
        self, database: Database, *, lifetime_s: float = 5.0, pause_s: float = 0.5
    ) -> None:
        self._database = database
        self._lifetime_s = lifetime_s
        self._pause_s = pause_s
        self._tenants: Mapping[UUID, Tenant] = {}
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def active(self) -> tuple[UUID, ...]:
        """Everyone to be served, in a fixed order."""
        tenants = (await self._known(self._lifetime_s)).values()
        return tuple(sorted(found.tenant_id for found in tenants if found.status == "active"))

    async def everyone(self) -> tuple[UUID, ...]:
        """Also those who are suspended or closed: what was said of them is still kept."""
        return tuple(sorted(await self._known(self._lifetime_s)))

    async def require(self, tenant_id: UUID) -> Tenant:
        """The tenant of a good token. Raises `Forbidden` when it is not served here. While one
        caller reads the directory again, the others go on with what is known."""
        found = self._tenants.get(tenant_id) if self._reading.locked() else None
        if found is None:
            found = (await self._known(self._lifetime_s)).get(tenant_id)
        if found is None:
            found = (await self._known(self._pause_s)).get(tenant_id)
        if found is None:
            raise Forbidden("unknown_tenant", "The token's tenant is not known here.")
        if found.status != "active":
            raise Forbidden("tenant_not_active", "The token's tenant is not served at present.")
        return found

    async def _known(self, age_s_max: float) -> Mapping[UUID, Tenant]:
        if time.monotonic() - self._read_at > age_s_max:
            async with self._reading:
                if time.monotonic() - self._read_at > age_s_max:
                    self._tenants = await self._read()
                    self._read_at = time.monotonic()
        return self._tenants

    async def _read(self) -> Mapping[UUID, Tenant]:
        """Across tenants, which the table's policy allows for reading."""
        async with self._database.transaction() as tx:
            rows = await tx.fetch("SELECT tenant_id, name_code, status FROM tenant")
        return {row["tenant_id"]: Tenant(*row) for row in rows}
