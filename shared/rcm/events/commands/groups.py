"""`rcm events groups | consumer`."""

from datetime import datetime
from typing import Annotated

import typer

from rcm.events.commands.asking import Service, Yes, act, chosen, console, moment, run, table
from rcm.events.commands.topics import read_by
from rcm.events.operator import broker, outgoing
from rcm.events.operator.places import actor, installation, journal

app = typer.Typer(no_args_is_help=True)
consumer_app = typer.Typer(no_args_is_help=True)

Group = Annotated[str, typer.Argument(help="The consumer group, named like its service.")]


@app.command("list")
def list_groups() -> None:
    """Groups of this installation, their state, members and lag."""
    run(_list())


async def _list() -> None:
    found = installation()
    rows = []
    for group in await broker.groups(found.bootstrap, found.prefix):
        state, members = await broker.members(found.bootstrap, group)
        lags = await broker.lags(found.bootstrap, group, read_by(found, group))
        rows.append((group, state, len(members), sum(lag.behind for lag in lags)))
    console.print(table(("group", "state", "members", "lag"), rows))


@app.command("describe")
def describe(group: Group) -> None:
    """The group's members and how many partitions each has."""
    found = installation()
    state, members = run(broker.members(found.bootstrap, found.prefix + group))
    console.print(f"{group}: {state}, {len(members)} members")
    rows = [(each.host, each.member_id, each.partitions) for each in members]
    console.print(table(("host", "member", "partitions"), rows))


@app.command("lag")
def lag(group: Group) -> None:
    """Lag by partition."""
    found = installation()
    name = found.prefix + group
    lags = run(broker.lags(found.bootstrap, name, read_by(found, name)))
    rows = [(each.topic, each.partition, each.committed, each.end, each.behind) for each in lags]
    console.print(table(("topic", "partition", "committed", "end", "lag"), rows))
    console.print(f"{sum(each.behind for each in lags):,} records behind in all")


@consumer_app.command("pause")
def pause(service: Service = None, *, yes: Yes = False) -> None:
    """Stop applying events; the group keeps its partitions. Acts on every worker of a service."""
    run(_switch(chosen(service), paused=True, yes=yes))


@consumer_app.command("resume")
def resume(service: Service = None, *, yes: Yes = False) -> None:
    """Apply events again."""
    run(_switch(chosen(service), paused=False, yes=yes))


async def _switch(services: list[str], *, paused: bool, yes: bool) -> None:
    found, who = installation(), actor()

    async def do() -> int:
        for name in services:
            async with found.place(name).app(who) as tx:
                await outgoing.set_paused(tx, "consumer", name, paused=paused)
        return len(services)

    await act(f"{'pause' if paused else 'resume'} consumers", len(services), do, yes=yes)


@consumer_app.command("reset")
def reset(
    group: Group,
    *,
    to_time: Annotated[str | None, typer.Option(help="UTC, such as 2026-03-01T08:00.")] = None,
    to_offset: Annotated[int | None, typer.Option(help="The same on every partition.")] = None,
    yes: Yes = False,
) -> None:
    """Move an idle group's offsets. What it has applied before stays applied: the inbox knows."""
    target = moment(to_time) if to_time else to_offset
    if target is None or (to_time and to_offset is not None):
        raise typer.BadParameter("give --to-time or --to-offset")
    run(_reset(group, target, yes=yes))


async def _reset(group: str, target: datetime | int, *, yes: bool) -> None:
    found, who = installation(), actor()
    name = found.prefix + group
    topics = read_by(found, name)
    plan = await broker.plan_reset(found.bootstrap, name, topics, to=target)
    rows = [(at.topic, at.partition, now, then) for at, (now, then) in sorted(plan.items())]
    console.print(table(("topic", "partition", "now", "then"), rows))
    moved = {place: then for place, (now, then) in plan.items() if now != then}

    async def do() -> int:
        await broker.reset(found.bootstrap, name, moved)
        async with found.place(group).app(who) as tx:
            await journal(tx, "consumer reset", {"group": group, "to": str(target)}, len(moved))
        return len(moved)

    try:
        await act("move offsets of partitions", len(moved), do, yes=yes)
    except broker.GroupBusy as busy:
        typer.echo(str(busy), err=True)
        raise typer.Exit(1) from None
