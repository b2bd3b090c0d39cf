"""Where the installation is: the broker, and each service's database under its own roles.

Taken from the running local stack (`stack.json` in `.local` or in `RCM_LOCAL_DIRECTORY`) or, for
one service in production, from the environment variables that the service is started with.
"""

import contextlib
import json
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import typer

from rcm import running_stack
from rcm.db import Database, Tx
from rcm.ids import NO_TENANT, new_id
from rcm.security.kek import key_of
from rcm.security.seal import FileKeyring

NEEDED = ("RCM_DATABASE_URL", "RCM_RELAY_DATABASE_URL", "RCM_KAFKA_BOOTSTRAP")


@dataclass(frozen=True, slots=True)
class Place:
    """One service's database, seen by its app role and by its relay role."""

    service: str
    app_url: str = field(repr=False)
    relay_url: str = field(repr=False)
    keyring_file: str | None = None
    kek: str | None = field(default=None, repr=False)

    def keyring(self) -> FileKeyring | None:
        """The tenants' keys, where the settings name them: a replay opens person blocks."""
        if not (self.keyring_file and self.kek):
            return None
        return FileKeyring.load(Path(self.keyring_file), key_of(self.kek))

    @contextlib.asynccontextmanager
    async def app(self, actor: str) -> AsyncIterator[Tx]:
        """A transaction over all tenants, and over what belongs to none."""
        database = Database(self.app_url, application_name="rcm events", pool_size=1)
        try:
            async with database.transaction(actor=actor) as tx:
                found = await tx.fetch("SELECT tenant_id FROM tenant")
            tenants: list[UUID] = [NO_TENANT, *(row["tenant_id"] for row in found)]
            async with database.transaction(tenants, actor=actor) as tx:
                yield tx
        finally:
            await database.close()

    @contextlib.asynccontextmanager
    async def relay(self, actor: str) -> AsyncIterator[Tx]:
        """A transaction of the relay's role: the outbox and the log of every tenant."""
        database = Database(self.relay_url, application_name="rcm events", pool_size=1)
        try:
            async with database.transaction([NO_TENANT], actor=actor) as tx:
                yield tx
        finally:
            await database.close()


@dataclass(frozen=True, slots=True)
class Installation:
    """The broker and the services that this command line may see."""

    bootstrap: str
    prefix: str
    places: Mapping[str, Place]

    def place(self, service: str) -> Place:
        """Raises typer.BadParameter with the names that there are."""
        if service not in self.places:
            raise typer.BadParameter(f"no {service!r} here; there is {', '.join(self.places)}")
        return self.places[service]


def installation() -> Installation:
    """The one at hand. Exits with one sentence when there is none."""
    environments = _environments()
    places = {
        name: Place(
            name,
            found["RCM_DATABASE_URL"],
            found["RCM_RELAY_DATABASE_URL"],
            found.get("RCM_KEYRING_FILE"),
            found.get("RCM_KEK"),
        )
        for name, found in environments.items()
    }
    any_environment = next(iter(environments.values()))
    return Installation(
        any_environment["RCM_KAFKA_BOOTSTRAP"],
        any_environment.get("RCM_TOPIC_PREFIX", ""),
        places,
    )


def actor() -> str:
    """Who is at the keyboard, for the journal."""
    return os.environ.get("RCM_ACTOR") or os.environ.get("USER") or f"uid {os.getuid()}"


async def journal(tx: Tx, verb: str, arguments: Mapping[str, object], affected: int) -> None:
    """One row per mutating verb, in the transaction that does it."""
    await tx.execute(
        """INSERT INTO operator_action (tenant_id, action_id, actor, verb, arguments, affected)
           VALUES ($1, $2, $3, $4, $5::jsonb, $6)""",
        NO_TENANT,
        new_id(),
        tx.actor,
        verb,
        json.dumps(dict(arguments), default=str),
        affected,
    )


def _environments() -> Mapping[str, Mapping[str, str]]:
    if all(name in os.environ for name in NEEDED):
        return {os.environ.get("RCM_SERVICE", "service"): os.environ}
    found = running_stack.environments()
    if found:
        return found
    typer.echo(
        "No stack runs here. Start one with `rcm up`, or set the service's own settings "
        f"({', '.join(NEEDED)}).",
        err=True,
    )
    raise typer.Exit(2)
