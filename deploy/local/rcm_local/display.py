"""What a person sees while the stack comes up or goes down; plain lines where no person looks."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.status import Status

from rcm_local.supervisor import State

MARKS = {
    "starting": "[dim]…[/]",
    "ready": "[green]✓[/]",
    "restarting": "[yellow]↻[/]",
    "stopping": "[dim]…[/]",
    "stopped": "[dim]■[/]",
}


class Display:
    """Hears the supervisor: one line for every part that became ready or had to be restarted."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status = Status("Starting", console=console)
        self._since: dict[str, float] = {}
        self._began_at = time.monotonic()

    def __enter__(self) -> Self:
        self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._status.stop()

    def __call__(self, name: str, state: State) -> None:
        if state in {"starting", "restarting"}:
            self._since[name] = time.monotonic()
        if state == "ready":
            took_s = time.monotonic() - self._since.pop(name, time.monotonic())
            self._console.print(f"{MARKS[state]} {name:<20} [dim]{took_s:.1f} s[/]")
        if state == "restarting":
            self._console.print(f"{MARKS[state]} {name} ended and is started again")
        if self._since:
            self._status.update(f"Starting {', '.join(self._since)}")

    def done(self, sentence: str) -> None:
        """Everything is up: say so, with the time that it took, and stop spinning."""
        self._status.stop()
        self._console.print(f"{sentence} [dim]({time.monotonic() - self._began_at:.1f} s)[/]")

    def waiting(self, sentence: str) -> None:
        """Spin again, for something that is awaited."""
        self._status.update(sentence)
        self._status.start()
