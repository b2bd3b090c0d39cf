"""`rcm events replay | refill`."""

from datetime import UTC, datetime
from importlib.metadata import entry_points
from typing import Annotated, Literal, cast

import typer

from rcm.db import Database
from rcm.events.commands.asking import Yes, console, moment, run, table
from rcm.events.operator.places import Place, actor, installation, journal
from rcm.events.replay import Refilled, RefillRefused, Replayed, Stretch
from rcm.events.replay import refill as refill_topic
from rcm.events.replay import replay as replay_stretch
from rcm.events.subscriptions import Subscriptions
from rcm.security.tenants import TenantDirectory

Topic = Annotated[str, typer.Argument(help="Such as claims.claim.v1.")]


def replay(
    topic: Topic,
    *,
    group: Annotated[str, typer.Option(help="The service that reads again, such as claims-svc.")],
    since: Annotated[str, typer.Option("--from", help="UTC, such as 2026-03-01T08:00.")],
    until: Annotated[str | None, typer.Option("--to", help="UTC; everything when missing.")] = None,
    key: Annotated[str | None, typer.Option(help="One aggregate only.")] = None,
    target: Annotated[
        str, typer.Option(help="shadow rolls everything back; live applies.")
    ] = "shadow",
    yes: Yes = False,
) -> None:
    """Read a stretch of a topic again for one consumer. The inbox keeps a live replay from doing
    anything twice; a shadow shows whether today's code would take the events."""
    if target not in {"shadow", "live"}:
        raise typer.BadParameter("--target is shadow or live")
    began = moment(since) or datetime(1970, 1, 1, tzinfo=UTC)
    stretch = Stretch(topic, began, moment(until), key)
    # Without --yes a live replay is tried in the shadow first, which changes nothing.
    chosen = cast("Literal['shadow', 'live']", target if yes else "shadow")
    done = run(_replay(group, stretch, chosen))
    rows = [("read", done.read), ("applied", done.applied), ("known already", done.duplicates)]
    rows += [(f"parked: {reason}", count) for reason, count in sorted(done.reasons.items())]
    console.print(table((f"{done.target} replay", "events"), rows))
    if target == "live" and not yes:
        console.print("That was the shadow. Add --yes to apply what is missing.")


async def _replay(group: str, stretch: Stretch, target: Literal["shadow", "live"]) -> Replayed:
    found = installation()
    place = found.place(group)
    database = Database(
        place.app_url, application_name="rcm events replay", keyring=place.keyring(), pool_size=2
    )
    try:
        done = await replay_stretch(
            _subscriptions(place),
            database,
            found.bootstrap,
            stretch,
            target=target,
            prefix=found.prefix,
            tenants=TenantDirectory(database).active,
        )
    finally:
        await database.close()
    if target == "live":
        async with place.app(actor()) as tx:
            arguments = {"topic": stretch.topic, "from": stretch.since, "key": stretch.key}
            await journal(tx, "replay", arguments, done.applied)
    return done


def _subscriptions(place: Place) -> Subscriptions:
    for point in entry_points(group="rcm.services"):
        if point.name == place.service:
            return cast("Subscriptions", point.load().subscriptions)
    raise typer.BadParameter(
        f"{place.service} is not installed here, so nobody can apply its events"
    )


def refill(
    topic: Topic,
    *,
    service: Annotated[str, typer.Option(help="The topic's owner, such as claims-svc.")],
    since: Annotated[str | None, typer.Option("--from", help="UTC.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="UTC.")] = None,
    rate: Annotated[int | None, typer.Option(help="At most so many events a second.")] = None,
    yes: Yes = False,
) -> None:
    """Write a topic again from the owner's log, for a broker that lost it. Consumers know what they
    have had. The owner's relays stand still meanwhile."""
    try:
        found = run(_refill(service, topic, moment(since), moment(until), rate=rate, yes=yes))
    except RefillRefused as refusal:
        typer.echo(str(refusal), err=True)
        raise typer.Exit(1) from None
    verb = "would write" if found.dry_run else "wrote"
    console.print(
        f"{verb} {found.events:,} events of {found.aggregates:,} aggregates to {topic}"
        + (f"; {found.beginnings:,} begin late" if found.beginnings else "")
        + (". Add --yes to do it." if found.dry_run else ", journalled.")
    )


async def _refill(
    service: str,
    topic: str,
    since: datetime | None,
    until: datetime | None,
    *,
    rate: int | None,
    yes: bool,
) -> Refilled:
    found = installation()
    place = found.place(service)
    done = await refill_topic(
        place.relay_url,
        found.bootstrap,
        topic,
        prefix=found.prefix,
        since=since,
        until=until,
        dry_run=not yes,
        rate_per_s=rate,
    )
    if yes:
        async with place.relay(actor()) as tx:
            await journal(tx, "refill", {"topic": topic, "from": since, "to": until}, done.events)
    return done
