"""`rcm events outbox | relay`."""

from typing import Annotated

import typer

from rcm.events.commands.asking import Service, Yes, act, chosen, console, run, table
from rcm.events.operator import outgoing
from rcm.events.operator.places import actor, installation

app = typer.Typer(no_args_is_help=True)
relay_app = typer.Typer(no_args_is_help=True)

STATUS = ("service", "pending", "oldest s", "quarantined keys", "logged", "paused")


@app.command("status")
@relay_app.command("status")
def status(service: Service = None) -> None:
    """What waits to be published, how long, and what stands still."""
    run(_status(chosen(service)))


async def _status(services: list[str]) -> None:
    found, rows = installation(), []
    for name in services:
        async with found.place(name).relay(actor()) as tx:
            state = await outgoing.status(tx)
        rows.append((name, *state.values()))
    console.print(table(STATUS, rows))


@app.command("peek")
def peek(
    service: Annotated[str, typer.Argument(help="Such as claims-svc.")],
    *,
    key: Annotated[str | None, typer.Option(help="One aggregate only.")] = None,
    limit: int = 20,
) -> None:
    """The next rows to go out, without their bodies."""
    run(_peek(service, key, limit))


async def _peek(service: str, key: str | None, limit: int) -> None:
    async with installation().place(service).relay(actor()) as tx:
        rows = await outgoing.peek(tx, limit=limit, key=key)
    headings = ("id", "event", "type", "topic", "key", "seq", "bytes", "appended", "quarantined")
    console.print(table(headings, [row.values() for row in rows]))


@app.command("retry-key")
def retry_key(service: str, key: str, *, yes: Yes = False) -> None:
    """Let the relay try a quarantined aggregate again."""
    run(_retry_key(service, key, yes=yes))


async def _retry_key(service: str, key: str, *, yes: bool) -> None:
    async with installation().place(service).relay(actor()) as tx:
        found = await outgoing.quarantined(tx, key)
        for row in found:
            console.print(f"{row['topic']} {key}: {row['reason']} since {row['since']:%F %T}Z")

        async def do() -> int:
            return await outgoing.retry_key(tx, key)

        await act("lift quarantines", len(found), do, yes=yes)


@relay_app.command("pause")
def pause(service: Service = None, *, yes: Yes = False) -> None:
    """Stop publishing; events gather in the outbox. Acts on every relay of a service."""
    run(_switch(chosen(service), paused=True, yes=yes))


@relay_app.command("resume")
def resume(service: Service = None, *, yes: Yes = False) -> None:
    """Publish again."""
    run(_switch(chosen(service), paused=False, yes=yes))


async def _switch(services: list[str], *, paused: bool, yes: bool) -> None:
    found = installation()

    async def do() -> int:
        for name in services:
            async with found.place(name).relay(actor()) as tx:
                await outgoing.set_paused(tx, "relay", "relay", paused=paused)
        return len(services)

    await act(f"{'pause' if paused else 'resume'} relays", len(services), do, yes=yes)
