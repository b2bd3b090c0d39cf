"""`rcm books`: verify the books, or write them out for another program to check."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from rcm import running_stack
from rcm.db import Database, DatabaseUnavailable, StatementFailed
from rcm.ledger.export import beancount
from rcm.ledger.invariants import InvariantResult, verify
from rcm.money import dollars

app = typer.Typer(help="The double-entry ledger.", no_args_is_help=True)

URLS_VARIABLE = "RCM_BOOKS_URLS"

Databases = Annotated[
    list[str] | None,
    typer.Option("--database", "-d", help="NAME=URL; may be given several times."),
]
Tenants = Annotated[
    list[UUID] | None,
    typer.Option("--tenant", "-t", help="Only with an app role's URL, which sees no others."),
]


class BooksNotFound(Exception):  # noqa: N818
    """Nobody said where the books are."""


def databases_from(
    given: list[str], *, environment: str, stack: Mapping[str, Any]
) -> dict[str, str]:
    """Name and URL of each database: from the options, else the environment (`NAME=URL`, commas
    between), else the running local stack. Raises `BooksNotFound`."""
    named = given or [part.strip() for part in environment.split(",") if part.strip()]
    if named:
        pairs = [entry.partition("=") for entry in named]
        if any(not (name and url) for name, _, url in pairs):
            raise BooksNotFound("give each database as NAME=URL")
        return {name: url for name, _, url in pairs}
    books = stack.get("books", {})
    if books:
        return {str(name): str(url) for name, url in books.items()}
    raise BooksNotFound(
        f"no books to verify: start the stack, set {URLS_VARIABLE} or give --database"
    )


@app.command("verify")
def verify_books(
    database: Databases = None,
    tenant: Tenants = None,
    *,
    settling_s: Annotated[
        int, typer.Option(help="What moved this recently may still be between two databases.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array instead.")] = False,
) -> None:
    """Check every invariant. Exit 0 only when all hold, 1 when one does not, 2 when there is
    nothing to check."""
    # Where nobody looks at a terminal (a pipe, a log), every row stays on its line, whole.
    console = Console(width=None if sys.stdout.isatty() else 200)
    try:
        databases = databases_from(
            database or [],
            environment=os.environ.get(URLS_VARIABLE, ""),
            stack=running_stack.state(),
        )
    except BooksNotFound as reason:
        console.print(str(reason))
        raise typer.Exit(2) from None
    settling = timedelta(seconds=settling_s)
    results = asyncio.run(verify(databases, tenants=tenant or (), settling=settling))
    if as_json:
        typer.echo(json.dumps([asdict(result) | {"holds": result.holds} for result in results]))
    else:
        console.print(results_table(results))
    if not results:
        raise typer.Exit(2)
    raise typer.Exit(0 if all(result.holds for result in results) else 1)


def results_table(results: list[InvariantResult]) -> Table:
    """One row per invariant and database; red ones with cents and the first ids."""
    table = Table("", "Invariant", "Database", "Checked", "Wrong", "Cents", "", box=None)
    for result in results:
        mark = "[green]✓[/]" if result.holds else "[red]✗[/]"
        found = result.found
        first = ", ".join(found.first)
        remark = result.error or (f"[red]{first}[/]" if found.breaches else found.note)
        table.add_row(
            mark,
            f"{result.code} {result.title}",
            result.database,
            f"{found.checked:,}",
            f"{found.breaches:,}",
            dollars(found.cents),
            remark,
        )
    return table


@app.command("export")
def export_books(
    database: Annotated[str, typer.Option("--database", "-d", help="The database's URL.")],
    tenant: Annotated[UUID, typer.Option("--tenant", "-t", help="Whose books.")],
) -> None:
    """Write a tenant's books as plain text in Beancount's syntax, for an independent check."""
    try:
        asyncio.run(_export(database, tenant))
    except (DatabaseUnavailable, StatementFailed) as failure:
        Console(stderr=True).print(str(failure))
        raise typer.Exit(1) from None


async def _export(url: str, tenant: UUID) -> None:
    database = Database(url, application_name="rcm books export", pool_size=1)
    try:
        async with database.transaction([tenant], actor="rcm books export") as tx:
            await tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            async for text in beancount(tx, tenant):
                sys.stdout.write(text)
    finally:
        await database.close()
