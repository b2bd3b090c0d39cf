"""`rcm codes`: load the files of the code sets' owners, put them in force, look codes up."""

import asyncio
import os
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from coding_svc.codebook import starter
from coding_svc.codebook.catalogue import Catalogue, CodeSettings
from coding_svc.codebook.faults import LoadFault, LoadRefused
from coding_svc.codebook.kinds import kinds
from coding_svc.codebook.shelf import Shelf
from coding_svc.codebook.staging import stage
from coding_svc.domain.release import Release
from coding_svc.semantic import build_vectors
from coding_svc.storage import releases
from rcm import running_stack
from rcm.contracts.coding import CodeSetActivated
from rcm.db import Database, DatabaseUnavailable, StatementFailed, Tx
from rcm.events import publish
from rcm.security.tenants import TenantDirectory

app = typer.Typer(help="Code sets: load, list and search them.", no_args_is_help=True)
SERVICE = "coding-svc"

Directory = Annotated[
    Path | None, typer.Option("--dir", help="The shelf (RCM_CODES_DIR; the running stack's).")
]
DAY_FORMATS = ["%Y-%m-%d"]
Day = Annotated[datetime | None, typer.Option("--on", formats=DAY_FORMATS, help="Date of service.")]


@app.command("kinds")
def list_kinds() -> None:
    """Every kind of code set: what it gives, and the file to bring."""
    table = Table("Kind", "What it gives", "File to bring", "", box=None)
    for kind in kinds().values():
        mark = "" if kind.licence == "public" else "licensed: bring your own"
        table.add_row(kind.name, kind.capability, kind.published_as, mark)
    _wide().print(table)


@app.command("list")
def list_releases(directory: Directory = None) -> None:
    """The releases on the shelf."""
    table = Table("Kind", "Release", "From", "Rows", "Loaded", "Id", box=None)
    for each in Shelf(_directory(directory)).releases():
        loaded = each.loaded_at.date().isoformat()
        table.add_row(
            each.kind, each.label, each.effective_from.isoformat(), f"{each.row_count:,}", loaded,
            str(each.release_id),
        )  # fmt: skip
    _wide().print(table)


@app.command("starter")
def build_starter(directory: Directory = None) -> None:
    """Build what ships with the product: ICD-10-CM and the tables of NCHS."""
    began = time.monotonic()
    built = starter.put(_directory(directory))
    for each in built:
        Console().print(f"{each.kind} {each.label}: {each.row_count:,} rows")
    took = time.monotonic() - began
    Console().print(f"built in {took:.1f} s" if built else "everything was there")


@app.command("vectors")
def build_search_vectors(directory: Directory = None) -> None:
    """Turn the titles into vectors, once a release: searches and suggestions then go by meaning."""
    console = Console()
    if not build_vectors(_directory(directory), told=lambda text: console.print(text, style="dim")):
        _give_up("the extra [semantic] is not installed: `make semantic`, or coding-svc[semantic]")
    console.print("every release of ICD-10-CM has its vectors")


@app.command("load")
def load_release(
    kind: Annotated[str, typer.Argument(help="As `rcm codes kinds` lists them.")],
    files: Annotated[list[Path], typer.Argument(help="As published: txt, csv, xlsx, zip.")],
    *,
    release: Annotated[str, typer.Option(help="The owner's name of it: 2026q4, v323r0.")],
    effective_from: Annotated[datetime, typer.Option(formats=DAY_FORMATS)],
    option: Annotated[list[str] | None, typer.Option(help="NAME=VALUE, such as states=NY.")] = None,
    tenant: Annotated[list[UUID] | None, typer.Option(help="Whose claims it shall judge.")] = None,
    backfill: Annotated[
        bool, typer.Option(help="It is older than the one in force, for older dates of service.")
    ] = False,
    stage_only: Annotated[bool, typer.Option(help="Put it on the shelf, in force for nobody.")] = (
        False
    ),
    directory: Directory = None,
) -> None:
    """Load a file and put it in force. A file with a fault changes nothing: exit 1."""
    if unfit := [each for each in option or [] if "=" not in each]:
        _give_up(f"--option takes NAME=VALUE, such as states=NY; got {', '.join(unfit)}")
    options = dict(each.split("=", 1) for each in option or [])
    try:
        found = stage(
            kind, files, label=release, effective_from=effective_from.date(),
            shelf=_directory(directory), options=options,
        )  # fmt: skip
    except LoadRefused as refusal:
        _give_up(str(refusal))
    console = Console()
    console.print(f"{kind} {release}: {found.row_count:,} rows, {found.release_id}")
    if not stage_only:
        _put_in_force(found, tenant or [], backfill=backfill)
        console.print(f"in force from {found.effective_from.isoformat()}")


@app.command("search")
def search(
    words: Annotated[list[str], typer.Argument(help="Words, or the beginning of a code.")],
    *,
    kind: Annotated[str, typer.Option(help="icd10cm, hcpcs or icd10pcs.")] = "icd10cm",
    on: Day = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 20,
    directory: Directory = None,
) -> None:
    """Codes that fit the words, best first."""
    catalogue = Catalogue(_directory(directory))
    day = on.date() if on else datetime.now(UTC).date()
    shelf = Shelf(_directory(directory)).releases(kind)
    found = catalogue.search(shelf, kind, " ".join(words), on=day, limit=limit)
    if found is None:
        _give_up(f"no release of {kind} covers {day}: load it, or run `rcm codes starter`")
    release, matches = found
    for each in matches:
        Console().print(f"[bold]{_dotted(kind, each.code):<9}[/] {each.title}", highlight=False)
    Console(stderr=True).print(f"[dim]{release.kind} {release.label}[/]")


def _put_in_force(release: Release, tenants: list[UUID], *, backfill: bool) -> None:
    try:
        asyncio.run(_activate(release, tenants, backfill=backfill))
    except LoadRefused as refusal:
        _give_up(str(refusal))
    except (DatabaseUnavailable, StatementFailed) as failure:
        _give_up(f"the release is on the shelf but not in force: {failure}")


async def _activate(release: Release, tenants: list[UUID], *, backfill: bool) -> None:
    environment = _environment()
    database = Database(
        environment["RCM_DATABASE_URL"], application_name="rcm codes load", pool_size=1
    )
    try:
        chosen = tenants or await _tenants(database)
        now = datetime.now(UTC)
        async with database.transaction(chosen, actor="rcm codes load") as tx:
            await put_in_force(tx, chosen, release, at=now, backfill=backfill)
    finally:
        await database.close()


async def put_in_force(
    tx: Tx, tenants: Sequence[UUID], release: Release, *, at: datetime, backfill: bool = False
) -> None:
    """Let a release judge the tenants' claims, and say so. Raises `LoadRefused` when a newer one
    is in force for one of them, unless it is to judge older dates of service."""
    await releases.one_at_a_time(tx, tenants, release.kind)
    for tenant in tenants:
        newest = await releases.newest_day(tx, tenant, release.kind)
        if newest and newest > release.effective_from and not backfill:
            raise LoadRefused(
                LoadFault(
                    release.kind,
                    f"a release in force from {newest} is newer; give --backfill to judge "
                    "older dates of service by this one",
                )
            )
    new = await releases.activate(tx, tenants, release, by="rcm codes load", at=at)
    await publish(tx, [_event(release, tenant, at) for tenant in new])


async def _tenants(database: Database) -> list[UUID]:
    return list(await TenantDirectory(database).active())


def _event(release: Release, tenant: UUID, now: datetime) -> CodeSetActivated:
    return CodeSetActivated(
        tenant_id=tenant,
        release_id=release.release_id,
        kind=release.kind,
        release=release.label,
        effective_from=release.effective_from,
        sha256=release.sha256,
        activated_at=now,
    )


def _environment() -> Mapping[str, str]:
    """coding-svc's settings: this process's, else the running stack's."""
    if "RCM_DATABASE_URL" in os.environ:
        return os.environ
    running: Mapping[str, Any] = running_stack.state().get("environments", {})
    if SERVICE not in running:
        _give_up("whose database? start the stack, or set RCM_DATABASE_URL to coding-svc's")
    found: Mapping[str, str] = running[SERVICE]
    return found


def _directory(given: Path | None) -> Path:
    if given is not None:
        return given
    if "RCM_CODES_DIR" in os.environ:
        return CodeSettings().codes_dir
    running: Mapping[str, Any] = running_stack.state().get("environments", {})
    told = running.get(SERVICE, {}).get("RCM_CODES_DIR")
    return Path(told) if told else CodeSettings().codes_dir


def _dotted(kind: str, code: str) -> str:
    return f"{code[:3]}.{code[3:]}" if kind == "icd10cm" and len(code) > 3 else code


def _wide() -> Console:
    """A terminal has its own width; a pipe must not lose the end of a name or an id."""
    console = Console()
    return console if console.is_terminal else Console(width=200)


def _give_up(reason: str) -> NoReturn:
    Console(stderr=True).print(reason, markup=False)
    raise typer.Exit(1)
