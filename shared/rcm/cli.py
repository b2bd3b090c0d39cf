"""`rcm`: one command line for everything. Each package adds its verbs under the entry point group
`rcm.commands`; only the verb that is called is imported, so `rcm --help` is quick and a verb whose
package is not installed whole harms no other."""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

if TYPE_CHECKING:
    from rcm.service import Service

GROUP = "rcm.commands"

SUMMARIES: Mapping[str, str] = {
    "up": "Start everything on this machine and stay.",
    "down": "Stop what `rcm up` started.",
    "demo": "Run a seeded clinic through the whole cycle and verify the books.",
    "status": "What runs, where, and how it is.",
    "doctor": "What this machine lacks, and what to do about it.",
    "events": "Topics, outbox, consumers, parked events, dead letters, replay.",
    "books": "Verify the ledgers and export them.",
    "audit": "Verify the audit chain against its anchor.",
    "keys": "Make, rotate, move and shred tenants' keys.",
    "x12": "Read, check, answer and write X12 files.",
    "codes": "Load, list and search code sets.",
    "migrate": "Bring a service's database to its newest schema.",
    "openapi": "Print a service's OpenAPI document.",
}


def main() -> None:
    """The console script."""
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    wanted = next((word for word in sys.argv[1:] if not word.startswith("-")), None)
    _application(found, wanted)(prog_name="rcm")


def _application(found: Mapping[str, EntryPoint], wanted: str | None) -> typer.Typer:
    """The commands by name: the wanted one whole, the others as a line of help."""
    app = typer.Typer(
        no_args_is_help=True,
        help="Open medical revenue cycle: run it, watch it, prove its books.",
        # A traceback with local variables could show a patient's.
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    own: dict[str, Callable[..., None]] = {"migrate": migrate, "openapi": openapi}
    order = list(SUMMARIES)
    names = sorted({*found, *own}, key=lambda name: (_place(order, name), name))
    for name in names:
        if name != wanted:
            app.command(name, help=SUMMARIES.get(name, ""))(_not_called)
        elif name in found:
            _add(app, name, _load(found[name]))
        else:
            app.command(name, help=SUMMARIES[name])(own[name])
    return app


def _place(order: list[str], name: str) -> int:
    return order.index(name) if name in order else len(order)


def _add(app: typer.Typer, name: str, loaded: Any) -> None:
    if isinstance(loaded, typer.Typer):
        app.add_typer(loaded, name=name)
    else:
        app.command(name)(loaded)


def _load(entry: EntryPoint) -> Any:
    """What the entry names, or one sentence on why it cannot be had."""
    try:
        return entry.load()
    except (ImportError, AttributeError) as error:
        typer.echo(
            f"rcm {entry.name} cannot be loaded from {entry.value}: {error}. "
            "Install the whole workspace with `make setup`.",
            err=True,
        )
        sys.exit(1)


def _not_called() -> None:
    """Stands for a command that was not asked for, so that help can name it."""


def service_named(name: str) -> "Service":
    """`claims-svc` is `claims_svc.app.service`, by convention. Says what is wrong in a sentence."""
    try:
        module = import_module(f"{name.replace('-', '_')}.app")
        return cast("Service", module.service)
    except (ImportError, AttributeError) as error:
        raise typer.BadParameter(f"there is no service {name!r} here ({error})") from None


ServiceName = Annotated[str, typer.Argument(help="Such as claims-svc.", show_default=False)]


def migrate(service: ServiceName) -> None:
    """Bring a service's database to its newest schema. Safe to repeat. RCM_OWNER_DATABASE_URL says
    where the database is, as its owner; it has a password, so it is no argument."""
    from rcm.db import DatabaseUnavailable, StatementFailed, safe_errors  # noqa: PLC0415 - lazy

    owner_url = os.environ.get("RCM_OWNER_DATABASE_URL")
    if not owner_url:
        raise typer.BadParameter("set RCM_OWNER_DATABASE_URL to the database's owner's address")
    found = service_named(service)
    try:
        with safe_errors():
            asyncio.run(found.migrate(owner_url))
    except (DatabaseUnavailable, StatementFailed) as error:
        typer.echo(f"{service} was not migrated: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{service}: the schema is at its newest revisions")


def openapi(service: ServiceName) -> None:
    """Print a service's OpenAPI document as JSON."""
    import orjson  # noqa: PLC0415

    document = service_named(service).openapi()
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    sys.stdout.buffer.write(orjson.dumps(document, option=options))
    sys.stdout.flush()
