"""`python -m rcm.schemas write | check | pages`: what `make schemas`, CI and `make docs` run."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from rcm.schemas import documents, events

app = typer.Typer(no_args_is_help=True, add_completion=False)
console = Console(stderr=True)

Root = Annotated[Path, typer.Option(help="The checkout.")]
HERE = Path()


@app.command()
def write(root: Root = HERE) -> None:
    """Write what has changed; a new version of an event only when it breaks no earlier one."""
    _refuse(list(events.refusals(root / documents.EVENTS)))
    for path in documents.write(root, documents.generated(root)):
        console.print(f"wrote {path}")


@app.command()
def check(root: Root = HERE) -> None:
    """Exit 1 when a committed document differs from the code, or when an event breaks a promise."""
    _refuse(list(events.refusals(root / documents.EVENTS)))
    stale = documents.stale(root, documents.generated(root) | documents.pages())
    _refuse([f"{path} is not what the code says; run `make schemas docs`" for path in stale])
    console.print("schemas: every document is what the code says, every event keeps its promises")


@app.command()
def pages(root: Root = HERE) -> None:
    """Write the reference pages under docs/reference."""
    for path in documents.write(root, documents.pages()):
        console.print(f"wrote {path}")


def _refuse(reasons: list[str]) -> None:
    if reasons:
        for reason in reasons:
            console.print(f"[red]refused[/] {reason}")
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
