"""`rcm x12`: read, check, answer, write, compare and explain X12 files."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

import typer
from rich.console import Console

from payer_gateway.commands.answering import answer
from payer_gateway.commands.diffing import differences
from payer_gateway.commands.files import (
    BLOCKED,
    CLEAN,
    File,
    Output,
    chunks_of,
    content_of,
    fail,
    put,
    understood,
)
from payer_gateway.commands.masking import masked
from payer_gateway.commands.showing import findings_as_json, show_report, show_sets
from payer_gateway.commands.streaming import lines_of
from payer_gateway.commands.words import explained
from rcm_x12 import document
from rcm_x12.check import check_file
from rcm_x12.findings import Finding

app = typer.Typer(help="Read, check, answer and write X12 files.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]
ShowPersons = Annotated[
    bool, typer.Option("--show-persons", help="Show names, ids and free text of persons.")
]

_PIPED_WIDTH = 4096
"""Wide enough for any segment, so that a line of text is a line of output."""


def _console() -> Console:
    """Colours on a terminal; plain text on long lines when piped. What a file holds is never read
    as markup or as the name of an emoji: place of service 11 on a claim is sent as `11:B:1`."""
    plain = partial(Console, highlight=False, markup=False, emoji=False)
    console = plain()
    return console if console.is_terminal else plain(width=_PIPED_WIDTH)


def _segment_text(elements: Sequence[str]) -> str:
    """A segment as it may be shown: a control character of a file never reaches the terminal."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", "*".join(elements))


_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@app.command("read")
def read_file(
    file: File,
    *,
    as_json: AsJson = False,
    as_ndjson: Annotated[
        bool, typer.Option("--ndjson", help="One JSON line per claim or set, as it is read.")
    ] = False,
) -> None:
    """Show what a file holds. --json gives the whole file in the form that `write` takes."""
    if as_json:
        read = understood(file, document.read, content_of(file))
        typer.echo(json.dumps(document.to_json(read), ensure_ascii=False, indent=1))
        return
    if as_ndjson:
        understood(file, _print_lines, file)
        return
    findings: list[Finding] = []
    sets = document.read_sets(chunks_of(file), findings)
    if not understood(file, show_sets, sets, _console()):
        typer.echo("no transaction set")


def _print_lines(file: str) -> None:
    for line in lines_of(chunks_of(file)):
        typer.echo(json.dumps(line, ensure_ascii=False))


@app.command("check")
def check(
    file: File,
    *,
    second_opinion: Annotated[
        bool, typer.Option("--second-opinion", help="Ask pyx12, an independent checker, too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say everything that is wrong with a file. Exit 0 clean, 1 blocked, 2 not X12."""
    extra: tuple[Finding, ...] = ()
    # Only the other checker needs the file whole.
    source = content_of(file) if second_opinion else chunks_of(file)
    report = understood(file, check_file, source)
    if isinstance(source, bytes):
        # Imported only when asked for: it takes longer to load than most files to check.
        from payer_gateway.second_opinion import second_opinion as ask  # noqa: PLC0415

        extra = ask(source)
    if as_json:
        form: dict[str, Any] = {
            "blocks": report.blocks,
            "omitted": report.omitted,
            "sets": [
                {"kind": one.content.kind, "number": one.control_number, "version": one.version}
                for one in report.sets
            ],
            "findings": list(findings_as_json(report.findings)),
        }
        if second_opinion:
            form["second_opinion"] = list(findings_as_json(extra))
        typer.echo(json.dumps(form, indent=1))
    else:
        show_report(report, extra, _console())
    raise typer.Exit(BLOCKED if report.blocks else CLEAN)


@app.command("ack")
def acknowledge(
    file: File,
    *,
    output: Output = None,
    number: Annotated[
        int, typer.Option("--number", min=1, max=999_999_998, help="Its control number.")
    ] = 1,
) -> None:
    """Write the answer that a receiver owes: a TA1 where one is due, a 999 for each group."""
    content = content_of(file)
    answered = understood(file, answer, content, number, datetime.now(UTC))
    if not answered:
        fail(f"{file}: it holds nothing that is acknowledged")
    put(answered, output)


@app.command("write")
def write_file(file: File, *, output: Output = None) -> None:
    """Write the X12 file that a JSON file of `read --json` describes, to the byte."""
    try:
        form = json.loads(content_of(file))
    except (ValueError, RecursionError):
        fail(f"{file}: it is not JSON")
    read = understood(file, document.from_json, form)
    put(understood(file, document.write, read), output)


@app.command("diff")
def diff(left: File, right: File, *, show_persons: ShowPersons = False) -> None:
    """Compare two files claim by claim. Exit 0 alike, 1 different, 2 not X12."""
    before = understood(left, document.read, content_of(left))
    after = understood(right, document.read, content_of(right))
    console, unit, count = _console(), "", 0
    for count, change in enumerate(differences(before, after), 1):  # noqa: B007 - used below
        if change.unit != unit:
            unit = change.unit
            console.print(f"@ {_segment_text([unit])}", style="bold")
        elements = change.elements if show_persons else masked(change.elements)
        color = "red" if change.sign == "-" else "green"
        console.print(f"{change.sign} {_segment_text(elements)}", style=color)
    raise typer.Exit(BLOCKED if count else CLEAN)


@app.command("explain")
def explain(file: File, *, show_persons: ShowPersons = False) -> None:
    """Show each segment beside plain words, with its loop where the guide is known."""
    read = understood(file, document.read, content_of(file))
    for depth, name, segment in understood(file, _walked, read):
        elements = list(segment.elements) if show_persons else masked(segment.elements)
        left = "  " * depth + _segment_text(elements)
        loop = f"{name}: " if name else ""
        typer.echo(f"{left:<60}  {loop}{explained(segment.elements)}")


def _walked(read: document.Document) -> list[tuple[int, str, document.Segment]]:
    """Every segment with its depth, and the name of the loop that it opens."""
    found: list[tuple[int, str, document.Segment]] = []
    for interchange in read.interchanges:
        component = interchange.separators.component
        for part in interchange.parts:
            if isinstance(part, document.Segment):
                found.append((0, "", part))
                continue
            version = part.version if isinstance(part, document.Group) else ""
            inner = part.parts if isinstance(part, document.Group) else (part,)
            for one in inner:
                if isinstance(one, document.Segment):
                    found.append((1, "", one))
                else:
                    _walk_set(one, version or one.segments[0].element(3), component, found)
    return [row for row in found if row[2].elements]


def _walk_set(
    one: document.SetDocument,
    version: str,
    component: str,
    found: list[tuple[int, str, document.Segment]],
) -> None:
    first, *inner = one.segments
    last = inner.pop() if inner and inner[-1].id == "SE" else None
    found.append((2, "", first))
    nested = document.loops_of(inner, version, one.set_id, component)
    for part in inner if nested is None else nested:
        _walk_part(part, 3, "", found)
    if last is not None:
        found.append((2, "", last))


def _walk_part(
    part: document.Segment | document.Loop,
    depth: int,
    name: str,
    found: list[tuple[int, str, document.Segment]],
) -> None:
    if isinstance(part, document.Segment):
        found.append((depth, name, part))
        return
    for index, one in enumerate(part.parts):
        _walk_part(one, depth + 1, "" if index else part.name, found)
