"""`rcm events parked`."""

from functools import partial
from typing import Annotated

import typer

from rcm.events.commands.asking import Service, Yes, act, chosen, console, moment, run, table
from rcm.events.operator import incoming
from rcm.events.operator.incoming import Choice
from rcm.events.operator.places import actor, installation

app = typer.Typer(no_args_is_help=True)

Key = Annotated[str | None, typer.Option(help="One aggregate only.")]
Reason = Annotated[str | None, typer.Option(help="Such as business, schema, gap, handler.")]
Since = Annotated[str | None, typer.Option(help="First failed at or after; UTC.")]

COLUMNS = (
    "consumer", "topic", "aggregate_id", "event_id", "event_type", "sequence",
    "reason", "error", "attempts", "state", "next_attempt_at",
)  # fmt: skip


@app.command("list")
def list_parked(
    service: Service = None,
    *,
    key: Key = None,
    reason: Reason = None,
    since: Since = None,
    limit: int = 50,
) -> None:
    """Parked events, each aggregate in its order."""
    choice = Choice(None, key, reason, moment(since))
    run(_list(chosen(service), choice, limit))


async def _list(services: list[str], choice: Choice, limit: int) -> None:
    rows = []
    for name in services:
        async with installation().place(name).app(actor()) as tx:
            rows += [
                [row[column] for column in COLUMNS]
                for row in await incoming.listed(tx, choice, limit)
            ]
    console.print(table(COLUMNS, rows))


@app.command("summary")
def summary(service: Service = None) -> None:
    """Parked events by consumer, reason and state."""
    run(_summary(chosen(service)))


async def _summary(services: list[str]) -> None:
    rows: list[object] = []
    for name in services:
        async with installation().place(name).app(actor()) as tx:
            rows += [list(row.values()) for row in await incoming.summary(tx)]
    headings = ("consumer", "reason", "state", "events", "keys", "since")
    console.print(table(headings, rows))  # type: ignore[arg-type]


@app.command("release")
def release(
    service: Service = None,
    *,
    key: Key = None,
    reason: Reason = None,
    since: Since = None,
    yes: Yes = False,
) -> None:
    """Try the chosen aggregates again now, in order."""
    choice = Choice(None, key, reason, moment(since))
    run(_release(chosen(service), choice, yes=yes))


@app.command("drop")
def drop(
    service: Service = None,
    *,
    key: Key = None,
    reason: Reason = None,
    since: Since = None,
    yes: Yes = False,
) -> None:
    """Give the chosen events up; what waits behind them goes on. They stay on the dead letter
    topic and in the producer's log."""
    if not (key or reason or since):
        raise typer.BadParameter("say which: --key, --reason or --since")
    choice = Choice(None, key, reason, moment(since))
    run(_drop(chosen(service), choice, yes=yes))


async def _release(services: list[str], choice: Choice, *, yes: bool) -> None:
    for name in services:
        async with installation().place(name).app(actor()) as tx:
            do = partial(incoming.release, tx, choice)
            what = f"try parked aggregates of {name} again"
            await act(what, await incoming.count_heads(tx, choice), do, yes=yes)


async def _drop(services: list[str], choice: Choice, *, yes: bool) -> None:
    for name in services:
        async with installation().place(name).app(actor()) as tx:
            do = partial(incoming.drop, tx, choice)
            await act(
                f"drop parked events of {name}", await incoming.count(tx, choice), do, yes=yes
            )
