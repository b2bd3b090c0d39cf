"""`rcm demo`: a seeded clinic through the whole cycle, and proof that every cent is where it should
be."""

import asyncio
import contextlib
import json
import time
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from rcm_local.demo import notes as note_tour
from rcm_local.demo import notes_summary, summary, tour
from rcm_local.demo.clinic import Clinic
from rcm_local.demo.note_file import Note
from rcm_local.demo.notes import Outcome
from rcm_local.demo.practice import PracticeSystem
from rcm_local.display import Display
from rcm_local.home import Home
from rcm_local.stack import open_stack

CAUGHT_UP_TIMEOUT_S = 60.0
EXIT_BOOKS_WRONG = 1


async def play(home: Home, clinic: Clinic, console: Console, *, notes: Sequence[Note] = ()) -> int:
    """Drive the stack that runs here, or one of our own; 0 only when the books verify.

    On a terminal a stack of our own stays up afterwards, until it is interrupted."""
    running = home.state()
    if running is not None:
        return _exit_code(await _tour(home, running, clinic, console, notes=notes))
    with Display(console) as display:
        async with open_stack(home, display) as stack:
            display.done("Everything is ready.")
            keeping = stack.supervisor.watch()
            work = _tour(home, stack.state(), clinic, console, notes=notes)
            good = await _while_kept(keeping, work)
            if console.is_terminal:
                console.print("\nThe stack stays up for a look around; Ctrl-C ends it.")
                # Being interrupted is how this ends, so here it is no failure.
                with contextlib.suppress(asyncio.CancelledError):
                    await stack.supervisor.watch()
            display.waiting("Stopping")
    return _exit_code(good)


async def _tour(
    home: Home,
    state: dict[str, Any],
    clinic: Clinic,
    console: Console,
    *,
    notes: Sequence[Note],
) -> bool:
    """The whole cycle once, from coded visits or from notes; whether the books verify."""
    began_at = time.monotonic()
    urls: dict[str, str] = state["urls"]
    secrets = json.loads((home.root / "identity" / "secrets.json").read_text())
    async with PracticeSystem.open(urls, secrets["clinic"]) as practice:
        await tour.set_up(
            practice, twin_url=urls["payer-twin"], twin_token=state["payer_twin_token"]
        )
        table = await practice.outcome_table()
        today = datetime.now(UTC).date()
        bodies = tour.planned_visits(clinic, table, run=_next_run(home), today=today)
        before = await tour.at_rest(practice)
        with _progress(console) as progress:
            outcomes = await note_tour.send(practice, notes, bodies, progress) if notes else []
            claimed = sum(each.is_claimed for each in outcomes)
            expected = claimed if notes else await tour.send(practice, bodies, progress)
            after = await tour.settle(practice, before, expected, progress)
        topics = await _caught_up(state["kafka_bootstrap"])
        accounts = await practice.get("patient-billing-svc", "/summary")
    console.print()
    if outcomes:
        _tell_of_notes(outcomes, console)
    console.print(summary.claims_table(before, after))
    console.print(summary.accounts_line(accounts))
    console.print()
    console.print(topics)
    console.print()
    good = await summary.books_verified(state["books"], console)
    console.print(f"[dim]{time.monotonic() - began_at:.1f} s from the first call[/]\n")
    console.print(summary.next_steps(urls))
    return good


def _tell_of_notes(outcomes: Sequence[Outcome], console: Console) -> None:
    console.print(notes_summary.notes_table(outcomes))
    console.print()
    console.print(notes_summary.sums_table(outcomes))
    console.print(notes_summary.codes_lines(outcomes))
    console.print()


def _next_run(home: Home) -> int:
    """0 for the first demo in this directory, then 1, 2, ..."""
    file = home.root / "demo-runs"
    run = int(file.read_text()) if file.exists() else 0
    file.write_text(f"{run + 1}\n")
    return run


async def _caught_up(bootstrap: str) -> Any:
    """The topics once every consumer has read all of them, or as they are when the time is up."""
    deadline = time.monotonic() + CAUGHT_UP_TIMEOUT_S
    while True:
        table, behind = await summary.topics_table(bootstrap)
        if not behind or time.monotonic() > deadline:
            return table
        await asyncio.sleep(0.3)


async def _while_kept(keeping: Coroutine[Any, Any, None], work: Coroutine[Any, Any, bool]) -> bool:
    """The work's result. When the keeper gives up first, its reason is raised."""
    keeper, worker = asyncio.ensure_future(keeping), asyncio.ensure_future(work)
    try:
        await asyncio.wait({keeper, worker}, return_when=asyncio.FIRST_COMPLETED)
        if keeper.done():
            keeper.result()
        return worker.result()
    finally:
        keeper.cancel()
        worker.cancel()
        await asyncio.gather(keeper, worker, return_exceptions=True)


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description:<18}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), console=console)


def _exit_code(good: bool) -> int:  # noqa: FBT001 - the answer itself
    return 0 if good else EXIT_BOOKS_WRONG
