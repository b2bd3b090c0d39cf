"""`rcm up | down | status | doctor | demo`: the local stack from the command line."""

import asyncio
import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from rcm_local.display import MARKS, Display
from rcm_local.home import Home
from rcm_local.problems import LocalProblem

DETACHED_TIMEOUT_S, DOWN_TIMEOUT_S = 180.0, 90.0
EXIT_INTERRUPTED = 130

# Where nobody looks at a terminal, tables get the width that they need.
console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)


def up(
    *,
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Come back once everything is ready.")
    ] = False,
) -> None:
    """Start everything on this machine and stay in front of it until Ctrl-C."""
    with _problems_as_sentences():
        if detach:
            _start_detached(Home.default())
        else:
            _run(_stay_up(Home.default()))


def down() -> None:
    """Stop what `rcm up` started, and whatever a killed run left behind."""
    with _problems_as_sentences(), console.status("Stopping"):
        home = Home.default()
        holder = home.holder()
        if holder is not None:
            holder.send_signal(signal.SIGTERM)
            _wait_for(lambda: home.holder() is None, DOWN_TIMEOUT_S, f"see {home.logs}")
        left = asyncio.run(home.reap_leftovers())
    console.print("Stopped." if holder or left else "Nothing was running.")


def status() -> None:
    """What runs, where, and how it is. Exit code 1 unless everything is ready."""
    state = Home.default().state()
    if state is None:
        console.print("Nothing runs here. Start it with `rcm up` or `rcm demo`.")
        raise typer.Exit(1)
    table = Table("", "", "", box=None, show_header=False)
    places = {"kafka": state["kafka_bootstrap"], **state["urls"]}
    for name, unit_state in state["states"].items():
        table.add_row(MARKS[unit_state], name, places.get(name, ""), unit_state)
        for door, place in places.items():
            if door.startswith(f"{name}-"):
                table.add_row("", door, place, "")
    console.print(f"Process {state['pid']} keeps this up, on {state['provider']} servers:")
    console.print(table)
    if set(state["states"].values()) != {"ready"}:
        raise typer.Exit(1)


def doctor() -> None:
    """What this machine lacks for the local stack, and what to do about it."""
    from rcm_local.doctor import examine  # noqa: PLC0415 - only here

    with console.status("Looking around"):
        findings = examine(Home.default())
    for finding in findings:
        console.print(f"{'[green]✓[/]' if finding.good else '[red]✗[/]'} {finding.sentence}")
    if not all(finding.good for finding in findings):
        raise typer.Exit(1)


def demo(
    *,
    encounters: Annotated[int, typer.Option(min=1, max=5000, help="How many visits.")] = 600,
    patients: Annotated[int, typer.Option(min=1, max=2000, help="How many people.")] = 200,
    seed: Annotated[int, typer.Option(help="Another seed is another clinic.")] = 1,
    notes: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Visit notes to code: JSON lines with id and text."),
    ] = None,
) -> None:
    """Run a seeded clinic through the whole cycle, sum up, verify the books. With notes, its visits
    come uncoded and are coded from them."""
    from rcm_local.demo import play  # noqa: PLC0415 - only here
    from rcm_local.demo.clinic import Clinic  # noqa: PLC0415
    from rcm_local.demo.note_file import read_notes  # noqa: PLC0415

    with _problems_as_sentences():
        read = read_notes(notes) if notes else []
        # The clinic is as large as without notes, so that each finds a patient whom it fits.
        clinic = Clinic(patients=patients, encounters=max(encounters, len(read)), seed=seed)
        _run(play(Home.default(), clinic, console, notes=read))


async def _stay_up(home: Home) -> int:
    from rcm_local.stack import open_stack  # noqa: PLC0415 - imports every service

    with Display(console) as display:
        async with open_stack(home, display) as stack:
            display.done("Everything is ready; Ctrl-C stops it.")
            for name in stack.ports:
                console.print(f"  {name:<20} {stack.url(name)}")
            console.print(f"  {'logs':<20} {home.logs}")
            # Ctrl-C is how this ends, so here it is no failure.
            with contextlib.suppress(asyncio.CancelledError):
                await stack.supervisor.watch()
            display.waiting("Stopping")
    return 0


def _start_detached(home: Home) -> None:
    holder = home.holder()
    if holder is not None:
        raise LocalProblem(f"The stack runs already (process {holder.pid}): see `rcm status`.")
    home.require_place()
    log = home.log("supervisor")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "rcm_local", "up"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    with console.status("Starting"):
        _wait_for(
            lambda: home.state() is not None or process.poll() is not None,
            DETACHED_TIMEOUT_S,
            f"see {log}",
        )
    if process.poll() is not None:
        raise LocalProblem(log.read_text(errors="replace").strip())
    status()


def _run(body: Coroutine[Any, Any, int]) -> None:
    """Run until the end or the first signal; a second Ctrl-C does not cut the clean-up short."""

    async def main() -> int:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - we run in one
        interrupted = asyncio.Event()

        def interrupt() -> None:
            if not interrupted.is_set():
                interrupted.set()
                task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, interrupt)
        try:
            return await body
        except asyncio.CancelledError:
            return EXIT_INTERRUPTED

    code = asyncio.run(main())
    if code:
        raise typer.Exit(code)


def _wait_for(reached: Callable[[], bool], timeout_s: float, advice: str) -> None:
    deadline = time.monotonic() + timeout_s
    while not reached():
        if time.monotonic() > deadline:
            raise LocalProblem(f"That took longer than {timeout_s:.0f} seconds: {advice}.")
        time.sleep(0.1)


@contextlib.contextmanager
def _problems_as_sentences() -> Iterator[None]:
    try:
        yield
    except LocalProblem as problem:
        Console(stderr=True, highlight=False).print(
            f"[red]✗[/] {escape(str(problem))}", soft_wrap=True
        )
        raise typer.Exit(1) from None
