"""`rcm events topics | schema | doctor`."""

from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated

import typer

from rcm.contracts import event_types
from rcm.events.commands.asking import Yes, act, console, run, table
from rcm.events.operator import broker, incoming, outgoing
from rcm.events.operator.places import Installation, actor, installation, journal
from rcm.events.subscriptions import Subscriptions
from rcm.events.topics import TopicReport, admin, compare_topics, ensure_topics, planned

app = typer.Typer(no_args_is_help=True)
schema_app = typer.Typer(no_args_is_help=True)

Schemas = Annotated[Path, typer.Option(help="Folder of the committed schemas.")]
COMMITTED = Path("shared/schemas/events")


def subscriptions() -> list[Subscriptions]:
    """Of the installed services; they announce themselves."""
    return [point.load().subscriptions for point in entry_points(group="rcm.services")]


def read_by(found: Installation, group: str) -> list[str]:
    """The topics that a group's service listens to, with the installation's prefix."""
    return [
        found.prefix + topic.name
        for each in subscriptions()
        if found.prefix + each.consumer == group
        for topic in each.topics
    ]


@app.command("list")
def list_topics() -> None:
    """Every declared topic and whether the broker has it."""
    run(_list())


async def _list() -> None:
    found = installation()
    async with admin(found.bootstrap) as client:
        there = set(await client.list_topics())
    rows = [
        (plan.name, plan.partitions, "yes" if found.prefix + plan.name in there else "missing")
        for plan in planned(subscriptions())
    ]
    console.print(table(("topic", "partitions", "there"), rows))


@app.command("ensure")
def ensure(*, yes: Yes = False) -> None:
    """Create missing topics; never changes one that is there."""
    run(_ensure(yes=yes))


async def _ensure(*, yes: bool) -> None:
    found = installation()
    report = await compare_topics(found.bootstrap, found.prefix, subscriptions=subscriptions())

    async def do() -> int:
        made = await ensure_topics(found.bootstrap, found.prefix, subscriptions=subscriptions())
        # The broker is everybody's, so everybody's journal tells of it.
        for place in found.places.values():
            async with place.app(actor()) as tx:
                await journal(tx, "topics ensure", {"topics": made.created}, len(made.created))
        return len(made.created)

    await act("create missing topics", len(report.created), do, yes=yes)


@app.command("diff")
def diff() -> None:
    """What differs between the declaration and the broker. Exit 1 when anything does."""
    found = installation()
    compared = compare_topics(found.bootstrap, found.prefix, subscriptions=subscriptions())
    report = run(compared)
    _show(report)
    raise typer.Exit(1 if report.created or report.differences else 0)


def _show(report: TopicReport) -> None:
    for name in report.created:
        console.print(f"[red]missing[/] {name}")
    rows = [(d.topic, d.setting, d.wanted, d.found) for d in report.differences]
    if rows:
        console.print(table(("topic", "setting", "declared", "found"), rows))
    if not report.created and not rows:
        console.print("The broker's topics are as declared.")


@schema_app.command("check")
def schema_check(schemas: Schemas = COMMITTED) -> None:
    """Whether every event keeps its committed versions' promises. Exit 1 when one does not."""
    from rcm.schemas import events  # noqa: PLC0415 - needs the developer's jsoncompat

    reasons = list(events.refusals(schemas))
    for reason in reasons:
        console.print(f"[red]broken[/] {reason}")
    console.print(f"{len(event_types())} events, {len(reasons)} broken promises")
    raise typer.Exit(1 if reasons else 0)


@schema_app.command("diff")
def schema_diff(schemas: Schemas = COMMITTED) -> None:
    """Events whose class has changed since its newest committed version."""
    from rcm.schemas import events  # noqa: PLC0415

    changed = 0
    for name, event in sorted(event_types().items()):
        known = events.versions(event, schemas)
        if not known or known[-1] != events.current(event):
            changed += 1
            console.print(f"{name}: {'no version yet' if not known else f'after {len(known)}'}")
    console.print(f"{changed} changed; `make schemas` writes them")


def doctor() -> None:
    """Look for what would page somebody: topics, outbox age, quarantine, parked events, lag."""
    problems = run(_doctor())
    for problem in problems:
        console.print(f"[red]✗[/] {problem}")
    if not problems:
        console.print("[green]✓[/] topics as declared, nothing stuck, nothing parked, no lag")
    raise typer.Exit(1 if problems else 0)


async def _doctor() -> list[str]:
    found, who = installation(), actor()
    report = await compare_topics(found.bootstrap, found.prefix, subscriptions=subscriptions())
    problems = [f"topic {name} is missing: rcm events topics ensure" for name in report.created]
    problems += [f"topic {d.topic}: {d.setting} is {d.found}" for d in report.differences]
    for place in found.places.values():
        async with place.relay(who) as tx:
            state = await outgoing.status(tx)
        if (state["oldest_age_s"] or 0) > 60:
            problems.append(f"{place.service}: an event waits for {state['oldest_age_s']:.0f} s")
        if state["quarantined_keys"]:
            problems.append(f"{place.service}: {state['quarantined_keys']} keys in quarantine")
        async with place.app(who) as tx:
            parked = await incoming.summary(tx)
        problems += [
            f"{row['consumer']}: {row['events']} events parked ({row['reason']}, {row['state']})"
            for row in parked
        ]
    for group in await broker.groups(found.bootstrap, found.prefix):
        lags = await broker.lags(found.bootstrap, group, read_by(found, group))
        behind = sum(lag.behind for lag in lags)
        if behind > 10_000:
            problems.append(f"{group}: {behind:,} records behind")
    return problems
