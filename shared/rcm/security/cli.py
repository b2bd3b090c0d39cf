"""`rcm audit`: prove that the audit records are what they were."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.table import Table

from rcm import running_stack
from rcm.db import Database, DatabaseUnavailable, StatementFailed
from rcm.security.audit.anchor import FileAnchor
from rcm.security.audit.signing import AuditKeyUnusable, Signer, Verifiers, public_path
from rcm.security.audit.verify import Verification, first_per_tenant, verify

app = typer.Typer(no_args_is_help=True, help="The audit chain: make its key, verify its records.")

TAMPERED = 1
NOT_VERIFIED = 2


@app.callback()
def group() -> None:
    """Keeps `rcm audit` a group of commands."""


@app.command("key")
def make_key(path: Annotated[Path, typer.Argument(help="File for the private key.")]) -> None:
    """Make the Ed25519 key that signs block heads, and its public half for auditors."""
    try:
        signer = Signer.create(path)
    except OSError as failure:
        _fail(f"{path} cannot be written: {failure.strerror}")
    Console().print(
        f"Signing key {signer.key_id} in {path}; its public half in {public_path(path)}"
    )


@app.command("verify")
def verify_command(
    database: Annotated[
        list[str] | None,
        typer.Option(
            envvar="RCM_AUDIT_DATABASES",
            help="service=postgresql://... of each service database, blank-separated in the "
            "environment. The service's app role is enough: it can read its records and not "
            "change them. Without it, the running local stack's.",
        ),
    ] = None,
    public_key: Annotated[
        list[Path] | None,
        typer.Option(envvar="RCM_AUDIT_PUBLIC_KEYS", help="Keys that may have signed."),
    ] = None,
    anchor: Annotated[
        Path | None,
        typer.Option(envvar="RCM_AUDIT_ANCHOR_FILE", help="Block heads kept outside."),
    ] = None,
) -> None:
    """Read every chain again and name the first row of each tenant that is not what it was.

    Exit code 0: all intact. 1: something was changed, cut or removed. 2: it could not be verified.
    """
    console = Console()
    if not database:
        database, public_key, anchor = _running_stack()
    if not public_key:
        _fail("say with --public-key whose signatures count")
    if anchor is None:
        console.print("[yellow]Without --anchor, records cut off at the end go unnoticed.[/]")
    elif not anchor.exists():
        _fail(f"the anchor file {anchor} does not exist")
    try:
        outcomes = asyncio.run(_verify_all(database, Verifiers.load(public_key), anchor))
    except (AuditKeyUnusable, DatabaseUnavailable, StatementFailed) as failure:
        _fail(str(failure))
    _show(console, outcomes)
    if not all(outcome.intact for _, outcome in outcomes):
        raise typer.Exit(TAMPERED)


def _running_stack() -> tuple[list[str], list[Path], Path]:
    """The local stack's databases, the public half of its signing key, and its anchor."""
    environments = running_stack.environments()
    if not environments:
        _fail("no stack runs here: start one with `rcm up`, or give --database and --public-key")
    databases = [f"{name}={found['RCM_DATABASE_URL']}" for name, found in environments.items()]
    settings = next(iter(environments.values()))
    signing_key = Path(settings["RCM_AUDIT_SIGNING_KEY_FILE"])
    return databases, [public_path(signing_key)], Path(settings["RCM_AUDIT_ANCHOR_FILE"])


async def _verify_all(
    places: Sequence[str], verifiers: Verifiers, anchor: Path | None
) -> list[tuple[str, Verification]]:
    outcomes = []
    for place in places:
        service, url = _service_and_url(place)
        kept = FileAnchor(anchor, service) if anchor else None
        database = Database(url, application_name="rcm-audit-verify", pool_size=1)
        try:
            outcomes.append((service, await verify(database, verifiers, kept)))
        finally:
            await database.close()
    return outcomes


def _service_and_url(place: str) -> tuple[str, str]:
    service, separator, url = place.partition("=")
    if not separator or not urlsplit(url).scheme.startswith("postgresql"):
        # The address holds a password, so it is not repeated.
        _fail("a database is given as service=postgresql://role:password@host:port/name")
    return service, url


def _show(console: Console, outcomes: Sequence[tuple[str, Verification]]) -> None:
    table = Table(title="Audit chains")
    for heading in ("service", "tenants", "blocks", "records", "anchored", "verdict"):
        table.add_column(heading, justify="left" if heading in {"service", "verdict"} else "right")
    for service, found in outcomes:
        verdict = "[green]intact[/]" if found.intact else f"[red]{len(found.findings)} findings[/]"
        numbers = (found.tenants, found.blocks, found.records, found.anchored)
        table.add_row(service, *map(str, numbers), verdict)
    console.print(table)
    for service, found in outcomes:
        for first in first_per_tenant(found.findings):
            place = f" (sequence {first.seq})" if first.seq else ""
            console.print(
                f"[red]{service}[/], tenant {first.tenant_id}: {first.sentence}{place}",
                soft_wrap=True,
            )


def _fail(sentence: str) -> NoReturn:
    Console(stderr=True).print(f"[red]{sentence}[/]", soft_wrap=True)
    raise typer.Exit(NOT_VERIFIED)
