"""`rcm events tail | trace | dlq`."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.markup import escape

from rcm.contracts import topics
from rcm.events.commands import parking
from rcm.events.commands.asking import Json, Service, Yes, console, moment, run, table
from rcm.events.commands.topics import subscriptions
from rcm.events.operator import broker
from rcm.events.operator.places import Installation, actor, installation
from rcm.events.operator.tracing import trace as trace_event
from rcm.events.topics import dead_letter_topic

dead_letter_app = typer.Typer(no_args_is_help=True)

Key = Annotated[str | None, typer.Option(help="One aggregate only.")]
Since = Annotated[str | None, typer.Option(help="From this time on; UTC.")]
EventId = Annotated[UUID, typer.Argument(help="The event's id (ce_id).")]


def tail(
    topic: Annotated[
        list[str] | None, typer.Argument(help="Topics; all when none is named.")
    ] = None,
    *,
    since: Since = None,
    key: Key = None,
    follow: Annotated[bool, typer.Option(help="Wait for more.")] = True,
    as_json: Json = False,
) -> None:
    """Events as they pass, decoded; person blocks are shown as sealed."""
    run(_tail(topic or list(topics()), moment(since), key, follow=follow, as_json=as_json))


async def _tail(
    names: list[str], since: datetime | None, key: str | None, *, follow: bool, as_json: bool
) -> None:
    found = installation()
    stream = broker.records(
        found.bootstrap,
        [found.prefix + name for name in names],
        since=since,
        follow=follow,
        only_new=follow and since is None,
    )
    async for record in stream:
        headers = broker.headers_of(record)
        if key is not None and headers.get("ce_subject") != key:
            continue
        body = broker.shown(record.value)
        if as_json:
            typer.echo(json.dumps({"headers": headers, "data": body}))
            continue
        time = datetime.fromtimestamp(record.timestamp / 1000, UTC)
        # Escaped, because a poisonous record may carry anything.
        kind, number, subject, event_id = (
            escape(headers.get(name, "?"))
            for name in ("ce_type", "ce_sequence", "ce_subject", "ce_id")
        )
        console.print(
            f"[dim]{time:%T.%f}[/] [bold]{kind}[/] #{number} {subject} [dim]{event_id}[/]"
        )
        console.print(f"  {body}", soft_wrap=True, markup=False)


def trace(event_id: EventId) -> None:
    """One event's way: outbox, topic and offset, every consumer."""
    steps = run(trace_event(installation(), event_id, actor()))
    if not steps:
        typer.echo("No service here knows this event.", err=True)
        raise typer.Exit(1)
    console.print(table(("where", "what"), [(step.where, step.what) for step in steps]))


@dead_letter_app.command("list")
def list_letters(*, reason: parking.Reason = None, since: Since = None, limit: int = 50) -> None:
    """The newest dead letters, by reason."""
    letters = run(_letters(moment(since), reason, None))[-limit:]
    rows = [
        (
            headers.get("dlq_first_failed_at", "")[:19],
            headers.get("dlq_consumer_group"),
            headers.get("dlq_reason"),
            headers.get("ce_type"),
            headers.get("dlq_park_key"),
            headers.get("ce_id"),
            headers.get("dlq_exception_type"),
        )
        for headers, _ in letters
    ]
    console.print(
        table(("first failed", "consumer", "reason", "type", "key", "event", "error"), rows)
    )


@dead_letter_app.command("show")
def show_letter(event_id: EventId) -> None:
    """One dead letter with all its headers; the person block stays sealed."""
    letters = run(_letters(None, None, str(event_id)))
    if not letters:
        typer.echo("No dead letter has this event id.", err=True)
        raise typer.Exit(1)
    headers, body = letters[-1]
    console.print(table(("header", "value"), sorted(headers.items())))
    console.print(body, soft_wrap=True, markup=False)


@dead_letter_app.command("export")
def export_letters(file: Path, *, reason: parking.Reason = None, since: Since = None) -> None:
    """Write dead letters to a file, one JSON object per line, persons still sealed."""
    letters = run(_letters(moment(since), reason, None))
    with file.open("w", encoding="utf-8") as out:
        for headers, body in letters:
            out.write(json.dumps({"headers": headers, "data": body}) + "\n")
    console.print(f"{len(letters):,} dead letters in {file}")


@dead_letter_app.command("redrive")
def redrive(
    service: Service = None,
    *,
    key: Key = None,
    reason: parking.Reason = None,
    since: Since = None,
    yes: Yes = False,
) -> None:
    """Apply dead events again, each aggregate in its order (the same as `parked release`)."""
    parking.release(service, key=key, reason=reason, since=since, yes=yes)


@dead_letter_app.command("discard")
def discard(
    service: Service = None,
    *,
    key: Key = None,
    reason: parking.Reason = None,
    since: Since = None,
    yes: Yes = False,
) -> None:
    """Give dead events up (the same as `parked drop`)."""
    parking.drop(service, key=key, reason=reason, since=since, yes=yes)


async def _letters(
    since: datetime | None, reason: str | None, event_id: str | None
) -> list[tuple[dict[str, str], str]]:
    """Headers and bodies, oldest first."""
    found = installation()
    letters = []
    async for record in _dead(found, since):
        headers = broker.headers_of(record)
        if reason is not None and headers.get("dlq_reason") != reason:
            continue
        if event_id is None or headers.get("ce_id") == event_id:
            letters.append((record.timestamp, headers, broker.shown(record.value)))
    letters.sort(key=lambda letter: letter[0])
    return [(headers, body) for _, headers, body in letters]


def _dead(found: Installation, since: datetime | None) -> AsyncIterator[Any]:
    names = [
        found.prefix + dead_letter_topic(topic.name, each.consumer)
        for each in subscriptions()
        for topic in each.topics
    ]
    return broker.records(found.bootstrap, names, since=since)
