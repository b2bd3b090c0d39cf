"""`rcm keys`: make, rotate, move and shred the keys that seal what names a person."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NoReturn
from uuid import UUID

import typer
from rich.console import Console

from rcm.security.kek import KeyringUnusable, key_of, make_key_file
from rcm.security.keyring import FileKeyring, SealError

app = typer.Typer(
    no_args_is_help=True,
    help="Tenants' keys in the keyring file. RCM_KEK names the key-encryption key.",
)

Ring = Annotated[
    Path, typer.Option("--keyring", envvar="RCM_KEYRING_FILE", help="The keyring file.")
]
Tenant = Annotated[UUID, typer.Argument(help="The tenant's id.")]


@app.command("kek")
def make_kek(path: Annotated[Path, typer.Argument(help="File for the key.")]) -> None:
    """Make a key-encryption key in a file. Keep a copy where the keyring's copies are not."""
    with _told():
        key = make_key_file(path)
        _say(f"Key-encryption key {key.key_id} in {path}; use it with RCM_KEK=file:{path}")


@app.command("add")
def add(tenant_id: Tenant, keyring: Ring) -> None:
    """Give a tenant its first keys; makes the keyring when there is none."""
    with _told():
        FileKeyring.create(keyring).add_tenant(tenant_id)
        _say(f"Tenant {tenant_id} has keys")


@app.command("list")
def show(keyring: Ring) -> None:
    """The tenants that have keys."""
    with _told():
        for tenant_id in FileKeyring.load(keyring).tenants():
            typer.echo(str(tenant_id))


@app.command("rotate")
def rotate(tenant_id: Tenant, keyring: Ring) -> None:
    """Seal under a new key from now on. What older keys sealed still opens."""
    with _told():
        _say(f"Tenant {tenant_id} seals under key {FileKeyring.load(keyring).rotate(tenant_id)}")


@app.command("rewrap")
def rewrap(
    new_kek: Annotated[str, typer.Argument(help="The new key's place, such as file:/path.")],
    keyring: Ring,
) -> None:
    """Wrap all tenants' keys under another key-encryption key, in one step."""
    with _told():
        key = key_of(new_kek)
        FileKeyring.load(keyring).rewrap(key)
        _say(f"{keyring} is wrapped by {key.key_id}; restart the services with RCM_KEK={new_kek}")


@app.command("shred")
def shred(
    tenant_id: Tenant,
    keyring: Ring,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Really do it.")] = False,
) -> None:
    """Delete a tenant's keys: whatever they sealed can never be opened again, by anyone."""
    with _told():
        ring = FileKeyring.load(keyring)
        if tenant_id not in ring.tenants():
            _fail(f"tenant {tenant_id} has no keys")
        if not yes:
            _say(f"This would shred all sealed data of tenant {tenant_id}; add --yes to do it")
            return
        ring.shred(tenant_id)
        _say(f"The keys of tenant {tenant_id} are deleted. Destroy old copies of {keyring} too")


def _say(sentence: str) -> None:
    Console().print(sentence, soft_wrap=True)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """A failure is one sentence and exit code 2."""
    try:
        yield
    except (KeyringUnusable, SealError) as failure:
        _fail(str(failure))
    except OSError as failure:
        _fail(f"{failure.filename}: {failure.strerror}")


def _fail(sentence: str) -> NoReturn:
    Console(stderr=True).print(f"[red]{sentence}[/]", soft_wrap=True)
    raise typer.Exit(2)
