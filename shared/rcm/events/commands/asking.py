"""What every verb shares: where the installation is, who acts, and the question before an act."""

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import typer
from aiokafka.errors import KafkaError
from rich.console import Console, JustifyMethod
from rich.table import Table

from rcm.db import DatabaseUnavailable, StatementFailed
from rcm.events.operator.places import installation

T = TypeVar("T")
_NUMBER = re.compile(r"-|[\d,]+(\.\d+)?")

Yes = Annotated[bool, typer.Option("--yes", help="Do it; without this only say what would be.")]
Service = Annotated[str | None, typer.Option(help="One service only, such as claims-svc.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]

# Where nobody looks at a terminal (a pipe, a log), every row stays on its line, whole.
console = Console(highlight=False, width=None if sys.stdout.isatty() else 1000)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a verb; a broker or database that does not answer is one sentence and exit code 2."""
    try:
        return asyncio.run(work)
    except (KafkaError, OSError) as error:
        reason = f"the broker does not answer ({type(error).__name__})"
    except (DatabaseUnavailable, StatementFailed) as error:
        reason = str(error)
    except KeyboardInterrupt:
        raise typer.Exit(0) from None
    typer.echo(reason, err=True)
    raise typer.Exit(2)


async def act(what: str, count: int, do: Callable[[], Awaitable[int]], *, yes: bool) -> None:
    """Say what would happen to how many; do it when told so, and when there is something."""
    if not count:
        console.print(f"nothing to do: {what}.")
    elif not yes:
        console.print(f"would {what}: {count:,}. Add --yes to do it.")
    else:
        console.print(f"{what}: {await do():,} done, journalled.")


def chosen(service: str | None) -> list[str]:
    """The services that a verb is about."""
    found = installation()
    return [found.place(service).service] if service else list(found.places)


def moment(text: str | None) -> datetime | None:
    """`2026-03-01T08:00` (UTC unless it says otherwise), or None."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a time such as 2026-03-01T08:00") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def table(headings: Iterable[str], rows: Iterable[Iterable[object]]) -> Table:
    """A plain table; numbers to the right."""
    listed = [[_text(cell) for cell in row] for row in rows]
    made = Table(box=None, pad_edge=False)
    for place, heading in enumerate(headings):
        numeric = all(_NUMBER.fullmatch(row[place]) for row in listed)
        # Folded, never cut: what cannot be read whole cannot be given to the next verb.
        side: JustifyMethod = "right" if listed and numeric else "left"
        made.add_column(heading, justify=side, overflow="fold")
    for row in listed:
        made.add_row(*row)
    return made


def _text(cell: object) -> str:
    if cell is None or cell == "":
        return "-"
    if isinstance(cell, datetime):
        return f"{cell.astimezone(UTC):%F %T}Z"
    if isinstance(cell, int) and not isinstance(cell, bool):
        return f"{cell:,}"
    return f"{cell:.1f}" if isinstance(cell, float) else str(cell)
